import type { OperationKind } from "../status.js"
import type { OutcomeRecorder } from "./outcome-recorder.js"
import { recordAuthorize } from "./record-authorize.js"
import { recordCancelPayment } from "./record-cancel-payment.js"
import { recordCancelSession } from "./record-cancel-session.js"
import { recordCapture } from "./record-capture.js"
import { recordInitiate } from "./record-initiate.js"
import { recordRefund } from "./record-refund.js"
import { recordUpdate } from "./record-update.js"

/** What each kind of operation records. A request, the reconciler and a webhook all use this table. */
export const OUTCOME_RECORDERS: Readonly<Record<OperationKind, OutcomeRecorder>> = {
  initiate: recordInitiate,
  update: recordUpdate,
  authorize: recordAuthorize,
  cancel_session: recordCancelSession,
  capture: recordCapture,
  refund: recordRefund,
  cancel_payment: recordCancelPayment,
}
