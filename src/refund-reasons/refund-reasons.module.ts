import { Module } from "@nestjs/common"
import { AdminRefundReasonsController } from "./admin-refund-reasons.controller.js"
import { RefundReasonsMessageController } from "./refund-reasons.message.controller.js"
import { RefundReasonsService } from "./refund-reasons.service.js"

@Module({
  controllers: [AdminRefundReasonsController, RefundReasonsMessageController],
  providers: [RefundReasonsService],
  exports: [RefundReasonsService],
})
export class RefundReasonsModule {}
