import { Body, Controller, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { toPaymentProviderResponse } from "../payment-model/responses/mappers.js"
import { PaymentProviderResponse } from "../payment-model/responses/payment-provider.response.js"
import {
  ADMIN_PROVIDER,
  ADMIN_PROVIDERS,
  EnablePaymentProviderRequest,
  ListPaymentProvidersQuery,
} from "./payment-provider.dto.js"
import { PaymentProvidersService, providerNotFound } from "./payment-providers.service.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: payment providers")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/payments/payment-providers")
export class AdminPaymentProvidersController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Get()
  @RespondsWith(ADMIN_PROVIDERS)
  @ApiOperation({ summary: "List payment providers", operationId: "listPaymentProviders" })
  @ApiPage(
    "payment_providers",
    PaymentProviderResponse,
    "The providers that this service was started with.",
    exampleOf(ADMIN_PROVIDERS),
  )
  async list(@Query() query: ListPaymentProvidersQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.providers.list(query, selection)
    return { payment_providers: rows.map(toPaymentProviderResponse), ...page }
  }

  @Post(":id")
  @ApiId("The provider's id.", "pp_system_default")
  @HttpCode(200)
  @RespondsWith(ADMIN_PROVIDER)
  @ApiOperation({
    summary: "Enable or disable a payment provider",
    operationId: "enablePaymentProvider",
    description: "A disabled provider opens no session, in any region. Starting the service again does not enable it.",
  })
  @ApiEnvelope("payment_provider", PaymentProviderResponse, "The provider.", exampleOf(ADMIN_PROVIDER))
  @ApiErrors(providerNotFound(EXAMPLE.stripeId, [EXAMPLE.providerId]))
  async enable(
    @Param("id") id: string,
    @Body() { is_enabled }: EnablePaymentProviderRequest,
    @Query() _query: SelectQuery,
  ) {
    return { payment_provider: toPaymentProviderResponse(await this.providers.enable(id, is_enabled)) }
  }
}
