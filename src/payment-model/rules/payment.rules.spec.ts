import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import {
  cancelVerdict,
  captureVerdict,
  refundVerdict,
  type MoneyRequest,
  type MoneyVerdict,
  type PaymentFacts,
  type Reservation,
} from "./payment.rules.js"

const THEN = new Date("2026-11-22T10:15:30.000Z")

/** A payment of 100 of which nothing was captured, unless said otherwise. */
function payment(about: Partial<PaymentFacts> = {}): PaymentFacts {
  return {
    id: "pay_1",
    currency_code: "eur",
    authorized_amount: 100n,
    captured_amount: 0n,
    refunded_amount: 0n,
    canceled_at: null,
    ...about,
  }
}

/** Operations in progress, by what each would move. */
function underWay(...amounts: bigint[]): Reservation[] {
  return reservedFor("capture", amounts)
}

function reservedFor(kind: Reservation["kind"], amounts: readonly bigint[]): Reservation[] {
  return amounts.map((amount, index) => ({ id: `op_${index + 1}`, kind, amount }))
}

/** A request with an idempotency key of its own: it is a request of its own. */
const keyed = (amount?: bigint): MoneyRequest => ({ amount, hasKey: true })
/** A request without a key: it may be the repeat of another one. */
const unkeyed = (amount?: bigint): MoneyRequest => ({ amount, hasKey: false })

const move = (amount: bigint): MoneyVerdict => ({ verdict: "move", amount })
const join = (operationId = "op_1"): MoneyVerdict => ({ verdict: "join", operationId })
const same = (operationId = "op_1"): MoneyVerdict => ({ verdict: "same", operationId })
const nothingLeft: MoneyVerdict = { verdict: "nothing_left" }

const reservedBy = (reserved: readonly Reservation[]) => reserved.reduce((sum, { amount }) => sum + amount, 0n)

const MULTICAPTURE = true
const SINGLE_CAPTURE = false

const anyAmount = fc.bigInt(1n, 10n ** 15n)
const anyReserved = fc.array(anyAmount, { maxLength: 3 }).map((amounts) => underWay(...amounts))
const anyRequest = fc.option(anyAmount, { nil: undefined })
const nothingOrLess = fc.bigInt(-(10n ** 15n), 0n)

/** What the books can say of a payment that is not canceled. */
const anyPayment: fc.Arbitrary<PaymentFacts> = fc
  .tuple(fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, 10n ** 15n))
  .map(([refunded_amount, more, evenMore]) => {
    const captured_amount = refunded_amount + more
    return payment({ authorized_amount: captured_amount + evenMore, captured_amount, refunded_amount })
  })

/** A verdict, or the kind of the refusal. */
function outcomeOf(decide: () => MoneyVerdict): MoneyVerdict | { verdict: string } {
  try {
    return decide()
  } catch (error) {
    return { verdict: (error as { kind: string }).kind }
  }
}

