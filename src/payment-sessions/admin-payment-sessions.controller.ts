import { Body, Controller, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiParam, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { NoBody } from "../api/validation/validation.js"
import { AUTHORIZED_COLLECTION, EXAMPLE, OPENED_COLLECTION } from "../payment-model/responses/examples.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import { ADMIN_COLLECTION } from "../payment-model/responses/views.js"
import { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { PaymentSessionsService } from "./payment-sessions.service.js"
import { collectionNotFound, sessionNotFound } from "../payment-model/not-found.js"
import { PAID_IN_FULL } from "../payment-model/rules/collection.rules.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData, NotAllowed } from "../common/errors.js"
import {
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderError,
  StateConflict,
} from "../payment-providers/calls/call.errors.js"
import { AmountChanged } from "./payment-session.errors.js"

@ApiTags("Admin: payment sessions")
@ApiSecurity("secret_key")
@ApiErrors(
  InvalidData,
  SecretKeyRequired,
  new NotAllowed(PAID_IN_FULL),
  collectionNotFound(EXAMPLE.collectionId),
  OperationInProgress,
  StateConflict,
  PaymentDeclined,
  ProviderError,
  OutcomeUnknown,
)
@Controller("admin/payment-collections/:id/payment-sessions")
export class AdminPaymentSessionsController {
  constructor(private readonly sessions: PaymentSessionsService) {}

  @Post()
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({
    summary: "Open a payment session as an operator",
    operationId: "createPaymentSessionAsAdmin",
    description: "As a storefront does it; the provider takes any data.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection with its open session.",
    exampleOf(ADMIN_COLLECTION, OPENED_COLLECTION),
  )
  async create(
    @Param("id") id: string,
    @Body() body: CreatePaymentSessionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.sessions.create(id, body, caller, "admin", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @Post(":session_id/authorize")
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @ApiParam({ name: "session_id", description: "The session's id.", example: EXAMPLE.sessionId })
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({
    summary: "Authorize a payment session as an operator",
    operationId: "authorizePaymentSessionAsAdmin",
    description:
      "As a storefront does it, for a service that completes carts with a secret key. If the provider has authorized " +
      "the payment, the session gets its payment; if not, the session's `status` and `data` say what is missing. May be " +
      "repeated.",
  })
  @ApiErrors(
    InvalidData,
    new NotAllowed(PAID_IN_FULL),
    sessionNotFound(EXAMPLE.sessionId),
    AmountChanged,
    OperationInProgress,
  )
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection with what became of the session.",
    exampleOf(ADMIN_COLLECTION, AUTHORIZED_COLLECTION),
  )
  async authorize(
    @Param("id") id: string,
    @Param("session_id") sessionId: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.sessions.authorize(id, sessionId, caller, "admin", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }
}
