import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { Logger } from "@nestjs/common"
import Stripe from "stripe"
import { InexactAmount } from "./amounts.js"
import type { Declined } from "../contract/index.js"
import { LISTED_CODES, meaningOf } from "./error-codes.js"
import { declineOf, failedAttempt, toError, isStoredFailure, outcomeOfError } from "./errors.js"

const KEY = "sk_test_hunter2"
/** Stripe's sentence about these says what the amount may be. */
const AMOUNTS = ["amount_too_small", "amount_too_large"]

/** An error of Stripe, as the SDK throws it. */
function thrown(statusCode: number, raw: Record<string, unknown> = {}, headers: Record<string, string> = {}): unknown {
  const { message = `Something about ${KEY}`, ...rest } = raw
  return Stripe.errors.generateV1Error({
    type: "invalid_request_error",
    message,
    statusCode,
    headers,
    requestId: "req_1",
    ...rest,
  } as Parameters<typeof Stripe.errors.generateV1Error>[0])
}

let logged: string[]
beforeEach(() => {
  logged = []
  for (const level of ["warn", "error"] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => {
      logged.push(String(message))
    })
  }
})
afterEach(() => {
  jest.restoreAllMocks()
})

describe("a declined card", () => {
  it("is the bank's no, in Stripe's words for shoppers", () => {
    const raw = { code: "card_declined", decline_code: "generic_decline", message: "Your card was declined." }
    expect(outcomeOfError(thrown(402, { type: "card_error", ...raw }))).toEqual({
      outcome: "declined",
      message: "Your card was declined.",
      code: "card_declined",
      declineCode: "generic_decline",
      retryable: false,
      refusedBy: "issuer",
    })
  })

  it.each<[Parameters<typeof declineOf>[0], boolean]>([
    [{ code: "card_declined", decline_code: "insufficient_funds" }, true],
    [{ code: "card_declined", decline_code: "try_again_later" }, true],
    [{ code: "processing_error" }, true],
    [{ code: "card_declined", decline_code: "generic_decline", advice_code: "try_again_later" }, true],
    [{ code: "card_declined", decline_code: "stolen_card" }, false],
    [{ code: "expired_card", decline_code: "" }, false],
    [{}, false],
  ])("with %j may pass at the next try: %s", (refusal, retryable) => {
    expect(declineOf(refusal)).toMatchObject({ retryable, message: expect.stringMatching(/^\S.*\.$/) })
  })

  it.each([[""], ["x".repeat(301)]])(
    "gets the service's message if Stripe's is not fit for a shopper: '%s'",
    (message) => {
      expect(declineOf({ message }).message).toBe("The payment was declined. Try another way to pay.")
    },
  )
})

describe("a request that Stripe refuses", () => {
  it.each([
    ["payment_method", "payment_method"],
    ["allowed_payment_method_types[0]", "payment_method_types"],
    ["setup_future_usage", "setup_future_usage"],
    ["return_url", "return_url"],
  ])("for its %s is the caller's, and the message names %s", (param, field) => {
    expect(outcomeOfError(thrown(400, { param }))).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: `The payment provider cannot use ${field} as it was sent, or left out. Send another value.`,
    })
  })

  it("for its amount is the caller's, and the message names the limit", () => {
    const message = "Amount must be at least $0.50 usd"
    expect(outcomeOfError(thrown(400, { code: "amount_too_small", param: "amount", message }))).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message,
      code: "amount_too_small",
    })
    expect(outcomeOfError(new InexactAmount("Stripe takes whole amounts in mga."))).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: "Stripe takes whole amounts in mga.",
    })
  })

  it.each([
    "payment_intent_unexpected_state",
    "charge_already_captured",
    "charge_already_refunded",
    "charge_disputed",
    "refund_disputed_payment",
    "charge_not_refundable",
    "charge_expired_for_capture",
    "capture_charge_authorization_expired",
    "intent_invalid_state",
  ])("because of the payment's state says that the state differs: %s", (code) => {
    expect(outcomeOfError(thrown(400, { code }))).toEqual({
      outcome: "declined",
      message: expect.any(String),
      refusedBy: "state",
      stateDiffers: true,
      retryable: false,
      code,
    })
    expect(logged).toEqual([])
  })

  it.each([
    ["without a code", {}],
    ["for an amount that should be there", { code: "amount_too_large", param: "amount_to_capture" }],
  ])("%s says that the state differs if the call moves money", (_, raw) => {
    const error = thrown(400, raw)
    const differs = { outcome: "declined", refusedBy: "state", stateDiffers: true }
    expect(outcomeOfError(error, { movesMoney: true })).toMatchObject(differs)
    expect(outcomeOfError(error)).not.toHaveProperty("stateDiffers")
  })

  it.each([
    [404, "intent", "No such payment_intent: 'pi_1'"],
    [404, "id", "No such payment_intent: 'pi_1'"],
    [400, "payment_intent", "No such payment_intent: 'pi_1'"],
    [
      404,
      "intent",
      "No such payment_intent: 'pi_1'; a similar object exists in test mode, but a live mode key was used.",
    ],
    [404, "intent", "Unbekannt"],
    [400, "payment_intent", "Unbekannt"],
  ])("because Stripe does not know the payment says that it is gone: %s %s %s", (status, param, message) => {
    expect(outcomeOfError(thrown(status, { code: "resource_missing", param, message }))).toEqual({ outcome: "gone" })
  })

  it.each([
    [404, "id", "No such customer: 'cus_1'"],
    [400, "customer", "No such customer: 'cus_1'"],
    [400, "customer", "Unbekannt"],
  ])("because Stripe does not know the customer says so: %s %s %s", (status, param, message) => {
    const gone = { outcome: "gone", object: "account_holder" }
    expect(outcomeOfError(thrown(status, { code: "resource_missing", param, message }))).toEqual(gone)
  })

  it.each([
    ["charge", "No such charge: 'ch_1'"],
    ["id", "No such refund: 're_1'"],
    ["intent", "No such setupintent: 'seti_1'"],
    ["id", "Unbekannt"],
  ])("because Stripe does not know something else is no missing payment: %s %s", (param, message) => {
    expect(outcomeOfError(thrown(404, { code: "resource_missing", param, message }))).toMatchObject({
      outcome: "declined",
      refusedBy: "provider",
      code: "resource_missing",
    })
  })

  it.each([
    [{ code: "resource_missing", param: "payment_method", message: "No such PaymentMethod: 'pm_1'" }],
    [{ code: "resource_missing", param: "id", message: "No such PaymentMethod: 'pm_1'" }],
    [{ code: "payment_method_unexpected_state" }],
    [{ message: "The provided PaymentMethod was detached from a Customer. It may not be used again." }],
  ])("for a payment method that is gone or detached is the caller's, and names payment_method: %j", (raw) => {
    expect(outcomeOfError(thrown(400, raw))).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: expect.stringContaining("payment_method"),
    })
  })

  it("for anything else is the provider's: the shopper sees no details, and operators find them in the log", () => {
    const outcome = outcomeOfError(
      thrown(400, { code: "parameter_unknown", message: "Received unknown parameter: foo" }),
    )
    expect(outcome).toMatchObject({ outcome: "declined", refusedBy: "provider" })
    expect(JSON.stringify(outcome)).not.toContain("foo")
    expect(logged).toEqual(["Stripe: Received unknown parameter: foo (400, parameter_unknown, req_1)"])
  })
})

