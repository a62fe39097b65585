import { SetMetadata } from "@nestjs/common"
import type { Money } from "../../common/money.js"
import type { AccountHolders } from "./account-holders.js"
import type { OperationKind } from "./operation-kind.js"
import type { CallNotFound, Gone, ProviderData, ProviderOutcome } from "./outcomes.js"
import type { PaymentState } from "./payment-state.js"
import type { WebhookSource } from "./webhooks.js"

/** The same in every copy of this package: a provider may come with one of its own. */
const PROVIDER_KEY = "payment-collections:payment-provider"

/** Marks an injectable as a payment provider; the registry finds it in whatever module it is provided. */
export const RegisterPaymentProvider = (): ClassDecorator => SetMetadata(PROVIDER_KEY, true)

export function isPaymentProvider(instance: unknown): instance is PaymentProvider {
  const type = typeof instance === "object" && instance !== null ? instance.constructor : undefined
  return typeof type === "function" && Reflect.getMetadata(PROVIDER_KEY, type) === true
}

/** One call to a provider. Everything in it is frozen: a retry of the call repeats it verbatim. */
export interface ProviderCall {
  /** The id of our operation. A provider that has seen it returns its first response again, and does nothing twice. */
  readonly idempotencyKey: string
  /** When the operation was started; a repeat of the call comes later. */
  readonly startedAt: Date
  /** Our session, for the provider's metadata. */
  readonly sessionId: string
  /** What is to be authorized, captured or refunded; on `cancel` what is voided. Minor units. */
  readonly amount: Money
  /** What the client sent for the session; replaced as a whole, never merged. */
  readonly clientData: ProviderData
  /** What the provider returned for storefronts from an earlier call. */
  readonly data: ProviderData
  /** What the provider returned for itself from an earlier call. */
  readonly privateData: ProviderData
  /**
   * Who pays: `{ customer: { id, email }, account_holder: { id } }`, as far as the cart says so. The account holder is
   * the customer in the provider's records.
   */
  readonly context: ProviderData
  /** Aborted at the deadline: nobody waits any more, and the outcome counts as unknown. */
  readonly signal: AbortSignal
}

/** Looks up the outcome of an earlier call, which is repeated here with its idempotency key. */
export interface LookUpCall extends ProviderCall {
  readonly operation: OperationKind
}

/** Fetches the current state of a session's payment. */
export type InspectCall = Pick<ProviderCall, "sessionId" | "data" | "privateData" | "signal">

export interface ProviderCapabilities {
  /**
   * Several captures of one authorization. Without it a partial capture is final and releases the remainder. If that
   * depends on the payment, it is computed from what the provider returned for itself.
   */
  readonly multicapture: boolean | ((privateData: ProviderData) => boolean)
  /** The calls of a provider without a network are resolved in the transaction that starts the operation. */
  readonly callsNetwork: boolean
  /**
   * False if the provider moves no money, such as one for invoices: it authorizes whatever it is asked to. Shoppers may use
   * it only if the region of their cart names it. Operators and other services may use it anywhere.
   */
  readonly movesMoney?: boolean
  /** The names that a storefront may send in `data`; the service refuses others. */
  readonly clientFields: "any" | readonly string[]
}

/**
 * The methods that a payment provider implements. Refusals are returned as outcomes. The service makes every call outside
 * of any transaction (unless the provider calls no network), with our id as idempotency key, and may repeat it.
 */
export interface PaymentProvider {
  /** `pp_{identifier}_{id}` */
  readonly id: string
  readonly capabilities: ProviderCapabilities

  /** Opens a payment. `pending` or `requires_more`: what the shopper does next; `succeeded` counts as `pending`. */
  initiate(call: ProviderCall): Promise<ProviderOutcome>
  /** Changes amount, currency or client data of an open payment in place; outcomes as of `initiate`. */
  update(call: ProviderCall): Promise<ProviderOutcome>
  /** Checks whether the shopper has authorized, and for how much. */
  authorize(call: ProviderCall): Promise<ProviderOutcome>
  /** Captures the amount from the authorization. */
  capture(call: ProviderCall): Promise<ProviderOutcome>
  /** Refunds the amount from what is captured. */
  refund(call: ProviderCall): Promise<ProviderOutcome>
  /** Cancels an open payment, or voids what is authorized and not captured. */
  cancel(call: ProviderCall): Promise<ProviderOutcome>
  /** Says how an earlier call ended, by its idempotency key. */
  lookUp(call: LookUpCall): Promise<ProviderOutcome | CallNotFound>
  /**
   * Reports the current state of a session's payment, whoever changed it. Throws if the provider does not respond. Without
   * it, a refusal that shows another state is returned as it is, and the payment cannot be refreshed.
   */
  inspect?(call: InspectCall): Promise<PaymentState | Gone>

  /**
   * Why the provider cannot take an amount, in words for the client; undefined if it can. Calls no network.
   * @param of a payment, or what is captured or refunded of one
   */
  checkAmount?(amount: Money, of: "payment" | "part"): string | undefined
  /**
   * The provider's account, if it sends webhooks. Providers that share an account share the object: a webhook to one of
   * them may be about a session of another.
   */
  readonly webhooks?: WebhookSource
  /** Set if the provider keeps records of its customers. */
  readonly accountHolders?: AccountHolders
}
