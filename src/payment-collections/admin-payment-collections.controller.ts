import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiErrors, ApiId, ApiPage } from "../common/api-docs.js"
import { ApiDeleted, type Deleted } from "../common/deleted.js"
import { exampleOf } from "../common/example.js"
import type { Selection } from "../common/fields.js"
import { Answers, Selected } from "../common/fields.interceptor.js"
import { SelectQuery } from "../common/list-query.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import { ADMIN_COLLECTION, ADMIN_COLLECTIONS } from "../payment-model/responses/views.js"
import { CreateOrderCollectionRequest, ListPaymentCollectionsQuery } from "./payment-collection.dto.js"
import { NEW_COLLECTION, PAID_COLLECTION } from "./payment-collection.examples.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"

@ApiTags("Admin: payment collections")
@ApiSecurity("secret_key")
@ApiErrors("invalid_data", "unauthorized")
@Controller("admin/payment-collections")
export class AdminPaymentCollectionsController {
  constructor(private readonly collections: PaymentCollectionsService) {}

  @Get()
  @Answers(ADMIN_COLLECTIONS)
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
  @Answers(ADMIN_COLLECTION)
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
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(await this.collections.createForOrder(body, selection), "admin"),
    }
  }

  @Get(":id")
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @Answers(ADMIN_COLLECTION)
  @ApiOperation({ summary: "Get a payment collection", operationId: "getPaymentCollectionAsAdmin" })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection.",
    exampleOf(ADMIN_COLLECTION, PAID_COLLECTION),
  )
  @ApiErrors("not_found")
  async get(@Param("id") id: string, @Query() _query: SelectQuery, @Selected() selection: Selection) {
    return { payment_collection: toPaymentCollectionResponse(await this.collections.get(id, selection), "admin") }
  }

  @Delete(":id")
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @ApiOperation({
    summary: "Delete a payment collection",
    operationId: "deletePaymentCollection",
    description: "Only while nothing is authorized or paid. The cart gets a new one at the next create.",
  })
  @ApiDeleted("payment-collection", EXAMPLE.collectionId)
  @ApiErrors("not_found", "invalid_data", "not_allowed")
  async delete(@Param("id") id: string): Promise<Deleted> {
    await this.collections.delete(id)
    return { id, object: "payment-collection", deleted: true }
  }
}
