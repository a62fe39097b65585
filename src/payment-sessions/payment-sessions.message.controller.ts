import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { SERVICE_COLLECTION } from "../payment-model/resources/payment-collection.resource.js"
import { OrderSessionsService } from "./order-sessions.service.js"
import { AUTHORIZED_ORDER } from "./order.resource.js"
import {
  AuthorizeOrderSessionMessage,
  AuthorizePaymentSessionMessage,
  CreatePaymentSessionMessage,
} from "./payment-session.dto.js"
import { AuthorizeSessionService } from "./authorize-session.service.js"
import { OpenSessionService } from "./open-session.service.js"

/** The same use cases over TCP, for example for a service that completes carts. */
@UseInterceptors(FieldsInterceptor)
@Controller()
export class PaymentSessionsMessageController {
  constructor(
    private readonly opening: OpenSessionService,
    private readonly authorizing: AuthorizeSessionService,
    private readonly orders: OrderSessionsService,
  ) {}

  @RespondsWith(SERVICE_COLLECTION)
  @MessagePattern("payment_sessions.create")
  async create(
    @Payload() { payment_collection_id, provider_id, data }: CreatePaymentSessionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.opening.create(payment_collection_id, { provider_id, data }, caller, "admin", selection)
  }

  @RespondsWith(SERVICE_COLLECTION)
  @MessagePattern("payment_sessions.authorize")
  async authorize(
    @Payload() { payment_collection_id, id }: AuthorizePaymentSessionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.authorizing.authorize(payment_collection_id, id, caller, "admin", selection)
  }

  @RespondsWith(AUTHORIZED_ORDER)
  @MessagePattern("payment_sessions.authorize_for_order")
  async authorizeForOrder(
    @Payload() { order_id, payment_session_id }: AuthorizeOrderSessionMessage,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.orders.authorize(order_id, payment_session_id, caller, selection)
  }
}
