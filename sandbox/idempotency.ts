import { isDeepStrictEqual } from "node:util"
import type { Clock } from "./clock.js"
import { badParameter, idempotencyError } from "./errors.js"

/** A response, stored to be sent again. */
export interface StoredResponse {
  readonly status: number
  readonly body: string
}

interface Entry {
  readonly route: string
  readonly params: unknown
  /** Absent while the first request is in progress. */
  response?: StoredResponse
}

/** Stripe may remove keys that are older than 24 hours (API reference, idempotent requests). */
const DAY = 24 * 60 * 60

/** API reference, idempotent requests. */
const LONGEST_KEY = 255

/** Stripe's idempotency keys. */
export class IdempotencyKeys {
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly clock: Clock) {}

  /**
   * Takes the key for a request, or returns the stored response of its first request.
   * @param route method and path
   * @throws StripeError if the key came with another request, or its first one is still in progress
   */
  begin(key: string, route: string, params: unknown): StoredResponse | undefined {
    if (key.length > LONGEST_KEY) {
      throw badParameter(`An idempotency key can have up to ${LONGEST_KEY} characters; this one has ${key.length}.`)
    }
    const entry = this.entries.get(key)
    if (!entry) {
      const created = { route, params }
      this.entries.set(key, created)
      this.clock.after(DAY, () => {
        if (this.entries.get(key) === created) this.entries.delete(key)
      })
      return undefined
    }
    if (entry.route !== route) {
      throw idempotencyError(
        400,
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ` +
          `('${entry.route}' vs '${route}'). Try using a key other than '${key}' if you meant to execute a different ` +
          "request.",
      )
    }
    if (!isDeepStrictEqual(entry.params, params)) {
      throw idempotencyError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using " +
          `a key other than '${key}' if you meant to execute a different request.`,
      )
    }
    if (entry.response) return entry.response
    throw idempotencyError(
      409,
      `There is currently another in-progress request using this Idempotent Key (that probably means you submitted ` +
        `twice, and the other request is still going through): ${key}. Please try again later.`,
      "idempotency_key_in_use",
    )
  }

  store(key: string, response: StoredResponse): void {
    const entry = this.entries.get(key)
    if (entry) entry.response = response
  }

  /** Stripe keeps keys for at least a day (API reference, idempotent requests). */
  clear(): void {
    this.entries.clear()
  }

  /** The request was not executed: the key is free again. */
  release(key: string): void {
    this.entries.delete(key)
  }
}
