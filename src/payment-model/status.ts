/** Where a payment collection stands; Medusa's words. Always derived from its sessions and payments. */
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

/** Where a payment session stands with its provider. */
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

/** Whether a capture or a refund has happened at the provider. Only what succeeded counts and is answered. */
export const MOVEMENT_STATUSES = ["pending", "succeeded", "declined", "unknown"] as const
export type MovementStatus = (typeof MOVEMENT_STATUSES)[number]

/** A list of text values as SQL, for the CHECK constraints that hold them. */
export function sqlList(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(", ")
}
