import { CartNotFound } from "../carts/cart-not-found.js"
import { Body, Controller, Get, HttpCode, Param, Post, Query } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { exampleOf } from "../api/fields/example.js"
import type { Selection } from "../api/fields/fields.js"
import { RespondsWith, Selected } from "../api/fields/fields.interceptor.js"
import { SelectQuery } from "../api/lists/list-query.js"
import { EXAMPLE, NEW_COLLECTION, PAID_COLLECTION } from "../payment-model/responses/examples.js"
import { toPaymentCollectionResponse } from "../payment-model/responses/mappers.js"
import { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import { STORE_COLLECTION } from "../payment-model/responses/views.js"
import { CreatePaymentCollectionRequest } from "./payment-collection.dto.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"
import { collectionNotFound } from "../payment-model/not-found.js"
import { PublishableKeyInvalid } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Store: payment collections")
@ApiSecurity("publishable_key")
@ApiErrors(InvalidData, PublishableKeyInvalid)
@Controller("store/payment-collections")
export class StorePaymentCollectionsController {
  constructor(private readonly collections: PaymentCollectionsService) {}

  @Post()
  @HttpCode(200)
  @RespondsWith(STORE_COLLECTION)
  @ApiOperation({
    summary: "Create the payment collection of a cart",
    operationId: "createPaymentCollection",
    description:
      "Returns the one collection of the cart. The first call creates it; later and simultaneous calls get the same one. " +
      "While nothing is authorized a repeat takes over the cart's currency and total.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection.",
    exampleOf(STORE_COLLECTION, NEW_COLLECTION),
  )
  @ApiErrors(new CartNotFound(EXAMPLE.cartId, "cart_id"))
  async create(
    @Body() { cart_id }: CreatePaymentCollectionRequest,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(
        await this.collections.create(cart_id, caller, selection),
        "store",
      ),
    }
  }

  @Get(":id")
  @ApiId("The collection's id.", EXAMPLE.collectionId)
  @RespondsWith(STORE_COLLECTION)
  @ApiOperation({
    summary: "Get a payment collection",
    operationId: "getPaymentCollection",
    description: "To poll after a redirect, for one.",
  })
  @ApiEnvelope(
    "payment_collection",
    PaymentCollectionResponse,
    "The collection.",
    exampleOf(STORE_COLLECTION, PAID_COLLECTION),
  )
  @ApiErrors(collectionNotFound(EXAMPLE.collectionId))
  async get(
    @Param("id") id: string,
    @Query() _query: SelectQuery,
    @CalledBy() caller: Caller,
    @Selected() selection: Selection,
  ) {
    return {
      payment_collection: toPaymentCollectionResponse(
        await this.collections.getVisible(id, caller, selection),
        "store",
      ),
    }
  }
}
