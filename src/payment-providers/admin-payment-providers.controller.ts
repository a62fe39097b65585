import { Body, Controller, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import { ADMIN_PROVIDER, ADMIN_PROVIDERS } from "../payment-model/resources/payment-provider.resource.js"
import { EnablePaymentProviderRequest, ListPaymentProvidersQuery } from "./payment-provider.dto.js"
import { PaymentProvidersService, providerNotFound } from "./payment-providers.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: payment providers")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/payments/payment-providers")
export class AdminPaymentProvidersController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Endpoint({
    summary: "List payment providers",
    operationId: "listPaymentProviders",
    responds: ADMIN_PROVIDERS,
    response: "The providers that this service was started with.",
  })
  @Get()
  async list(@Query() query: ListPaymentProvidersQuery, @Context() { selection }: RequestContext) {
    return this.providers.list(query, selection)
  }

  @Endpoint({
    summary: "Enable or disable a payment provider",
    operationId: "enablePaymentProvider",
    description: "A disabled provider opens no session, in any region. A restart of the service does not enable it.",
    params: { id: { description: "The provider's id.", example: EXAMPLE.providerId } },
    responds: ADMIN_PROVIDER,
    response: "The provider.",
    errors: [providerNotFound(EXAMPLE.stripeId, [EXAMPLE.providerId])],
  })
  @Post(":id")
  async enable(@Param("id") id: string, @Body() { is_enabled }: EnablePaymentProviderRequest) {
    return this.providers.enable(id, is_enabled)
  }
}
