import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { CartsService } from "./carts.service.js"
import { Cart } from "./cart.entity.js"

@Module({ imports: [TypeOrmModule.forFeature([Cart])], providers: [CartsService], exports: [CartsService] })
export class CartsModule {}
