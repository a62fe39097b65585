import { Module } from "@nestjs/common"
import { AdminPaymentsController } from "./admin-payments.controller.js"
import { PaymentsMessageController } from "./payments.message.controller.js"
import { PaymentsService } from "./payments.service.js"

@Module({
  controllers: [AdminPaymentsController, PaymentsMessageController],
  providers: [PaymentsService],
  exports: [PaymentsService],
})
export class PaymentsModule {}
