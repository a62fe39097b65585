import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId, ApiPage } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { ApiDeleted, type Deleted } from "../api/deleted.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { CHANGED_COLLECTION, EXAMPLE, NEW_COLLECTION, PAID_COLLECTION } from "../payment-model/responses/examples.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import { ADMIN_COLLECTION, ADMIN_COLLECTIONS } from "../payment-model/responses/views.js"
import { MarkAsPaidService, notMarkable } from "./mark-as-paid.service.js"
import {
  CreateOrderCollectionRequest,
  ListPaymentCollectionsQuery,
  MarkAsPaidRequest,
  UpdateCollectionRequest,
} from "./payment-collection.dto.js"
import { PaymentCollectionsService, notDeletable } from "./payment-collections.service.js"
import { collectionNotFound } from "../payment-model/not-found.js"
import { followsCart } from "../payment-model/rules/collection.rules.js"
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
@Controller("admin/payment-collections")
export class AdminPaymentCollectionsController {
  constructor(
    private readonly collections: PaymentCollectionsService,
    private readonly marking: MarkAsPaidService,
  ) {}

  @Get()
  @RespondsWith(ADMIN_COLLECTIONS)
  @ApiOperation({ summary: "List payment collections", operationId: "listPaymentCollections" })
  @ApiPage(
    "payment_collections",
    PaymentCollectionResponse,
    "The collections.",
    exampleOf(ADMIN_COLLECTIONS, PAID_COLLECTION),
  )
  async list(@Query() query: ListPaymentCollectionsQuery, @Selected() selection: Selection) {
    const { rows, ...page } = await this.collections.list(query, selection)
    return { payment_collections: rows.map((row) => toPaymentCollectionResponse(row, "admin")), ...page }
  }

  @Post()
  @HttpCode(200)
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({ summary: "Create a payment collection for an order", operationId: "createOrderPaymentCollection" })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection.",
    exampleOf(ADMIN_COLLECTION, NEW_COLLECTION),
  )
  async create(
    @Body() body: CreateOrderCollectionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(
        await this.collections.createForOrder(body, caller, selection),
        "admin",
      ),
    }
  }

  @Get(":id")
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({ summary: "Get a payment collection", operationId: "getPaymentCollectionAsAdmin" })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection.",
    exampleOf(ADMIN_COLLECTION, PAID_COLLECTION),
  )
  @ApiErrors(collectionNotFound(EXAMPLE.collectionId))
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { payment_collection: toPaymentCollectionResponse(await this.collections.get(id, selection), "admin") }
  }

  @Post(":id")
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({
    summary: "Change the amount of a payment collection",
    operationId: "updatePaymentCollection",
    description:
      "Only of a collection without a cart that is neither completed nor canceled; the amount of a cart's collection " +
      "follows the cart. An open session is changed at its provider first, and canceled if nothing is left to pay or " +
      "the provider cannot take the rest.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection with the new amount.",
    exampleOf(ADMIN_COLLECTION, CHANGED_COLLECTION),
  )
  @ApiErrors(
    collectionNotFound(EXAMPLE.collectionId),
    InvalidData,
    followsCart(EXAMPLE.cartId),
    OperationInProgress,
    PaymentDeclined,
    ProviderError,
    OutcomeUnknown,
  )
  async update(
    @Param("id") id: string,
    @Body() body: UpdateCollectionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.collections.update(id, body, caller, selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @Post(":id/mark-as-paid")
  @HttpCode(200)
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(ADMIN_COLLECTION)
  @ApiOperation({
    summary: "Mark a payment collection as paid",
    operationId: "markPaymentCollectionAsPaid",
    description:
      "For money that came in otherwise: opens a session, authorizes and captures it. The collection keeps `order_id` " +
      "if it has no order yet. A call that did not get through is resumed by the next one; what is paid already is " +
      "refused.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection, paid.",
    exampleOf(ADMIN_COLLECTION, PAID_COLLECTION),
  )
  @ApiErrors(
    collectionNotFound(EXAMPLE.collectionId),
    InvalidData,
    notMarkable("completed"),
    OperationInProgress,
    StateConflict,
    PaymentDeclined,
    ProviderError,
    OutcomeUnknown,
  )
  async markAsPaid(
    @Param("id") id: string,
    @Body() body: MarkAsPaidRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    const collection = await this.marking.markAsPaid(id, body, caller, selection)
    return { payment_collection: toPaymentCollectionResponse(collection, "admin") }
  }

  @Delete(":id")
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @ApiOperation({
    summary: "Delete a payment collection",
    operationId: "deletePaymentCollection",
    description:
      "Only while nothing is authorized or paid. An open session is canceled at its provider first. The cart gets a new collection at the next create.",
  })
  @ApiDeleted("payment-collection", EXAMPLE.collectionId)
  @ApiErrors(
    collectionNotFound(EXAMPLE.collectionId),
    InvalidData,
    notDeletable("completed"),
    OperationInProgress,
    StateConflict,
    PaymentDeclined,
    ProviderError,
    OutcomeUnknown,
  )
  async delete(@Param("id") id: string, @CalledBy() caller: Caller): Promise<Deleted<"payment-collection">> {
    await this.collections.delete(id, caller)
    return { id, object: "payment-collection", deleted: true }
  }
}
