import { Payment } from "../entities/payment.entity.js"
import { Refund } from "../entities/refund.entity.js"
import { paymentEvent } from "../events.js"
import { getPayment, getRow } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { findAmountContradiction, recordNotSucceeded } from "./record-movement.js"
import { returnedData } from "./returned-data.js"

/** The outcome of a refund. */
export const recordRefund: OutcomeRecorder = (aggregate, operation, outcome) => {
  const payment = getPayment(aggregate, operation)
  const refund = getRow(aggregate.refunds, operation.refund_id)
  if (outcome.outcome !== "succeeded") {
    const wasAccepted = operation.is_accepted
    const contradiction = recordNotSucceeded(aggregate, operation, outcome, (status) => {
      aggregate.changes.update(Refund, refund, { status })
    })
    if (outcome.outcome === "pending" && !wasAccepted) {
      aggregate.changes.recordEvent(() => paymentEvent("payment.refund_pending", payment, { refund }))
    }
    // Only the client knows of a refund that the provider declined immediately, so that no event reports it.
    if (outcome.outcome === "declined" && wasAccepted) {
      aggregate.changes.recordEvent(() => paymentEvent("payment.refund_failed", payment, { refund }))
    }
    return contradiction
  }
  const most = payment.captured_amount - payment.refunded_amount
  const contradiction = findAmountContradiction(outcome, operation, most)
  if (contradiction !== undefined) return contradiction
  aggregate.changes.update(Refund, refund, { status: "succeeded", amount: outcome.amount.minor })
  aggregate.changes.update(Payment, payment, returnedData(outcome))
  aggregate.changes.recordEvent(() => paymentEvent("payment.refunded", payment, { refund }))
  return undefined
}
