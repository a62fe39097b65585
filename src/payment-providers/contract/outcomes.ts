import type { Money } from "../../common/money.js"

/** Data of a provider: any JSON object. */
export type ProviderData = Readonly<Record<string, unknown>>

/** What a provider returns for later calls. Each field replaces what an earlier call returned; a field left out keeps it. */
export interface ReturnedData {
  /** For the storefront. */
  readonly data?: ProviderData
  /** Never leaves this service. */
  readonly privateData?: ProviderData
}

/** The call was executed, for this amount. */
export interface Succeeded extends ReturnedData {
  readonly outcome: "succeeded"
  readonly amount: Money
  /** Of an authorization: the amount that the provider has already captured by itself. */
  readonly captured?: Money
  /** Of an authorization: whether nothing more can be captured. The provider has released the remainder, if there was one. */
  readonly isClosed?: boolean
  /** Of an authorization: when the provider releases what is not captured by then. */
  readonly captureBefore?: Date
}

/**
 * On `update`, and on `cancel` of a session: the call was not executed, because the shopper has authorized meanwhile, for
 * this amount. The session becomes a payment. A provider that can still void the authorization does so on `cancel`.
 */
export interface AlreadyAuthorized extends Omit<Succeeded, "outcome"> {
  readonly outcome: "already_authorized"
}

/** On a session: it is open and waits. On a capture or refund: the provider accepted it and has not completed it yet. */
export interface Pending extends ReturnedData {
  readonly outcome: "pending"
  /** Whether the session waits for the provider and not for the shopper: the authorization follows without another act. */
  readonly asynchronous?: boolean
}

/** The shopper has to act: a redirect, a challenge. `data` says what. */
export interface RequiresMore extends ReturnedData {
  readonly outcome: "requires_more"
}

/** The call was not executed, and will not be. */
export interface Declined {
  readonly outcome: "declined"
  /** Safe to show to a shopper. */
  readonly message: string
  readonly code?: string
  readonly declineCode?: string
  /** Whether the same request may succeed later. */
  readonly retryable?: boolean
  /**
   * Who refused. `issuer` (the default): the shopper's bank, 422. `provider`: the provider or its account, 502. `caller`:
   * the request itself has to change, and the message says how, 400. `state`: the payment's current state does not allow
   * it, 409.
   */
  readonly refusedBy?: "issuer" | "provider" | "caller" | "state"
  /**
   * The provider refused because its state of the payment differs from what the call assumes. The service then fetches the
   * state by {@link PaymentProvider.inspect}, records it, and judges the request anew.
   */
  readonly stateDiffers?: boolean
}

/**
 * The provider does not know the object that the call is about: it was deleted there, or belongs to another account. A
 * cancellation counts as done, an update opens a new payment, a capture or refund is left for a person.
 */
export interface Gone {
  readonly outcome: "gone"
  /** What is gone. Unless given, the payment. */
  readonly object?: "payment" | "account_holder"
}

/** Nobody can say whether the call was executed: a timeout, a lost connection, a 5xx. */
export interface Unknown {
  readonly outcome: "unknown"
  readonly cause: unknown
}

/** How a call ended; a value, not an exception. What a provider throws counts as {@link Unknown}. */
export type ProviderOutcome = Succeeded | AlreadyAuthorized | Pending | RequiresMore | Declined | Gone | Unknown

/** The provider has never seen the call. */
export interface CallNotFound {
  readonly outcome: "not_found"
}

/** How a call ended that returns a value of its own. */
export type ProviderResult<T> = { readonly outcome: "succeeded"; readonly value: T } | Declined | Gone | Unknown
