import { SetMetadata } from "@nestjs/common"
import type { Money } from "../common/money.js"
import type { OperationKind } from "../payment-model/status.js"

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
  /** Who pays: `{ customer: { id, email } }` where the cart says so. */
  readonly context: ProviderData
  /** Aborted at the deadline: nobody waits any more, and the outcome counts as unknown. */
  readonly signal: AbortSignal
}

/** Asks what became of an earlier call, which is repeated here with its idempotency key. */
export interface LookUpCall extends ProviderCall {
  readonly operation: OperationKind
}

/** What a provider leaves. Each replaces what it left before; left out, that stays. */
export interface ProviderAnswer {
  /** For the storefront. */
  readonly data?: ProviderData
  /** Never leaves this service. */
  readonly privateData?: ProviderData
}

/** It happened, for this amount. */
export interface Succeeded extends ProviderAnswer {
  readonly outcome: "succeeded"
  readonly amount: Money
}

/** On a session: it is open and waits. On a capture or refund: it was taken on and is not through yet. */
export interface Pending extends ProviderAnswer {
  readonly outcome: "pending"
  /** Whether the provider is at it, rather than the shopper: the authorization comes later by itself. */
  readonly asynchronous?: boolean
}

/** The shopper has to do something: a redirect, a challenge. `data` says what. */
export interface RequiresMore extends ProviderAnswer {
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
  /** `issuer` (unless said otherwise): the shopper's bank. `provider`: the request, or the account with the provider. */
  readonly refusedBy?: "issuer" | "provider"
}

/** Nobody can say whether it happened: a timeout, a lost connection, a 5xx. */
export interface Unknown {
  readonly outcome: "unknown"
  readonly cause: unknown
}

/** How a call ended; a value, not an exception. What a provider throws counts as {@link Unknown}. */
export type ProviderOutcome = Succeeded | Pending | RequiresMore | Declined | Unknown

/** The provider has never seen the call. */
export interface NotFoundThere {
  readonly outcome: "not_found"
}

export interface ProviderCapabilities {
  /** Several captures of one authorization; without it a partial capture is final and the rest is given up with it. */
  readonly multicapture: boolean
  /** One that calls no network is settled in the transaction that began the operation. */
  readonly callsNetwork: boolean
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
  lookUp(call: LookUpCall): Promise<ProviderOutcome | NotFoundThere>
}
