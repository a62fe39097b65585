import { Module } from "@nestjs/common"
import { AccountHoldersModule } from "../account-holders/account-holders.module.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminOrdersController } from "./admin-orders.controller.js"
import { AdminPaymentSessionsController } from "./admin-payment-sessions.controller.js"
import { OrderReader } from "./order-reader.js"
import { OrderSessionsService } from "./order-sessions.service.js"
import { PaymentSessionsMessageController } from "./payment-sessions.message.controller.js"
import { AuthorizeSessionService } from "./authorize-session.service.js"
import { FollowCartService } from "./follow-cart.service.js"
import { OfferedProviders } from "./offered-providers.js"
import { OpenSessionService } from "./open-session.service.js"
import { SessionCustomers } from "./session-customer.js"
import { StorePaymentSessionsController } from "./store-payment-sessions.controller.js"

@Module({
  imports: [PaymentProvidersModule, AccountHoldersModule],
  controllers: [
    StorePaymentSessionsController,
    AdminPaymentSessionsController,
    AdminOrdersController,
    PaymentSessionsMessageController,
  ],
  providers: [
    OpenSessionService,
    AuthorizeSessionService,
    FollowCartService,
    OrderSessionsService,
    OfferedProviders,
    SessionCustomers,
    OrderReader,
  ],
  exports: [OpenSessionService, AuthorizeSessionService, FollowCartService],
})
export class PaymentSessionsModule {}
