import { capturedOf, type Aggregate } from "../aggregate.js"
import { Capture } from "../entities/capture.entity.js"
import { paymentEvent, sessionEvent } from "../events.js"
import { mayHaveHappened } from "../rules/operation.rules.js"
import { PaymentOperation } from "../entities/payment-operation.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { Refund } from "../entities/refund.entity.js"
import type { MovementStatus } from "../status.js"
import type {
  ReturnedData,
  ProviderOutcome,
  Succeeded,
} from "../../payment-providers/contract/payment-provider.contract.js"
import type { OutcomeRecorder } from "../../payment-providers/calls/operation-runner.js"

// What becomes of a payment once a provider has answered. A smaller amount than was asked for is recorded as it is. A
// larger one contradicts our records: nothing is recorded, and a person has to look.

export const recordCaptureOutcome: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const payment = paymentOf(aggregate, operation)
  const capture = found(aggregate.captures, operation.capture_id)
  if (outcome.outcome !== "succeeded") {
    return move(aggregate, operation, outcome, (status) => {
      aggregate.changes.update(Capture, capture, { status })
    })
  }
  const contradiction = contradictionOf(outcome, operation, payment.authorized_amount - payment.captured_amount)
  if (contradiction !== undefined) return contradiction
  const { minor } = outcome.amount
  aggregate.changes.update(Capture, capture, { status: "succeeded", amount: minor })
  aggregate.changes.update(Payment, payment, returnedData(outcome))
  aggregate.changes.recordEvent(() => paymentEvent("payment.captured", payment, { capture }))
  if (operation.request.is_final && payment.captured_amount + minor < payment.authorized_amount) {
    giveRestUp(aggregate, payment, now)
  }
  return undefined
}

/** Records what the provider has captured by itself, or at somebody else's word. @param amount minor units */
export function recordCapture(aggregate: Aggregate, payment: Payment, amount: bigint): void {
  const capture = aggregate.addCapture(payment, { amount, created_by: payment.provider_id, status: "succeeded" })
  aggregate.changes.recordEvent(() => paymentEvent("payment.captured", payment, { capture }))
}

function giveRestUp(aggregate: Aggregate, payment: Payment, now: Date): void {
  aggregate.changes.update(Payment, payment, { canceled_at: now })
  aggregate.changes.recordEvent(() => paymentEvent("payment.canceled", payment))
}

export const recordRefundOutcome: OutcomeRecorder = (aggregate, operation, outcome) => {
  const payment = paymentOf(aggregate, operation)
  const refund = found(aggregate.refunds, operation.refund_id)
  if (outcome.outcome !== "succeeded") {
    const wasAccepted = operation.is_accepted
    const contradiction = move(aggregate, operation, outcome, (status) => {
      aggregate.changes.update(Refund, refund, { status })
    })
    if (outcome.outcome === "pending" && !wasAccepted) {
      aggregate.changes.recordEvent(() => paymentEvent("payment.refund_pending", payment, { refund }))
    }
    // Nobody heard of a refund that the provider declined right away, except who asked for it.
    if (outcome.outcome === "declined" && wasAccepted) {
      aggregate.changes.recordEvent(() => paymentEvent("payment.refund_failed", payment, { refund }))
    }
    return contradiction
  }
  const contradiction = contradictionOf(outcome, operation, payment.captured_amount - payment.refunded_amount)
  if (contradiction !== undefined) return contradiction
  aggregate.changes.update(Refund, refund, { status: "succeeded", amount: outcome.amount.minor })
  aggregate.changes.update(Payment, payment, returnedData(outcome))
  aggregate.changes.recordEvent(() => paymentEvent("payment.refunded", payment, { refund }))
  return undefined
}

export const recordCancelPayment: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const payment = paymentOf(aggregate, operation)
  // What the provider does not know holds nothing: it counts as canceled.
  if (outcome.outcome !== "succeeded" && outcome.outcome !== "gone") {
    return move(aggregate, operation, outcome, () => undefined)
  }
  if (outcome.outcome === "succeeded") aggregate.changes.update(Payment, payment, returnedData(outcome))
  recordCancellation(aggregate, payment, now)
  return undefined
}

/** What was authorized and not captured is given up. */
export function recordCancellation(aggregate: Aggregate, payment: Payment, now: Date): void {
  giveRestUp(aggregate, payment, now)
  const session = aggregate.sessions.find(({ id }) => id === payment.payment_session_id)
  // A session that paid something is part of the story; one that paid nothing was for nothing.
  if (session && capturedOf(aggregate, payment) === 0n) {
    aggregate.dropSession(session, "canceled", now)
    aggregate.changes.recordEvent(() => sessionEvent("payment_session.canceled", session))
  }
}

/** What the provider left, as columns; what it left out stays. */
export function returnedData({ data, privateData }: ReturnedData): Partial<Pick<Payment, "data" | "private_data">> {
  return { ...(data && { data: { ...data } }), ...(privateData && { private_data: { ...privateData } }) }
}

type NotSucceeded = Exclude<ProviderOutcome, Succeeded>

function move(
  { changes }: Aggregate,
  operation: PaymentOperation,
  outcome: NotSucceeded,
  become: (status: MovementStatus) => void,
): string | undefined {
  switch (outcome.outcome) {
    case "pending":
      if (!operation.is_accepted) changes.update(PaymentOperation, operation, { is_accepted: true })
      return undefined
    case "requires_more":
    case "already_authorized":
      return "The provider asks the shopper for something, which money that was authorized does not need."
    case "declined":
      become(outcome.stateDiffers ? "superseded" : "declined")
      return undefined
    case "unknown":
      become("unknown")
      return undefined
    case "gone":
      become(mayHaveHappened(operation) ? "unknown" : "declined")
      return undefined
  }
}

/** @param most what the books can hold, in minor units */
function contradictionOf({ amount }: Succeeded, operation: PaymentOperation, most: bigint): string | undefined {
  if (amount.currency !== operation.currency_code) {
    return `The provider reports ${amount.currency} where ${operation.currency_code} was asked for.`
  }
  if (amount.minor > 0n && amount.minor <= most && amount.minor <= operation.amount) return undefined
  return `The provider reports ${amount.minor} (minor units) where ${operation.amount} was asked for and at most ${most} is possible.`
}

function paymentOf(aggregate: Aggregate, { payment_id }: PaymentOperation): Payment {
  return found(aggregate.payments, payment_id)
}

function found<E extends { id: string }>(rows: readonly E[], id: string | null): E {
  const row = rows.find((candidate) => candidate.id === id)
  if (!row) throw new Error(`The operation is about ${id}, which its collection does not have`)
  return row
}
