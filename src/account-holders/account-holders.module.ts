import { Module } from "@nestjs/common"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AccountHoldersMessageController } from "./account-holders.message.controller.js"
import { AccountHoldersService } from "./account-holders.service.js"
import { AdminAccountHoldersController } from "./admin-account-holders.controller.js"
import { AdminPaymentMethodsController } from "./admin-payment-methods.controller.js"
import { PaymentMethodsMessageController } from "./payment-methods.message.controller.js"
import { PaymentMethodsService } from "./payment-methods.service.js"

@Module({
  imports: [PaymentProvidersModule],
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
