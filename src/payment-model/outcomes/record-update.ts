import { sessionEvent } from "../events.js"
import { waitingStatus } from "../rules/session.rules.js"
import { getSession } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { recordAuthorization } from "./record-authorization.js"
import { returnedData } from "./returned-data.js"
import { dropFailedSession, endSession } from "./session-end.js"

/** The outcome of changing a session. Session and collection adopt the new figures together. */
export const recordUpdate: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = getSession(aggregate, operation)
  if (outcome.outcome === "unknown") return undefined
  if (outcome.outcome === "already_authorized") return recordAuthorization(aggregate, session, outcome, now)
  if (outcome.outcome === "gone") {
    if (outcome.object !== "account_holder") endSession(aggregate, session, now)
    return undefined
  }
  if (outcome.outcome === "declined") {
    // A session that had failed before, and whose change is refused for good, makes way for a new one. Otherwise it stays,
    // because the shopper may be paying it at this moment, or with another request.
    const maySucceedLater = outcome.retryable === true || outcome.refusedBy === "caller"
    if (session.status === "error" && !maySucceedLater) dropFailedSession(aggregate, session, now)
    return undefined
  }
  const { amount, currency_code, request } = operation
  aggregate.moveSession(session, waitingStatus(outcome), {
    amount,
    currency_code,
    client_data: request.client_data,
    context: request.context,
    ...returnedData(outcome),
  })
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.updated", session))
  const ofCollection = { amount: BigInt(request.collection_amount ?? amount), currency_code }
  aggregate.adopt({ ...(request.is_following && ofCollection), ...request.place }, now)
  return undefined
}
