import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { CalledBy, type Caller } from "../api-keys/caller.js"
import { toCartResponse, UpsertCartMessage } from "../carts/cart.dto.js"
import { CartChangesService } from "./cart-changes.service.js"

@Controller()
export class CartsMessageController {
  constructor(private readonly changes: CartChangesService) {}

  @MessagePattern("carts.upsert")
  async upsert(@Payload() { id, ...cart }: UpsertCartMessage, @CalledBy() caller: Caller) {
    return { cart: toCartResponse(await this.changes.put(id, cart, caller)) }
  }
}