describe("a capture", () => {
  it.each<[string, Partial<PaymentFacts>, bigint[], bigint | undefined, MoneyVerdict]>([
    ["all, where nothing was captured", {}, [], undefined, move(100n)],
    ["the rest, after a part", { captured_amount: 40n }, [], undefined, move(60n)],
    ["the rest, whatever was refunded", { captured_amount: 40n, refunded_amount: 40n }, [], undefined, move(60n)],
    ["nothing, once everything is captured", { captured_amount: 100n }, [], undefined, nothingLeft],
    ["nothing, by amount, once everything is captured", { captured_amount: 100n }, [], 1n, nothingLeft],
    ["nothing, by more than there was, once everything is captured", { captured_amount: 100n }, [], 101n, nothingLeft],
    ["nothing of nothing", { authorized_amount: 0n }, [], undefined, nothingLeft],
    ["a part", {}, [], 40n, move(40n)],
    ["the last minor unit", { captured_amount: 99n }, [], 1n, move(1n)],
    ["exactly the rest", { captured_amount: 40n }, [], 60n, move(60n)],
    ["what a call under way leaves", {}, [40n], undefined, move(60n)],
    ["what several calls under way leave", { captured_amount: 10n }, [40n, 20n], undefined, move(30n)],
    ["a part beside a call under way", {}, [40n], 60n, move(60n)],
    ["its turn, when one minor unit is under way by another", {}, [40n], 61n, join()],
    ["its turn, when all is under way", {}, [100n], undefined, join()],
    ["its turn, when all the rest is under way", { captured_amount: 30n }, [70n], undefined, join()],
    ["its turn behind the first of several", {}, [50n, 50n], 1n, join("op_1")],
    ["its turn, by more than the rest, when all the rest is under way", {}, [60n, 40n], 101n, join("op_1")],
    ["its turn, when calls under way claim more than the rest", { captured_amount: 40n }, [100n], undefined, join()],
  ])("takes %s", (_, about, reserved, requested, verdict) => {
    expect(captureVerdict(payment(about), underWay(...reserved), keyed(requested), MULTICAPTURE)).toEqual(verdict)
  })

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint]>([
    ["more than is authorized", {}, [], 101n],
    ["one minor unit more than the rest", { captured_amount: 40n }, [], 61n],
    ["anything of a payment of nothing", { authorized_amount: 0n }, [], 1n],
    ["more than the rest, whatever leaves something of it", {}, [40n], 101n],
  ])("refuses %s", (_, about, reserved, requested) => {
    expect(() => captureVerdict(payment(about), underWay(...reserved), keyed(requested), MULTICAPTURE)).toThrow(
      expect.objectContaining({
        kind: "invalid_data",
        message: "You cannot capture more than the authorized amount substracted by what is already captured.",
      }),
    )
  })

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint, boolean]>([
    ["nothing", {}, [], 0n, MULTICAPTURE],
    ["less than nothing", {}, [], -1n, MULTICAPTURE],
    ["nothing, once everything is captured", { captured_amount: 100n }, [], 0n, MULTICAPTURE],
    ["nothing of nothing", { authorized_amount: 0n }, [], 0n, MULTICAPTURE],
    ["nothing beside a call under way", {}, [40n], 0n, MULTICAPTURE],
    ["nothing, when all is under way", {}, [100n], 0n, MULTICAPTURE],
    ["nothing with a provider that captures once", {}, [], 0n, SINGLE_CAPTURE],
    ["less than nothing with a provider that captures once", {}, [], -1n, SINGLE_CAPTURE],
    ["nothing beside a call under way, with a provider that captures once", {}, [40n], 0n, SINGLE_CAPTURE],
  ])("refuses %s by name, and waits for no call", (_, about, reserved, requested, multicapture) => {
    expect(() => captureVerdict(payment(about), underWay(...reserved), keyed(requested), multicapture)).toThrow(
      expect.objectContaining({ kind: "invalid_data", message: "Capture amount must be greater than 0." }),
    )
  })

  it("of nothing or less is refused, whatever was captured and is under way", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, nothingOrLess, (facts, reserved, requested) => {
        const outcome = outcomeOf(() => captureVerdict(facts, reserved, keyed(requested), MULTICAPTURE))
        expect(outcome.verdict).toBe("invalid_data")
      }),
    )
  })

  it.each<[string, Partial<PaymentFacts>, boolean]>([
    ["a provider that captures often", {}, MULTICAPTURE],
    ["a provider that captures often, after a part", { captured_amount: 40n }, MULTICAPTURE],
    ["a provider that captures once, and did not", {}, SINGLE_CAPTURE],
  ])("refuses a canceled payment with %s", (_, about, multicapture) => {
    for (const requested of [undefined, 1n]) {
      expect(() =>
        captureVerdict(payment({ ...about, canceled_at: THEN }), [], keyed(requested), multicapture),
      ).toThrow(expect.objectContaining({ kind: "invalid_data", message: "The payment: pay_1 has been canceled." }))
    }
  })

  describe("with a provider that captures once", () => {
    it.each<[string, Partial<PaymentFacts>, bigint[], bigint | undefined, MoneyVerdict]>([
      ["all", {}, [], undefined, move(100n)],
      ["a part", {}, [], 40n, move(40n)],
      ["nothing, once everything is captured", { captured_amount: 100n }, [], undefined, nothingLeft],
      ["nothing, by amount, once everything is captured", { captured_amount: 100n }, [], 100n, nothingLeft],
      ["its turn, whatever a call under way leaves", {}, [40n], 1n, join()],
      ["its turn, where it says no amount", {}, [40n], undefined, join()],
    ])("takes %s", (_, about, reserved, requested, verdict) => {
      expect(captureVerdict(payment(about), underWay(...reserved), keyed(requested), SINGLE_CAPTURE)).toEqual(verdict)
    })

    it("is over after a part: the rest has been given up", () => {
      const captured = payment({ authorized_amount: 40n, captured_amount: 40n, canceled_at: THEN })
      for (const requested of [undefined, 1n]) {
        expect(() => captureVerdict(captured, [], keyed(requested), SINGLE_CAPTURE)).toThrow(
          expect.objectContaining({
            kind: "not_allowed",
            message:
              "The payment: pay_1 was captured in part, which is final with its provider: the rest was released.",
          }),
        )
      }
    })

    it("never moves money beside another call", () => {
      fc.assert(
        fc.property(anyPayment, anyReserved, anyRequest, (facts, reserved, requested) => {
          fc.pre(reserved.length > 0)
          expect(captureVerdict(facts, reserved, keyed(requested), SINGLE_CAPTURE)).toEqual(join())
        }),
      )
    })
  })

  it("moves something, and with all that is reserved never more than the rest", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, anyRequest, fc.boolean(), (facts, reserved, requested, multicapture) => {
        const outcome = outcomeOf(() => captureVerdict(facts, reserved, keyed(requested), multicapture))
        if (!("amount" in outcome)) return
        expect(outcome.amount).toBeGreaterThan(0n)
        expect(outcome.amount).toBe(requested ?? outcome.amount)
        expect(outcome.amount + reservedBy(reserved)).toBeLessThanOrEqual(
          facts.authorized_amount - facts.captured_amount,
        )
      }),
    )
  })

  it("is granted to the last minor unit of the rest, and to no more", () => {
    fc.assert(
      fc.property(anyPayment, (facts) => {
        const rest = facts.authorized_amount - facts.captured_amount
        fc.pre(rest > 0n)
        expect(captureVerdict(facts, [], keyed(rest), MULTICAPTURE)).toEqual(move(rest))
        expect(outcomeOf(() => captureVerdict(facts, [], keyed(rest + 1n), MULTICAPTURE)).verdict).toBe("invalid_data")
      }),
    )
  })

  it("beyond the rest is refused for good, unless what is under way captures all of it", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, anyAmount, (facts, reserved, excess) => {
        fc.pre(facts.authorized_amount - facts.captured_amount > reservedBy(reserved))
        const requested = facts.authorized_amount - facts.captured_amount + excess
        const outcome = outcomeOf(() => captureVerdict(facts, reserved, keyed(requested), MULTICAPTURE))
        expect(outcome.verdict).toBe("invalid_data")
      }),
    )
  })

  it("never says that nothing is left while a call may still give it back", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, anyRequest, fc.boolean(), (facts, reserved, requested, multicapture) => {
        fc.pre(reserved.length > 0)
        const outcome = outcomeOf(() => captureVerdict(facts, reserved, keyed(requested), multicapture))
        expect(outcome.verdict).not.toBe("nothing_left")
      }),
    )
  })
})

