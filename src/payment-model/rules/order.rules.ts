import type { PaymentCollection } from "../entities/payment-collection.entity.js"
import type { CollectionStatus } from "../status.js"

/** How far an order is paid, in Medusa's words. */
export const ORDER_PAYMENT_STATUSES = [
  "not_paid",
  "awaiting",
  "authorized",
  "partially_authorized",
  "captured",
  "partially_captured",
  "refunded",
  "partially_refunded",
  "canceled",
] as const
export type OrderPaymentStatus = (typeof ORDER_PAYMENT_STATUSES)[number]

/** What is known of an order of the shop's: no table holds orders, only their collections. */
export interface Order {
  readonly id: string
  readonly currency_code: string
  readonly region_id: string | null
  readonly sales_channel_id: string | null
  readonly payment_status: OrderPaymentStatus
  readonly payment_collections: PaymentCollection[]
}

/** What of a collection decides how far its order is paid. Amounts are minor units. */
export type OrderPart = Pick<PaymentCollection, "status" | "amount" | "captured_amount" | "refunded_amount">

/**
 * How far an order is paid, by Medusa's rule: refunds outrank captures, captures outrank authorizations, and canceled
 * collections count only if there are no others.
 */
export function derivePaymentStatus(parts: readonly OrderPart[]): OrderPaymentStatus {
  const live = parts.filter(({ status }) => status !== "canceled")
  const has = (status: CollectionStatus) => parts.some((part) => part.status === status)
  const sum = (share: (part: OrderPart) => number) => parts.reduce((total, part) => total + share(part), 0)
  const [captured, refunded] = [
    sum(capturedShare),
    sum(({ refunded_amount, amount }) => share(refunded_amount, amount)),
  ]
  if (refunded > 0) return refunded === captured ? "refunded" : "partially_refunded"
  if (captured > 0) return captured === WHOLE * live.length ? "captured" : "partially_captured"
  if (has("authorized"))
    return live.every(({ status }) => status === "authorized") ? "authorized" : "partially_authorized"
  if (has("partially_authorized")) return "partially_authorized"
  if (has("canceled") && live.length === 0) return "canceled"
  return has("awaiting") ? "awaiting" : "not_paid"
}

/** What a collection counts for whose whole amount moved; a part of it counts for half. */
const WHOLE = 2

function share(moved: bigint, amount: bigint): number {
  if (moved === 0n) return 0
  return moved >= amount ? WHOLE : WHOLE / 2
}

/** Nothing is to be captured of an amount of zero, so it counts as captured. */
function capturedShare({ status, amount, captured_amount }: OrderPart): number {
  return amount === 0n && status !== "canceled" ? WHOLE : share(captured_amount, amount)
}
