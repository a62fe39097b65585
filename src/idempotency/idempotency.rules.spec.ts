import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import { InvalidData, ServiceError } from "../common/errors.js"
import { MAX_NESTING } from "../common/json.js"
import {
  replay,
  canonicalJson,
  checkKey,
  RETENTION,
  hashOf,
  toStoredRefusal,
  storeSubjectOf,
  type StoredResponse,
} from "./idempotency.rules.js"

const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

class Declined extends ServiceError {
  readonly kind = "payment_declined"
}

describe("a key", () => {
  it.each(["a", "~".repeat(255), "5f0c7f2e-9d4b-4d8a-8a53-0c3f5f2d1b6e", '!"#$%&,;'])("may be %p", (key) => {
    expect(checkKey(key, "Idempotency-Key")).toBe(key)
  })

  it.each(["", "a b", "a\n", "\0", "é", "a".repeat(256), " a", 5, true, ["a"], { a: 1 }])("is not %p", (key) => {
    expect(() => checkKey(key, "Idempotency-Key")).toThrow(InvalidData)
    expect(() => checkKey(key, "Idempotency-Key")).toThrow("'Idempotency-Key' has to be 1 to 255 visible ASCII")
  })
})

describe("what a request of a storefront is about", () => {
  it.each([
    [{ id: "pay_col_1" }, {}, { kind: "payment_collection", id: "pay_col_1" }],
    [
      { id: "pay_col_1", session_id: "payses_1" },
      { cart_id: "cart_1" },
      { kind: "payment_collection", id: "pay_col_1" },
    ],
    [{}, { cart_id: "cart_1" }, { kind: "cart", id: "cart_1" }],
    [{}, { cart_id: "c".repeat(255) }, { kind: "cart", id: "c".repeat(255) }],
    [{}, { cart_id: "c".repeat(256) }, undefined],
    [{}, { cart_id: "a\0" }, undefined],
    [{}, { cart_id: "\ud800" }, undefined],
    [{}, { cart_id: 5 }, undefined],
    [{}, {}, undefined],
    [{}, undefined, undefined],
    [{}, [], undefined],
  ])("with the path %j and the body %j is %j", (params, body, subject) => {
    expect(storeSubjectOf(params, body)).toEqual(subject)
  })
})

describe("the canonical form", () => {
  /** The same value, its names in another order. */
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, part]) => [name, turned(part)]),
    )
  }

  it("means the same as the value, and is the same in whatever order its names come", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(overJson(value))
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value))
      }),
    )
  })

  it.each([
    [{ a: 1 }, { a: "1" }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: null }, {}],
    [{ a: { b: 1 } }, { a: {}, b: 1 }],
    [{ "a\ud800": 1 }, { "a\ufffd": 1 }],
    [[], {}],
    [{ a: 1.5 }, { a: 15 }],
  ])("distinguishes %j from %j", (one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other))
  })

  it("holds whatever a request may hold, and ends where the validation refuses", () => {
    const nested = (levels: number, core: unknown) => {
      let value = core
      for (let i = 0; i < levels; i++) value = [value]
      return value
    }
    expect(hashOf(nested(MAX_NESTING, 1))).not.toBe(hashOf(nested(MAX_NESTING, 2)))
    expect(hashOf(nested(100_000, 1))).toBe(hashOf(nested(100_000, 2)))
  })
})

describe("a failed request", () => {
  it.each([
    ["keep", ["invalid_data", "not_allowed", "not_found", "duplicate", "payment_declined"]],
    ["restart", ["provider_error", "state_conflict"]],
    ["resume", ["unauthorized", "conflict", "outcome_unknown", "unavailable", "unknown"]],
  ] as const)("has the retention '%s' after %j", (retention, kinds) => {
    for (const kind of kinds) expect([kind, RETENTION[kind]]).toEqual([kind, retention])
  })

  it("is refused again in the same words, under an id of its own", () => {
    const refusals = [
      new InvalidData("No.", { code: "c", details: [{ field: "a", message: "b", allowed: ["c"] }] }),
      new Declined("The card was declined.", { declineCode: "x", retryable: false, operationId: "op_1" }),
    ]
    for (const refusal of refusals) {
      const again = thrownBy(() => replay(overJson(toStoredRefusal(refusal)) as StoredResponse))
      expect(again.toBody("req_2")).toEqual({ ...refusal.toBody("req_1"), request_id: "req_2" })
      expect(again.kind).toBe(refusal.kind)
    }
  })

  function thrownBy(call: () => unknown): ServiceError {
    try {
      call()
    } catch (error) {
      if (error instanceof ServiceError) return error
    }
    throw new Error("No refusal was thrown")
  }
})

it("a response is returned again, an empty one too", () => {
  expect(replay({ body: { a: [1] } })).toEqual({ a: [1] })
  expect(replay(overJson({ body: undefined }) as StoredResponse)).toBeUndefined()
})
