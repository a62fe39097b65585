import { Body, Controller, Delete, Get, Param, Post, Query, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { deleted } from "../api/response-body.js"
import { collectionNotFound } from "../payment-model/not-found.js"
import { CHANGED_COLLECTION, EXAMPLE, NEW_COLLECTION, PAID_COLLECTION } from "../payment-model/resources/examples.js"
import {
  ADMIN_COLLECTION,
  ADMIN_COLLECTIONS,
  COLLECTION_ID,
} from "../payment-model/resources/payment-collection.resource.js"
import { followsCart } from "../payment-model/rules/collection.rules.js"
import { MarkAsPaidService, notMarkable } from "./mark-as-paid.service.js"
import {
  CreateOrderCollectionRequest,
  ListPaymentCollectionsQuery,
  MarkAsPaidRequest,
  UpdateCollectionRequest,
} from "./payment-collection.dto.js"
import { PaymentCollectionsService, notDeletable } from "./payment-collections.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"
import {
  OperationInProgress,
  OutcomeUnknown,
  PaymentDeclined,
  ProviderError,
  StateConflict,
} from "../payment-providers/calls/call.errors.js"

@ApiTags("Admin: payment collections")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/payment-collections")
export class AdminPaymentCollectionsController {
  constructor(
    private readonly collections: PaymentCollectionsService,
    private readonly marking: MarkAsPaidService,
  ) {}

  @Endpoint({
    summary: "List payment collections",
    operationId: "listPaymentCollections",
    responds: ADMIN_COLLECTIONS,
    response: "The collections.",
    example: PAID_COLLECTION,
  })
  @Get()
  async list(@Query() query: ListPaymentCollectionsQuery, @Context() { selection }: RequestContext) {
    return this.collections.list(query, selection)
  }

  @Endpoint({
    summary: "Create a payment collection for an order",
    operationId: "createOrderPaymentCollection",
    responds: ADMIN_COLLECTION,
    response: "The collection.",
    example: NEW_COLLECTION,
  })
  @Post()
  async create(@Body() body: CreateOrderCollectionRequest, @Context() { caller, selection }: RequestContext) {
    return this.collections.createForOrder(body, caller, selection)
  }

  @Endpoint({
    summary: "Get a payment collection",
    operationId: "getPaymentCollectionAsAdmin",
    params: { id: COLLECTION_ID },
    responds: ADMIN_COLLECTION,
    response: "The collection.",
    example: PAID_COLLECTION,
    errors: [collectionNotFound(EXAMPLE.collectionId)],
  })
  @Get(":id")
  async get(@Param("id") id: string, @Context() { selection }: RequestContext) {
    return this.collections.get(id, selection)
  }

  @Endpoint({
    summary: "Change the amount of a payment collection",
    operationId: "updatePaymentCollection",
    description:
      "Works for a collection without a cart that is neither completed nor canceled; the amount of a cart's collection " +
      "follows the cart. An open session is changed at its provider first. It is canceled if nothing is left to pay, or " +
      "if the provider cannot take the rest.",
    params: { id: COLLECTION_ID },
    responds: ADMIN_COLLECTION,
    response: "The collection with the new amount.",
    example: CHANGED_COLLECTION,
    errors: [
      collectionNotFound(EXAMPLE.collectionId),
      InvalidData,
      followsCart(EXAMPLE.cartId),
      OperationInProgress,
      PaymentDeclined,
      ProviderError,
      OutcomeUnknown,
    ],
  })
  @Post(":id")
  async update(
    @Param("id") id: string,
    @Body() body: UpdateCollectionRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.collections.update(id, body, caller, selection)
  }

  @Endpoint({
    summary: "Mark a payment collection as paid",
    operationId: "markPaymentCollectionAsPaid",
    description:
      "For money that was received in another way: opens a session, authorizes and captures it. The collection keeps " +
      "`order_id` if it has no order yet. The next call resumes one that did not finish. A collection that is paid " +
      "already is refused.",
    params: { id: COLLECTION_ID },
    responds: ADMIN_COLLECTION,
    response: "The collection, paid.",
    example: PAID_COLLECTION,
    errors: [
      collectionNotFound(EXAMPLE.collectionId),
      InvalidData,
      notMarkable("completed"),
      OperationInProgress,
      StateConflict,
      PaymentDeclined,
      ProviderError,
      OutcomeUnknown,
    ],
  })
  @Post(":id/mark-as-paid")
  async markAsPaid(
    @Param("id") id: string,
    @Body() body: MarkAsPaidRequest,
    @Context() { caller, selection }: RequestContext,
  ) {
    return this.marking.markAsPaid(id, body, caller, selection)
  }

  @Endpoint({
    summary: "Delete a payment collection",
    operationId: "deletePaymentCollection",
    description:
      "Works only while nothing is authorized or paid. An open session is canceled at its provider first. The next " +
      "create for the cart makes a new collection.",
    params: { id: COLLECTION_ID },
    responds: deleted("payment-collection", EXAMPLE.collectionId),
    response: "The collection is deleted.",
    errors: [
      collectionNotFound(EXAMPLE.collectionId),
      InvalidData,
      notDeletable("completed"),
      OperationInProgress,
      StateConflict,
      PaymentDeclined,
      ProviderError,
      OutcomeUnknown,
    ],
  })
  @Delete(":id")
  async delete(@Param("id") id: string, @Context() { caller }: RequestContext) {
    return this.collections.delete(id, caller)
  }
}
