import { CartNotFound } from "../carts/cart-not-found.js"
import { Body, Controller, Get, Param, Put } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiId } from "../api/api-docs.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { CART_EXAMPLE, CartResponse, PutCartRequest, toCartResponse } from "../carts/cart.dto.js"
import { CartsService } from "../carts/carts.service.js"
import { CartChangesService } from "./cart-changes.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

@ApiTags("Admin: carts")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@Controller("admin/carts")
export class AdminCartsController {
  constructor(
    private readonly carts: CartsService,
    private readonly changes: CartChangesService,
  ) {}

  @Put(":id")
  @ApiId("The cart's id, in the words of the shop.", CART_EXAMPLE.id)
  @ApiOperation({
    summary: "Tell a cart's state",
    operationId: "putCart",
    description:
      "The service that owns carts calls this on every change. All is replaced; what is left out becomes null. While " +
      "nothing is authorized the cart's payment collection follows, and its open session with it. After that a larger " +
      "total shows in the collection's `outstanding_amount`, and another session pays the difference. The collection " +
      "gets the cart's `order_id`, and keeps it when that is left out.",
  })
  @ApiEnvelope(
    "cart",
    CartResponse,
    "The cart as it is known now: the newest state, which need not be the one sent.",
    CART_EXAMPLE,
  )
  async put(@Param("id") id: string, @Body() body: PutCartRequest, @CalledBy() caller: Caller) {
    return { cart: toCartResponse(await this.changes.put(id, body, caller)) }
  }

  @Get(":id")
  @ApiId("The cart's id, in the words of the shop.", CART_EXAMPLE.id)
  @ApiOperation({ summary: "Get a cart", operationId: "getCart" })
  @ApiEnvelope("cart", CartResponse, "The cart as it is known.", CART_EXAMPLE)
  @ApiErrors(new CartNotFound(CART_EXAMPLE.id, "id"))
  async get(@Param("id") id: string) {
    return { cart: toCartResponse(await this.carts.get(id)) }
  }
}
