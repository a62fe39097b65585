import { Module } from "@nestjs/common"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { RefundReasonsModule } from "../refund-reasons/refund-reasons.module.js"
import { AdminPaymentsController } from "./admin-payments.controller.js"
import { PaymentsMessageController } from "./payments.message.controller.js"
import { PaymentsService } from "./payments.service.js"

@Module({
  imports: [PaymentProvidersModule, RefundReasonsModule],
  controllers: [AdminPaymentsController, PaymentsMessageController],
  providers: [PaymentsService],
  exports: [PaymentsService],
})
export class PaymentsModule {}