describe("a request that equals one in progress", () => {
  const captured = { captured_amount: 100n }

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint | undefined]>([
    ["for an amount", {}, [40n], 40n],
    ["for all the rest, by amount", {}, [100n], 100n],
    ["for all the rest, with no amount", {}, [100n], undefined],
    ["for the rest after a part, with no amount", { captured_amount: 30n }, [70n], undefined],
    ["for more than is left by now", { captured_amount: 70n }, [40n], 40n],
    ["whose payment was canceled meanwhile", { authorized_amount: 0n, canceled_at: THEN }, [40n], 40n],
  ])("waits for the capture %s", (_, about, reserved, requested) => {
    for (const multicapture of [MULTICAPTURE, SINGLE_CAPTURE]) {
      const operations = reservedFor("capture", reserved)
      expect(captureVerdict(payment(about), operations, unkeyed(requested), multicapture)).toEqual(same())
    }
  })

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint | undefined]>([
    ["for an amount", captured, [40n], 40n],
    ["for all the rest, by amount", captured, [100n], 100n],
    ["for all the rest, with no amount", { ...captured, refunded_amount: 30n }, [70n], undefined],
    ["for more than is left by now", { ...captured, refunded_amount: 70n }, [40n], 40n],
  ])("waits for the refund %s", (_, about, reserved, requested) => {
    expect(refundVerdict(payment(about), reservedFor("refund", reserved), unkeyed(requested))).toEqual(same())
  })

  it("waits for the one of its amount among several", () => {
    const reserved = reservedFor("refund", [10n, 20n, 20n])
    expect(refundVerdict(payment(captured), reserved, unkeyed(20n))).toEqual(same("op_2"))
  })

  it("does not take a cancellation of the same amount for a capture", () => {
    const canceling = reservedFor("cancel_payment", [100n])
    expect(captureVerdict(payment(), canceling, unkeyed(100n), MULTICAPTURE)).toEqual(join())
    expect(captureVerdict(payment(), canceling, unkeyed(), MULTICAPTURE)).toEqual(join())
  })

  it("moves money of its own with a key of its own, as long as there is any", () => {
    expect(captureVerdict(payment(), underWay(40n), keyed(40n), MULTICAPTURE)).toEqual(move(40n))
    expect(refundVerdict(payment(captured), reservedFor("refund", [40n]), keyed(40n))).toEqual(move(40n))
  })

  it("never moves its amount a second time without a key", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, anyRequest, fc.boolean(), (facts, reserved, requested, multicapture) => {
        const outcome = outcomeOf(() => captureVerdict(facts, reserved, unkeyed(requested), multicapture))
        const wanted = requested ?? facts.authorized_amount - facts.captured_amount
        const isEqual = reserved.some(({ amount }) => amount === wanted)
        expect(outcome.verdict === "same").toBe(isEqual)
        if (!isEqual)
          expect(outcome).toEqual(outcomeOf(() => captureVerdict(facts, reserved, keyed(requested), multicapture)))
      }),
    )
  })
})

