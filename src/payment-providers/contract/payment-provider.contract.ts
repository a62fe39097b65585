import { SetMetadata } from "@nestjs/common"
import type { Money } from "../../common/money.js"
import type { OperationKind } from "../../payment-model/status.js"

/** The same in every copy of this package: a provider may come with one of its own. */
const PROVIDER_KEY = "payment-collections:payment-provider"

/** Marks an injectable as a payment provider; the registry finds it in whatever module it is provided. */
export const RegisterPaymentProvider = (): ClassDecorator => SetMetadata(PROVIDER_KEY, true)

export function isPaymentProvider(instance: unknown): instance is PaymentProvider {
  const type = typeof instance === "object" && instance !== null ? instance.constructor : undefined
  return typeof type === "function" && Reflect.getMetadata(PROVIDER_KEY, type) === true
}

/** Data of a provider: any JSON object. */
export type ProviderData = Readonly<Record<string, unknown>>

/** One call to a provider. Everything in it is frozen: a retry of the call repeats it word by word. */
export interface ProviderCall {
  /** The id of our operation. A provider that has seen it answers what it answered then, and does nothing twice. */
  readonly idempotencyKey: string
  /** When the call was decided upon; a repeat comes later. */
  readonly startedAt: Date
  /** Our session, for the provider's metadata. */
  readonly sessionId: string
  /** What is to be authorized, captured or refunded; on `cancel` what is given up. Minor units. */
  readonly amount: Money
  /** What the client sent for the session; replaced as a whole, never merged. */
  readonly clientData: ProviderData
  /** What the provider left for storefronts with an earlier call. */
  readonly data: ProviderData
  /** What the provider left for itself with an earlier call. */
  readonly privateData: ProviderData
  /**
   * Who pays: `{ customer: { id, email }, account_holder: { id } }`, as far as the cart says so. The account holder is
   * the customer in the provider's books.
   */
  readonly context: ProviderData
  /** Aborted at the deadline: nobody waits any more, and the outcome counts as unknown. */
  readonly signal: AbortSignal
}

/** Asks what became of an earlier call, which is repeated here with its idempotency key. */
export interface LookUpCall extends ProviderCall {
  readonly operation: OperationKind
}

/** Asks for the current state of a session's payment. */
export type InspectCall = Pick<ProviderCall, "sessionId" | "data" | "privateData" | "signal">

/** What a provider leaves. Each replaces what it left before; left out, that stays. */
export interface ReturnedData {
  /** For the storefront. */
  readonly data?: ProviderData
  /** Never leaves this service. */
  readonly privateData?: ProviderData
}

/** It happened, for this amount. */
export interface Succeeded extends ReturnedData {
  readonly outcome: "succeeded"
  readonly amount: Money
  /** Of an authorization: what of it the provider has captured already, by itself. */
  readonly captured?: Money
  /** Of an authorization: whether nothing more can be captured. The rest, if there is one, was given up. */
  readonly isClosed?: boolean
  /** Of an authorization: when the provider releases what is not captured by then. */
  readonly captureBefore?: Date
}

/**
 * On `update`, and on `cancel` of a session: it was not done, because the shopper has authorized meanwhile, for this
 * amount. The session becomes a payment. A provider that can still give up what is authorized does so on `cancel`.
 */
export interface AlreadyAuthorized extends Omit<Succeeded, "outcome"> {
  readonly outcome: "already_authorized"
}

/** On a session: it is open and waits. On a capture or refund: it was taken on and is not through yet. */
export interface Pending extends ReturnedData {
  readonly outcome: "pending"
  /** Whether the provider is at it, rather than the shopper: the authorization comes later by itself. */
  readonly asynchronous?: boolean
}

/** The shopper has to do something: a redirect, a challenge. `data` says what. */
export interface RequiresMore extends ReturnedData {
  readonly outcome: "requires_more"
}

/** It did not happen, and will not. */
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
   * the request itself has to change, and the message says how, 400. `state`: the payment's present state does not allow
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

