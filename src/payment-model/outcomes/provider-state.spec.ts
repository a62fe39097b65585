import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import { Aggregate } from "../aggregate.js"
import type { Capture } from "../entities/capture.entity.js"
import type { Dispute } from "../entities/dispute.entity.js"
import { PaymentCollection } from "../entities/payment-collection.entity.js"
import { PaymentOperation } from "../entities/payment-operation.entity.js"
import { PaymentSession } from "../entities/payment-session.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { Refund } from "../entities/refund.entity.js"
import { OPEN_SESSION_STATUSES, type RefundStatus, type SessionStatus } from "../status.js"
import type { DisputeState, PaymentState, RefundState } from "../../payment-providers/contract/index.js"
import { applyToPayment, applyToSession, Contradiction, type Records } from "./provider-state.js"

const NOW = new Date("2026-11-22T11:00:00.000Z")
const eur = (minor: bigint) => ({ minor, currency: "eur" })

function newCollection(): PaymentCollection {
  return Object.assign(new PaymentCollection(), {
    ...{ id: "pay_col_1", cart_id: "cart_1", order_id: null, amount: 1000n, currency_code: "eur" },
    ...{ authorized_amount: 0n, captured_amount: 0n, refunded_amount: 0n, status: "not_paid" },
    ...{ completed_at: null, marking_paid_at: null, version: 1 },
  })
}

function newSession(status: SessionStatus = "pending"): PaymentSession {
  return Object.assign(new PaymentSession(), {
    ...{ id: "payses_1", payment_collection_id: "pay_col_1", provider_id: "pp_one_one", status, deleted_at: null },
    ...{ amount: 1000n, currency_code: "eur", data: { shown: "then" }, private_data: { hidden: "then" } },
  })
}

/** A payment of 10.00 eur of which nothing was captured. */
function newPayment(): Payment {
  return Object.assign(new Payment(), {
    ...{ id: "pay_1", payment_collection_id: "pay_col_1", payment_session_id: "payses_1", provider_id: "pp_one_one" },
    ...{ amount: 1000n, authorized_amount: 1000n, captured_amount: 0n, refunded_amount: 0n, currency_code: "eur" },
    ...{ captured_at: null, canceled_at: null, data: { shown: "then" }, private_data: { hidden: "then" } },
  })
}

function aggregateOf(parts: {
  session: PaymentSession
  payment?: Payment
  captures?: Capture[]
  refunds?: Refund[]
  operations?: PaymentOperation[]
}): Aggregate {
  const { session, payment, captures = [], refunds = [], operations = [] } = parts
  const payments = payment ? [payment] : []
  return new Aggregate(newCollection(), undefined, [session], payments, captures, refunds, operations, [])
}

type Standing = PaymentState["authorization"]

function stateOf(authorization: Standing, about: Partial<PaymentState> = {}): PaymentState {
  return { sessionId: "payses_1", authorization, isClosed: false, refunds: [], disputes: [], ...about }
}

const authorized = (captured = 0n, amount = 1000n): Standing => ({
  status: "authorized",
  amount: eur(amount),
  captured: eur(captured),
})

const refundState = (amount: bigint, about: Partial<RefundState> = {}): RefundState => ({
  id: "re_1",
  amount: eur(amount),
  status: "succeeded",
  ...about,
})

const disputeState = (about: Partial<DisputeState> = {}): DisputeState => ({
  ...{ id: "dp_1", amount: eur(1000n), status: "needs_response", reason: "fraudulent", createdAt: NOW },
  ...about,
})

const NONE: Records = { disputes: [], operations: [] }
const told = ({ changes }: Aggregate) => changes.events.map(({ name }) => name)
const isUnchanged = ({ changes }: Aggregate) => changes.writes.length === 0 && changes.events.length === 0

/** The books after what was changed has been written: the same rows, and nothing new about them. */
function written({ collection, sessions, payments, captures, refunds, operations }: Aggregate): Aggregate {
  return new Aggregate(collection, undefined, sessions, payments, captures, refunds, operations, [])
}

/** Applies a state to a session, and to the payment that comes of it, as is done under the lock. */
function apply(aggregate: Aggregate, state: PaymentState, records: Records = NONE): void {
  const [session] = aggregate.sessions
  if (aggregate.payments.length === 0 && session) applyToSession(aggregate, session, state, NOW)
  const [payment] = aggregate.payments
  if (payment) applyToPayment(aggregate, payment, state, records, NOW)
  aggregate.recompute(NOW)
}

