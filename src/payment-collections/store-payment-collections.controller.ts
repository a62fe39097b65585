import { Body, Controller, Get, Param, Post, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { PublishableKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { CartNotFound } from "../carts/cart-not-found.js"
import { collectionNotFound } from "../payment-model/not-found.js"
import { EXAMPLE, NEW_COLLECTION, PAID_COLLECTION } from "../payment-model/resources/examples.js"
import { COLLECTION_ID, STORE_COLLECTION } from "../payment-model/resources/payment-collection.resource.js"
import { CreatePaymentCollectionRequest } from "./payment-collection.dto.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"
import { PublishableKeyInvalid } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Store: payment collections")
@ApiSecurity("publishable_key")
@ApiErrors(InvalidData, PublishableKeyInvalid)
@UseGuards(PublishableKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("store/payment-collections")
export class StorePaymentCollectionsController {
  constructor(private readonly collections: PaymentCollectionsService) {}

  @Endpoint({
    summary: "Create the payment collection of a cart",
    operationId: "createPaymentCollection",
    description:
      "Returns the one collection of the cart. The first call creates it; later and simultaneous calls get the same one. " +
      "While nothing is authorized, a repeat adopts the cart's currency and total.",
    responds: STORE_COLLECTION,
    response: "The collection.",
    example: NEW_COLLECTION,
    errors: [new CartNotFound(EXAMPLE.cartId, "cart_id")],
  })
  @Post()
  async create(@Body() { cart_id }: CreatePaymentCollectionRequest, @Context() { caller, selection }: RequestContext) {
    return this.collections.create(cart_id, caller, selection)
  }

  @Endpoint({
    summary: "Get a payment collection",
    operationId: "getPaymentCollection",
    description: "Poll this after a redirect, for example.",
    params: { id: COLLECTION_ID },
    responds: STORE_COLLECTION,
    response: "The collection.",
    example: PAID_COLLECTION,
    errors: [collectionNotFound(EXAMPLE.collectionId)],
  })
  @Get(":id")
  async get(@Param("id") id: string, @Context() { caller, selection }: RequestContext) {
    return this.collections.getVisible(id, caller, selection)
  }
}
