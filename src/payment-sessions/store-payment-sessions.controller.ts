import { Body, Controller, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { PublishableKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
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
import { collectionNotFound, sessionNotFound } from "../payment-model/not-found.js"
import { AUTHORIZED_COLLECTION, EXAMPLE, OPENED_COLLECTION } from "../payment-model/resources/examples.js"
import { COLLECTION_ID, STORE_COLLECTION } from "../payment-model/resources/payment-collection.resource.js"
import { SESSION_ID } from "../payment-model/resources/payment-session.resource.js"
import { PAID_IN_FULL } from "../payment-model/rules/collection.rules.js"
import { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { AuthorizeSessionService } from "./authorize-session.service.js"
import { OpenSessionService } from "./open-session.service.js"

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
@UseGuards(PublishableKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("store/payment-collections/:id/payment-sessions")
export class StorePaymentSessionsController {
  constructor(
    private readonly opening: OpenSessionService,
    private readonly authorizing: AuthorizeSessionService,
  ) {}

  @Endpoint({
    summary: "Open a payment session",
    operationId: "createPaymentSession",
    description:
      "Opens a session for the amount that is left to pay. If the open session has the same provider, it is changed in " +
      "place and keeps its id. If it has another provider, it is canceled first. A repeat with the same data changes " +
      "nothing.",
    params: { id: COLLECTION_ID },
    responds: STORE_COLLECTION,
    response: "The collection with its open session.",
    example: OPENED_COLLECTION,
  })
  @Post()
  async create(
    @Param("id") id: string,
    @Body() body: CreatePaymentSessionRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.opening.create(id, body, caller, "store", selection)
  }

  @Endpoint({
    summary: "Authorize a payment session",
    operationId: "authorizePaymentSession",
    description:
      "Asks the provider whether the shopper has authorized the payment. If so, the session gets its payment. If the " +
      "shopper has to do more, the session's `status` and `data` say what. May be repeated.",
    params: { id: COLLECTION_ID, session_id: SESSION_ID },
    responds: STORE_COLLECTION,
    response: "The collection with the outcome of the session.",
    example: AUTHORIZED_COLLECTION,
    errors: [
      InvalidData,
      PublishableKeyInvalid,
      new NotAllowed(PAID_IN_FULL),
      sessionNotFound(EXAMPLE.sessionId),
      AmountChanged,
      OperationInProgress,
    ],
  })
  @Post(":session_id/authorize")
  async authorize(
    @Param("id") id: string,
    @Param("session_id") sessionId: string,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.authorizing.authorize(id, sessionId, caller, "store", selection)
  }
}