describe("a code that the SDK lists", () => {
  const generic = "The payment provider does not do this as things are. The log names the reason."

  it("is distinguished from a code of a later version, which gets a general message", () => {
    expect(outcomeOfError(thrown(400, { code: "of_a_later_version" }))).toMatchObject({
      message: generic,
      refusedBy: "provider",
    })
  })

  it.each(LISTED_CODES)("has a sentence of its own that a shopper may read: %s", (code) => {
    const outcome = outcomeOfError(thrown(400, { code, message: `Secret ${KEY}\nof pi_1` })) as Declined
    // The SDK has an error of its own for it, which leaves open what became of the call.
    if (code === "rate_limit") return
    expect(outcome.outcome).toBe("declined")
    expect(outcome.message).not.toBe(generic)
    expect(outcome.message).toBe(AMOUNTS.includes(code) ? `Secret ${KEY} of pi_1` : meaningOf(code)?.message)
    expect(meaningOf(code)?.message).toMatch(/^[A-Z].{10,250}\.$/)
    expect(meaningOf(code)?.message).not.toMatch(/stripe|api|token|\b(pi|cus|sk|rk|ch)_/i)
    expect(outcome.refusedBy === "state").toBe(outcome.stateDiffers === true)
  })

  it("says of a failed attempt to pay who refused it, and never that the state differs", () => {
    for (const code of LISTED_CODES) {
      const outcome = failedAttempt({ code })
      expect([code, outcome.stateDiffers, outcome.refusedBy]).not.toContain("state")
      expect([code, outcome.stateDiffers]).toEqual([code, undefined])
      expect(outcome.message).toMatch(/^[A-Z].{10,250}\.$/)
    }
  })
})

describe("an account that is refused", () => {
  it.each([401, 403])(
    "(%s) is not the caller's business; the log has Stripe's request id, and never the key",
    (status) => {
      const outcome = outcomeOfError(thrown(status))
      expect(outcome).toMatchObject({ outcome: "declined", refusedBy: "provider", retryable: true })
      expect(JSON.stringify(outcome)).not.toMatch(/hunter2|req_1|key/)
      expect(logged).toEqual([`Stripe: The API key was refused. (${status}, req_1)`])
    },
  )
})

describe("what says nothing about the call", () => {
  it.each<[string, unknown]>([
    ["a rate limit", thrown(429)],
    ["a key in use", thrown(409, { code: "idempotency_key_in_use" })],
    ["a key with other parameters", thrown(400, { type: "idempotency_error" })],
    ["an error of Stripe's", thrown(500, { type: "api_error" })],
    ["a gateway's error", thrown(503, { type: "api_error" })],
    ["a lost connection", new Stripe.errors.StripeConnectionError({ message: "lost", type: "api_error" })],
    ["an error that is not Stripe's", new TypeError("of ours")],
    ["something thrown", "words"],
  ])("is unknown: %s", (_, error) => {
    const outcome = outcomeOfError(error)
    expect(outcome.outcome).toBe("unknown")
    expect(outcome).toHaveProperty("cause", expect.any(Error))
  })

  it("names Stripe's request, for operators", () => {
    expect(toError(thrown(500, { type: "api_error", message: "An unknown error occurred" })).message).toBe(
      "Stripe: An unknown error occurred (500, req_1)",
    )
  })
})

describe("a failure that Stripe has stored", () => {
  it("is a server error that is replayed", () => {
    const replayed = { "idempotent-replayed": "true" }
    expect(isStoredFailure(thrown(500, { type: "api_error" }, replayed))).toBe(true)
    expect(isStoredFailure(thrown(500, { type: "api_error" }))).toBe(false)
    expect(isStoredFailure(thrown(409, {}, replayed))).toBe(false)
    expect(isStoredFailure(thrown(402, { type: "card_error" }, replayed))).toBe(false)
    expect(isStoredFailure(new Error())).toBe(false)
  })
})
