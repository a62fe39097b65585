import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import {
  amountFor,
  amountToPay,
  assertAmountChangeable,
  FOLLOWING_STATUSES,
  isOutgrown,
  mayFollowCart,
  outgrownTotal,
  outstandingOf,
  statusOf,
  totalsOf,
  type CollectionFacts,
} from "./collection.rules.js"
import {
  COLLECTION_STATUSES,
  OPEN_SESSION_STATUSES,
  SESSION_STATUSES,
  type CollectionStatus,
  type SessionStatus,
} from "../status.js"

const THEN = new Date("2026-11-22T10:15:30.000Z")

type PaymentFacts = CollectionFacts["payments"][number]

/** A payment that holds money: what was authorized, captured and refunded of it. */
function held(authorized_amount: bigint, captured_amount = 0n, refunded_amount = 0n): PaymentFacts {
  return { authorized_amount, captured_amount, refunded_amount, canceled_at: null }
}

/** A canceled payment: it counts as authorized what it captured. */
function givenUp(captured_amount = 0n, refunded_amount = 0n): PaymentFacts {
  return { authorized_amount: captured_amount, captured_amount, refunded_amount, canceled_at: THEN }
}

/** A collection of 100 that nobody has begun to pay, unless said otherwise. */
function facts(
  about: Partial<Omit<CollectionFacts, "sessions">> & { sessions?: SessionStatus[] } = {},
): CollectionFacts {
  const { sessions = [], ...rest } = about
  const nothing = { amount: 100n, status: "not_paid", completed_at: null, payments: [] } as const
  return { ...nothing, ...rest, sessions: sessions.map((status) => ({ status })) }
}

/** What the books can say of a payment. */
const anyPayment: fc.Arbitrary<PaymentFacts> = fc
  .tuple(fc.bigInt(0n, 70n), fc.bigInt(0n, 70n), fc.bigInt(0n, 70n), fc.boolean())
  .map(([refunded, more, evenMore, isCanceled]) => {
    const captured = refunded + more
    return isCanceled ? givenUp(captured, refunded) : held(captured + evenMore, captured, refunded)
  })

const anyFacts: fc.Arbitrary<CollectionFacts> = fc
  .record({
    amount: fc.bigInt(1n, 200n),
    status: fc.constantFrom(...COLLECTION_STATUSES),
    completed_at: fc.option(fc.constant(THEN), { nil: null, freq: 5 }),
    sessions: fc.array(fc.record({ status: fc.constantFrom(...SESSION_STATUSES) }), { maxLength: 3 }),
    payments: fc.array(anyPayment, { maxLength: 3 }),
  })
  // Where nothing was ever held, nothing was given up.
  .map((collection) => (collection.payments.length > 0 ? collection : { ...collection, status: "not_paid" }))

/** The statuses of a collection that has something to give up, or has given it up. */
const HELD: readonly CollectionStatus[] = ["authorized", "partially_authorized", "canceled"]

const isHeld = ({ canceled_at }: PaymentFacts) => canceled_at === null
const isOpen = ({ status }: { status: SessionStatus }) => OPEN_SESSION_STATUSES.some((open) => open === status)

