import { InvalidData, NotAllowed } from "../../common/errors.js"
import { isOpen, type CollectionStatus, type SessionStatus } from "../status.js"

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
  return HELD.includes(status) && !sessions.some(({ status }) => isOpen(status)) ? "canceled" : "not_paid"
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

/** What a collection is for, and how far it is. */
interface CollectionAmount {
  readonly amount: bigint
  readonly currency_code: string
  readonly status: CollectionStatus
}

/** What a cart costs by now. */
interface CartAmount {
  readonly total: bigint
  readonly currency_code: string
}

/**
 * What is still to be paid: of the cart's total, or of the collection's own amount if it has no cart. Amounts in two
 * currencies cannot be subtracted: a cart in another currency than the collection counts as none.
 *
 * @param authorized what payments hold or took towards the amount
 */
export function outstandingOf(
  collection: Pick<CollectionAmount, "amount" | "currency_code">,
  authorized: bigint,
  cart: CartAmount | undefined,
): bigint {
  const price = cart?.currency_code === collection.currency_code ? cart.total : collection.amount
  return larger(price - authorized, 0n)
}

/**
 * The amount of a collection once everything that its cart costs by now can be paid into it. It never falls below what
 * is authorized. A completed or canceled collection stays as it is.
 */
export function amountFor(
  { amount, currency_code, status }: CollectionAmount,
  authorized: bigint,
  cart: CartAmount | undefined,
): bigint {
  const isOver = status === "completed" || status === "canceled"
  return isOver || cart?.currency_code !== currency_code ? amount : larger(cart.total, authorized)
}

/** The cart's total if it exceeds what a collection that holds or took money is for; null if it does not. */
export function outgrownTotal(
  { amount, currency_code }: Pick<CollectionAmount, "amount" | "currency_code">,
  authorized: bigint,
  cart: CartAmount & { readonly completed_at: Date | null },
): bigint | null {
  if (cart.completed_at !== null || cart.currency_code !== currency_code || authorized === 0n) return null
  return cart.total > larger(amount, authorized) ? cart.total : null
}

/**
 * What a new session is for: what is not authorized yet.
 *
 * @param collection with the amount that a session may raise it to; see {@link amountFor}
 * @param outstanding what the cart costs beyond what is authorized
 * @throws NotAllowed when nothing may be paid any more
 */
export function amountToPay(
  collection: Pick<Totals, "authorized_amount"> & { amount: bigint; status: CollectionStatus },
  outstanding = 0n,
): bigint {
  const { amount, authorized_amount, status } = collection
  const rest = amount - authorized_amount
  if (status === "completed" && authorized_amount > 0n && outstanding > 0n) throw new NotAllowed(COMPLETED_TOO_SMALL)
  const refusal = status === "authorized" && rest > 0n ? true : PAYABLE[status]
  if (refusal !== true) throw new NotAllowed(refusal)
  // The cart has shrunk to what is authorized, and the collection has not followed it yet.
  if (authorized_amount > 0n && rest <= 0n) throw new NotAllowed(NOTHING_LEFT)
  return rest
}

/**
 * Whether an operator may change the amount of a collection.
 *
 * @param authorized what payments hold or took towards the amount
 * @throws NotAllowed when it has a cart, or when it is over
 * @throws InvalidData when less is authorized than would be left
 */
export function assertAmountChangeable(
  { cart_id, status }: { readonly cart_id: string | null; readonly status: CollectionStatus },
  authorized: bigint,
  amount: bigint,
): void {
  if (cart_id !== null) {
    throw followsCart(cart_id)
  }
  if (status === "completed" || status === "canceled") {
    throw new NotAllowed(
      `The payment collection is ${status}, so its amount stays. Create another one with POST /admin/payment-collections.`,
    )
  }
  if (amount < authorized) {
    throw new InvalidData("Value for field 'amount' is below what is authorized already. Cancel payments first.")
  }
}

/** Whether more may be paid. */
export function isPayable({ status }: { status: CollectionStatus }): boolean {
  return PAYABLE[status] === true
}

export const PAID_IN_FULL = "The payment collection is paid in full. Nothing is left to pay."

const NOTHING_LEFT = "The payment collection is authorized in full. Nothing is left to pay."

const COMPLETED_TOO_SMALL =
  "The payment collection is paid in full, and the cart costs more by now. A completed collection keeps its amount: " +
  "create another one for the difference with POST /admin/payment-collections."

/** Whether sessions may be opened and authorized, else why not. */
const PAYABLE: Readonly<Record<CollectionStatus, true | string>> = {
  not_paid: true,
  awaiting: true,
  failed: true,
  partially_authorized: true,
  authorized: NOTHING_LEFT,
  partially_captured: true,
  canceled: "The payment collection has been canceled. Create a new one for the cart.",
  completed: PAID_IN_FULL,
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

export function followsCart(cartId: string): NotAllowed {
  return new NotAllowed(
    `The amount of the payment collection follows cart ${cartId}. Change the cart with PUT /admin/carts/:id.`,
  )
}
