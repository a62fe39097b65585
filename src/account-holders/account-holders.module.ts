import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AccountHoldersMessageController } from "./account-holders.message.controller.js"
import { AccountHoldersService } from "./account-holders.service.js"
import { AdminAccountHoldersController } from "./admin-account-holders.controller.js"
import { AdminPaymentMethodsController } from "./admin-payment-methods.controller.js"
import { PaymentMethodsMessageController } from "./payment-methods.message.controller.js"
import { PaymentMethodsService } from "./payment-methods.service.js"
import { AccountHolder } from "./account-holder.entity.js"

@Module({
  imports: [TypeOrmModule.forFeature([AccountHolder]), PaymentProvidersModule],
  controllers: [
    AdminAccountHoldersController,
    AdminPaymentMethodsController,
    AccountHoldersMessageController,
    PaymentMethodsMessageController,
  ],
  providers: [AccountHoldersService, PaymentMethodsService],
  exports: [AccountHoldersService],
})
export class AccountHoldersModule {}
