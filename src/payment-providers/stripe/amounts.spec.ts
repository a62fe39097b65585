import { describe, expect, it } from "@jest/globals"
import { fromStripeAmount, checkAmount, toStripeAmount, type ChargeLimits } from "./amounts.js"

const CARDS: ChargeLimits = { hasMinimum: true, takesCards: true }
const OTHERS: ChargeLimits = { hasMinimum: true, takesCards: false }

const EXACT: [minor: bigint, currency: string, stripe: number][] = [
  [1050n, "eur", 1050],
  [5003n, "jpy", 5003],
  [500n, "clp", 500],
  [500n, "vnd", 500],
  [12_340n, "kwd", 12_340],
  [5120n, "bhd", 5120],
  [5n, "isk", 500],
  [5n, "ugx", 500],
  [1045n, "huf", 1045],
  [80_045n, "twd", 80_045],
  [500n, "mga", 5],
  [0n, "eur", 0],
  [999_999_999_999n, "idr", 999_999_999_999],
]

describe("an amount", () => {
  it.each(EXACT)("of %s minor units of %s is %s at Stripe, and back", (minor, currency, stripe) => {
    expect(toStripeAmount({ minor, currency })).toBe(stripe)
    expect(fromStripeAmount(stripe, currency)).toEqual({ minor, currency })
  })

  it.each([
    "bif clp djf gnf jpy kmf krw pyg rwf vnd vuv xaf xof xpf".split(" "),
    "usd eur gbp chf huf twd cop".split(" "),
  ])("counts the same at Stripe and in ISO 4217: %s", (...currencies) => {
    for (const currency of currencies) expect(toStripeAmount({ minor: 70_000n, currency })).toBe(70_000)
  })

  it.each<[bigint, string, RegExp]>([
    [5124n, "kwd", /two decimals/],
    [1n, "tnd", /two decimals/],
    [5050n, "mga", /whole amounts/],
    [10_000n, "clf", /no amounts in clf/],
    [10_000n, "uyw", /no amounts in uyw/],
  ])("of %s minor units of %s is refused, not rounded", (minor, currency, reason) => {
    expect(checkAmount({ minor, currency }, CARDS)).toMatch(reason)
    expect(() => toStripeAmount({ minor, currency })).toThrow(reason)
  })

  it("that Stripe reports with a fraction of a minor unit is not rounded", () => {
    expect(() => fromStripeAmount(550, "isk")).toThrow("a fraction of a minor unit")
  })
})

describe("the limits", () => {
  it.each<[bigint, string, ChargeLimits, string | undefined]>([
    [49n, "usd", CARDS, "Stripe takes no less than 0.50 usd."],
    [50n, "usd", CARDS, undefined],
    [29n, "gbp", CARDS, "Stripe takes no less than 0.30 gbp."],
    [49n, "jpy", CARDS, "Stripe takes no less than 50 jpy."],
    [17_499n, "huf", CARDS, "Stripe takes no less than 175.00 huf."],
    [1n, "bob", CARDS, undefined],
    [0n, "bob", CARDS, "Stripe takes no less than 0.01 bob."],
    [1n, "eur", { hasMinimum: false, takesCards: false }, undefined],
    [0n, "eur", { hasMinimum: false, takesCards: false }, "Stripe takes no less than 0.01 eur."],
    [999_999_999_999n, "usd", CARDS, undefined],
    [1_000_000_000_000n, "usd", CARDS, "Stripe takes no more than 9999999999.99 usd."],
    [99_999_999n, "eur", OTHERS, undefined],
    [100_000_000n, "eur", OTHERS, "Stripe takes no more than 999999.99 eur."],
    [999_999_999n, "inr", OTHERS, undefined],
    [1_000_000_000n, "inr", OTHERS, "Stripe takes no more than 9999999.99 inr."],
    [9_999_999_999n, "cop", OTHERS, undefined],
    [999_999_999_999n, "idr", OTHERS, undefined],
    [1_000_000n, "isk", OTHERS, "Stripe takes no more than 999999.99 isk."],
  ])("for %s minor units of %s (%j): %s", (minor, currency, limits, refusal) => {
    expect(checkAmount({ minor, currency }, limits)).toBe(refusal)
  })
})
