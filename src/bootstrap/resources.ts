import { ACCOUNT_HOLDER } from "../account-holders/account-holder.resource.js"
import type { Resource } from "../api/fields/resource.js"
import { API_KEY } from "../api-keys/api-key.resource.js"
import { CAPTURE } from "../payment-model/resources/capture.resource.js"
import { DISPUTE } from "../payment-model/resources/dispute.resource.js"
import { PAYMENT_COLLECTION } from "../payment-model/resources/payment-collection.resource.js"
import { PAYMENT_PROVIDER } from "../payment-model/resources/payment-provider.resource.js"
import { PAYMENT_SESSION } from "../payment-model/resources/payment-session.resource.js"
import { PAYMENT } from "../payment-model/resources/payment.resource.js"
import { REFUND_REASON } from "../payment-model/resources/refund-reason.resource.js"
import { REFUND } from "../payment-model/resources/refund.resource.js"
import { OPERATION } from "../payment-operations/operation.resource.js"
import { ORDER } from "../payment-sessions/order.resource.js"
import { WEBHOOK_EVENT } from "../webhooks/webhook-event.resource.js"

/** Every resource whose responses `fields` can select in. Relations find their target among these by name. */
export const RESOURCES: readonly Resource[] = [
  PAYMENT_COLLECTION,
  PAYMENT_SESSION,
  PAYMENT,
  CAPTURE,
  REFUND,
  DISPUTE,
  REFUND_REASON,
  PAYMENT_PROVIDER,
  OPERATION,
  ORDER,
  ACCOUNT_HOLDER,
  API_KEY,
  WEBHOOK_EVENT,
]
