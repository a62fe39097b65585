import { NotAllowed } from "../common/errors.js"
import { OPEN_SESSION_STATUSES, type CollectionStatus, type SessionStatus } from "./status.js"

// Pure: amounts in, verdict out. Amounts are minor units of one currency.

/** What the totals and the status of a collection follow from. */
export interface CollectionFacts {
  readonly amount: bigint
  /** Where it stood until now. */
  readonly status: CollectionStatus
  /** Set once everything was paid; then the status stays. */
  readonly completed_at: Date | null
  readonly sessions: readonly { readonly status: SessionStatus }[]
  readonly payments: readonly {
    readonly authorized_amount: bigint
    readonly captured_amount: bigint
    readonly refunded_amount: bigint
    readonly canceled_at: Date | null
    /** One that came in when nothing was to be paid any more counts in the totals alone. */
    readonly is_surplus?: boolean
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
 * Where a collection stands, from its children. Refunds never change it; sessions do so only while the provider has yet
 * to authorize one; what was completed stays completed. Only giving up what was held cancels it: a session that is
 * dropped later does not.
 */
export function statusOf(facts: CollectionFacts): CollectionStatus {
  const { amount, status, completed_at, sessions } = facts
  const payments = facts.payments.filter(({ is_surplus }) => !is_surplus)
  const { authorized_amount, captured_amount } = totalsOf({ payments })
  const holds = payments.some((payment) => payment.canceled_at === null)
  // A zero amount is paid once it is authorized.
  const isPaid = amount > 0n ? captured_amount >= amount : holds
  if (completed_at !== null || isPaid) return "completed"
  if (holds) return authorized_amount >= amount ? "authorized" : "partially_authorized"
  if (sessions.some((session) => session.status === "pending_authorization")) return "awaiting"
  if (captured_amount > 0n) return "partially_captured"
  return HELD.includes(status) && !sessions.some(isOpenSession) ? "canceled" : "not_paid"
}

/** The statuses from which giving up what is held leads to `canceled`, which stays so. */
const HELD: readonly CollectionStatus[] = ["authorized", "partially_authorized", "canceled"]

/** The statuses in which the amount may still change with the cart, as long as nothing is authorized. */
export const FOLLOWING_STATUSES: readonly CollectionStatus[] = ["not_paid", "awaiting", "failed"]

/** Whether the amount may still change with the cart: nothing is authorized, and nothing was captured. */
export function mayFollowCart({
  status,
  authorized_amount,
}: {
  status: CollectionStatus
  authorized_amount: bigint
}): boolean {
  return authorized_amount === 0n && FOLLOWING_STATUSES.includes(status)
}

/**
 * Whether a collection stands in its cart's way: it was complete with nothing to pay, and now there is something. Nothing
 * was paid in it, so that a new one can take its place.
 */
export function isOutgrown(
  { amount, status }: { amount: bigint; status: CollectionStatus },
  cart: { total: bigint; completed_at: Date | null } | undefined,
): boolean {
  return status === "completed" && amount === 0n && cart?.completed_at === null && cart.total > 0n
}

/** What a new session is for: what is not authorized yet. @throws NotAllowed when nothing may be paid any more */
export function amountToPay(collection: Totals & { amount: bigint; status: CollectionStatus }): bigint {
  const refusal = PAYABLE[collection.status]
  if (refusal !== true) throw new NotAllowed(refusal)
  return collection.amount - collection.authorized_amount
}

/** Whether more may be paid. */
export function isPayable({ status }: { status: CollectionStatus }): boolean {
  return PAYABLE[status] === true
}

/** Whether sessions may be opened and authorized, else why not. */
const PAYABLE: Readonly<Record<CollectionStatus, true | string>> = {
  not_paid: true,
  awaiting: true,
  failed: true,
  partially_authorized: true,
  authorized: "The payment collection is authorized in full. Nothing is left to pay.",
  partially_captured: true,
  canceled: "The payment collection has been canceled. Create a new one for the cart.",
  completed: "The payment collection is paid in full. Nothing is left to pay.",
}

function isOpenSession({ status }: { status: SessionStatus }): boolean {
  return (OPEN_SESSION_STATUSES as readonly SessionStatus[]).includes(status)
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