describe("a session", () => {
  it.each<[Standing, SessionStatus, string[]]>([
    [{ status: "pending" }, "pending", []],
    [{ status: "pending", asynchronous: true }, "pending_authorization", ["payment_session.updated"]],
    [{ status: "requires_more" }, "requires_more", ["payment_session.requires_more"]],
    [{ status: "failed" }, "error", ["payment_session.failed"]],
    [{ status: "canceled" }, "canceled", ["payment_session.canceled"]],
    [authorized(), "authorized", ["payment_session.authorized", "payment.authorized"]],
    [authorized(1000n), "authorized", ["payment_session.authorized", "payment.authorized", "payment.captured"]],
  ])("that is %j at the provider becomes %s", (authorization, status, events) => {
    const session = newSession()
    const aggregate = aggregateOf({ session })
    applyToSession(aggregate, session, stateOf(authorization), NOW)
    expect([session.status, told(aggregate)]).toEqual([status, events])
  })

  it("takes on what the provider left, and keeps what it left out", () => {
    const session = newSession()
    const aggregate = aggregateOf({ session })
    applyToSession(aggregate, session, stateOf({ status: "pending" }, { data: { shown: "now" } }), NOW)
    expect(session).toMatchObject({ data: { shown: "now" }, private_data: { hidden: "then" } })
    expect(told(aggregate)).toEqual([])
  })

  it.each<[string, Standing]>([
    ["another currency", { status: "authorized", amount: { minor: 1000n, currency: "usd" }, captured: eur(0n) }],
    ["nothing", authorized(0n, 0n)],
    ["less than it has captured", authorized(1001n)],
    ["captures of another currency", { ...authorized(), captured: { minor: 1n, currency: "usd" } } as Standing],
  ])("is not authorized for %s", (_, authorization) => {
    const session = newSession()
    const aggregate = aggregateOf({ session })
    expect(() => {
      applyToSession(aggregate, session, stateOf(authorization), NOW)
    }).toThrow(Contradiction)
    expect(isUnchanged(aggregate)).toBe(true)
  })
})

