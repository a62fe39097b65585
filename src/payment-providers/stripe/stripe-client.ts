import { AsyncLocalStorage } from "node:async_hooks"
import Stripe from "stripe"
import type { StripeAccount } from "./stripe.config.js"

/** After a first try; the deadline of a call may end it sooner. */
const MAX_RETRIES = 2

/** The SDK takes no signal: here is where the requests of a call find it. */
const deadlines = new AsyncLocalStorage<AbortSignal>()

/** A client of an account. It retries under the same idempotency key, and keeps connections. */
export function createStripe({ apiKey, apiBase }: Pick<StripeAccount, "apiKey" | "apiBase">): Stripe {
  return new Stripe(apiKey, {
    httpClient: Stripe.createFetchHttpClient(fetchWithinDeadline),
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
    appInfo: { name: "payment-collections" },
    ...(apiBase && {
      host: apiBase.hostname,
      port: apiBase.port || (apiBase.protocol === "http:" ? 80 : 443),
      protocol: apiBase.protocol === "http:" ? "http" : "https",
    }),
  })
}

/**
 * Makes calls to Stripe that nobody waits for after the signal: requests under way are broken off, retries are not sent.
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
    return await Promise.race([deadlines.run(signal, calls), aborted])
  } finally {
    if (giveUp) signal.removeEventListener("abort", giveUp)
  }
}

async function fetchWithinDeadline(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const signals = [init.signal, deadlines.getStore()].filter((signal) => signal !== undefined && signal !== null)
  return fetch(url, { ...init, signal: AbortSignal.any(signals) })
}
