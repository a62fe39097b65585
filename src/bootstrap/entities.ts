import type { EntityTarget, ObjectLiteral } from "typeorm"
import { AccountHolder } from "../account-holders/account-holder.entity.js"
import { ApiKey } from "../api-keys/api-key.entity.js"
import { Cart } from "../carts/cart.entity.js"
import { IdempotencyKey } from "../idempotency/idempotency-key.entity.js"
import { Capture } from "../payment-model/entities/capture.entity.js"
import { Dispute } from "../payment-model/entities/dispute.entity.js"
import { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { OutboxEvent } from "../outbox/outbox-event.entity.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { Payment } from "../payment-model/entities/payment.entity.js"
import { RefundReason } from "../payment-model/entities/refund-reason.entity.js"
import { Refund } from "../payment-model/entities/refund.entity.js"
import { Region, RegionPaymentProvider } from "../payment-providers/region.entity.js"
import { WebhookEvent } from "../webhooks/webhook-event.entity.js"

/** Every table, for the one set of data source options. */
export const entities: EntityTarget<ObjectLiteral>[] = [
  PaymentCollection,
  PaymentSession,
  Payment,
  Capture,
  Refund,
  RefundReason,
  Dispute,
  PaymentOperation,
  OutboxEvent,
  PaymentProvider,
  Region,
  RegionPaymentProvider,
  AccountHolder,
  WebhookEvent,
  Cart,
  ApiKey,
  IdempotencyKey,
]
