import Stripe from "stripe"
import type { StripeAccount } from "./stripe.config.js"

/** After a first try; the deadline of a call may end it sooner. */
const MAX_RETRIES = 2

/** A client of an account whose requests are broken off, and not sent again, once the signal is aborted. */
export type StripeClients = (signal: AbortSignal) => Stripe

/**
 * The clients of an account, one for each call: the SDK takes no signal with a request. They retry under the same
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

/**
 * Makes calls to Stripe that nobody waits for after the signal.
 * @throws the signal's reason as soon as it is aborted
 */
export async function within<T>(signal: AbortSignal, calls: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let giveUp: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener("abort", giveUp, { once: true })
  })
  try {
    return await Promise.race([calls(), aborted])
  } finally {
    if (giveUp) signal.removeEventListener("abort", giveUp)
  }
}

/** @param deadline besides the signal that the SDK gives each request */
function fetchUntil(deadline: AbortSignal): typeof fetch {
  return async (url, init) => {
    const signals = [deadline, init?.signal].filter((signal) => signal !== undefined && signal !== null)
    return toldToRetry(await fetch(url, { ...init, signal: AbortSignal.any(signals) }))
  }
}

/** The SDK repeats what came too fast only where it is told to. */
function toldToRetry(response: Response): Response {
  if (response.status !== 429) return response
  const headers = new Headers(response.headers)
  headers.set("stripe-should-retry", "true")
  return new Response(response.body, { status: response.status, headers })
}
