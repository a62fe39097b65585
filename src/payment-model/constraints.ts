import { Conflict, Duplicate, InvalidData, NotFound, type ServiceError } from "../common/errors.js"
import { constraintOf } from "../database/database-errors.js"

const raced = () =>
  new Conflict("Another request changed the same data at the same time. Retry the request.", {
    code: "changed_meanwhile",
    retryAfter: 1,
  })

/**
 * What it means when the database refuses a row. The rules refuse first, under the lock; this is for what gets past
 * them: the constraint holds, and the caller is told in the words of the rule.
 */
const REFUSALS: Readonly<Record<string, () => ServiceError>> = {
  payment_captured_within_authorized: () =>
    new InvalidData("You cannot capture more than the authorized amount substracted by what is already captured."),
  payment_refunded_within_captured: () =>
    new InvalidData("You are not allowed to refund more than the captured amount"),
  capture_amount_above_zero: () => new InvalidData("Capture amount must be greater than 0."),
  refund_amount_above_zero: () => new InvalidData("Refund amount must be greater than 0."),
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

/** The refusal that a violated constraint stands for; undefined when it was none of the aggregate's. */
export function translateConstraintError(error: unknown): ServiceError | undefined {
  return REFUSALS[constraintOf(error) ?? ""]?.()
}

export function reasonCodeTaken(): Duplicate {
  return new Duplicate("A refund reason with this code exists already. Use it, or choose another code.", {
    code: "invalid_request_error",
  })
}
