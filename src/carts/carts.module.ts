import { Module } from "@nestjs/common"
import { AdminCartsController } from "./admin-carts.controller.js"
import { CartsMessageController } from "./carts.message.controller.js"
import { CartsService } from "./carts.service.js"

@Module({
  controllers: [AdminCartsController, CartsMessageController],
  providers: [CartsService],
  exports: [CartsService],
})
export class CartsModule {}
