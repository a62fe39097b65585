import { describe, expect, it } from "@jest/globals"
import { MAX_MINOR } from "../../common/money.js"
import { parseOutcome, toUnknown } from "./provider-outcome.js"

const TEN = { minor: 1000n, currency: "eur" }
const WORDLESS = "The provider failed without a word."

/** Longer than what is kept, with a character of two halves across the end. */
const LONG = "x".repeat(499) + "\u{1f4b3}".repeat(10)

const unknown = (words: string) => ({ outcome: "unknown", cause: new Error(words) })
const succeeded = (rest: object) => ({ outcome: "succeeded", amount: TEN, ...rest })

function nested(levels: number): object {
  let value = {}
  for (let i = 0; i < levels; i++) value = { a: value }
  return value
}

describe("an outcome is taken for what it says", () => {
  it.each<[string, unknown, unknown]>([
    ["succeeded", succeeded({}), { outcome: "succeeded", amount: TEN }],
    [
      "succeeded for nothing",
      succeeded({ amount: { ...TEN, minor: 0n } }),
      succeeded({ amount: { ...TEN, minor: 0n } }),
    ],
    [
      "succeeded for the largest amount",
      succeeded({ amount: { ...TEN, minor: MAX_MINOR } }),
      succeeded({ amount: { ...TEN, minor: MAX_MINOR } }),
    ],
    ["a currency in upper case", succeeded({ amount: { ...TEN, currency: "EUR" } }), succeeded({})],
    ["data", succeeded({ data: { a: [1, null] } }), succeeded({ data: { a: [1, null] } })],
    ["private data", succeeded({ privateData: { intent: "x" } }), succeeded({ privateData: { intent: "x" } })],
    ["pending", { outcome: "pending" }, { outcome: "pending", asynchronous: false }],
    [
      "taken on",
      { outcome: "pending", asynchronous: true, data: {} },
      { outcome: "pending", asynchronous: true, data: {} },
    ],
    ["taken on, perhaps", { outcome: "pending", asynchronous: "yes" }, { outcome: "pending", asynchronous: false }],
    ["more to do", { outcome: "requires_more", data: { url: "u" } }, { outcome: "requires_more", data: { url: "u" } }],
    ["not found", { outcome: "not_found", data: 5 }, { outcome: "not_found" }],
    ["unknown", { outcome: "unknown", cause: new Error("The line broke") }, unknown("The line broke")],
    ["unknown, by a text", { outcome: "unknown", cause: "timeout" }, unknown("timeout")],
    ["unknown, without a cause", { outcome: "unknown" }, unknown(WORDLESS)],
  ])("%s", (_, answer, outcome) => {
    expect(parseOutcome(answer)).toEqual(outcome)
  })

  it("in data that are the provider's no more, as JSON has them", () => {
    const data = { list: ["a"], at: new Date(0), gone: undefined, none: NaN }
    const outcome = parseOutcome({ outcome: "pending", data, more: "x" })
    data.list.push("b")
    expect(outcome).toStrictEqual({
      outcome: "pending",
      asynchronous: false,
      data: { list: ["a"], at: "1970-01-01T00:00:00.000Z", none: null },
    })
  })
})

describe("a refusal", () => {
  const refusal = { outcome: "declined", message: "No.", code: "c", declineCode: "d", retryable: false }

  it.each<[string, object, object]>([
    ["in full", { refusedBy: "provider" }, { refusedBy: "provider" }],
    ["by nobody in particular", {}, { refusedBy: "issuer" }],
    ["by somebody unknown", { refusedBy: "moon" }, { refusedBy: "issuer" }],
    ["without words", { message: undefined }, { message: "The payment provider refused." }],
    ["with a number for words", { message: 5, code: 6 }, { message: "The payment provider refused.", code: undefined }],
    ["with NULs", { message: "N\0o.", code: "\0c", declineCode: "d\0" }, {}],
    ["with half of a surrogate pair", { message: "No\ud83d." }, { message: "No\ufffd." }],
    ["which may succeed later", { retryable: true }, { retryable: true }],
    ["which may succeed later, perhaps", { retryable: "yes" }, { retryable: undefined }],
  ])("%s", (_, said, kept) => {
    expect(parseOutcome({ ...refusal, ...said })).toEqual({ ...refusal, refusedBy: "issuer", ...kept })
  })

  it("of many words is cut, between two characters", () => {
    const { message } = parseOutcome({ ...refusal, message: LONG }) as { message: string }
    expect(message.length).toBeLessThanOrEqual(500)
    expect([message.startsWith("x".repeat(499)), message.isWellFormed()]).toEqual([true, true])
  })
})