describe("the status of a collection", () => {
  it.each<[string, CollectionFacts, string]>([
    ["nothing was begun", facts(), "not_paid"],
    ["a session waits for the shopper", facts({ sessions: ["pending"] }), "not_paid"],
    ["the shopper has more to do", facts({ sessions: ["requires_more"] }), "not_paid"],
    ["a session failed", facts({ sessions: ["error"] }), "not_paid"],
    ["a session was canceled", facts({ sessions: ["canceled"] }), "not_paid"],
    ["the provider has yet to authorize a session", facts({ sessions: ["pending_authorization"] }), "awaiting"],
    [
      "the provider has yet to authorize the newest of two sessions",
      facts({ sessions: ["error", "pending_authorization"] }),
      "awaiting",
    ],
    [
      "the provider has yet to authorize another session after a payment was canceled",
      facts({ sessions: ["pending_authorization"], payments: [givenUp()] }),
      "awaiting",
    ],

    ["all is authorized", facts({ sessions: ["authorized"], payments: [held(100n)] }), "authorized"],
    ["more is authorized than asked for", facts({ payments: [held(101n)] }), "authorized"],
    ["two payments are authorized for all of it", facts({ payments: [held(60n), held(40n)] }), "authorized"],
    ["one minor unit is not authorized", facts({ payments: [held(99n)] }), "partially_authorized"],
    ["two payments lack one minor unit", facts({ payments: [held(60n), held(39n)] }), "partially_authorized"],
    [
      "a part is authorized, the rest has yet to be",
      facts({ sessions: ["authorized", "pending_authorization"], payments: [held(60n)] }),
      "partially_authorized",
    ],
    [
      "one of two payments was canceled before anything was captured",
      facts({ payments: [held(60n), givenUp()] }),
      "partially_authorized",
    ],
    [
      "one of two payments was canceled after a capture, and the other holds the rest",
      facts({ payments: [givenUp(20n), held(80n)] }),
      "authorized",
    ],

    ["a part was captured", facts({ payments: [held(100n, 40n)] }), "authorized"],
    ["all but one minor unit was captured", facts({ payments: [held(100n, 99n)] }), "authorized"],
    [
      "all that was authorized was captured, but not all is",
      facts({ payments: [held(60n, 60n)] }),
      "partially_authorized",
    ],
    ["all was captured", facts({ payments: [held(100n, 100n)] }), "completed"],
    ["more than all was captured", facts({ payments: [held(120n, 120n)] }), "completed"],
    ["two payments captured all of it", facts({ payments: [held(60n, 60n), held(40n, 40n)] }), "completed"],
    ["one of two payments was captured", facts({ payments: [held(60n, 60n), held(40n)] }), "authorized"],
    [
      "a payment was canceled, and another captured all",
      facts({ payments: [givenUp(), held(100n, 100n)] }),
      "completed",
    ],
    [
      "captures of a canceled payment and of another add up",
      facts({ payments: [givenUp(20n), held(80n, 80n)] }),
      "completed",
    ],

    ["all was refunded before all was captured", facts({ payments: [held(100n, 40n, 40n)] }), "authorized"],
    ["all was captured and all refunded", facts({ payments: [held(100n, 100n, 100n)] }), "completed"],
    ["what a canceled payment captured was refunded", facts({ payments: [givenUp(40n, 40n)] }), "partially_captured"],

    ["the payment was canceled", facts({ status: "authorized", payments: [givenUp()] }), "canceled"],
    [
      "the payment of a part was canceled",
      facts({ status: "partially_authorized", payments: [givenUp()] }),
      "canceled",
    ],
    ["it was canceled before", facts({ status: "canceled", payments: [givenUp()] }), "canceled"],
    ["all payments were canceled", facts({ status: "authorized", payments: [givenUp(), givenUp()] }), "canceled"],
    [
      "the payment was canceled, and its session says so",
      facts({ status: "authorized", sessions: ["canceled"], payments: [givenUp()] }),
      "canceled",
    ],
    [
      "the payment of a part was canceled while another session is open",
      facts({ status: "partially_authorized", sessions: ["pending"], payments: [givenUp()] }),
      "not_paid",
    ],
    [
      "the payment of a part was canceled while another session failed",
      facts({ status: "partially_authorized", sessions: ["error"], payments: [givenUp()] }),
      "not_paid",
    ],
    [
      "the payment of a part was canceled while a provider has yet to authorize the rest",
      facts({ status: "partially_authorized", sessions: ["pending_authorization"], payments: [givenUp()] }),
      "awaiting",
    ],
    [
      "the session that was open when the payment was canceled is dropped",
      facts({ status: "not_paid", payments: [givenUp()] }),
      "not_paid",
    ],
    [
      "the session that a provider had yet to authorize when the payment was canceled is dropped",
      facts({ status: "awaiting", payments: [givenUp()] }),
      "not_paid",
    ],
    ["the payment was canceled after a capture", facts({ payments: [givenUp(40n)] }), "partially_captured"],
    ["the payment was canceled after one minor unit", facts({ payments: [givenUp(1n)] }), "partially_captured"],
    [
      "the payment was canceled after a capture, and its session stays",
      facts({ sessions: ["authorized"], payments: [givenUp(40n)] }),
      "partially_captured",
    ],
    [
      "one payment was canceled after a capture, another before",
      facts({ payments: [givenUp(40n), givenUp()] }),
      "partially_captured",
    ],
    [
      "the payment was canceled after a capture, and another session waits",
      facts({ sessions: ["authorized", "pending"], payments: [givenUp(40n)] }),
      "partially_captured",
    ],
    [
      "the payment was canceled after a capture, and another session asks the shopper for more",
      facts({ sessions: ["requires_more"], payments: [givenUp(40n)] }),
      "partially_captured",
    ],
    [
      "the payment was canceled after a capture, and another session failed",
      facts({ sessions: ["error"], payments: [givenUp(40n)] }),
      "partially_captured",
    ],
    [
      "the payment was canceled after a capture, and a provider has yet to authorize another session",
      facts({ sessions: ["pending_authorization"], payments: [givenUp(40n)] }),
      "awaiting",
    ],
    [
      "the payment was canceled after a capture, and the session that was open is dropped",
      facts({ status: "partially_authorized", sessions: ["authorized"], payments: [givenUp(40n)] }),
      "partially_captured",
    ],
    ["canceled payments have captured all of it", facts({ payments: [givenUp(60n), givenUp(40n)] }), "completed"],

    ["nothing is to be paid, and nothing was begun", facts({ amount: 0n }), "not_paid"],
    ["nothing is to be paid, and a session waits", facts({ amount: 0n, sessions: ["pending"] }), "not_paid"],
    ["nothing is to be paid, and that is authorized", facts({ amount: 0n, payments: [held(0n)] }), "completed"],
    [
      "nothing is to be paid any more, after a part was canceled",
      facts({ amount: 0n, payments: [givenUp()] }),
      "not_paid",
    ],
    [
      "nothing is to be paid any more, after a part was canceled, and a session waits",
      facts({ amount: 0n, sessions: ["pending"], payments: [givenUp()] }),
      "not_paid",
    ],
    [
      "nothing is to be paid any more, after a part was canceled, and that is authorized",
      facts({ amount: 0n, sessions: ["authorized"], payments: [givenUp(), held(0n)] }),
      "completed",
    ],

    ["it was completed, whatever came after", facts({ completed_at: THEN }), "completed"],
    ["it was completed, then refunded", facts({ completed_at: THEN, payments: [held(100n, 100n, 60n)] }), "completed"],
    ["it was completed, then canceled", facts({ completed_at: THEN, payments: [givenUp()] }), "completed"],
    [
      "it was completed, and a session is open",
      facts({ completed_at: THEN, sessions: ["pending_authorization"] }),
      "completed",
    ],
    ["it was completed, and the amount grew", facts({ amount: 500n, completed_at: THEN }), "completed"],
  ])("when %s", (_, collection, status) => {
    expect(statusOf(collection)).toBe(status)
  })

  it.each(COLLECTION_STATUSES)("once nothing is held and no session is open, from %s", (status) => {
    const expected = HELD.includes(status) ? "canceled" : "not_paid"
    expect(statusOf(facts({ status, payments: [givenUp()] }))).toBe(expected)
  })

  it("is completed once it was, or as soon as the captures reach the amount, and never else", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const { captured_amount } = totalsOf(collection)
        const isPaid = captured_amount >= collection.amount
        expect(statusOf(collection) === "completed").toBe(collection.completed_at !== null || isPaid)
      }),
    )
  })

  it("of nothing is completed while a payment holds, or once it was, and never else", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const isCompleted = collection.completed_at !== null || collection.payments.some(isHeld)
        expect(statusOf({ ...collection, amount: 0n }) === "completed").toBe(isCompleted)
      }),
    )
  })

  it("depends on where it stood in one thing alone: whether giving up cancels it", () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(...COLLECTION_STATUSES), (collection, other) => {
        const [status, instead] = [statusOf(collection), statusOf({ ...collection, status: other })]
        if (status === instead) return
        expect([status, instead].sort()).toEqual(["canceled", "not_paid"])
        const canceled = status === "canceled" ? collection.status : other
        expect(HELD).toContain(canceled)
      }),
    )
  })

  it("says the same again while nothing moves", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const status = statusOf(collection)
        expect(statusOf({ ...collection, status })).toBe(status)
      }),
    )
  })

  it("is not canceled by sessions that go", () => {
    fc.assert(
      fc.property(anyFacts, fc.func(fc.boolean()), (collection, stays) => {
        const status = statusOf(collection)
        fc.pre(status !== "canceled")
        const sessions = collection.sessions.filter((_, index) => stays(index))
        expect(statusOf({ ...collection, status, sessions })).not.toBe("canceled")
      }),
    )
  })

  it("is never changed by a refund", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const payments = collection.payments.map((payment) => ({
          ...payment,
          refunded_amount: payment.captured_amount,
        }))
        expect(statusOf({ ...collection, payments })).toBe(statusOf(collection))
      }),
    )
  })

  it("does not depend on the order of its sessions and payments", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const { sessions, payments } = collection
        const reversed = { sessions: [...sessions].reverse(), payments: [...payments].reverse() }
        expect(statusOf({ ...collection, ...reversed })).toBe(statusOf(collection))
      }),
    )
  })

  it("is awaiting only while a provider has yet to authorize a session", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const waits = collection.sessions.some(({ status }) => status === "pending_authorization")
        expect(waits || statusOf(collection) !== "awaiting").toBe(true)
      }),
    )
  })

  it("says by every word what the payments hold", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const { amount, payments, sessions } = collection
        const { authorized_amount, captured_amount } = totalsOf(collection)
        const holds = payments.some(isHeld)
        const mayBePaid = sessions.some(isOpen)
        switch (statusOf(collection)) {
          case "authorized":
            expect([holds, authorized_amount >= amount]).toEqual([true, true])
            break
          case "partially_authorized":
            expect([holds, authorized_amount < amount]).toEqual([true, true])
            break
          case "partially_captured":
            expect([holds, captured_amount > 0n, captured_amount < amount]).toEqual([false, true, true])
            break
          case "canceled":
            expect([holds, mayBePaid, captured_amount, payments.length > 0]).toEqual([false, false, 0n, true])
            expect(HELD).toContain(collection.status)
            break
          case "not_paid":
            expect([holds, captured_amount]).toEqual([false, 0n])
            break
          case "awaiting":
            expect(holds).toBe(false)
            break
          case "completed":
          case "failed":
        }
        expect(statusOf(collection)).not.toBe("failed")
      }),
    )
  })
})

