import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { IntersectionType } from "@nestjs/swagger"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { Message } from "../api/message.js"
import { toPaymentProviderResponse } from "../payment-model/responses/mappers.js"
import { ListRegionProvidersQuery, STORE_PROVIDERS } from "./payment-provider.dto.js"
import { PaymentProvidersService } from "./payment-providers.service.js"

class ListRegionProvidersMessage extends IntersectionType(ListRegionProvidersQuery, Message) {}

@Controller()
export class PaymentProvidersMessageController {
  constructor(private readonly providers: PaymentProvidersService) {}

  @MessagePattern("payment_providers.list")
  @RespondsWith(STORE_PROVIDERS)
  async list(@Payload() { region_id, ...query }: ListRegionProvidersMessage, @Selected() selection: Selection) {
    const { rows, ...page } = await this.providers.listOfRegion(region_id, query, selection)
    return { payment_providers: rows.map(toPaymentProviderResponse), ...page }
  }
}
