import type { DataSource } from "typeorm"
import type { StripeSandbox, LoggedRequest } from "../../sandbox/stripe-sandbox.js"
import { pathPattern } from "../../sandbox/path-pattern.js"
import type { CallKind, Processor } from "../support/processor.js"
import { stripeBookProblems } from "./book-rules.js"
import { settingsFor } from "./stripe-world.js"

/** The request by which each call is seen. */
const REQUESTS: Readonly<Record<CallKind, string>> = {
  initiate: "POST /v1/payment_intents",
  update: "POST /v1/payment_intents/:id",
  authorize: "GET /v1/payment_intents/:id",
  capture: "POST /v1/payment_intents/:id/capture",
  refund: "POST /v1/refunds",
  cancel_session: "POST /v1/payment_intents/:id/cancel",
  cancel_payment: "POST /v1/payment_intents/:id/cancel",
  lookUp: "GET /v1/payment_intents/:id",
}

/** A first try, and the SDK's own retries. */
const ALL_TRIES = 3

/** Stripe, with shoppers who pay by card. */
export class StripeProcessor implements Processor {
  readonly env: Processor["env"]
  readonly providers = { usual: "pp_stripe_stripe", other: "pp_stripe-ideal_stripe", once: "pp_stripe_stripe" }
  readonly data = { a: { return_url: "https://shop.example/a" }, b: { return_url: "https://shop.example/b" } }
  readonly needsShopper = true
  readonly keyless: readonly CallKind[] = ["authorize"]

  constructor(readonly stripe: StripeSandbox) {
    this.env = settingsFor(stripe)
  }

  count(kind: CallKind): number {
    const matches = pathPattern(REQUESTS[kind])
    return this.stripe.requests.filter(({ method, path }) => matches(method, path) !== undefined).length
  }

  hang(kind: CallKind, when: "before" | "after"): void {
    this.stripe.faults.add(REQUESTS[kind], when === "before" ? "timeout_before" : "timeout_after")
  }

  lose(kind: CallKind): void {
    this.stripe.faults.add(REQUESTS[kind], "drop_before", ALL_TRIES)
  }

  pays(sessionId: string, capturesOnce = false): void {
    this.stripe.offerMulticapture(!capturesOnce)
    this.stripe.pay(this.intentOf(sessionId))
  }

  /** The id of a session's payment intent. */
  intentOf(sessionId: string): string {
    const intents = [...this.stripe.records.paymentIntents.values()]
    const intent = intents.find(({ metadata }) => metadata["session_id"] === sessionId)
    if (!intent) throw new Error(`Stripe has no intent of ${sessionId}`)
    return intent.id
  }

  keysOf(sessionIds: ReadonlySet<string>): Set<string> {
    const calls = this.stripe.requests.filter((request) => sessionIds.has(this.sessionOf(request)))
    return new Set(calls.flatMap(({ idempotencyKey }) => idempotencyKey ?? []))
  }

  differences(database: Pick<DataSource, "query">, collectionIds: readonly string[]): Promise<string[]> {
    return stripeBookProblems(database, collectionIds, this.stripe.records, { isKnown: () => true, isTold: false })
  }

  private sessionOf({ path, params }: LoggedRequest): string {
    const { metadata, payment_intent } = params as { metadata?: { session_id?: string }; payment_intent?: string }
    const [, inPath = payment_intent ?? ""] = /^\/v1\/payment_intents\/(\w+)/.exec(path) ?? []
    const intent = this.stripe.records.paymentIntents.get(inPath)
    return metadata?.session_id ?? intent?.metadata["session_id"] ?? ""
  }
}