describe("the totals of a collection", () => {
  it.each<[string, PaymentFacts[], [bigint, bigint, bigint]]>([
    ["no payments", [], [0n, 0n, 0n]],
    ["one payment", [held(100n, 40n, 10n)], [100n, 40n, 10n]],
    ["several payments", [held(60n, 60n, 5n), held(40n, 10n, 10n)], [100n, 70n, 15n]],
    ["a canceled payment, by what it captured", [givenUp(40n, 10n), held(60n)], [100n, 40n, 10n]],
    ["more than a double can count", [held(2n ** 53n), held(1n)], [2n ** 53n + 1n, 0n, 0n]],
  ])("are the sums over %s", (_, payments, [authorized_amount, captured_amount, refunded_amount]) => {
    expect(totalsOf({ payments })).toEqual({ authorized_amount, captured_amount, refunded_amount })
  })

  it("never say that more was captured than authorized, or refunded than captured", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const { authorized_amount, captured_amount, refunded_amount } = totalsOf(collection)
        expect(captured_amount <= authorized_amount && refunded_amount <= captured_amount).toBe(true)
      }),
    )
  })
})

describe("following the cart", () => {
  it.each(COLLECTION_STATUSES)("is for a collection that is %s, if that says that nothing is authorized", (status) => {
    const follows = ["not_paid", "awaiting", "failed"].includes(status)
    expect(mayFollowCart({ status, authorized_amount: 0n })).toBe(follows)
    expect(FOLLOWING_STATUSES.includes(status)).toBe(follows)
  })

  it.each(COLLECTION_STATUSES)("is not for a collection that is %s and has one minor unit authorized", (status) => {
    expect(mayFollowCart({ status, authorized_amount: 1n })).toBe(false)
  })

  const follows = (collection: CollectionFacts) =>
    mayFollowCart({ ...totalsOf(collection), status: statusOf(collection) })

  it.each<[string, CollectionFacts, boolean]>([
    ["nothing was begun", facts(), true],
    ["a provider has yet to authorize a session", facts({ sessions: ["pending_authorization"] }), true],
    ["a part is authorized", facts({ payments: [held(60n)] }), false],
    [
      "the payment of a part was canceled while another session was open",
      facts({ status: "partially_authorized", sessions: ["pending"], payments: [givenUp()] }),
      true,
    ],
    ["and that session is dropped", facts({ payments: [givenUp()] }), true],
    ["everything was given up", facts({ status: "authorized", payments: [givenUp()] }), false],
    [
      "a part was captured, the payment canceled, and a second session waits",
      facts({ status: "partially_authorized", sessions: ["pending"], payments: [givenUp(40n)] }),
      false,
    ],
    [
      "a part was captured, the payment canceled, and a second session is pending asynchronously",
      facts({ status: "partially_authorized", sessions: ["pending_authorization"], payments: [givenUp(40n)] }),
      false,
    ],
    ["what was captured was refunded, and the rest given up", facts({ payments: [givenUp(40n, 40n)] }), false],
    ["nothing is to be paid any more", facts({ amount: 0n, payments: [givenUp()] }), true],
    ["nothing was to be paid, and that is authorized", facts({ amount: 0n, payments: [held(0n)] }), false],
  ])("when %s", (_, collection, expected) => {
    expect(follows(collection)).toBe(expected)
  })

  it("is for collections that hold nothing, took nothing and are not over, and for all of them", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const { payments } = collection
        const isUntouched = payments.every((payment) => !isHeld(payment) && payment.captured_amount === 0n)
        const isOver = ["canceled", "completed"].includes(statusOf(collection))
        expect(follows(collection)).toBe(isUntouched && !isOver)
      }),
    )
  })
})