describe("a payment", () => {
  const applied = (
    state: PaymentState,
    records?: Records,
    refunds: Refund[] = [],
    operations: PaymentOperation[] = [],
  ) => {
    const session = newSession("authorized")
    const aggregate = aggregateOf({ session, payment: newPayment(), refunds, operations })
    apply(aggregate, state, records)
    return { aggregate, payment: aggregate.payments[0] }
  }

  it("is captured by as much as the provider has captured more", () => {
    const { aggregate } = applied(stateOf(authorized(400n)))
    const again = written(aggregate)
    apply(again, stateOf(authorized(1000n)))
    expect(again.captures.map(({ amount }) => amount)).toEqual([400n, 600n])
    expect(again.payments).toMatchObject([{ captured_amount: 1000n, captured_at: NOW }])
  })

  it("gives up the rest once it is closed", () => {
    const { payment, aggregate } = applied(stateOf(authorized(400n), { isClosed: true }))
    expect(payment).toMatchObject({ authorized_amount: 400n, canceled_at: NOW })
    expect(told(aggregate)).toEqual(["payment.captured", "payment.canceled", "payment_collection.updated"])
    expect(aggregate.sessions).toHaveLength(1)
  })

  it("that is closed and captured in full gave nothing up", () => {
    expect(applied(stateOf(authorized(1000n), { isClosed: true })).payment).toMatchObject({ canceled_at: null })
  })

  it("is canceled with its session where nothing was captured", () => {
    const { payment, aggregate } = applied(stateOf({ status: "canceled" }, { isClosed: true }))
    expect([payment?.authorized_amount, aggregate.sessions]).toEqual([0n, []])
  })

  it.each<[string, Partial<RefundState>, bigint]>([
    ["succeeded", {}, 300n],
    ["is pending", { status: "pending" }, 0n],
    ["failed", { status: "failed" }, 0n],
  ])("counts a refund of the dashboard's that %s", (_, about, refunded) => {
    const state = stateOf(authorized(1000n), { refunds: [refundState(300n, about)] })
    expect(applied(state).payment?.refunded_amount).toBe(refunded)
  })

  it.each(["pending", "unknown", "succeeded", "declined"] as const)(
    "counts a refund of ours that is %s once",
    (status) => {
      const refunds = [Object.assign(new Refund(), { id: "ref_1", payment_id: "pay_1", amount: 300n, status })]
      const operations = [Object.assign(new PaymentOperation(), { id: "op_1", refund_id: "ref_1" })]
      const state = stateOf(authorized(1000n), { refunds: [refundState(300n, { idempotencyKey: "op_1" })] })
      // An operation without an outcome is part of the aggregate.
      const open = status === "pending" || status === "unknown" ? operations : []
      const { aggregate, payment } = applied(state, { disputes: [], operations }, refunds, open)
      expect(aggregate.refunds).toHaveLength(1)
      // One that is not settled counts once its call is; one that was refused has been done all the same.
      expect(payment?.refunded_amount).toBe(status === "succeeded" || status === "declined" ? 300n : 0n)
    },
  )

  it.each<[RefundStatus | undefined, RefundState["status"], RefundStatus | undefined, string[]]>([
    [undefined, "pending", "pending", ["payment.refund_pending"]],
    [undefined, "succeeded", "succeeded", ["payment.refunded"]],
    [undefined, "failed", "failed", ["payment.refund_failed"]],
    ["pending", "pending", "pending", []],
    ["pending", "succeeded", "succeeded", ["payment.refunded"]],
    ["pending", "failed", "failed", ["payment.refund_failed"]],
    ["declined", "pending", "pending", ["payment.refund_pending"]],
    ["declined", "succeeded", "succeeded", ["payment.refunded"]],
    ["declined", "failed", "declined", []],
    ["succeeded", "pending", "succeeded", []],
    ["succeeded", "succeeded", "succeeded", []],
    ["succeeded", "failed", "failed", ["payment.refund_failed"]],
    ["failed", "pending", "failed", []],
    ["failed", "succeeded", "succeeded", ["payment.refunded"]],
    ["failed", "failed", "failed", []],
  ])("whose refund is recorded as %s and reported as %s has it as %s", (recorded, reported, status, events) => {
    const about = { id: "ref_1", payment_id: "pay_1", amount: 300n, external_id: "re_1" }
    const refunds = recorded ? [Object.assign(new Refund(), { ...about, status: recorded })] : []
    const state = stateOf(authorized(1000n), { refunds: [refundState(300n, { status: reported })] })
    const { aggregate, payment } = applied(state, NONE, refunds)
    expect(aggregate.refunds.map((refund) => refund.status)).toEqual([status])
    expect(told(aggregate).filter((name) => name.startsWith("payment.refund"))).toEqual(events)
    expect(payment?.refunded_amount).toBe(status === "succeeded" ? 300n : 0n)
  })

  it("reserves a refund that is pending with the provider, and none that an operation of ours makes", () => {
    const about = { payment_id: "pay_1", amount: 300n, status: "pending" as const }
    const refunds = [Object.assign(new Refund(), { id: "ref_1", ...about })]
    const operations = [Object.assign(new PaymentOperation(), { id: "op_1", refund_id: "ref_1" })]
    const state = stateOf(authorized(1000n), { refunds: [refundState(200n, { status: "pending" })] })
    const { aggregate, payment } = applied(state, NONE, refunds, operations)
    expect(payment && aggregate.pendingElsewhere(payment)).toBe(200n)
  })

  it("does not take another payment's refund for its own", () => {
    const refunds = [
      Object.assign(new Refund(), {
        ...{ id: "ref_1", payment_id: "pay_2", amount: 300n, status: "succeeded", external_id: "re_1" },
      }),
    ]
    const state = stateOf(authorized(1000n), { refunds: [refundState(300n)] })
    expect(applied(state, NONE, refunds).aggregate.refunds).toHaveLength(2)
  })

  it("takes a refund back that failed later, and says why on its operation", () => {
    const refunds = [
      Object.assign(new Refund(), { id: "ref_1", payment_id: "pay_1", amount: 300n, status: "succeeded" as const }),
    ]
    const operation = Object.assign(new PaymentOperation(), { id: "op_1", refund_id: "ref_1", last_error: null })
    const failed = refundState(300n, { idempotencyKey: "op_1", status: "failed", failure: "No such account." })
    const state = stateOf(authorized(1000n), { refunds: [failed] })
    const { aggregate } = applied(state, { disputes: [], operations: [operation] }, refunds)
    expect(refunds).toMatchObject([{ status: "failed", external_id: "re_1" }])
    expect(operation.last_error).toBe("The refund failed afterwards: No such account.")
    expect(told(aggregate)).toContain("payment.refund_failed")
  })

  it.each<[string, PaymentState]>([
    ["is pending again", stateOf({ status: "pending" })],
    ["failed", stateOf({ status: "failed" })],
    ["is canceled, and not closed", stateOf({ status: "canceled" })],
    ["was captured for more than was authorized", stateOf(authorized(1001n))],
    [
      "was captured in another currency",
      stateOf({ ...authorized(), captured: { minor: 1n, currency: "usd" } } as Standing),
    ],
    [
      "was refunded in another currency",
      stateOf(authorized(1000n), { refunds: [refundState(1n, { amount: { minor: 1n, currency: "usd" } })] }),
    ],
  ])("cannot be one that %s", (_, state) => {
    expect(() => applied(state)).toThrow(Contradiction)
  })

  it.each<[string, PaymentState]>([
    ["less than was captured", stateOf(authorized(399n))],
    ["canceled", stateOf({ status: "canceled" }, { isClosed: true })],
  ])("of which something was captured cannot be %s", (_, state) => {
    const { aggregate } = applied(stateOf(authorized(400n)))
    expect(() => {
      apply(written(aggregate), state)
    }).toThrow(Contradiction)
  })

  it("has its disputes, which change in place", () => {
    const { aggregate } = applied(stateOf(authorized(1000n), { disputes: [disputeState()] }))
    const [dispute] = disputesOf(aggregate)
    expect(dispute).toMatchObject({ payment_id: "pay_1", external_id: "dp_1", amount: 1000n, opened_at: NOW })
    const next = written(aggregate)
    const lost = stateOf(authorized(1000n), { disputes: [disputeState({ status: "lost" })] })
    apply(next, lost, { disputes: disputesOf(aggregate), operations: [] })
    expect([dispute?.status, disputesOf(next), told(next)]).toEqual(["lost", [], ["payment.disputed"]])
  })
})

