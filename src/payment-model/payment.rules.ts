import { InvalidData, NotAllowed } from "../common/errors.js"

// Pure: amounts in, verdict out. Amounts are minor units of the payment's currency. What a call that may have happened
// would move is reserved: no second request gets the same money.

/** What decides about a capture, a refund or a cancellation. */
export interface PaymentFacts {
  readonly id: string
  readonly authorized_amount: bigint
  readonly captured_amount: bigint
  readonly refunded_amount: bigint
  readonly canceled_at: Date | null
}

/** Calls that are not settled: what each would move. */
export interface Reservation {
  readonly id: string
  readonly amount: bigint
}

export type MoneyVerdict =
  | { readonly verdict: "move"; readonly amount: bigint }
  /** Whether there is anything left depends on a call that is under way. */
  | { readonly verdict: "join"; readonly operationId: string }
  | { readonly verdict: "nothing_left" }

/**
 * What a capture takes. Without an amount: the rest, and nothing when nothing is left.
 * @param multicapture whether the provider captures more than once of one authorization
 * @throws InvalidData when it is more than the rest, or the payment was canceled
 * @throws NotAllowed when the provider captures once, and did
 */
export function captureVerdict(
  payment: PaymentFacts,
  reserved: readonly Reservation[],
  requested: bigint | undefined,
  multicapture: boolean,
): MoneyVerdict {
  if (payment.canceled_at !== null) {
    if (!multicapture && payment.captured_amount > 0n) {
      throw new NotAllowed(
        `The payment: ${payment.id} was captured in part, which is final with its provider: the rest has been given up.`,
      )
    }
    throw new InvalidData(`The payment: ${payment.id} has been canceled.`)
  }
  if (requested !== undefined && requested <= 0n) throw new InvalidData("Capture amount must be greater than 0.")
  const [underWay] = reserved
  if (!multicapture && underWay) return { verdict: "join", operationId: underWay.id }
  const rest = payment.authorized_amount - payment.captured_amount
  if (requested !== undefined && requested > rest) {
    throw new InvalidData("You cannot capture more than the authorized amount substracted by what is already captured.")
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
  requested: bigint | undefined,
): MoneyVerdict {
  if (requested !== undefined && requested <= 0n) throw new InvalidData("Refund amount must be greater than 0.")
  const rest = payment.captured_amount - payment.refunded_amount
  if (requested !== undefined && requested > rest) {
    throw new InvalidData("You are not allowed to refund more than the captured amount")
  }
  const verdict = ofWhatIsFree(rest, reserved, requested)
  if (verdict.verdict === "nothing_left") {
    throw new InvalidData("You cannot refund more than what is captured on the payment.")
  }
  return verdict
}

/**
 * What a cancellation gives up: what is authorized and not captured. Nothing when it was canceled before.
 * @throws NotAllowed when everything was captured
 */
export function cancelVerdict(payment: PaymentFacts, underWay: readonly Reservation[]): MoneyVerdict {
  if (payment.canceled_at !== null) return { verdict: "nothing_left" }
  const [first] = underWay
  if (first) return { verdict: "join", operationId: first.id }
  const rest = payment.authorized_amount - payment.captured_amount
  if (payment.authorized_amount === 0n) throw new NotAllowed(`The payment: ${payment.id} holds nothing to give up.`)
  if (rest === 0n) throw new NotAllowed(`The payment: ${payment.id} has been captured in full. Refund it instead.`)
  return { verdict: "move", amount: rest }
}

function ofWhatIsFree(rest: bigint, reserved: readonly Reservation[], requested: bigint | undefined): MoneyVerdict {
  const free = reserved.reduce((left, { amount }) => left - amount, rest)
  const amount = requested ?? free
  const [underWay] = reserved
  if (underWay && (amount > free || amount <= 0n)) return { verdict: "join", operationId: underWay.id }
  return amount > 0n ? { verdict: "move", amount } : { verdict: "nothing_left" }
}