describe("a collection that was complete with nothing to pay", () => {
  const outgrown = (total: bigint, completed_at: Date | null = null, amount = 0n) =>
    isOutgrown({ amount, status: "completed" }, { total, completed_at })

  it("makes way once its cart costs something, and else stays", () => {
    expect(outgrown(1n)).toBe(true)
    expect([outgrown(0n), outgrown(1n, THEN), outgrown(2n, null, 1n)]).toEqual([false, false, false])
    expect(isOutgrown({ amount: 0n, status: "completed" }, undefined)).toBe(false)
    expect(isOutgrown({ amount: 0n, status: "not_paid" }, { total: 1n, completed_at: null })).toBe(false)
  })
})

describe("what is left to pay", () => {
  const toPay = (status: (typeof COLLECTION_STATUSES)[number], authorized_amount = 0n, amount = 100n) =>
    amountToPay({ amount, status, authorized_amount })

  it.each([
    ["not_paid", 0n, 100n],
    ["awaiting", 0n, 100n],
    ["failed", 0n, 100n],
    ["partially_authorized", 60n, 40n],
    ["partially_authorized", 99n, 1n],
    ["awaiting", 40n, 60n],
    ["partially_captured", 40n, 60n],
  ] as const)("of a collection of 100 that is %s, with %p authorized, is %p", (status, authorized, left) => {
    expect(toPay(status, authorized)).toBe(left)
  })

  it("may be nothing, where nothing is to be paid", () => {
    expect(toPay("not_paid", 0n, 0n)).toBe(0n)
  })

  it.each([
    ["authorized", "authorized in full. Nothing is left to pay."],
    ["canceled", "canceled. Create a new one for the cart."],
    ["completed", "paid in full. Nothing is left to pay."],
  ] as const)("is refused once the collection is %s, saying why", (status, reason) => {
    expect(() => toPay(status, 100n)).toThrow(
      expect.objectContaining({ kind: "not_allowed", message: expect.stringContaining(reason) }),
    )
  })

  it.each([
    ["authorized", 100n, 150n, 50n],
    ["partially_authorized", 60n, 150n, 90n],
    ["partially_captured", 40n, 41n, 1n],
  ] as const)(
    "of one that is %s with %p authorized and can be raised to %p is %p",
    (status, authorized, amount, rest) => {
      expect(toPay(status, authorized, amount)).toBe(rest)
    },
  )

  it.each(["partially_authorized", "partially_captured", "awaiting"] as const)(
    "is refused when the cart of one that is %s has shrunk to what is authorized",
    (status) => {
      expect(() => toPay(status, 60n, 60n)).toThrow(
        expect.objectContaining({ kind: "not_allowed", message: expect.stringContaining("Nothing is left to pay") }),
      )
    },
  )

  it("is refused for a completed collection whose cart costs more by now, naming the route for another collection", () => {
    const pay = () => amountToPay({ amount: 100n, status: "completed", authorized_amount: 100n }, 1n)
    expect(pay).toThrow(
      expect.objectContaining({
        kind: "not_allowed",
        message: expect.stringContaining("POST /admin/payment-collections"),
      }),
    )
  })

  it("completes the authorization exactly, wherever it may be paid", () => {
    fc.assert(
      fc.property(anyFacts, (collection) => {
        const status = statusOf(collection)
        const isRefused = ["authorized", "canceled", "completed"].includes(status)
        const pay = () => amountToPay({ ...totalsOf(collection), amount: collection.amount, status })
        if (isRefused) {
          expect(pay).toThrow(expect.objectContaining({ kind: "not_allowed" }))
          return
        }
        expect(pay()).toBeGreaterThan(0n)
        expect(pay() + totalsOf(collection).authorized_amount).toBe(collection.amount)
        // Held by one more payment, all of it is authorized.
        const payments = [...collection.payments, held(pay())]
        expect(statusOf({ ...collection, payments })).toBe("authorized")
      }),
    )
  })
})

