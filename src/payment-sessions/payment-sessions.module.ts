import { Module } from "@nestjs/common"
import { AccountHoldersModule } from "../account-holders/account-holders.module.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminPaymentSessionsController } from "./admin-payment-sessions.controller.js"
import { PaymentSessionsMessageController } from "./payment-sessions.message.controller.js"
import { PaymentSessionsService } from "./payment-sessions.service.js"
import { StorePaymentSessionsController } from "./store-payment-sessions.controller.js"

@Module({
  imports: [PaymentProvidersModule, AccountHoldersModule],
  controllers: [StorePaymentSessionsController, AdminPaymentSessionsController, PaymentSessionsMessageController],
  providers: [PaymentSessionsService],
  exports: [PaymentSessionsService],
})
export class PaymentSessionsModule {}
