import { describe, expect, it } from "@jest/globals"
import { createLogger, describeError, NestLogger, redactKeys } from "./logger.js"

describe("an error in the log", () => {
  it("is named and explained, without the rows that PostgreSQL shows in its detail", () => {
    const error = Object.assign(new Error("violates check"), {
      code: "23514",
      constraint: "cart_total_positive",
      detail: "Failing row contains (shopper@example.com)",
      parameters: ["secret"],
      driverError: { detail: "Failing row contains (shopper@example.com)" },
    })
    const line = JSON.stringify(describeError(error))
    expect(line).toContain("cart_total_positive")
    expect(line).not.toMatch(/shopper|secret/)
  })

  it("has its causes with their codes, one of several that failed together, and an end", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    const error = new TypeError("fetch failed", { cause: new AggregateError([refused, new Error("other")]) })
    expect(describeError(error)).toMatchObject({
      type: "TypeError",
      message: "fetch failed",
      cause: { type: "AggregateError", cause: { message: "connect ECONNREFUSED", code: "ECONNREFUSED" } },
    })
    const circle = new Error("circle")
    circle.cause = circle
    expect(JSON.stringify(describeError(circle)).match(/circle/g)?.length).toBeLessThan(20)
    expect(describeError("text")).toEqual({ message: "text" })
    expect(describeError(new Error("x".repeat(5_000)))).toMatchObject({ message: "x".repeat(1_000) })
  })
})

describe("a key in a text", () => {
  it.each([
    ["/admin/payments/sk_live_51AbC/capture", "/admin/payments/sk_[redacted]/capture"],
    ["/admin/pk_0a1b2c?x=1", "/admin/pk_[redacted]?x=1"],
    ["/admin/x%2Fsk_live_51AbC%20", "/admin/x%2Fsk_[redacted]"],
    ["/admin/sk%5Flive%5F51AbC", "/admin/sk_[redacted]"],
    ["tokensk_live_51AbC", "tokensk_[redacted]"],
    ["/admin/ask_live_51AbC/datapk_0a1b", "/admin/ask_[redacted]/datapk_[redacted]"],
    ["sk_my-own.key-of-20-chars rk_test_1, pk_2", "sk_[redacted] rk_[redacted], pk_[redacted]"],
    ["whsec_MfKQ9r8GKYqr/TwjUPD8+ILPZIo2LaLaSw==", "whsec_[redacted]"],
    ["Authorization: Basic c2tfbGl2ZV81MUFiQzoxMjM0", "Authorization: Basic [redacted]"],
    ["authorization: bearer 0123456789abcdef", "authorization: bearer [redacted]"],
    ['{"a":"sk_1","b":"Bearer sk_2"}', '{"a":"sk_[redacted]","b":"Bearer sk_[redacted]"}'],
  ])("is redacted: %p", (text, redacted) => {
    expect(redactKeys(text)).toBe(redacted)
  })

  it.each([
    "/admin/api-keys/apk_01M81YZ0T1S2R3Q4P5N6M7K8J9",
    "/store/payment-collections/pay_col_01M81YZ0T1S2R3Q4P5N6M7K8J9",
    "violates check constraint api_key_type_known of payment_pkey",
    "a basic authentication",
  ])("leaves what is none: %p", (text) => {
    expect(redactKeys(text)).toBe(text)
  })
})

describe("a log line", () => {
  it("has the fields that Nest's logger is given", () => {
    const lines: string[] = []
    const logger = createLogger("info", { destination: { write: (line) => lines.push(line) } })
    new NestLogger(logger).error({ msg: "failed", operation_id: "op_1", err: new Error("why") }, "Registry")
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: "failed", operation_id: "op_1", context: "Registry", err: { message: "why" } },
    ])
  })

  it("shows no key at any place of a line, and stays JSON", () => {
    const lines: string[] = []
    const logger = createLogger("info", { destination: { write: (line) => lines.push(line) } })
    const query = "SELECT * FROM api_key WHERE lookup = 'pk_secret'"
    const err = Object.assign(new Error("Invalid API Key provided: sk_secret"), { query })
    logger.info({ path: "/admin/x/sk_secret", deep: { list: ["Bearer rk_secret", "whsec_secret/+="] } }, "pk_secret")
    logger.error({ err })
    new NestLogger(logger).error(err)
    new NestLogger(logger).warn('stopped at "sk_secret"', "whsec_secret")
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).not.toContain("secret")
      expect(JSON.parse(line)).toHaveProperty("service", "payment-collections")
    }
  })
})
