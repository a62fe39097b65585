import { Body, Controller, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { sessionNotFound } from "../payment-model/not-found.js"
import { AUTHORIZED_COLLECTION, EXAMPLE } from "../payment-model/resources/examples.js"
import { OrderSessionsService, notPendingAuthorization } from "./order-sessions.service.js"
import { AUTHORIZED_ORDER } from "./order.resource.js"
import { AuthorizeOrderSessionRequest } from "./payment-session.dto.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import {
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderError,
  StateConflict,
} from "../payment-providers/calls/call.errors.js"
import { AmountChanged } from "./payment-session.errors.js"

@ApiTags("Admin: orders")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/orders")
export class AdminOrdersController {
  constructor(private readonly orders: OrderSessionsService) {}

  @Endpoint({
    summary: "Authorize a payment session of an order",
    operationId: "authorizeOrderPaymentSession",
    description:
      "For an order that was placed while its session was in `pending_authorization`. The service asks the provider " +
      "whether it has authorized the payment by now. `is_authorized` is false while the provider has not decided. If the " +
      "session's collection does not belong to the order, the response is 404 and the provider is not asked. The service " +
      "keeps no orders: `order` holds what follows from their collections.",
    params: { id: { description: "The shop's id of the order, which its collection has.", example: EXAMPLE.orderId } },
    responds: AUTHORIZED_ORDER,
    response: "The order, and whether the session is authorized.",
    example: AUTHORIZED_COLLECTION,
    errors: [
      InvalidData,
      sessionNotFound(EXAMPLE.sessionId),
      notPendingAuthorization(EXAMPLE.sessionId),
      AmountChanged,
      OperationInProgress,
      StateConflict,
      PaymentDeclined,
      ProviderError,
      OutcomeUnknown,
    ],
  })
  @Post(":id/payment-sessions/authorize")
  async authorize(
    @Param("id") id: string,
    @Body() { payment_session_id }: AuthorizeOrderSessionRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.orders.authorize(id, payment_session_id, caller, selection)
  }
}
