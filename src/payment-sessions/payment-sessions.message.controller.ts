import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { toOrderResponse, toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { ADMIN_ORDER, STORE_COLLECTION } from "../payment-model/responses/views.js"
import { OrderSessionsService } from "./order-sessions.service.js"
import {
  AuthorizeOrderSessionMessage,
  AuthorizePaymentSessionMessage,
  CreatePaymentSessionMessage,
} from "./payment-session.dto.js"
import { PaymentSessionsService } from "./payment-sessions.service.js"

/** The same use cases over TCP, for a service that completes carts for one. */
@Controller()
export class PaymentSessionsMessageController {
  constructor(
    private readonly sessions: PaymentSessionsService,
    private readonly orders: OrderSessionsService,
  ) {}

  @MessagePattern("payment_sessions.create")
  @RespondsWith({ ...STORE_COLLECTION, audience: "admin" })
  async create(
    @Payload() { payment_collection_id, provider_id, data }: CreatePaymentSessionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const request = { provider_id, data }
    const collection = await this.sessions.create(payment_collection_id, request, caller, "admin", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @MessagePattern("payment_sessions.authorize")
  @RespondsWith({ ...STORE_COLLECTION, audience: "admin" })
  async authorize(
    @Payload() { payment_collection_id, id }: AuthorizePaymentSessionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.sessions.authorize(payment_collection_id, id, caller, "admin", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @MessagePattern("payment_sessions.authorize_for_order")
  @RespondsWith(ADMIN_ORDER)
  async authorizeForOrder(
    @Payload() { order_id, payment_session_id }: AuthorizeOrderSessionMessage,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const { order, isAuthorized } = await this.orders.authorize(order_id, payment_session_id, caller, selection)
    return { order: toOrderResponse(order), is_authorized: isAuthorized }
  }
}
