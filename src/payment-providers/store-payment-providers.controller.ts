import { Controller, Get, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { toPaymentProviderResponse } from "../payment-model/responses/mappers.js"
import { PaymentProviderResponse } from "../payment-model/responses/payment-provider.response.js"
import { ListRegionProvidersQuery, STORE_PROVIDERS } from "./payment-provider.dto.js"
import { PaymentProvidersService } from "./payment-providers.service.js"
import { PublishableKeyInvalid } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Store: payment providers")
@ApiSecurity("publishable_key")
@ApiErrors(InvalidData, PublishableKeyInvalid)
@Controller("store/payment-providers")
export class StorePaymentProvidersController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Get()
  @RespondsWith(STORE_PROVIDERS)
  @ApiOperation({ summary: "List the payment providers of a region", operationId: "listRegionPaymentProviders" })
  @ApiPage(
    "payment_providers",
    PaymentProviderResponse,
    "The providers; none for a region that was never configured.",
    exampleOf(STORE_PROVIDERS),
  )
  async list(@Query() { region_id, ...query }: ListRegionProvidersQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.providers.listOfRegion(region_id, query, selection)
    return { payment_providers: rows.map(toPaymentProviderResponse), ...page }
  }
}
