import { sessionEvent } from "../events.js"
import { waitingStatus } from "../rules/session.rules.js"
import { getSession } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { recordAuthorization } from "./record-authorization.js"
import { returnedData } from "./returned-data.js"
import { endSession, recordSessionFailure } from "./session-end.js"

/** The outcome of authorizing a session. */
export const recordAuthorize: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = getSession(aggregate, operation)
  switch (outcome.outcome) {
    case "succeeded":
    case "already_authorized":
      return recordAuthorization(aggregate, session, outcome, now)
    case "pending": {
      const before = session.status
      aggregate.moveSession(session, waitingStatus(outcome), returnedData(outcome))
      if (session.status !== before) {
        aggregate.changes.recordEvent(() => sessionEvent("payment_session.updated", session))
      }
      return undefined
    }
    case "requires_more":
      aggregate.moveSession(session, "requires_more", returnedData(outcome))
      aggregate.changes.recordEvent(() => sessionEvent("payment_session.requires_more", session))
      return undefined
    case "declined":
      // A session in another state than on record has not failed: its state is fetched next.
      if (!outcome.stateDiffers) recordSessionFailure(aggregate, session)
      return undefined
    case "gone":
      if (outcome.object === "account_holder") recordSessionFailure(aggregate, session)
      else endSession(aggregate, session, now)
      return undefined
    case "unknown":
      return undefined
  }
}
