import { Body, Controller, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiParam, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { NoBody } from "../api/validation/validation.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { AUTHORIZED_COLLECTION, EXAMPLE, OPENED_COLLECTION } from "../payment-model/responses/examples.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import { STORE_COLLECTION } from "../payment-model/responses/views.js"
import { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { PaymentSessionsService } from "./payment-sessions.service.js"
import { collectionNotFound, sessionNotFound } from "../payment-model/not-found.js"
import { PAID_IN_FULL } from "../payment-model/rules/collection.rules.js"
import { PublishableKeyInvalid } from "../api-keys/api-key.errors.js"
import { InvalidData, NotAllowed } from "../common/errors.js"
import {
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderError,
  StateConflict,
} from "../payment-providers/calls/call.errors.js"
import { AmountChanged } from "./payment-session.errors.js"

@ApiTags("Store: payment sessions")
@ApiSecurity("publishable_key")
@ApiErrors(
  InvalidData,
  PublishableKeyInvalid,
  new NotAllowed(PAID_IN_FULL),
  collectionNotFound(EXAMPLE.collectionId),
  OperationInProgress,
  StateConflict,
  PaymentDeclined,
  ProviderError,
  OutcomeUnknown,
)
@Controller("store/payment-collections/:id/payment-sessions")
export class StorePaymentSessionsController {
  constructor(private readonly sessions: PaymentSessionsService) {}

  @Post()
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(STORE_COLLECTION)
  @ApiOperation({
    summary: "Open a payment session",
    operationId: "createPaymentSession",
    description:
      "For what is left to pay. With the provider of the open session that one is changed in place and keeps its id; " +
      "the session of another provider is canceled first. Called again with the same data it changes nothing.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection with its open session.",
    exampleOf(STORE_COLLECTION, OPENED_COLLECTION),
  )
  async create(
    @Param("id") id: string,
    @Body() body: CreatePaymentSessionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.sessions.create(id, body, caller, "store", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "store") }
  }

  @Post(":session_id/authorize")
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @ApiParam({ name: "session_id", description: "The session's id.", example: EXAMPLE.sessionId })
  @RespondsWith(STORE_COLLECTION)
  @ApiOperation({
    summary: "Authorize a payment session",
    operationId: "authorizePaymentSession",
    description:
      "Asks the provider whether the shopper's authorization stands. Once it does, the session has its payment; where " +
      "the shopper has to do more, the session's `status` and `data` say what. May be repeated.",
  })
  @ApiErrors(
    InvalidData,
    PublishableKeyInvalid,
    new NotAllowed(PAID_IN_FULL),
    sessionNotFound(EXAMPLE.sessionId),
    AmountChanged,
    OperationInProgress,
  )
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection with what became of the session.",
    exampleOf(STORE_COLLECTION, AUTHORIZED_COLLECTION),
  )
  async authorize(
    @Param("id") id: string,
    @Param("session_id") sessionId: string,
    @Body() _body: NoBody,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.sessions.authorize(id, sessionId, caller, "store", selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "store") }
  }
}
