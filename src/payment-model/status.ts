import { OPERATION_KINDS, type OperationKind } from "../payment-providers/contract/operation-kind.js"

/** Declared with the contract of providers, which stands below the model. */
export { OPERATION_KINDS, type OperationKind }

/** The state of a payment collection; the names are Medusa's. Always derived from its sessions and payments. */
export const COLLECTION_STATUSES = [
  "not_paid",
  "awaiting",
  "authorized",
  "partially_authorized",
  "canceled",
  "failed",
  "partially_captured",
  "completed",
] as const
export type CollectionStatus = (typeof COLLECTION_STATUSES)[number]

/** The state of a payment session at its provider. */
export const SESSION_STATUSES = [
  "pending",
  "requires_more",
  "pending_authorization",
  "authorized",
  "captured",
  "canceled",
  "error",
] as const
export type SessionStatus = (typeof SESSION_STATUSES)[number]

/** A session that can still become a payment. A collection has at most one of them. */
export const OPEN_SESSION_STATUSES = [
  "pending",
  "requires_more",
  "pending_authorization",
  "error",
] as const satisfies readonly SessionStatus[]

export function isOpen(status: SessionStatus): boolean {
  return includes(OPEN_SESSION_STATUSES, status)
}

/**
 * What each state of a session waits for, and where it may go: `pending` and `requires_more` for the shopper,
 * `pending_authorization` for the provider, `error` for another try; an authorization can only be captured or voided.
 */
export const SESSION_TRANSITIONS: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  pending: ["requires_more", "pending_authorization", "authorized", "canceled", "error"],
  requires_more: ["pending", "pending_authorization", "authorized", "canceled", "error"],
  pending_authorization: ["pending", "requires_more", "authorized", "canceled", "error"],
  error: ["pending", "requires_more", "pending_authorization", "authorized", "canceled"],
  authorized: ["captured", "canceled"],
  captured: [],
  canceled: [],
}

/**
 * Whether a capture or a refund has happened at the provider. Only what succeeded counts in totals. `superseded`: the
 * provider refused it on another state of the payment, and the request was judged anew. It is not listed.
 */
export const MOVEMENT_STATUSES = ["pending", "succeeded", "declined", "unknown", "superseded"] as const
export type MovementStatus = (typeof MOVEMENT_STATUSES)[number]

/** A refund that succeeded may fail later: the shopper's bank sends the money back. Then it does not count any more. */
export const REFUND_STATUSES = [...MOVEMENT_STATUSES, "failed"] as const
export type RefundStatus = (typeof REFUND_STATUSES)[number]

/** The status of a capture or a refund as clients see it: whether its money moved, may still move, or will not. */
export const SHOWN_MOVEMENT_STATUSES = ["pending", "succeeded", "failed"] as const
export type ShownMovementStatus = (typeof SHOWN_MOVEMENT_STATUSES)[number]

/** An unknown outcome is looked up until it is known, so that it is pending for clients. */
export const SHOWN_MOVEMENT_STATUS: Readonly<Record<RefundStatus, ShownMovementStatus>> = {
  pending: "pending",
  unknown: "pending",
  succeeded: "succeeded",
  declined: "failed",
  superseded: "failed",
  failed: "failed",
}

/** The kinds that change a session: one of them at a time per collection. */
export const SESSION_OPERATION_KINDS = [
  "initiate",
  "update",
  "authorize",
  "cancel_session",
] as const satisfies readonly OperationKind[]

export function isSessionOperation(kind: OperationKind): boolean {
  return includes(SESSION_OPERATION_KINDS, kind)
}

/** Whether a call to a provider is known to have happened. */
export const OPERATION_STATES = ["pending", "succeeded", "declined", "unknown"] as const
export type OperationState = (typeof OPERATION_STATES)[number]

/** A call that may have happened: its money is reserved until the provider was asked. */
export const UNRESOLVED_STATES = ["pending", "unknown"] as const satisfies readonly OperationState[]

export function isUnresolved(state: OperationState): boolean {
  return includes(UNRESOLVED_STATES, state)
}

/** An operation is resolved once, and stays so. One whose response was lost is resolved by a look-up at the provider. */
export const OPERATION_TRANSITIONS: Readonly<Record<OperationState, readonly OperationState[]>> = {
  pending: ["succeeded", "declined", "unknown"],
  unknown: ["succeeded", "declined"],
  succeeded: [],
  declined: [],
}

/** Whether a state may follow another, by one of the tables above. A state that is not final may also stay as it is. */
export function mayMove<S extends string>(table: Readonly<Record<S, readonly S[]>>, from: S, to: S): boolean {
  return table[from].includes(to) || (from === to && table[from].length > 0)
}

/** A list of text values as SQL, for the CHECK constraints that hold them. */
export function sqlList(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(", ")
}

function includes<T extends string>(values: readonly T[], value: T): boolean {
  return values.includes(value)
}
