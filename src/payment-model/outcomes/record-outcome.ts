import { RELEASED } from "../../database/leases.js"
import type { ProviderOutcome } from "../../payment-providers/contract/index.js"
import type { Aggregate } from "../aggregate.js"
import type { OperationFailure, PaymentOperation } from "../entities/payment-operation.entity.js"
import { mayHaveHappened, nextAttemptAt } from "../rules/operation.rules.js"
import type { OperationState } from "../status.js"
import { MISSING, SESSION_MISSING } from "./missing-objects.js"
import { OUTCOME_RECORDERS } from "./outcome-recorders.js"

const EMPTY_REQUEST = { client_data: {}, data: {}, private_data: {}, context: {} }

/** Records an outcome in the operation and, by the operation's kind, in the session or payment that it is about. */
export function recordOutcome(
  aggregate: Aggregate,
  operation: PaymentOperation,
  outcome: ProviderOutcome,
  now = new Date(),
): void {
  const contradiction = OUTCOME_RECORDERS[operation.kind](aggregate, operation, outcome, now)
  recordInOperation(aggregate, operation, outcome, now, contradiction)
}

/** Records that an outcome could not be recorded. It is left to the reconciler, and nothing else changes. */
export function recordUnrecordable(aggregate: Aggregate, operation: PaymentOperation, now = new Date()): void {
  const cause = new Error("What the provider answered could not be recorded.")
  recordInOperation(aggregate, operation, { outcome: "unknown", cause }, now)
}

function recordInOperation(
  aggregate: Aggregate,
  operation: PaymentOperation,
  outcome: ProviderOutcome,
  now: Date,
  contradiction?: string,
): void {
  const state = contradiction === undefined ? stateAfter(operation, outcome) : "unknown"
  const isResolved = state === "succeeded" || state === "declined"
  const isAccepted = outcome.outcome === "pending"
  const needsPerson = contradiction !== undefined || outcome.outcome === "gone"
  const next = isResolved || needsPerson ? null : nextAttemptAt(operation, now, isAccepted)
  aggregate.moveOperation(operation, state, {
    ...RELEASED,
    next_attempt_at: next,
    is_stuck: !isResolved && next === null,
    last_error: contradiction ?? errorOf(outcome),
    failure: failureOf(operation, outcome),
    // The request is judged anew, as if this call had not been made.
    ...(outcome.outcome === "declined" && outcome.stateDiffers && { request_key: null }),
    // A resolved operation is never repeated, so that its request need not be kept.
    ...(isResolved && { request: EMPTY_REQUEST }),
    resolved_at: isResolved ? now : null,
  })
  aggregate.recompute(now)
  aggregate.reportOutgrown()
}

function stateAfter(operation: PaymentOperation, { outcome }: ProviderOutcome): OperationState {
  const { kind, state } = operation
  switch (outcome) {
    case "succeeded":
    case "requires_more":
      return "succeeded"
    case "pending":
      // A session that waits was opened or changed. A pending capture or refund has not moved money yet.
      return kind === "initiate" || kind === "update" || kind === "authorize" ? "succeeded" : state
    case "declined":
    case "already_authorized":
      return "declined"
    case "gone":
      return stateWhenGone(operation)
    case "unknown":
      return "unknown"
  }
}

/**
 * A cancellation counts as done if the provider does not know the object. Money that an earlier call may have moved stays reserved: the
 * provider may know the payment again, once the right API key is back.
 */
function stateWhenGone(operation: PaymentOperation): OperationState {
  switch (operation.kind) {
    case "cancel_session":
    case "cancel_payment":
      return "succeeded"
    case "capture":
    case "refund":
      return mayHaveHappened(operation) ? "unknown" : "declined"
    case "initiate":
    case "update":
    case "authorize":
      return "declined"
  }
}

function errorOf(outcome: ProviderOutcome): string | null {
  if (outcome.outcome === "declined") return outcome.message
  if (outcome.outcome === "gone") return MISSING[outcome.object ?? "payment"].message
  if (outcome.outcome !== "unknown") return null
  return outcome.cause instanceof Error ? outcome.cause.message : String(outcome.cause)
}

function failureOf({ kind }: PaymentOperation, outcome: ProviderOutcome): OperationFailure | null {
  if (outcome.outcome === "gone") {
    if (kind === "cancel_session" || kind === "cancel_payment") return null
    const { object = "payment" } = outcome
    // A session whose payment is gone has ended: the use case continues without it.
    const isOvertaken = kind === "update" && object === "payment"
    return {
      ...(kind === "authorize" ? SESSION_MISSING : MISSING)[object],
      retryable: kind !== "authorize" && object === "account_holder",
      refused_by: "state",
      missing: object,
      ...(isOvertaken && { is_overtaken: true }),
    }
  }
  if (outcome.outcome === "already_authorized") {
    return { message: "The shopper has authorized the payment meanwhile.", refused_by: "provider", is_overtaken: true }
  }
  if (outcome.outcome !== "declined") return null
  const { message, code, declineCode, retryable, refusedBy = "issuer", stateDiffers } = outcome
  const failure = { message, code, decline_code: declineCode, retryable, refused_by: refusedBy }
  return { ...failure, ...(stateDiffers && { state_differs: true }) }
}
