import { sessionEvent } from "../events.js"
import { waitingStatus } from "../rules/session.rules.js"
import { getSession } from "./operation-subject.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { returnedData } from "./returned-data.js"
import { dropFailedSession } from "./session-end.js"

/** The outcome of opening a session. */
export const recordInitiate: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = getSession(aggregate, operation)
  switch (outcome.outcome) {
    case "succeeded":
    case "pending":
    case "requires_more":
      aggregate.moveSession(session, waitingStatus(outcome), returnedData(outcome))
      aggregate.changes.recordEvent(() => sessionEvent("payment_session.created", session))
      return undefined
    case "declined":
      // The provider has nothing that could be paid, so there is no session.
      dropFailedSession(aggregate, session, now)
      return undefined
    case "gone":
      // Nothing was opened: the service creates the customer anew first.
      if (outcome.object === "account_holder") aggregate.dropSession(session, "error", now)
      else dropFailedSession(aggregate, session, now)
      return undefined
    case "already_authorized":
      return "The provider says that the shopper has authorized what was only just to be opened."
    case "unknown":
      return undefined
  }
}