describe("what is no outcome is unknown", () => {
  const NO_OUTCOME = "it is no outcome"
  const NO_AMOUNT = "it has no amount"
  const OUT_OF_RANGE = "its amount is out of range"
  const UNSTORABLE = "its data cannot be stored"

  it.each<[string, unknown, string]>([
    ["undefined", undefined, NO_OUTCOME],
    ["null", null, NO_OUTCOME],
    ["a text", "succeeded", NO_OUTCOME],
    ["a list", [succeeded({})], NO_OUTCOME],
    ["an object without a word", {}, NO_OUTCOME],
    ["an unknown word", { outcome: "paid" }, NO_OUTCOME],
    ["a word that every object has", { outcome: "constructor" }, NO_OUTCOME],
    ["succeeded without an amount", { outcome: "succeeded" }, NO_AMOUNT],
    ["an amount that is a number", succeeded({ amount: 10 }), NO_AMOUNT],
    ["minor units that are a number", succeeded({ amount: { ...TEN, minor: 1000 } }), NO_AMOUNT],
    ["an amount without a currency", succeeded({ amount: { minor: 1000n } }), NO_AMOUNT],
    ["less than nothing", succeeded({ amount: { ...TEN, minor: -1n } }), OUT_OF_RANGE],
    ["more than 15 digits", succeeded({ amount: { ...TEN, minor: MAX_MINOR + 1n } }), OUT_OF_RANGE],
    ["data that are a text", succeeded({ data: "x" }), UNSTORABLE],
    ["data that are null", succeeded({ data: null }), UNSTORABLE],
    ["data that are a list", succeeded({ privateData: [] }), UNSTORABLE],
    ["data that are a text as JSON", succeeded({ data: new Date(0) }), UNSTORABLE],
    ["data with a NUL", succeeded({ data: { a: "x\0" } }), UNSTORABLE],
    ["data with a NUL in a name", { outcome: "pending", privateData: { "x\0": 1 } }, UNSTORABLE],
    ["data with half of a surrogate pair", succeeded({ data: { a: ["\ud83d"] } }), UNSTORABLE],
    ["data without end", succeeded({ data: nested(60) }), UNSTORABLE],
    ["data with a bigint", succeeded({ data: { a: 1n } }), "Do not know how to serialize a BigInt"],
  ])("%s", (_, answer, words) => {
    expect(parseOutcome(answer)).toEqual(unknown(`The provider's answer cannot be used: ${words}`))
  })

  it("data that hold themselves", () => {
    const data: Record<string, unknown> = {}
    data["self"] = data
    const { outcome, cause } = parseOutcome({ outcome: "pending", data }) as { outcome: string; cause: Error }
    expect([outcome, cause.message]).toEqual(["unknown", expect.stringMatching(/cannot be used: .*circular/)])
  })

  it("an answer that throws when it is looked at", () => {
    const answer = {
      get outcome(): string {
        throw new Error("Not \0 yet")
      },
    }
    expect(parseOutcome(answer)).toEqual(unknown("The provider's answer cannot be used: Not  yet"))
  })
})

describe("what is thrown is unknown, in words", () => {
  it.each<[string, unknown, string]>([
    ["an error", new Error("The line broke"), "The line broke"],
    ["an error that quotes a NUL", new Error("at '\0'"), "at ''"],
    ["an error that quotes half of a surrogate pair", new Error("at '\ud83d'"), "at '\ufffd'"],
    ["an error whose message is none", Object.assign(new Error(), { message: 5 }), WORDLESS],
    ["a text", "timeout", "timeout"],
    ["an object without a prototype", Object.create(null), WORDLESS],
    ["undefined", undefined, WORDLESS],
  ])("%s", (_, thrown, words) => {
    expect(toUnknown(thrown)).toEqual(unknown(words))
  })

  it("which are cut where there are many, between two characters", () => {
    const { cause } = toUnknown(new Error(LONG)) as { cause: Error }
    expect(cause.message.length).toBeLessThanOrEqual(500)
    expect(cause.message.isWellFormed()).toBe(true)
  })
})
