import Stripe from "stripe"
import type { StripeAccount } from "./stripe.config.js"

/** After a first try; the deadline of a call may end it sooner. */
const MAX_RETRIES = 2

/** Creates a client of an account. Once the signal is aborted, its requests end and are not sent again. */
export type StripeClients = (signal: AbortSignal) => Stripe

/**
 * Each call gets a client of its own, because the SDK takes no signal with a request. The clients retry under the same
 * idempotency key, and share connections.
 */
export function createClients({ apiKey, apiBase }: Pick<StripeAccount, "apiKey" | "apiBase">): StripeClients {
  const options = {
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
    appInfo: { name: "payment-collections" },
    ...(apiBase && {
      host: apiBase.hostname,
      port: apiBase.port || (apiBase.protocol === "http:" ? 80 : 443),
      protocol: apiBase.protocol === "http:" ? ("http" as const) : ("https" as const),
    }),
  }
  return (signal) => new Stripe(apiKey, { ...options, httpClient: Stripe.createFetchHttpClient(fetchUntil(signal)) })
}

/** @param deadline in addition to the signal that the SDK gives each request */
function fetchUntil(deadline: AbortSignal): typeof fetch {
  return async (url, init) => {
    const signals = [deadline, init?.signal].filter((signal) => signal !== undefined && signal !== null)
    return withRetryHeader(await fetch(url, { ...init, signal: AbortSignal.any(signals) }))
  }
}

/** The SDK retries after a 429 only if this header says so. */
function withRetryHeader(response: Response): Response {
  if (response.status !== 429) return response
  const headers = new Headers(response.headers)
  headers.set("stripe-should-retry", "true")
  return new Response(response.body, { status: response.status, headers })
}
