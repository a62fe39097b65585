import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { AdminRefundReasonsController } from "./admin-refund-reasons.controller.js"
import { RefundReasonsMessageController } from "./refund-reasons.message.controller.js"
import { RefundReasonsService } from "./refund-reasons.service.js"
import { RefundReason } from "../payment-model/entities/refund-reason.entity.js"

@Module({
  imports: [TypeOrmModule.forFeature([RefundReason])],
  controllers: [AdminRefundReasonsController, RefundReasonsMessageController],
  providers: [RefundReasonsService],
  exports: [RefundReasonsService],
})
export class RefundReasonsModule {}
