import type { Aggregate } from "../aggregate.js"
import type { PaymentSession } from "../entities/payment-session.entity.js"
import { sessionEvent } from "../events.js"

/** Ends a session that nobody can pay any more: it was canceled, or the provider does not know it. */
export function endSession(aggregate: Aggregate, session: PaymentSession, now: Date): void {
  aggregate.dropSession(session, "canceled", now)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.canceled", session))
}

/** Ends a session that failed and cannot be tried again. */
export function dropFailedSession(aggregate: Aggregate, session: PaymentSession, now: Date): void {
  aggregate.dropSession(session, "error", now)
  resetMarking(aggregate)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.failed", session))
}

/** Records that the shopper's bank or the provider refused. The shopper may try again. */
export function recordSessionFailure(aggregate: Aggregate, session: PaymentSession): void {
  aggregate.moveSession(session, "error")
  resetMarking(aggregate)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.failed", session))
}

/** After a failure an operator has to mark the collection as paid again: the next payment may be the shopper's own. */
function resetMarking(aggregate: Aggregate): void {
  if (aggregate.collection.marking_paid_at !== null) aggregate.updateCollection({ marking_paid_at: null })
}