/** Nobody can say whether it happened: a timeout, a lost connection, a 5xx. */
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

export interface ProviderCapabilities {
  /**
   * Several captures of one authorization; without it a partial capture is final and the rest is given up with it. Where
   * that depends on the payment, it is told from what the provider has left for itself.
   */
  readonly multicapture: boolean | ((privateData: ProviderData) => boolean)
  /** One that calls no network is settled in the transaction that began the operation. */
  readonly callsNetwork: boolean
  /**
   * False if the provider moves no money, such as one for invoices: it authorizes whatever it is asked to. Shoppers may use
   * it only if the region of their cart names it. Operators and other services may use it anywhere.
   */
  readonly movesMoney?: boolean
  /** The names that a storefront may send in `data`; the rest is refused. */
  readonly clientFields: "any" | readonly string[]
}

/**
 * What a payment provider is to this service. Refusals come back as outcomes. Every call is made outside of any
 * transaction (unless the provider calls no network), with our id as idempotency key, and may come again.
 */
export interface PaymentProvider {
  /** `pp_{identifier}_{id}` */
  readonly id: string
  readonly capabilities: ProviderCapabilities

  /** Opens a payment. `pending` or `requires_more`: what the shopper does next; `succeeded` is taken for `pending`. */
  initiate(call: ProviderCall): Promise<ProviderOutcome>
  /** Changes amount, currency or client data of an open payment in place; outcomes as of `initiate`. */
  update(call: ProviderCall): Promise<ProviderOutcome>
  /** Asks whether the shopper's authorization stands, and for how much. */
  authorize(call: ProviderCall): Promise<ProviderOutcome>
  /** Takes the amount of what is authorized. */
  capture(call: ProviderCall): Promise<ProviderOutcome>
  /** Gives the amount back of what is captured. */
  refund(call: ProviderCall): Promise<ProviderOutcome>
  /** Gives up an open payment, or what is authorized and not captured. */
  cancel(call: ProviderCall): Promise<ProviderOutcome>
  /** Says how an earlier call ended, by its idempotency key. */
  lookUp(call: LookUpCall): Promise<ProviderOutcome | CallNotFound>
  /**
   * Reports the current state of a session's payment, whoever changed it. Throws when the provider does not answer. Left
   * out, a refusal that shows another state is returned as it is, and the payment cannot be refreshed.
   */
  inspect?(call: InspectCall): Promise<PaymentState | Gone>

  /**
   * Why the provider cannot take an amount, in words for whoever sent it; undefined where it can. Calls no network.
   * @param of a payment, or what is captured or refunded of one
   */
  checkAmount?(amount: Money, of: "payment" | "part"): string | undefined
  /**
   * The provider's account, where it tells by itself what happens there. Providers that share an account share the
   * object: what is told to one of them may be about a session of another.
   */
  readonly webhooks?: WebhookSource
  /** Where the provider has books of its customers. */
  readonly accountHolders?: AccountHolders
}

/** A webhook as it came in, not a byte changed. */
export interface WebhookRequest {
  readonly body: Uint8Array
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly receivedAt: Date
}

/** What a webhook turns out to be. */
export type ReceivedWebhook =
  /** It is not the provider's, or not of now: refused, and nothing is kept of it. The reason is told to the sender. */
  | { readonly verdict: "forged"; readonly reason: string }
  /** It is genuine, and about nothing that matters here. */
  | { readonly verdict: "ignored" }
  | { readonly verdict: "event"; readonly event: ProviderEvent }

/** The news that something has happened; what is so is asked of the provider. */
export interface ProviderEvent {
  /** The provider's own id of it: one that comes again is the same. */
  readonly id: string
  readonly type: string
  /** The provider's id of the payment that it is about. */
  readonly reference: string
  /** Our session, where the event itself says it. */
  readonly sessionId?: string
  /** The event as the provider sent it, for {@link WebhookSource.inspect}; kept until it is applied. */
  readonly payload: ProviderData
}

