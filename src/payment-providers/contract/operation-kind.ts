/** The kinds of calls to a provider. The first four are about a session, the others about a payment. */
export const OPERATION_KINDS = [
  "initiate",
  "update",
  "authorize",
  "cancel_session",
  "capture",
  "refund",
  "cancel_payment",
] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]
