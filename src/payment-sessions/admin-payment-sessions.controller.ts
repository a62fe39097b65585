import { Body, Controller, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
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
import { collectionNotFound, sessionNotFound } from "../payment-model/not-found.js"
import { AUTHORIZED_COLLECTION, EXAMPLE, OPENED_COLLECTION } from "../payment-model/resources/examples.js"
import { ADMIN_COLLECTION, COLLECTION_ID } from "../payment-model/resources/payment-collection.resource.js"
import { SESSION_ID } from "../payment-model/resources/payment-session.resource.js"
import { PAID_IN_FULL } from "../payment-model/rules/collection.rules.js"
import { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { AuthorizeSessionService } from "./authorize-session.service.js"
import { OpenSessionService } from "./open-session.service.js"

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
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/payment-collections/:id/payment-sessions")
export class AdminPaymentSessionsController {
  constructor(
    private readonly opening: OpenSessionService,
    private readonly authorizing: AuthorizeSessionService,
  ) {}

  @Endpoint({
    summary: "Open a payment session as an operator",
    operationId: "createPaymentSessionAsAdmin",
    description: "Opens a session as a storefront does. The provider accepts any data.",
    params: { id: COLLECTION_ID },
    responds: ADMIN_COLLECTION,
    response: "The collection with its open session.",
    example: OPENED_COLLECTION,
  })
  @Post()
  async create(
    @Param("id") id: string,
    @Body() body: CreatePaymentSessionRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.opening.create(id, body, caller, "admin", selection)
  }

  @Endpoint({
    summary: "Authorize a payment session as an operator",
    operationId: "authorizePaymentSessionAsAdmin",
    description:
      "Authorizes a session as a storefront does, for a service that completes carts with a secret key. If the provider " +
      "has authorized the payment, the session gets its payment. If not, the session's `status` and `data` say what is " +
      "missing. May be repeated.",
    params: { id: COLLECTION_ID, session_id: SESSION_ID },
    responds: ADMIN_COLLECTION,
    response: "The collection with the outcome of the session.",
    example: AUTHORIZED_COLLECTION,
    errors: [
      InvalidData,
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
    return this.authorizing.authorize(id, sessionId, caller, "admin", selection)
  }
}