/** An account with a provider that sends webhooks. */
export interface WebhookSource {
  /** Tells whether a webhook is genuine, and what it says. Calls no network. */
  receive(request: WebhookRequest): ReceivedWebhook
  /** Asks what is so by now. Throws where the provider does not answer: it is asked again later. */
  inspect(event: ProviderEvent, signal: AbortSignal): Promise<PaymentState | NotOurs>
  /**
   * The provider's id of the payment that a session has, from what it has left for itself. Left out where a session never
   * gets another one; else events of a payment that the session does not have any more are passed over.
   */
  referenceOf?(privateData: ProviderData): string | undefined
}

/** The provider's payment was not made by this service. */
export interface NotOurs {
  readonly sessionId?: undefined
}

/** Everything that a provider's books say of one session, at one time. */
export interface PaymentState extends ReturnedData {
  /** Our session. */
  readonly sessionId: string
  /** Where the shopper's authorization stands; once it is given, what was authorized and what of that was captured. */
  readonly authorization:
    | { readonly status: "pending"; readonly asynchronous?: boolean }
    | { readonly status: "requires_more" | "failed" | "canceled" }
    | { readonly status: "authorized"; readonly amount: Money; readonly captured: Money }
  /** Whether nothing more can be captured: the rest, if there is one, was given up. */
  readonly isClosed: boolean
  /** When the provider releases what is not captured by then. */
  readonly captureBefore?: Date
  readonly refunds: readonly RefundState[]
  readonly disputes: readonly DisputeState[]
}

export interface RefundState {
  /** The provider's own id. */
  readonly id: string
  /** The idempotency key of the call that made it; absent where it was made by other means. */
  readonly idempotencyKey?: string
  readonly amount: Money
  readonly status: "pending" | "succeeded" | "failed"
  /** Why it failed, in words for an operator. */
  readonly failure?: string
}

/** A shopper has disputed a payment with their bank. */
export interface DisputeState {
  /** The provider's own id. */
  readonly id: string
  readonly amount: Money
  /** In the provider's words. */
  readonly status: string
  readonly reason: string
  readonly createdAt: Date
}

/** What came of a call that answers something of its own. */
export type ProviderResult<T> = { readonly outcome: "succeeded"; readonly value: T } | Declined | Gone | Unknown

/** A customer of ours, to be known in the provider's books. */
export interface AccountHolderCall {
  /** The id of our account holder, also for the provider's metadata. One that comes again makes nothing twice. */
  readonly idempotencyKey: string
  /** The provider's id of the customer that is gone there, in whose place this one is created. */
  readonly replaces?: string
  readonly customer: { readonly id: string; readonly email?: string; readonly name?: string; readonly phone?: string }
  readonly signal: AbortSignal
}

/** A means of payment that a customer has left for later. */
export interface SavedMethod {
  readonly id: string
  /** Public data of the provider's: what it is, without what would let anybody pay with it elsewhere. */
  readonly data: ProviderData
}

/**
 * Customers in a provider's books, and the means of payment that they saved there. Ids are the provider's. A call about a
 * customer that the provider does not know has the outcome `gone`: the service creates the customer anew.
 */
export interface AccountHolders {
  create(call: AccountHolderCall): Promise<ProviderResult<{ readonly id: string }>>
  /** Removes the customer and all that was saved. One that is gone already is removed. */
  remove(holderId: string, signal: AbortSignal): Promise<ProviderResult<null>>
  listMethods(holderId: string, signal: AbortSignal): Promise<ProviderResult<readonly SavedMethod[]>>
  /**
   * Begins to save a means of payment; `data` says what the shopper does next.
   * @param data what the client sent, as far as the provider takes it
   */
  saveMethod(
    holderId: string,
    data: ProviderData,
    idempotencyKey: string,
    signal: AbortSignal,
  ): Promise<ProviderResult<SavedMethod>>
  /** Declined with the code `not_found` where the customer has no such method. */
  removeMethod(holderId: string, methodId: string, signal: AbortSignal): Promise<ProviderResult<null>>
}
