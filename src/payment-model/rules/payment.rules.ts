import { InvalidData, NotAllowed } from "../../common/errors.js"
import { CaptureNotPositive, CaptureTooLarge, RefundNotPositive, RefundTooLarge } from "../payment.errors.js"
import type { Money } from "../../common/money.js"
import type { OperationKind } from "../status.js"

// Pure: amounts in, verdict out. Amounts are minor units of the payment's currency. What a call that may have happened
// would move is reserved: no second request gets the same money.

/** What decides about a capture, a refund or a cancellation. */
export interface PaymentFacts {
  readonly id: string
  readonly currency_code: string
  readonly authorized_amount: bigint
  readonly captured_amount: bigint
  readonly refunded_amount: bigint
  readonly canceled_at: Date | null
}

/** An operation without an outcome: what it would move. */
export interface Reservation {
  readonly id: string
  readonly kind: OperationKind
  readonly amount: bigint
}

/** What a request asks for. */
export interface MoneyRequest {
  /** Minor units; all that is left unless given. */
  readonly amount?: bigint
  /** A request with an idempotency key of its own is never taken for the repeat of another one. */
  readonly hasKey: boolean
}

export type MoneyVerdict =
  | { readonly verdict: "move"; readonly amount: bigint }
  /** An equal request has begun the operation: its result is the result of this request, too. */
  | { readonly verdict: "same"; readonly operationId: string }
  /** Whether there is anything left depends on an operation in progress. */
  | { readonly verdict: "join"; readonly operationId: string }
  | { readonly verdict: "nothing_left" }

/**
 * What a capture takes. Without an amount: the rest. A payment that is captured in full stays as it is, whatever amount
 * the request names: Medusa's dashboard always sends one, also with the second click.
 *
 * @param reserved by captures and cancellations
 * @param multicapture whether the provider captures more than once of one authorization
 * @throws InvalidData when it is more than the rest, or the payment was canceled
 * @throws NotAllowed when the provider captures once, and did
 */
export function captureVerdict(
  payment: PaymentFacts,
  reserved: readonly Reservation[],
  { amount: requested, hasKey }: MoneyRequest,
  multicapture: boolean,
): MoneyVerdict {
  const rest = payment.authorized_amount - payment.captured_amount
  const same = hasKey ? undefined : findEqual(reserved, "capture", requested ?? rest)
  if (same) return same
  if (payment.canceled_at !== null) {
    if (!multicapture && payment.captured_amount > 0n) {
      throw capturedForGood(payment.id)
    }
    throw new InvalidData(`The payment: ${payment.id} has been canceled.`)
  }
  if (requested !== undefined && requested <= 0n) throw new CaptureNotPositive()
  const [first] = reserved
  if (!multicapture && first) return { verdict: "join", operationId: first.id }
  if (!first && rest === 0n && payment.captured_amount > 0n) return { verdict: "nothing_left" }
  if (requested !== undefined && requested > rest) {
    // Pending captures of all the rest may capture the payment in full, and then no amount is too much.
    if (first?.kind === "capture" && freeOf(rest, reserved) <= 0n) return { verdict: "join", operationId: first.id }
    throw captureTooLarge({ minor: rest, currency: payment.currency_code })
  }
  return ofWhatIsFree(rest, reserved, requested)
}

/**
 * What a refund gives back. Without an amount: all that was captured and not refunded yet.
 * @throws InvalidData when it is more than that, or nothing is left
 */
export function refundVerdict(
  payment: PaymentFacts,
  reserved: readonly Reservation[],
  { amount: requested, hasKey }: MoneyRequest,
): MoneyVerdict {
  if (requested !== undefined && requested <= 0n) throw new RefundNotPositive()
  const rest = payment.captured_amount - payment.refunded_amount
  const same = hasKey ? undefined : findEqual(reserved, "refund", requested ?? rest)
  if (same) return same
  if (requested !== undefined && requested > rest) {
    throw refundTooLarge({ minor: rest, currency: payment.currency_code })
  }
  const verdict = ofWhatIsFree(rest, reserved, requested)
  if (verdict.verdict === "nothing_left") {
    throw nothingToRefund(payment.captured_amount > 0n)
  }
  return verdict
}

/**
 * What a cancellation voids: what is authorized and not captured. Nothing when it was canceled before. It waits for
 * another cancellation, too: if that one is declined, this one is judged anew.
 *
 * @param reserved by captures and cancellations
 * @throws NotAllowed when everything was captured
 */
export function cancelVerdict(payment: PaymentFacts, reserved: readonly Reservation[]): MoneyVerdict {
  if (payment.canceled_at !== null) return { verdict: "nothing_left" }
  const [first] = reserved
  if (first) return { verdict: "join", operationId: first.id }
  const rest = payment.authorized_amount - payment.captured_amount
  if (payment.authorized_amount === 0n) throw new NotAllowed(`The payment: ${payment.id} holds nothing to give up.`)
  if (rest === 0n) throw capturedInFull(payment.id)
  return { verdict: "move", amount: rest }
}

/** The operation of an equal request: same payment, kind and amount. A client that repeats a request means that one. */
function findEqual(reserved: readonly Reservation[], kind: OperationKind, wanted: bigint): MoneyVerdict | undefined {
  const equal = reserved.find((operation) => operation.kind === kind && operation.amount === wanted)
  return equal && { verdict: "same", operationId: equal.id }
}

function freeOf(rest: bigint, reserved: readonly Reservation[]): bigint {
  return reserved.reduce((left, { amount }) => left - amount, rest)
}

function ofWhatIsFree(rest: bigint, reserved: readonly Reservation[], requested: bigint | undefined): MoneyVerdict {
  const free = freeOf(rest, reserved)
  const amount = requested ?? free
  const [underWay] = reserved
  if (underWay && (amount > free || amount <= 0n)) return { verdict: "join", operationId: underWay.id }
  return amount > 0n ? { verdict: "move", amount } : { verdict: "nothing_left" }
}

export function capturedInFull(paymentId: string): NotAllowed {
  return new NotAllowed(`The payment: ${paymentId} has been captured in full. Refund it instead.`)
}

/** A provider without multicapture releases the remainder with the first capture. */
export function capturedForGood(paymentId: string): NotAllowed {
  return new NotAllowed(
    `The payment: ${paymentId} was captured in part, which is final with its provider: the rest was released.`,
  )
}

// The messages are Medusa's, verbatim; the details say what to do.

/** @param rest what can still be captured */
export function captureTooLarge(rest: Money): InvalidData {
  return new CaptureTooLarge(rest)
}

/** @param rest what can still be refunded */
export function refundTooLarge(rest: Money): InvalidData {
  return new RefundTooLarge(rest)
}

function nothingToRefund(isRefunded: boolean): InvalidData {
  const message = isRefunded
    ? "Everything that was captured is refunded, or is about to be."
    : "Nothing is captured yet. Capture the payment first, or cancel it."
  return new InvalidData("You cannot refund more than what is captured on the payment.", {
    details: [{ field: "amount", message }],
  })
}
