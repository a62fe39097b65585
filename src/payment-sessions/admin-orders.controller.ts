import { Body, Controller, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { AUTHORIZED_COLLECTION, EXAMPLE } from "../payment-model/responses/examples.js"
import { toOrderResponse } from "../payment-model/responses/mappers.js"
import { OrderResponse } from "../payment-model/responses/order.response.js"
import { ADMIN_ORDER } from "../payment-model/responses/views.js"
import { OrderSessionsService, notPendingAuthorization } from "./order-sessions.service.js"
import { AuthorizeOrderSessionRequest } from "./payment-session.dto.js"
import { sessionNotFound } from "../payment-model/not-found.js"
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
@Controller("admin/orders")
export class AdminOrdersController {
  constructor(private readonly orders: OrderSessionsService) {}

  @Post(":id/payment-sessions/authorize")
  @HttpCode(200)
  @ApiId("The order's id: an opaque reference of the caller's, which its collection has.", EXAMPLE.orderId)
  @RespondsWith(ADMIN_ORDER)
  @ApiOperation({
    summary: "Authorize a payment session of an order",
    operationId: "authorizeOrderPaymentSession",
    description:
      "For an order that was placed while its session was in `pending_authorization`: asks the provider whether it has " +
      "authorized the payment by now. `is_authorized` is false while the provider has not decided. The session's " +
      "collection has to belong to the order; if not, it is 404 and the provider is not asked. The service keeps no " +
      "orders: `order` holds what follows from their collections.",
  })
  @ApiEnvelope(
    "order",
    OrderResponse,
    "What is known of the order, and whether the session is authorized.",
    exampleOf(ADMIN_ORDER, AUTHORIZED_COLLECTION),
    {
      is_authorized: {
        schema: { type: "boolean", description: "Whether the session has become a payment." },
        example: true,
      },
    },
  )
  @ApiErrors(
    InvalidData,
    sessionNotFound(EXAMPLE.sessionId),
    notPendingAuthorization(EXAMPLE.sessionId),
    AmountChanged,
    OperationInProgress,
    StateConflict,
    PaymentDeclined,
    ProviderError,
    OutcomeUnknown,
  )
  async authorize(
    @Param("id") id: string,
    @Body() { payment_session_id }: AuthorizeOrderSessionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const { order, isAuthorized } = await this.orders.authorize(id, payment_session_id, caller, selection)
    return { order: toOrderResponse(order), is_authorized: isAuthorized }
  }
}
