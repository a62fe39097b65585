import type { OperationKind } from "../status.js"
import type { OutcomeRecorder } from "../../payment-providers/calls/operation-runner.js"
import { recordAuthorize, recordCancelSession, recordInitiate, recordUpdate } from "./session.outcomes.js"
import { recordCancelPayment, recordCaptureOutcome, recordRefundOutcome } from "./payment.outcomes.js"

/** What is recorded of each kind of operation, whoever finds out its outcome. */
export const OUTCOME_RECORDERS: Readonly<Record<OperationKind, OutcomeRecorder>> = {
  initiate: recordInitiate,
  update: recordUpdate,
  authorize: recordAuthorize,
  cancel_session: recordCancelSession,
  capture: recordCaptureOutcome,
  refund: recordRefundOutcome,
  cancel_payment: recordCancelPayment,
}
