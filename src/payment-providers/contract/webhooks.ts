import type { ProviderData } from "./outcomes.js"
import type { PaymentState } from "./payment-state.js"

/** A webhook as it was received, with its body unchanged. */
export interface WebhookRequest {
  readonly body: Uint8Array
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly receivedAt: Date
}

/** What a webhook turns out to be. */
export type ReceivedWebhook =
  /** It is not the provider's, or too old. The service refuses it, stores nothing, and returns the reason to the sender. */
  | { readonly verdict: "forged"; readonly reason: string }
  /** It is genuine, and irrelevant here. */
  | { readonly verdict: "ignored" }
  | { readonly verdict: "event"; readonly event: ProviderEvent }

/** Says only that something has happened. The service fetches the current state from the provider. */
export interface ProviderEvent {
  /** The provider's own id of the event. An event that is delivered again has the same one. */
  readonly id: string
  readonly type: string
  /** The provider's id of the payment that it is about. */
  readonly reference: string
  /** Our session, if the event itself names it. */
  readonly sessionId?: string
  /** The event as the provider sent it, for {@link WebhookSource.inspect}; kept until it is applied. */
  readonly payload: ProviderData
}

/** An account with a provider that sends webhooks. */
export interface WebhookSource {
  /** Verifies a webhook and reads its event. Calls no network. */
  receive(request: WebhookRequest): ReceivedWebhook
  /** Fetches the current state. Throws if the provider does not respond: the service asks again later. */
  inspect(event: ProviderEvent, signal: AbortSignal): Promise<PaymentState | NotOurs>
  /**
   * The provider's id of the payment that a session has now, read from what the provider returned for itself. The service
   * skips events about a payment that the session does not have any more. Leave it out if a session never gets another
   * payment.
   */
  referenceOf?(privateData: ProviderData): string | undefined
}

/** The provider's payment was not made by this service. */
export interface NotOurs {
  readonly sessionId?: undefined
}
