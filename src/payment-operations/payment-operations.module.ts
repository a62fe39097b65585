import { Module } from "@nestjs/common"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminOperationsController } from "./admin-operations.controller.js"
import { OperationsMessageController } from "./operations.message.controller.js"
import { PaymentOperationsService } from "./payment-operations.service.js"
import { Reconciler } from "./reconciler.js"

@Module({
  imports: [PaymentProvidersModule],
  controllers: [AdminOperationsController, OperationsMessageController],
  providers: [PaymentOperationsService, Reconciler],
  exports: [PaymentOperationsService],
})
export class PaymentOperationsModule {}
