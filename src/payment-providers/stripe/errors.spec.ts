import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { Logger } from "@nestjs/common"
import Stripe from "stripe"
import { InexactAmount } from "./amounts.js"
import { declineOf, inWords, isStoredFailure, outcomeOfError } from "./errors.js"

const KEY = "sk_test_hunter2"

/** What Stripe answers, as the SDK throws it. */
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
    expect(declineOf(refusal)).toMatchObject({
      retryable,
      message: "The payment was declined. Try another way to pay.",
    })
  })

  it.each([[""], ["x".repeat(301)]])("without words that a shopper would read is told in ours: '%s'", (message) => {
    expect(declineOf({ message }).message).toBe("The payment was declined. Try another way to pay.")
  })
})

describe("a request that Stripe refuses", () => {
  it.each([
    ["payment_method", "payment_method"],
    ["allowed_payment_method_types[0]", "payment_method_types"],
    ["setup_future_usage", "setup_future_usage"],
    ["return_url", "return_url"],
  ])("for its %s is the caller's, who is told of %s", (param, field) => {
    expect(outcomeOfError(thrown(400, { param }))).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: `The payment provider cannot use ${field} as it was sent, or left out. Send another value.`,
    })
  })

  it("for its amount is the caller's, who is told what it may be", () => {
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
    "charge_expired_for_capture",
  ])("for the state of things is the provider's, and not to be repeated: %s", (code) => {
    expect(outcomeOfError(thrown(400, { code }))).toMatchObject({
      outcome: "declined",
      refusedBy: "provider",
      retryable: false,
      code,
    })
  })

  it("for anything else is the provider's, and tells a shopper nothing of it; operators find it in the log", () => {
    const outcome = outcomeOfError(
      thrown(400, { code: "parameter_unknown", message: "Received unknown parameter: foo" }),
    )
    expect(outcome).toMatchObject({ outcome: "declined", refusedBy: "provider" })
    expect(JSON.stringify(outcome)).not.toContain("foo")
    expect(logged).toEqual(["Stripe: Received unknown parameter: foo (400, parameter_unknown, req_1)"])
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
    expect(inWords(thrown(500, { type: "api_error", message: "An unknown error occurred" })).message).toBe(
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
