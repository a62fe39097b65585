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
    [10.0000001, "eur", "more decimals"],
    [10.00000000002, "eur", "more decimals"],
    [9.99999999998, "eur", "more decimals"],
    [500.0000001, "jpy", "more decimals"],
    // A double of this size has no more digits to spare: what is behind the cents was meant.
    [9999999999999.998, "eur", "more decimals"],
    [99999999999.98999, "eur", "more decimals"],
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

describe("amounts of a request that a client computed with floats", () => {
  it.each([
    [100.1 - 33.4, "eur", 6670n],
    [0.1 + 0.2, "usd", 30n],
    [4.35 * 100, "jpy", 435n],
    [1.1 + 2.2, "kwd", 3300n],
    [10.00000000001, "eur", 1000n],
    [9.99999999999, "eur", 1000n],
    [-(0.1 + 0.2), "eur", -30n],
    [1e-12, "eur", 0n],
    [9999999999999.99, "eur", MAX_MINOR],
  ])("take %p %s as %p minor units", (major, currency, minor) => {
    expect(moneyFromMajor(major, currency)).toEqual({ minor, currency })
  })

  // Up to here the noise of one addition stays below 1e-9 of a minor unit.
  const anyMinor = fc.integer({ min: 0, max: 1_000_000 })
  const anyCurrency = fc.constantFrom("eur", "jpy", "kwd", "clf")

  it("are what exact arithmetic gives, for any sum and difference of two amounts", () => {
    fc.assert(
      fc.property(anyMinor, anyMinor, anyCurrency, (left, right, currency) => {
        const [a, b] = [left, right].map((minor) => toMajor({ minor: BigInt(minor), currency })) as [number, number]
        expect(moneyFromMajor(a + b, currency).minor).toBe(BigInt(left + right))
        expect(moneyFromMajor(a - b, currency).minor).toBe(BigInt(left - right))
      }),
    )
  })

  it("are refused as soon as a decimal too many is meant, up to a billionth of a minor unit", () => {
    const anyTail = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 8 }))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), anyCurrency, anyTail, (minor, currency, [digit, zeros]) => {
        const decimals = minor.toString().padStart(exponentOf(currency) + 1, "0")
        const at = decimals.length - exponentOf(currency)
        const text = `${decimals.slice(0, at)}.${decimals.slice(at)}${"0".repeat(zeros - 1)}${digit}`
        expect(() => moneyFromMajor(Number(text), currency)).toThrow("more decimals")
      }),
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