describe("a refund", () => {
  it.each<[string, Partial<PaymentFacts>, bigint[], bigint | undefined, MoneyVerdict]>([
    ["all that was captured", { captured_amount: 100n }, [], undefined, move(100n)],
    ["all that was captured, not what is authorized", { captured_amount: 40n }, [], undefined, move(40n)],
    ["what was not given back yet", { captured_amount: 40n, refunded_amount: 10n }, [], undefined, move(30n)],
    ["a part", { captured_amount: 40n }, [], 15n, move(15n)],
    ["exactly the rest", { captured_amount: 40n, refunded_amount: 10n }, [], 30n, move(30n)],
    ["what a call under way leaves", { captured_amount: 40n }, [15n], undefined, move(25n)],
    ["a part beside a call under way", { captured_amount: 40n }, [15n], 25n, move(25n)],
    ["its turn, when one minor unit is under way by another", { captured_amount: 40n }, [15n], 26n, join()],
    ["its turn, when all is under way", { captured_amount: 40n }, [40n], undefined, join()],
    ["its turn behind the first of several", { captured_amount: 40n }, [20n, 20n], 5n, join("op_1")],
  ])("gives back %s", (_, about, reserved, requested, verdict) => {
    expect(refundVerdict(payment(about), underWay(...reserved), keyed(requested))).toEqual(verdict)
  })

  it("gives back what a canceled payment captured", () => {
    const canceled = payment({ authorized_amount: 40n, captured_amount: 40n, canceled_at: THEN })
    expect(refundVerdict(canceled, [], keyed())).toEqual(move(40n))
    expect(refundVerdict(canceled, [], keyed(15n))).toEqual(move(15n))
  })

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint]>([
    ["more than was captured", { captured_amount: 40n }, [], 41n],
    ["one minor unit more than was not given back yet", { captured_amount: 40n, refunded_amount: 10n }, [], 31n],
    ["what is authorized and not captured", {}, [], 1n],
    ["anything by name, once everything was given back", { captured_amount: 40n, refunded_amount: 40n }, [], 1n],
    ["more than was captured, whatever is under way", { captured_amount: 40n }, [15n], 41n],
  ])("refuses %s", (_, about, reserved, requested) => {
    expect(() => refundVerdict(payment(about), underWay(...reserved), keyed(requested))).toThrow(
      expect.objectContaining({
        kind: "invalid_data",
        message: "You are not allowed to refund more than the captured amount",
      }),
    )
  })

  it.each<[string, Partial<PaymentFacts>, bigint[], bigint]>([
    ["nothing", { captured_amount: 40n }, [], 0n],
    ["less than nothing", { captured_amount: 40n }, [], -1n],
    ["nothing of nothing", {}, [], 0n],
    ["nothing, once everything was given back", { captured_amount: 40n, refunded_amount: 40n }, [], 0n],
    ["nothing beside a call under way", { captured_amount: 40n }, [15n], 0n],
    ["nothing, when all is under way", { captured_amount: 40n }, [40n], 0n],
    ["nothing of a canceled payment", { authorized_amount: 40n, captured_amount: 40n, canceled_at: THEN }, [], 0n],
  ])("refuses %s by name, and waits for no call", (_, about, reserved, requested) => {
    expect(() => refundVerdict(payment(about), underWay(...reserved), keyed(requested))).toThrow(
      expect.objectContaining({ kind: "invalid_data", message: "Refund amount must be greater than 0." }),
    )
  })

  it("of nothing or less is refused, whatever was captured and is under way", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, nothingOrLess, (facts, reserved, requested) => {
        expect(outcomeOf(() => refundVerdict(facts, reserved, keyed(requested))).verdict).toBe("invalid_data")
      }),
    )
  })

  it.each<[string, Partial<PaymentFacts>]>([
    ["nothing was captured", {}],
    ["everything was given back", { captured_amount: 40n, refunded_amount: 40n }],
  ])("is refused when %s", (_, about) => {
    expect(() => refundVerdict(payment(about), [], keyed())).toThrow(
      expect.objectContaining({
        kind: "invalid_data",
        message: "You cannot refund more than what is captured on the payment.",
      }),
    )
  })

  it("moves something, and with all that is reserved never more than was captured", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, anyRequest, (facts, reserved, requested) => {
        const outcome = outcomeOf(() => refundVerdict(facts, reserved, keyed(requested)))
        expect(outcome.verdict).not.toBe("nothing_left")
        if (!("amount" in outcome)) return
        expect(outcome.amount).toBeGreaterThan(0n)
        expect(outcome.amount).toBe(requested ?? outcome.amount)
        expect(facts.refunded_amount + outcome.amount + reservedBy(reserved)).toBeLessThanOrEqual(facts.captured_amount)
      }),
    )
  })

  it("is granted to the last minor unit that was captured, and to no more", () => {
    fc.assert(
      fc.property(anyPayment, (facts) => {
        const rest = facts.captured_amount - facts.refunded_amount
        fc.pre(rest > 0n)
        expect(refundVerdict(facts, [], keyed(rest))).toEqual(move(rest))
        expect(outcomeOf(() => refundVerdict(facts, [], keyed(rest + 1n))).verdict).toBe("invalid_data")
      }),
    )
  })
})