describe("what is outstanding", () => {
  it.each<[string, bigint, bigint, [bigint, string] | undefined, bigint]>([
    ["a cart of which nothing is authorized", 100n, 0n, [100n, "eur"], 100n],
    ["a cart that outgrew what is authorized", 100n, 100n, [50_000n, "eur"], 49_900n],
    ["a cart that costs exactly what is authorized", 100n, 100n, [100n, "eur"], 0n],
    ["a cart that costs less than what is authorized", 100n, 100n, [40n, "eur"], 0n],
    ["a cart that has become free", 100n, 0n, [0n, "eur"], 0n],
    ["a cart in another currency, which cannot be subtracted from", 100n, 30n, [50_000n, "usd"], 70n],
    ["no cart", 100n, 30n, undefined, 70n],
    ["no cart, with more authorized than asked for", 100n, 130n, undefined, 0n],
  ])("of %s", (_, amount, authorized, cart, outstanding) => {
    const price = cart && { total: cart[0], currency_code: cart[1] }
    expect(outstandingOf({ amount, currency_code: "eur" }, authorized, price)).toBe(outstanding)
  })
})

describe("the amount that a session may bring a collection to", () => {
  const bringsTo = (status: CollectionStatus, authorized: bigint, total: bigint, currency_code = "eur") =>
    amountFor({ amount: 100n, currency_code: "eur", status }, authorized, { total, currency_code })

  it.each(COLLECTION_STATUSES)("is the cart's total while it is %s, unless it is over", (status) => {
    const isOver = ["completed", "canceled"].includes(status)
    expect(bringsTo(status, 60n, 500n)).toBe(isOver ? 100n : 500n)
    expect(bringsTo(status, 60n, 70n)).toBe(isOver ? 100n : 70n)
  })

  it("never falls below what is authorized", () => {
    expect(bringsTo("partially_authorized", 60n, 59n)).toBe(60n)
    expect(bringsTo("authorized", 100n, 0n)).toBe(100n)
  })

  it("stays with a cart in another currency, and without one", () => {
    expect(bringsTo("authorized", 100n, 500n, "usd")).toBe(100n)
    expect(amountFor({ amount: 100n, currency_code: "eur", status: "authorized" }, 100n, undefined)).toBe(100n)
  })

  it("leaves to pay exactly what is outstanding, if the collection is not over", () => {
    fc.assert(
      fc.property(anyFacts, fc.bigInt(0n, 300n), (facts, total) => {
        const status = statusOf(facts)
        if (["completed", "canceled"].includes(status)) return
        const { authorized_amount } = totalsOf(facts)
        const collection = { amount: facts.amount, currency_code: "eur", status }
        const cart = { total, currency_code: "eur" }
        const rest = amountFor(collection, authorized_amount, cart) - authorized_amount
        expect(rest).toBe(outstandingOf(collection, authorized_amount, cart))
      }),
    )
  })
})

