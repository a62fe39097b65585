import { ChangedMeanwhile, Duplicate, NotFound, type ServiceError } from "../common/errors.js"
import { CaptureNotPositive, CaptureTooLarge, RefundNotPositive, RefundTooLarge } from "./payment.errors.js"
import { constraintOf } from "../database/database-errors.js"

const raced = () => new ChangedMeanwhile()

/**
 * The error that each violated constraint stands for. Normally the rules refuse first, under the lock, with the same error.
 */
const CONSTRAINT_ERRORS: Readonly<Record<string, () => ServiceError>> = {
  payment_captured_within_authorized: () => new CaptureTooLarge(),
  payment_refunded_within_captured: () => new RefundTooLarge(),
  capture_amount_above_zero: () => new CaptureNotPositive(),
  refund_amount_above_zero: () => new RefundNotPositive(),
  refund_reason_fk: () =>
    new NotFound(
      "RefundReason id not found. GET /admin/refund-reasons lists the reasons, POST /admin/refund-reasons creates one.",
    ),
  refund_reason_live_code: reasonCodeTaken,
  payment_collection_live_cart: raced,
  payment_session_open: raced,
  payment_one_per_session: raced,
  payment_operation_one_per_session: raced,
  payment_operation_one_cancel: raced,
  payment_operation_request_key: raced,
}

/** Translates the violation of a constraint of the aggregate; undefined for any other error. */
export function translateConstraintError(error: unknown): ServiceError | undefined {
  return CONSTRAINT_ERRORS[constraintOf(error) ?? ""]?.()
}

export function reasonCodeTaken(): Duplicate {
  return new Duplicate("A refund reason with this code exists already. Use it, or choose another code.", {
    code: "invalid_request_error",
  })
}
