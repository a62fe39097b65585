import { Body, Controller, Get, Param, Put, UseGuards, UseInterceptors } from "@nestjs/common"
import { ApiSecurity, ApiTags } from "@nestjs/swagger"
import { SecretKeyGuard } from "../api-keys/key.guards.js"
import { ApiErrors } from "../api/errors/error-docs.js"
import { Endpoint } from "../api/endpoint.js"
import { FieldsInterceptor } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { CartNotFound } from "../carts/cart-not-found.js"
import { PutCartRequest } from "../carts/cart.dto.js"
import { CART, CART_EXAMPLE } from "../carts/cart.resource.js"
import { CartsService } from "../carts/carts.service.js"
import { CartChangesService } from "./cart-changes.service.js"
import { SecretKeyRequired } from "../api-keys/api-key.errors.js"
import { InvalidData } from "../common/errors.js"

const CART_ID = { description: "The shop's id of the cart.", example: CART_EXAMPLE.id }

@ApiTags("Admin: carts")
@ApiSecurity("secret_key")
@ApiErrors(InvalidData, SecretKeyRequired)
@UseGuards(SecretKeyGuard)
@UseInterceptors(FieldsInterceptor)
@Controller("admin/carts")
export class AdminCartsController {
  constructor(
    private readonly carts: CartsService,
    private readonly changes: CartChangesService,
  ) {}

  @Endpoint({
    summary: "Report a cart's state",
    operationId: "putCart",
    description:
      "The service that owns carts calls this on every change. The whole state is replaced; a field that is left out " +
      "becomes null. While nothing is authorized, the cart's payment collection follows the cart, and so does its open " +
      "session. After that, a larger total shows in the collection's `outstanding_amount`, and another session pays the " +
      "difference. The collection gets the cart's `order_id`, and keeps it if a later report leaves it out.",
    params: { id: CART_ID },
    responds: CART,
    response: "The cart as it is known now: the newest state, which need not be the one that was sent.",
  })
  @Put(":id")
  async put(@Param("id") id: string, @Body() body: PutCartRequest, @Context() { caller }: RequestContext) {
    return this.changes.put(id, body, caller)
  }

  @Endpoint({
    summary: "Get a cart",
    operationId: "getCart",
    params: { id: CART_ID },
    responds: CART,
    response: "The cart as it is known.",
    errors: [new CartNotFound(CART_EXAMPLE.id, "id")],
  })
  @Get(":id")
  async get(@Param("id") id: string) {
    return this.carts.get(id)
  }
}