/** The disputes that are new. */
function disputesOf({ changes }: Aggregate): Dispute[] {
  return changes.writes.flatMap((write) => ("insert" in write && write.row["opened_at"] ? [write.row as Dispute] : []))
}

describe("whatever the provider says", () => {
  const amounts = fc.bigInt({ min: 0n, max: 1000n })
  const anyStanding: fc.Arbitrary<Standing> = fc.oneof(
    fc.record({ status: fc.constant("pending" as const), asynchronous: fc.boolean() }),
    fc.record({ status: fc.constantFrom("requires_more" as const, "failed" as const, "canceled" as const) }),
    amounts.map((captured) => authorized(captured)),
  )
  const anyRefunds = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("re_1", "re_2", "re_3"),
      amount: fc.bigInt({ min: 1n, max: 300n }).map(eur),
      status: fc.constantFrom("pending" as const, "succeeded" as const, "failed" as const),
    }),
    { selector: ({ id }) => id },
  )
  const anyDisputes = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("dp_1", "dp_2"),
      amount: amounts.map(eur),
      status: fc.constantFrom("needs_response", "lost"),
      reason: fc.constant("fraudulent"),
      createdAt: fc.constant(NOW),
    }),
    { selector: ({ id }) => id },
  )
  const anyState = fc
    .record({
      authorization: anyStanding,
      isClosed: fc.boolean(),
      refunds: anyRefunds,
      disputes: anyDisputes,
      data: fc.record({ shown: fc.string() }),
    })
    .map(({ authorization, ...about }) => stateOf(authorization, about))
  const anyStatus = fc.constantFrom(...OPEN_SESSION_STATUSES)

  /** Applies a state as far as it can be true; what a state contradicts stays as it was. */
  function tryToApply(aggregate: Aggregate, state: PaymentState, records: Records): boolean {
    try {
      apply(aggregate, state, records)
      return true
    } catch (error) {
      if (error instanceof Contradiction) return false
      throw error
    }
  }

  it("changes nothing and tells nothing the second time", () => {
    fc.assert(
      fc.property(anyStatus, anyState, (status, state) => {
        const aggregate = aggregateOf({ session: newSession(status) })
        fc.pre(tryToApply(aggregate, state, NONE))
        const again = written(aggregate)
        apply(again, state, { disputes: disputesOf(aggregate), operations: [] })
        expect([again.changes.writes, told(again)]).toEqual([[], []])
      }),
    )
  })

  it("leads to what it says last, whatever it said before", () => {
    fc.assert(
      fc.property(
        anyStatus,
        fc.array(anyState, { maxLength: 3 }),
        fc.bigInt({ min: 900n, max: 1000n }),
        (status, before, captured) => {
          // What was refunded stays so, unless it fails; what was captured only grows.
          const steps = before.map((state) => ({ ...state, isClosed: false, refunds: [] }))
          let aggregate = aggregateOf({ session: newSession(status) })
          const disputes: Dispute[] = []
          for (const state of steps) {
            if (state.authorization.status === "canceled") continue
            const next = written(aggregate)
            if (!tryToApply(next, state, { disputes, operations: [] })) continue
            disputes.push(...disputesOf(next))
            aggregate = next
          }
          const last = [...steps].reverse().find(({ authorization }) => authorization.status === "authorized")
          const most = aggregate.payments[0]?.captured_amount ?? 0n
          fc.pre(last === undefined || most <= captured)
          const final = written(aggregate)
          apply(final, stateOf(authorized(captured), { refunds: [refundState(200n)] }), { disputes, operations: [] })
          expect(final.payments).toMatchObject([
            { captured_amount: captured, refunded_amount: 200n, canceled_at: null },
          ])
          expect(final.captures.reduce((sum, { amount }) => sum + amount, 0n)).toBe(captured)
        },
      ),
    )
  })
})
