import { DiscoveryService } from "@nestjs/core"
import type { Money } from "../common/money.js"

/** Marks an injectable as a payment provider; the registry finds it in whatever module it is provided. */
export const RegisterPaymentProvider = DiscoveryService.createDecorator<undefined>()

/** Data of a provider: any JSON object. */
export type ProviderData = Record<string, unknown>

/** What every call carries: the amount, our id as idempotency key, and what earlier calls left. */
export interface ProviderCall {
  /** A retry of the same call repeats key and parameters; another amount has another key. */
  readonly idempotencyKey: string
  readonly amount: Money
  /** What the provider answered last, public and private. */
  readonly data: ProviderData
  readonly privateData: ProviderData
}

/** Opens or changes a session. */
export interface SessionCall extends ProviderCall {
  readonly sessionId: string
  /** What the client sent; replaced as a whole, never merged. */
  readonly clientData: ProviderData
}

/** What a provider leaves: data for the storefront, and data that never leaves this service. */
export interface ProviderAnswer {
  readonly data: ProviderData
  readonly privateData?: ProviderData
}

/**
 * How a call ended; a value, not an exception. `unknown` means that nobody can say whether it happened (a timeout, a
 * lost connection, a 5xx): it is looked up later, never repeated blindly and never taken for a failure.
 */
export type ProviderOutcome =
  | ({ readonly outcome: "succeeded"; readonly amount: Money } & ProviderAnswer)
  | ({ readonly outcome: "pending" } & ProviderAnswer)
  | ({ readonly outcome: "requires_more" } & ProviderAnswer)
  | { readonly outcome: "declined"; readonly message: string; readonly code?: string; readonly declineCode?: string }
  | { readonly outcome: "unknown"; readonly cause: unknown }

/** What a provider can do beyond the contract. */
export interface ProviderCapabilities {
  /** Several captures of one authorization; without it a partial capture is final and the rest is voided. */
  readonly multicapture: boolean
  /** One that calls no network is settled in the transaction that began the operation. */
  readonly callsNetwork: boolean
}

/** What a payment provider is to this service. Amounts are minor units; refusals come back as outcomes. */
export interface PaymentProvider {
  /** `pp_{identifier}_{id}` */
  readonly id: string
  readonly capabilities: ProviderCapabilities

  /** Opens a payment at the provider. */
  initiate(call: SessionCall): Promise<ProviderOutcome>
  /** Changes amount or client data of an open payment in place. */
  update(call: SessionCall): Promise<ProviderOutcome>
  /** Asks whether the shopper's authorization stands. */
  authorize(call: ProviderCall): Promise<ProviderOutcome>
  capture(call: ProviderCall): Promise<ProviderOutcome>
  refund(call: ProviderCall): Promise<ProviderOutcome>
  /** Gives up what is not captured. */
  cancel(call: ProviderCall): Promise<ProviderOutcome>
  /** Finds out how an earlier call ended, by its idempotency key. */
  lookUp(call: ProviderCall): Promise<ProviderOutcome>
}
