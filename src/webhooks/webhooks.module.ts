import { Module } from "@nestjs/common"
import { PaymentOperationsModule } from "../payment-operations/payment-operations.module.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminWebhookEventsController } from "./admin-webhook-events.controller.js"
import { PaymentHooksController } from "./payment-hooks.controller.js"
import { StateApplier } from "./state-applier.js"
import { WebhookEventsMessageController } from "./webhook-events.message.controller.js"
import { WebhookInbox } from "./webhook-inbox.js"
import { WebhookWorker } from "./webhook-worker.js"
import { WebhooksService } from "./webhooks.service.js"

@Module({
  imports: [PaymentProvidersModule, PaymentOperationsModule],
  controllers: [PaymentHooksController, AdminWebhookEventsController, WebhookEventsMessageController],
  providers: [WebhookInbox, WebhooksService, WebhookWorker, StateApplier],
})
export class WebhooksModule {}