describe("a total that outgrew a collection", () => {
  const reported = (authorized: bigint, total: bigint, currency_code = "eur", completed_at: Date | null = null) =>
    outgrownTotal({ amount: 100n, currency_code: "eur" }, authorized, { total, currency_code, completed_at })

  it.each<[string, bigint | null, bigint | null]>([
    ["is the total that exceeds the amount", reported(100n, 101n), 101n],
    ["is the total, when only a part is authorized", reported(1n, 101n), 101n],
    ["is none while nothing is authorized", reported(0n, 101n), null],
    ["is none when the amount covers it", reported(100n, 100n), null],
    ["is none when what is authorized covers it", reported(120n, 110n), null],
    ["is none in another currency", reported(100n, 101n, "usd"), null],
    ["is none once the cart is completed", reported(100n, 101n, "eur", THEN), null],
  ])("%s", (_, total, expected) => {
    expect(total).toBe(expected)
  })
})

describe("changing the amount of a collection without a cart", () => {
  const change =
    (status: CollectionStatus, authorized: bigint, amount: bigint, cart_id: string | null = null) =>
    () => {
      assertAmountChangeable({ cart_id, status }, authorized, amount)
    }

  it.each(COLLECTION_STATUSES)("is possible while it is %s, unless it is over", (status) => {
    if (status !== "completed" && status !== "canceled") {
      expect(change(status, 60n, 60n)).not.toThrow()
      expect(change(status, 60n, 1_000n)).not.toThrow()
      return
    }
    expect(change(status, 60n, 1_000n)).toThrow(
      expect.objectContaining({ kind: "not_allowed", message: expect.stringContaining(`is ${status}`) }),
    )
  })

  it("is refused below what is authorized", () => {
    expect(change("partially_authorized", 60n, 59n)).toThrow(
      expect.objectContaining({ kind: "invalid_data", message: expect.stringContaining("below what is authorized") }),
    )
  })

  it("is refused with a cart, and says to change the cart", () => {
    expect(change("not_paid", 0n, 60n, "cart_1")).toThrow(
      expect.objectContaining({ kind: "not_allowed", message: expect.stringContaining("PUT /admin/carts/:id") }),
    )
  })
})
