import { describe, expect, it } from "@jest/globals"
import { InvalidData } from "../common/errors.js"
import { PaymentDeclined, ProviderError } from "../payment-providers/calls/call.errors.js"
import type { Declined, ProviderResult } from "../payment-providers/contract/index.js"
import { checkCustomerId, hasToChange, isNotThere, valueOf } from "./account-holder.rules.js"

const declined = (more: Partial<Declined>): Declined => ({ outcome: "declined", message: "No.", ...more })

/** What is thrown of a result. */
function refusalOf(result: ProviderResult<unknown>): unknown {
  try {
    valueOf(result)
  } catch (error) {
    return error
  }
  throw new Error("Nothing was thrown")
}

describe("what a provider answers of its books", () => {
  it("is the value where it succeeded, also where that is nothing", () => {
    expect(valueOf({ outcome: "succeeded", value: { id: "cus_1" } })).toEqual({ id: "cus_1" })
    expect(valueOf({ outcome: "succeeded", value: null })).toBeNull()
  })

  it.each([
    ["issuer", PaymentDeclined],
    [undefined, PaymentDeclined],
    ["provider", ProviderError],
    ["caller", InvalidData],
  ] as const)("is refused by whose no it is: %s", (refusedBy, type) => {
    const refusal = refusalOf(declined({ refusedBy, code: "c", declineCode: "d", retryable: false }))
    expect(refusal).toBeInstanceOf(type)
    expect(refusal).toMatchObject({ message: "No.", code: "c", declineCode: "d", retryable: false })
  })

  it("may be asked for again where nobody can say, and the cause is not told", () => {
    const cause = new Error("sk_test_123 was refused a connection")
    const refusal = refusalOf({ outcome: "unknown", cause })
    expect(refusal).toBeInstanceOf(ProviderError)
    expect(refusal).toMatchObject({ code: "no_answer", retryable: true, cause })
    expect((refusal as ProviderError).message).not.toContain("sk_test")
  })

  it("has to be asked for in other words where it is refused, and not only for now", () => {
    const results = [
      declined({ refusedBy: "caller" }),
      declined({ refusedBy: "provider", retryable: false }),
      declined({ refusedBy: "provider", retryable: true }),
      { outcome: "unknown", cause: "x" } as const,
      { outcome: "succeeded", value: 1 } as const,
    ]
    expect(results.map(hasToChange)).toEqual([true, true, false, false, false])
  })

  it("says by its code what is not there", () => {
    const results = [declined({ code: "not_found" }), declined({ code: "other" }), declined({})]
    expect(results.map(isNotThere)).toEqual([true, false, false])
  })
})

describe("a customer's id", () => {
  it.each([["c"], ["c".repeat(255)]])("may be %s", (id) => {
    expect(() => {
      checkCustomerId(id)
    }).not.toThrow()
  })

  it.each([[""], ["c".repeat(256)]])("is not '%s'", (id) => {
    expect(() => {
      checkCustomerId(id)
    }).toThrow(InvalidData)
  })
})