describe("a cancellation", () => {
  it.each<[string, Partial<PaymentFacts>, bigint[], MoneyVerdict]>([
    ["all, where nothing was captured", {}, [], move(100n)],
    ["the rest, after a part", { captured_amount: 40n }, [], move(60n)],
    ["the last minor unit", { captured_amount: 99n }, [], move(1n)],
    ["nothing, once it was canceled", { canceled_at: THEN }, [], nothingLeft],
    ["nothing, once it was canceled after a part", { captured_amount: 40n, canceled_at: THEN }, [], nothingLeft],
    ["nothing of a canceled payment, whatever is under way", { canceled_at: THEN }, [40n], nothingLeft],
    [
      "nothing of a payment of nothing that was canceled",
      { authorized_amount: 0n, canceled_at: THEN },
      [],
      nothingLeft,
    ],
    ["its turn, while money is being captured", {}, [40n], join()],
    ["its turn, while another cancellation is in progress", {}, [100n], join()],
    ["its turn, while the last of it is being captured", { captured_amount: 40n }, [30n, 30n], join()],
  ])("gives up %s", (_, about, reserved, verdict) => {
    expect(cancelVerdict(payment(about), underWay(...reserved))).toEqual(verdict)
  })

  it.each<[string, Partial<PaymentFacts>, string]>([
    [
      "once everything was captured",
      { captured_amount: 100n },
      "The payment: pay_1 has been captured in full. Refund it instead.",
    ],
    [
      "once everything was captured and given back",
      { captured_amount: 100n, refunded_amount: 100n },
      "The payment: pay_1 has been captured in full. Refund it instead.",
    ],
    ["of a payment of nothing", { authorized_amount: 0n }, "The payment: pay_1 holds nothing to give up."],
  ])("is refused %s, saying why", (_, about, message) => {
    expect(() => cancelVerdict(payment(about), [])).toThrow(expect.objectContaining({ kind: "not_allowed", message }))
  })

  it("gives up exactly what is not captured, and never beside another call", () => {
    fc.assert(
      fc.property(anyPayment, anyReserved, (facts, reserved) => {
        const outcome = outcomeOf(() => cancelVerdict(facts, reserved))
        if (!("amount" in outcome)) return
        expect(reserved).toEqual([])
        expect(outcome.amount).toBe(facts.authorized_amount - facts.captured_amount)
        expect(outcome.amount).toBeGreaterThan(0n)
      }),
    )
  })

  it("leaves nothing to a capture that comes while it is under way", () => {
    fc.assert(
      fc.property(anyPayment, anyAmount, fc.boolean(), (facts, requested, multicapture) => {
        const rest = facts.authorized_amount - facts.captured_amount
        fc.pre(rest > 0n && requested <= rest)
        const canceling = reservedFor("cancel_payment", [rest])
        expect(captureVerdict(facts, canceling, keyed(requested), multicapture)).toEqual(join())
        expect(captureVerdict(facts, canceling, keyed(), multicapture)).toEqual(join())
      }),
    )
  })
})
