import { describe, expect, it } from "@jest/globals"
import { describeError, redactKeys } from "./logger.js"

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
})

describe("redactKeys", () => {
  it.each([
    ["payments.capture", "payments.capture"],
    ["/admin/payments/pay_01JD", "/admin/payments/pay_01JD"],
    ["sk_live_51Habc", "sk_[redacted]"],
    ["/store/pk_0123abcd/carts?rk_test_1=2", "/store/pk_[redacted]/carts?rk_[redacted]=2"],
    ['{"cmd":"sk_a","key":"whsec_b"}', '{"cmd":"sk_[redacted]","key":"whsec_[redacted]"}'],
    ["authorization: Bearer abc.def-ghi", "authorization: Bearer [redacted]"],
    ['{"a":"bearer  sk_live_1","b":1}', '{"a":"bearer [redacted]","b":1}'],
  ])("shows %s as %s", (text, shown) => {
    expect(redactKeys(text)).toBe(shown)
  })
})
