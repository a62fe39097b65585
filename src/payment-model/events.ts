import type { Capture } from "./entities/capture.entity.js"
import type { Dispute } from "./entities/dispute.entity.js"
import type { PaymentCollection } from "./entities/payment-collection.entity.js"
import type { PaymentSession } from "./entities/payment-session.entity.js"
import type { Payment } from "./entities/payment.entity.js"
import type { Refund } from "./entities/refund.entity.js"

/** Every fact that this service tells; `payment.captured` and `payment.refunded` are Medusa's names. */
export const EVENT_NAMES = [
  "payment_collection.created",
  "payment_collection.updated",
  "payment_collection.outgrown",
  "payment_collection.completed",
  "payment_collection.canceled",
  "payment_collection.deleted",
  "payment_session.created",
  "payment_session.updated",
  "payment_session.authorized",
  "payment_session.requires_more",
  "payment_session.canceled",
  "payment_session.failed",
  "payment.authorized",
  "payment.captured",
  "payment.refund_pending",
  "payment.refunded",
  "payment.refund_failed",
  "payment.disputed",
  "payment.canceled",
] as const
export type EventName = (typeof EVENT_NAMES)[number]

/**
 * A fact, told in the transaction that made it one. Amounts are minor units as text, of the `currency_code` beside
 * them; no provider data, public or private, is in it.
 */
export interface PaymentEvent {
  readonly name: EventName
  /** The collection, whose lock orders its events. */
  readonly aggregateId: string
  readonly data: Readonly<Record<string, string | null>>
}

/** The columns of a collection that its events carry, in two kinds: the SQL of "create" writes the same event. */
export const COLLECTION_EVENT_TEXTS = ["id", "cart_id", "order_id", "status", "currency_code"] as const
export const COLLECTION_EVENT_AMOUNTS = ["amount", "authorized_amount", "captured_amount", "refunded_amount"] as const

export function collectionEvent(
  name: Extract<EventName, `payment_collection.${string}`>,
  collection: PaymentCollection,
): PaymentEvent {
  return {
    name,
    aggregateId: collection.id,
    data: Object.fromEntries<string | null>([
      ...COLLECTION_EVENT_TEXTS.map((name) => [name, collection[name]] as const),
      ...COLLECTION_EVENT_AMOUNTS.map((name) => [name, collection[name].toString()] as const),
    ]),
  }
}

/** @param outstanding what the cart costs beyond what is authorized, in minor units */
export function outgrownEvent(collection: PaymentCollection, outstanding: bigint): PaymentEvent {
  const { data, ...event } = collectionEvent("payment_collection.outgrown", collection)
  return { ...event, data: { ...data, outstanding_amount: outstanding.toString() } }
}

export function sessionEvent(
  name: Extract<EventName, `payment_session.${string}`>,
  session: PaymentSession,
): PaymentEvent {
  return {
    name,
    aggregateId: session.payment_collection_id,
    data: {
      id: session.id,
      payment_collection_id: session.payment_collection_id,
      provider_id: session.provider_id,
      status: session.status,
      currency_code: session.currency_code,
      amount: session.amount.toString(),
    },
  }
}

type Movement = { capture: Capture } | { refund: Refund } | { dispute: Dispute }

/** @param movement the capture, refund or dispute that the event is about; its amount is what moved, or is disputed */
export function paymentEvent(
  name: Extract<EventName, `payment.${string}`>,
  payment: Payment,
  movement?: Movement,
): PaymentEvent {
  return {
    name,
    aggregateId: payment.payment_collection_id,
    data: {
      id: payment.id,
      payment_collection_id: payment.payment_collection_id,
      payment_session_id: payment.payment_session_id,
      provider_id: payment.provider_id,
      currency_code: payment.currency_code,
      amount: payment.amount.toString(),
      authorized_amount: payment.authorized_amount.toString(),
      captured_amount: payment.captured_amount.toString(),
      refunded_amount: payment.refunded_amount.toString(),
      ...movementData(movement, payment),
    },
  }
}

function movementData(movement: Movement | undefined, payment: Payment): PaymentEvent["data"] {
  if (!movement) return {}
  if ("capture" in movement) {
    return { capture_id: movement.capture.id, capture_amount: movement.capture.amount.toString() }
  }
  if ("dispute" in movement) {
    const { id, amount, currency_code, status, reason } = movement.dispute
    return {
      dispute_id: id,
      // A bank may dispute in another currency than was paid: then the amount is on the dispute alone.
      dispute_amount: currency_code === payment.currency_code ? amount.toString() : null,
      dispute_status: status,
      dispute_reason: reason,
    }
  }
  const { id, amount, refund_reason_id } = movement.refund
  return { refund_id: id, refund_amount: amount.toString(), refund_reason_id }
}
