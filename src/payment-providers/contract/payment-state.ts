import type { Money } from "../../common/money.js"
import type { ReturnedData } from "./outcomes.js"

/** The complete state of one session's payment in the provider's records, at one time. */
export interface PaymentState extends ReturnedData {
  /** Our session. */
  readonly sessionId: string
  /** The state of the shopper's authorization; once it is given, the authorized amount and how much of it was captured. */
  readonly authorization:
    | { readonly status: "pending"; readonly asynchronous?: boolean }
    | { readonly status: "requires_more" | "failed" | "canceled" }
    | { readonly status: "authorized"; readonly amount: Money; readonly captured: Money }
  /** Whether nothing more can be captured. The provider has released the remainder, if there was one. */
  readonly isClosed: boolean
  /** When the provider releases what is not captured by then. */
  readonly captureBefore?: Date
  readonly refunds: readonly RefundState[]
  readonly disputes: readonly DisputeState[]
}

export interface RefundState {
  /** The provider's own id. */
  readonly id: string
  /** The idempotency key of the call that made it; absent if it was not made by this service. */
  readonly idempotencyKey?: string
  readonly amount: Money
  readonly status: "pending" | "succeeded" | "failed"
  /** Why it failed, for an operator to read. */
  readonly failure?: string
}

/** A shopper has disputed a payment with their bank. */
export interface DisputeState {
  /** The provider's own id. */
  readonly id: string
  readonly amount: Money
  /** The provider's own name of the status. */
  readonly status: string
  readonly reason: string
  readonly createdAt: Date
}
