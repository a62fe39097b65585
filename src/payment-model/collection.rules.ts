import { NotAllowed } from "../common/errors.js"
import { OPEN_SESSION_STATUSES, type CollectionStatus, type SessionStatus } from "./status.js"

// Pure: amounts in, verdict out. Amounts are minor units of one currency.

/** What the totals and the status of a collection follow from. */
export interface CollectionFacts {
  readonly amount: bigint
  /** Set once everything was paid; then the status stays. */
  readonly completed_at: Date | null
  readonly sessions: readonly { readonly status: SessionStatus }[]
  readonly payments: readonly {
    readonly authorized_amount: bigint
    readonly captured_amount: bigint
    readonly refunded_amount: bigint
    readonly canceled_at: Date | null
  }[]
}

export interface Totals {
  readonly authorized_amount: bigint
  readonly captured_amount: bigint
  readonly refunded_amount: bigint
}

/** The sums of the payments. A canceled payment counts as authorized what it captured, which its own row says. */
export function totalsOf({ payments }: Pick<CollectionFacts, "payments">): Totals {
  return {
    authorized_amount: sum(payments.map((payment) => payment.authorized_amount)),
    captured_amount: sum(payments.map((payment) => payment.captured_amount)),
    refunded_amount: sum(payments.map((payment) => payment.refunded_amount)),
  }
}

/**
 * Where a collection stands, from its children alone. Refunds never change it; sessions do so only while the provider
 * has yet to authorize one; what was completed stays completed.
 */
export function statusOf(facts: CollectionFacts): CollectionStatus {
  const { amount, completed_at, sessions, payments } = facts
  const { authorized_amount, captured_amount } = totalsOf(facts)
  // A zero amount is paid once it is authorized.
  if (completed_at !== null || (payments.length > 0 && captured_amount >= amount)) return "completed"
  const holds = payments.some((payment) => payment.canceled_at === null)
  if (holds) return authorized_amount >= amount ? "authorized" : "partially_authorized"
  if (sessions.some((session) => session.status === "pending_authorization")) return "awaiting"
  if (captured_amount > 0n) return "partially_captured"
  return payments.length > 0 && !sessions.some(isOpen) ? "canceled" : "not_paid"
}

/** Whether the amount may still change with the cart: nothing is authorized, and nothing was given up. */
export function mayFollowCart(status: CollectionStatus): boolean {
  return FOLLOWS_CART[status]
}

const FOLLOWS_CART: Readonly<Record<CollectionStatus, boolean>> = {
  not_paid: true,
  awaiting: true,
  authorized: false,
  partially_authorized: false,
  canceled: false,
  failed: true,
  partially_captured: false,
  completed: false,
}

/** What a new session is for: what is not authorized yet. @throws NotAllowed when nothing may be paid any more */
export function amountToPay(collection: Totals & { amount: bigint; status: CollectionStatus }): bigint {
  const refusal = PAYABLE[collection.status]
  if (refusal !== true) throw new NotAllowed(refusal)
  return collection.amount - collection.authorized_amount
}

/** Whether sessions may be opened and authorized, else why not. */
const PAYABLE: Readonly<Record<CollectionStatus, true | string>> = {
  not_paid: true,
  awaiting: true,
  failed: true,
  partially_authorized: true,
  authorized: "The payment collection is authorized in full. Nothing is left to pay.",
  partially_captured: "The payment collection is closed: the rest of what was authorized has been given up.",
  canceled: "The payment collection has been canceled. Create a new one for the cart.",
  completed: "The payment collection is paid in full. Nothing is left to pay.",
}

function isOpen({ status }: { status: SessionStatus }): boolean {
  return (OPEN_SESSION_STATUSES as readonly SessionStatus[]).includes(status)
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
