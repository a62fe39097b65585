import { Controller } from "@nestjs/common"
import { MessagePattern, Payload } from "@nestjs/microservices"
import { toCartResponse, UpsertCartMessage } from "./cart.dto.js"
import { CartsService } from "./carts.service.js"

@Controller()
export class CartsMessageController {
  constructor(private readonly carts: CartsService) {}

  @MessagePattern("carts.upsert")
  async upsert(@Payload() { id, ...cart }: UpsertCartMessage) {
    return { cart: toCartResponse(await this.carts.put(id, cart)) }
  }
}
