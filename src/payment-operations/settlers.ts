import type { OperationKind } from "../payment-model/status.js"
import type { Settle } from "../payment-providers/provider-operations.js"
import {
  settleAuthorize,
  settleCancelSession,
  settleInitiate,
  settleUpdate,
} from "../payment-sessions/settle-session.js"
import { settleCancelPayment, settleCapture, settleRefund } from "../payments/settle-payment.js"

/** What is recorded of each kind of operation, whoever finds out its outcome. */
export const SETTLERS: Readonly<Record<OperationKind, Settle>> = {
  initiate: settleInitiate,
  update: settleUpdate,
  authorize: settleAuthorize,
  cancel_session: settleCancelSession,
  capture: settleCapture,
  refund: settleRefund,
  cancel_payment: settleCancelPayment,
}
