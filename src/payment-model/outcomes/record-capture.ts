import type { Aggregate } from "../aggregate.js"
import { Capture } from "../entities/capture.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { paymentEvent } from "../events.js"
import { getPayment, getRow } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { releaseRemainder } from "./record-cancel-payment.js"
import { findAmountContradiction, recordNotSucceeded } from "./record-movement.js"
import { returnedData } from "./returned-data.js"

/** The outcome of a capture. A final partial capture releases the remainder. */
export const recordCapture: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const payment = getPayment(aggregate, operation)
  const capture = getRow(aggregate.captures, operation.capture_id)
  if (outcome.outcome !== "succeeded") {
    return recordNotSucceeded(aggregate, operation, outcome, (status) => {
      aggregate.changes.update(Capture, capture, { status })
    })
  }
  const most = payment.authorized_amount - payment.captured_amount
  const contradiction = findAmountContradiction(outcome, operation, most)
  if (contradiction !== undefined) return contradiction
  const { minor } = outcome.amount
  aggregate.changes.update(Capture, capture, { status: "succeeded", amount: minor })
  aggregate.changes.update(Payment, payment, returnedData(outcome))
  aggregate.changes.recordEvent(() => paymentEvent("payment.captured", payment, { capture }))
  if (operation.request.is_final && payment.captured_amount + minor < payment.authorized_amount) {
    releaseRemainder(aggregate, payment, now)
  }
  return undefined
}

/** Records a capture that no operation of ours made: the provider captured by itself, or an operator did so there. */
export function recordExternalCapture(aggregate: Aggregate, payment: Payment, amount: bigint): void {
  const capture = aggregate.addCapture(payment, { amount, created_by: payment.provider_id, status: "succeeded" })
  aggregate.changes.recordEvent(() => paymentEvent("payment.captured", payment, { capture }))
}
