import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import { coversAmount, nextSessionStep, waitingStatus, type OpenSession, type WantedSession } from "./session.rules.js"
import { OPEN_SESSION_STATUSES } from "../status.js"

/** A session of 100 eur with one provider. */
const OPEN: OpenSession = {
  status: "pending",
  provider_id: "pp_one_one",
  amount: 100n,
  currency_code: "eur",
  client_data: { note: "door", size: { width: 1, height: [2, 3] } },
}

describe("an open session", () => {
  it.each<[string, Partial<WantedSession>]>([
    ["the same is asked for again", {}],
    ["the names come in another order", { client_data: { size: { height: [2, 3], width: 1 }, note: "door" } }],
  ])("is kept when %s", (_, wanted) => {
    expect(nextSessionStep(OPEN, { ...OPEN, ...wanted })).toBe("keep")
  })

  it.each<[string, Partial<WantedSession>]>([
    ["the amount grew by one minor unit", { amount: 101n }],
    ["the amount fell by one minor unit", { amount: 99n }],
    ["the currency changed", { currency_code: "usd" }],
    ["the data say something else", { client_data: { note: "desk" } }],
    ["the data say less: they are replaced, not merged", { client_data: { note: "door" } }],
    ["the data say nothing any more", { client_data: {} }],
    ["a list in the data has another order", { client_data: { note: "door", size: { width: 1, height: [3, 2] } } }],
    ["a number in the data became text", { client_data: { note: "door", size: { width: "1", height: [2, 3] } } }],
  ])("is changed in place when %s", (_, wanted) => {
    expect(nextSessionStep(OPEN, { ...OPEN, ...wanted })).toBe("update")
  })

  it.each<[string, Partial<WantedSession>]>([
    ["for the same", {}],
    ["for something else", { amount: 1n, currency_code: "usd", client_data: {} }],
  ])("is canceled first when another provider is wanted %s", (_, wanted) => {
    expect(nextSessionStep(OPEN, { ...OPEN, ...wanted, provider_id: "pp_two_two" })).toBe("cancel_session")
  })

  it.each(OPEN_SESSION_STATUSES)("that is %s is kept, unless it failed: then its provider is asked again", (status) => {
    expect(nextSessionStep({ ...OPEN, status }, OPEN)).toBe(status === "error" ? "update" : "keep")
  })

  it("is kept for a -0 in the data, which the database keeps as 0", () => {
    const client_data = { note: -0 }
    expect(nextSessionStep({ ...OPEN, client_data: { note: 0 } }, { ...OPEN, client_data })).toBe("keep")
  })

  it("is kept for what the database gives back of it, and never for anything else", () => {
    const anySession = fc.record({
      status: fc.constant("pending" as const),
      provider_id: fc.constantFrom("pp_one_one", "pp_two_two"),
      amount: fc.bigInt(0n, 3n),
      currency_code: fc.constantFrom("eur", "usd"),
      client_data: fc.dictionary(fc.constantFrom("a", "b"), fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true }),
    })
    const asKept = (session: WantedSession) => {
      const client_data: unknown = JSON.parse(JSON.stringify(session.client_data))
      return { ...session, status: "pending" as const, client_data }
    }
    fc.assert(
      fc.property(anySession, anySession, (open, wanted) => {
        if (nextSessionStep(asKept(open), wanted) === "keep") expect(asKept(open)).toEqual(asKept(wanted))
      }),
    )
    fc.assert(
      fc.property(anySession, (wanted) => {
        expect(nextSessionStep(asKept(wanted), wanted)).toBe("keep")
      }),
    )
  })
})

describe("a session", () => {
  it.each<[bigint, string, bigint, string, boolean]>([
    [100n, "eur", 100n, "eur", true],
    [0n, "eur", 0n, "eur", true],
    [100n, "eur", 101n, "eur", false],
    [101n, "eur", 100n, "eur", false],
    [100n, "eur", 100n, "usd", false],
  ])("of %p %s, where %p %s is to be paid: %p", (amount, currency_code, due, dueCurrency, covers) => {
    expect(coversAmount({ amount, currency_code }, { amount: due, currency_code: dueCurrency })).toBe(covers)
  })

  it.each([
    [{ outcome: "pending" }, "pending"],
    [{ outcome: "pending", asynchronous: false }, "pending"],
    [{ outcome: "pending", asynchronous: true }, "pending_authorization"],
    [{ outcome: "requires_more" }, "requires_more"],
    // What the shopper has to do comes before what the provider is at.
    [{ outcome: "requires_more", asynchronous: true }, "requires_more"],
    [{ outcome: "succeeded" }, "pending"],
  ])("whose provider answered %p is %s", (outcome, status) => {
    expect(waitingStatus(outcome)).toBe(status)
    expect(OPEN_SESSION_STATUSES).toContain(status)
  })
})
