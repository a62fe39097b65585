import { Controller, UseInterceptors } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { FieldsInterceptor, RespondsWith } from "../api/fields/fields.interceptor.js"
import { Context, RequestContext } from "../api/request-context.js"
import { UpsertCartMessage } from "../carts/cart.dto.js"
import { CART } from "../carts/cart.resource.js"
import { CartChangesService } from "./cart-changes.service.js"

@UseInterceptors(FieldsInterceptor)
@Controller()
export class CartsMessageController {
  constructor(private readonly changes: CartChangesService) {}

  @RespondsWith(CART)
  @MessagePattern("carts.upsert")
  async upsert(@Payload() { id, ...cart }: UpsertCartMessage, @Context() { caller }: RequestContext) {
    return this.changes.put(id, cart, caller)
  }
}
