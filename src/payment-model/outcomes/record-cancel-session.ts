import type { OutcomeRecorder } from "./outcome-recorder.js"
import { recordAuthorization } from "./record-authorization.js"
import { endSession } from "./session-end.js"

/** The outcome of canceling a session. A session whose cancellation is refused or unknown stays as the provider has it. */
export const recordCancelSession: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = aggregate.findSession(operation.payment_session_id)
  // It had ended before it was authorized late: nothing is left of it that could change.
  if (!session) return undefined
  if (outcome.outcome === "requires_more") return "The provider asks the shopper for something, to give a session up."
  if (outcome.outcome === "already_authorized") return recordAuthorization(aggregate, session, outcome, now)
  // A session that the provider does not know cannot be paid: it counts as canceled.
  if (outcome.outcome === "succeeded" || outcome.outcome === "gone") endSession(aggregate, session, now)
  return undefined
}
