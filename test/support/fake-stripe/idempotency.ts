import { isDeepStrictEqual } from "node:util"
import { badParameter, idempotencyError } from "./refusal.js"

/** An answer as it went out, to be given again. */
export interface Answer {
  readonly status: number
  readonly body: string
}

interface Entry {
  readonly route: string
  readonly params: unknown
  /** Absent while the first request is under way. */
  answer?: Answer
}

/** API reference, idempotent requests. */
const LONGEST_KEY = 255

/** Stripe's memory of idempotency keys. */
export class IdempotencyKeys {
  private readonly entries = new Map<string, Entry>()

  /**
   * Takes the key for a request, or answers what was answered to it before.
   * @param route method and path
   * @throws Refusal where the key came with another request, or its first one is still under way
   */
  begin(key: string, route: string, params: unknown): Answer | undefined {
    if (key.length > LONGEST_KEY) {
      throw badParameter(`An idempotency key can have up to ${LONGEST_KEY} characters; this one has ${key.length}.`)
    }
    const entry = this.entries.get(key)
    if (!entry) {
      this.entries.set(key, { route, params })
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
    if (entry.answer) return entry.answer
    throw idempotencyError(
      409,
      `There is currently another in-progress request using this Idempotent Key (that probably means you submitted ` +
        `twice, and the other request is still going through): ${key}. Please try again later.`,
      "idempotency_key_in_use",
    )
  }

  keep(key: string, answer: Answer): void {
    const entry = this.entries.get(key)
    if (entry) entry.answer = answer
  }

  /** Stripe keeps keys for a day at least, and for each account. */
  clear(): void {
    this.entries.clear()
  }

  /** The request was not executed: the key is free again. */
  release(key: string): void {
    this.entries.delete(key)
  }
}
