import type { Aggregate } from "../aggregate.js"
import { Payment } from "../entities/payment.entity.js"
import { paymentEvent, sessionEvent } from "../events.js"
import { getPayment } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { recordNotSucceeded } from "./record-movement.js"
import { returnedData } from "./returned-data.js"

/** The outcome of a cancellation of a payment. */
export const recordCancelPayment: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const payment = getPayment(aggregate, operation)
  // A payment that the provider does not know authorizes nothing: it counts as canceled.
  if (outcome.outcome !== "succeeded" && outcome.outcome !== "gone") {
    return recordNotSucceeded(aggregate, operation, outcome, () => undefined)
  }
  if (outcome.outcome === "succeeded") aggregate.changes.update(Payment, payment, returnedData(outcome))
  recordVoid(aggregate, payment, now)
  return undefined
}

/** Records that the uncaptured part of a payment was voided. Ends its session if nothing was captured at all. */
export function recordVoid(aggregate: Aggregate, payment: Payment, now: Date): void {
  releaseRemainder(aggregate, payment, now)
  const session = aggregate.findSession(payment.payment_session_id)
  // The session of a payment that captured something stays listed.
  if (session && aggregate.capturedAmount(payment) === 0n) {
    aggregate.dropSession(session, "canceled", now)
    aggregate.changes.recordEvent(() => sessionEvent("payment_session.canceled", session))
  }
}

/** Records that nothing more can be captured. */
export function releaseRemainder(aggregate: Aggregate, payment: Payment, now: Date): void {
  aggregate.changes.update(Payment, payment, { canceled_at: now })
  aggregate.changes.recordEvent(() => paymentEvent("payment.canceled", payment))
}
