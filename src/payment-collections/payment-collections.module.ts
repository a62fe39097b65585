import { Module } from "@nestjs/common"
import { CartsModule } from "../carts/carts.module.js"
import { ReplayGuard } from "../idempotency/replay-guard.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { PaymentSessionsModule } from "../payment-sessions/payment-sessions.module.js"
import { PaymentsModule } from "../payments/payments.module.js"
import { AdminCartsController } from "./admin-carts.controller.js"
import { AdminPaymentCollectionsController } from "./admin-payment-collections.controller.js"
import { CartChangesService } from "./cart-changes.service.js"
import { CartsMessageController } from "./carts.message.controller.js"
import { MarkAsPaidService } from "./mark-as-paid.service.js"
import { PaymentCollectionsMessageController } from "./payment-collections.message.controller.js"
import { PaymentCollectionsService } from "./payment-collections.service.js"
import { StorePaymentCollectionsController } from "./store-payment-collections.controller.js"
import { StoreReplayGuard } from "./store-replay.guard.js"

@Module({
  imports: [CartsModule, PaymentProvidersModule, PaymentsModule, PaymentSessionsModule],
  controllers: [
    StorePaymentCollectionsController,
    AdminPaymentCollectionsController,
    PaymentCollectionsMessageController,
    AdminCartsController,
    CartsMessageController,
  ],
  providers: [
    PaymentCollectionsService,
    CartChangesService,
    MarkAsPaidService,
    { provide: ReplayGuard, useClass: StoreReplayGuard },
  ],
  exports: [PaymentCollectionsService, CartChangesService, ReplayGuard],
})
export class PaymentCollectionsModule {}
