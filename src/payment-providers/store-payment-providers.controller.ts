import { Controller, Get, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { PublishableKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { STORE_PROVIDERS } from "../payment-model/resources/payment-provider.resource.js"
import { ListRegionProvidersQuery } from "./payment-provider.dto.js"
import { PaymentProvidersService } from "./payment-providers.service.js"
import { PublishableKeyInvalid } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Store: payment providers")
@ApiSecurity("publishable_key")
@ApiErrors(InvalidData, PublishableKeyInvalid)
@UseGuards(PublishableKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("store/payment-providers")
export class StorePaymentProvidersController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @Endpoint({
    summary: "List the payment providers of a region",
    operationId: "listRegionPaymentProviders",
    responds: STORE_PROVIDERS,
    response: "The providers; none for a region that was never configured.",
  })
  @Get()
  async list(@Query() { region_id, ...query }: ListRegionProvidersQuery, @Context() { selection }: RequestContext) {
    return this.providers.listOfRegion(region_id, query, selection)
  }
}
