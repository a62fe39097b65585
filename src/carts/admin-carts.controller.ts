import { Body, Controller, Get, Param, Put } from "@nestjs/common"
import { ApiOperation, ApiSecurity, ApiTags } from "@nestjs/swagger"
import { ApiEnvelope, ApiErrors, ApiId } from "../common/api-docs.js"
import { CART_EXAMPLE, CartResponse, PutCartRequest, toCartResponse } from "./cart.dto.js"
import { CartsService } from "./carts.service.js"

@ApiTags("Admin: carts")
@ApiSecurity("secret_key")
@ApiErrors("invalid_data", "unauthorized")
@Controller("admin/carts")
export class AdminCartsController {
  constructor(private readonly carts: CartsService) {}

  @Put(":id")
  @ApiId("The cart's id, in the words of the shop.", CART_EXAMPLE.id)
  @ApiOperation({
    summary: "Tell a cart's state",
    operationId: "putCart",
    description:
      "The service that owns carts calls this on every change. All is replaced; what is left out becomes null.",
  })
  @ApiEnvelope(
    "cart",
    CartResponse,
    "The cart as it is known now: the newest state, which need not be the one sent.",
    CART_EXAMPLE,
  )
  async put(@Param("id") id: string, @Body() body: PutCartRequest) {
    return { cart: toCartResponse(await this.carts.put(id, body)) }
  }

  @Get(":id")
  @ApiId("The cart's id, in the words of the shop.", CART_EXAMPLE.id)
  @ApiOperation({ summary: "Get a cart", operationId: "getCart" })
  @ApiEnvelope("cart", CartResponse, "The cart as it is known.", CART_EXAMPLE)
  @ApiErrors("not_found")
  async get(@Param("id") id: string) {
    return { cart: toCartResponse(await this.carts.get(id)) }
  }
}
