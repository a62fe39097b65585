import { Module } from "@nestjs/common"
import { PaymentCollectionsModule } from "../payment-collections/payment-collections.module.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminOperationsController } from "./admin-operations.controller.js"
import { OperationsMessageController } from "./operations.message.controller.js"
import { PaymentOperationsService } from "./payment-operations.service.js"
import { Reconciler } from "./reconciler.js"

@Module({
  imports: [PaymentProvidersModule, PaymentCollectionsModule],
  controllers: [AdminOperationsController, OperationsMessageController],
  providers: [PaymentOperationsService, Reconciler],
  exports: [PaymentOperationsService],
})
export class PaymentOperationsModule {}
