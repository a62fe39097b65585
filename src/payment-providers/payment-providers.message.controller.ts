import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { STORE_PROVIDERS } from "../payment-model/resources/payment-provider.resource.js"
import { ListRegionProvidersMessage } from "./payment-provider.dto.js"
import { PaymentProvidersService } from "./payment-providers.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class PaymentProvidersMessageController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @RespondsWith(STORE_PROVIDERS)
  @MessagePattern("payment_providers.list")
  async list(@Payload() { region_id, ...query }: ListRegionProvidersMessage, @Context() { selection }: RequestContext) {
    return this.providers.listOfRegion(region_id, query, selection)
  }
}
