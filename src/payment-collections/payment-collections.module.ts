import { Module } from "@nestjs/common"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminPaymentCollectionsController } from "./admin-payment-collections.controller.js"
import { PaymentCollectionsMessageController } from "./payment-collections.message.controller.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"
import { StorePaymentCollectionsController } from "./store-payment-collections.controller.js"

@Module({
  imports: [PaymentProvidersModule],
  controllers: [
    StorePaymentCollectionsController,
    AdminPaymentCollectionsController,
    PaymentCollectionsMessageController,
  ],
  providers: [PaymentCollectionsService],
  exports: [PaymentCollectionsService],
})
export class PaymentCollectionsModule {}
