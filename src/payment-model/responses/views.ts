import type { View } from "../../api/fields/fields.interceptor.js"
// Relations find each other by name, so all of them have to be loaded.
import "./capture.response.js"
import "./dispute.response.js"
import { OrderResponse } from "./order.response.js"
import { PaymentCollectionResponse } from "./payment-collection.response.js"
import "./payment-provider.response.js"
import "./payment-session.response.js"
import { PaymentResponse } from "./payment.response.js"
import "./refund-reason.response.js"
import "./refund.response.js"

/** Every scalar of a payment with its captures and refunds: a payment as the API documents it. */
const PAYMENT_IN_FULL = ["", ".captures", ".refunds", ".refunds.refund_reason"]

/** What a storefront gets of a collection: the documented response in full; back references only on request. */
export const STORE_COLLECTION: View = {
  key: "payment_collection",
  type: PaymentCollectionResponse,
  audience: "store",
  defaults: [
    "*",
    "payment_providers.id",
    "payment_sessions",
    ...PAYMENT_IN_FULL.map((path) => `payment_sessions.payment${path}`),
    ...PAYMENT_IN_FULL.map((path) => `payments${path}`),
  ],
}

/** What operators and services get of a collection: Medusa's admin defaults. */
export const ADMIN_COLLECTION: View = {
  key: "payment_collection",
  type: PaymentCollectionResponse,
  audience: "admin",
  defaults: [
    "currency_code",
    "amount",
    "status",
    "authorized_amount",
    "captured_amount",
    "refunded_amount",
    "outstanding_amount",
    "payment_sessions",
    "payments",
  ],
}

export const ADMIN_COLLECTIONS: View = { ...ADMIN_COLLECTION, key: "payment_collections" }

/** What operators and services get of an order: what is known of it, with its collections as they get those. */
export const ADMIN_ORDER: View = {
  key: "order",
  type: OrderResponse,
  audience: "admin",
  defaults: ["*", ...ADMIN_COLLECTION.defaults.map((path) => `payment_collections.${path}`)],
}

/** What operators and services get of a payment: Medusa's admin defaults, and the status of captures and refunds. */
export const ADMIN_PAYMENT: View = {
  key: "payment",
  type: PaymentResponse,
  audience: "admin",
  defaults: [
    "currency_code",
    "amount",
    "captured_at",
    "payment_collection_id",
    "payment_session_id",
    "captures.id",
    "captures.amount",
    "captures.status",
    "refunds.id",
    "refunds.amount",
    "refunds.status",
    "refunds.note",
    "refunds.payment_id",
    "refunds.refund_reason_id",
    "refunds.refund_reason.label",
    "refunds.refund_reason.code",
  ],
}

export const ADMIN_PAYMENTS: View = { ...ADMIN_PAYMENT, key: "payments" }

/** What a cancellation answers: the same, and that it is canceled. */
export const CANCELED_PAYMENT_VIEW: View = {
  ...ADMIN_PAYMENT,
  defaults: [...ADMIN_PAYMENT.defaults, "authorized_amount", "canceled_at"],
}
