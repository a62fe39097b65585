import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import {
  exponentOf,
  MAX_MINOR,
  moneyFromMajor,
  parseCurrency,
  roundedMoneyFromMajor,
  toMajor,
  toRawAmount,
} from "./money.js"

describe("amounts of a request", () => {
  it.each([
    [10.1, "eur", 1010n],
    [0.07, "eur", 7n],
    [12345678901.23, "eur", 1234567890123n],
    [500, "jpy", 500n],
    [1.234, "kwd", 1234n],
    [0, "eur", 0n],
    [1e3, "usd", 100000n],
    [1.15, "usd", 115n],
    [9999999999999.99, "eur", MAX_MINOR],
  ])("take %p %s as %p minor units, and give the same number back", (major, currency, minor) => {
    const money = moneyFromMajor(major, currency)
    expect(money).toEqual({ minor, currency })
    expect(toMajor(money)).toBe(major)
  })

  it.each([
    [10.005, "eur", "more decimals than eur allows (2)"],
    [0.5, "jpy", "more decimals than jpy allows (0)"],
    [1.2345, "kwd", "more decimals than kwd allows (3)"],
    [1e-7, "eur", "more decimals"],
    [1e13, "eur", "too large, expected at most: '9999999999999.99'"],
    [1e300, "jpy", "too large, expected at most: '999999999999999'"],
  ])("refuse %p %s, saying why", (major, currency, reason) => {
    expect(() => moneyFromMajor(major, currency)).toThrow(
      expect.objectContaining({ kind: "invalid_data", message: expect.stringContaining(reason) }),
    )
  })

  it("come back unchanged from minor units, for every amount that fits", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -MAX_MINOR, max: MAX_MINOR }),
        fc.constantFrom("eur", "jpy", "kwd", "clf"),
        (minor, currency) => {
          expect(moneyFromMajor(toMajor({ minor, currency }), currency)).toEqual({ minor, currency })
        },
      ),
    )
  })
})

describe("cart totals", () => {
  it.each([
    [10.005, "eur", 1001n],
    [10.004999, "eur", 1000n],
    [1.005, "usd", 101n],
    [2.675, "usd", 268n],
    [99.5, "jpy", 100n],
    [99.4, "jpy", 99n],
    [1.2345, "kwd", 1235n],
  ])("round %p %s half-up, once, to %p minor units", (major, currency, minor) => {
    expect(roundedMoneyFromMajor(major, currency).minor).toBe(minor)
  })

  it("are still refused when no JSON number could carry them", () => {
    expect(() => roundedMoneyFromMajor(1e16, "eur")).toThrow("too large")
  })
})

describe("raw amounts", () => {
  it.each([
    [1000n, "eur", "10"],
    [1234n, "eur", "12.34"],
    [1230n, "eur", "12.3"],
    [0n, "eur", "0"],
    [-5n, "eur", "-0.05"],
    [500n, "jpy", "500"],
  ])("write %p minor units of %s as %p", (minor, currency, value) => {
    expect(toRawAmount({ minor, currency })).toEqual({ value, precision: 20 })
  })
})

describe("currencies", () => {
  it("are read in any case and kept in lower case", () => {
    expect(parseCurrency("EUR")).toBe("eur")
  })

  it("are refused when ISO 4217 does not know them", () => {
    expect(() => parseCurrency("zzz")).toThrow("Unknown currency 'zzz' for field 'currency_code'")
    expect(() => exponentOf("zzz")).toThrow(RangeError)
  })
})
