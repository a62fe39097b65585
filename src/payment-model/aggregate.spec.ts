import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import type { ObjectLiteral } from "typeorm"
import { Aggregate, type CartFigures } from "./aggregate.js"
import { Capture } from "./entities/capture.entity.js"
import { amountToPay, mayFollowCart } from "./rules/collection.rules.js"
import { PaymentCollection } from "./entities/payment-collection.entity.js"
import { PaymentOperation } from "./entities/payment-operation.entity.js"
import { PaymentSession } from "./entities/payment-session.entity.js"
import { Payment } from "./entities/payment.entity.js"
import { cancelVerdict, captureVerdict, refundVerdict, type MoneyVerdict } from "./rules/payment.rules.js"
import { Refund } from "./entities/refund.entity.js"
import {
  COLLECTION_STATUSES,
  OPEN_SESSION_STATUSES,
  OPERATION_KINDS,
  OPERATION_STATES,
  OPERATION_TRANSITIONS,
  SESSION_OPERATION_KINDS,
  SESSION_STATUSES,
  SESSION_TRANSITIONS,
  UNRESOLVED_STATES,
  type CollectionStatus,
  type OperationKind,
  type OperationState,
  type SessionStatus,
} from "./status.js"

const THEN = new Date("2026-11-22T10:15:30.000Z")
const NOW = new Date("2026-11-22T11:00:00.000Z")

const ID = "pay_col_1"
const FIGURES = { amount: 10_000n, currency_code: "eur", region_id: "reg_1", sales_channel_id: "sc_1" }

/** A cart that says something else than the collection in every point. */
const CART: CartFigures = {
  id: "cart_1",
  currency_code: "usd",
  total: 12_000n,
  region_id: "reg_2",
  sales_channel_id: null,
  customer_id: null,
  email: null,
  order_id: null,
  completed_at: null,
}
const PLACE = { region_id: "reg_1", sales_channel_id: "sc_1" }
const CART_SAYS = { amount: 12_000n, currency_code: "usd", region_id: "reg_2", sales_channel_id: null }

/** A collection of 100.00 eur that nobody has begun to pay. */
function newCollection(about: Partial<PaymentCollection> = {}): PaymentCollection {
  return Object.assign(new PaymentCollection(), {
    id: ID,
    cart_id: "cart_1",
    order_id: null,
    authorized_amount: 0n,
    captured_amount: 0n,
    refunded_amount: 0n,
    status: "not_paid",
    completed_at: null,
    outgrown_total: null,
    version: 7,
    ...FIGURES,
    ...about,
  })
}

function newSession(about: Partial<PaymentSession> = {}): PaymentSession {
  return Object.assign(new PaymentSession(), {
    id: "payses_1",
    payment_collection_id: ID,
    provider_id: "pp_one_one",
    currency_code: "eur",
    amount: 10_000n,
    status: "pending",
    ...about,
  })
}

/** A payment of 100.00 eur of which nothing was captured. */
function newPayment(about: Partial<Payment> = {}): Payment {
  return Object.assign(new Payment(), {
    id: "pay_1",
    payment_collection_id: ID,
    payment_session_id: "payses_1",
    provider_id: "pp_one_one",
    currency_code: "eur",
    amount: 10_000n,
    authorized_amount: 10_000n,
    captured_amount: 0n,
    refunded_amount: 0n,
    captured_at: null,
    canceled_at: null,
    ...about,
  })
}

function newCapture(amount: bigint, about: Partial<Capture> = {}): Capture {
  return Object.assign(new Capture(), { id: "capt_1", payment_id: "pay_1", amount, status: "succeeded", ...about })
}

function newRefund(amount: bigint, about: Partial<Refund> = {}): Refund {
  return Object.assign(new Refund(), { id: "ref_1", payment_id: "pay_1", amount, status: "succeeded", ...about })
}

function newOperation(about: Partial<PaymentOperation> = {}): PaymentOperation {
  return Object.assign(new PaymentOperation(), {
    id: "op_1",
    kind: "capture",
    payment_collection_id: ID,
    payment_session_id: "payses_1",
    payment_id: "pay_1",
    amount: 1_000n,
    state: "pending",
    attempts: 0,
    resolved_at: null,
    ...about,
  })
}

interface Parts {
  collection?: Partial<PaymentCollection>
  cart?: CartFigures
  sessions?: PaymentSession[]
  payments?: Payment[]
  captures?: Capture[]
  refunds?: Refund[]
  operations?: PaymentOperation[]
}

function aggregateOf(parts: Parts = {}): Aggregate {
  const { collection, cart, sessions = [], payments = [], captures = [], refunds = [], operations = [] } = parts
  return new Aggregate(newCollection(collection), cart, sessions, payments, captures, refunds, operations, [])
}

/** What is written of the rows that were there before, by id. */
function updates({ changes }: Aggregate): Record<string, ObjectLiteral> {
  return Object.fromEntries(
    changes.writes.flatMap((write) => {
      if (!("update" in write)) return []
      const { updated_at, ...set } = write.set
      expect(updated_at).toBeInstanceOf(Date)
      return [[write.id, set]]
    }),
  )
}

function inserts({ changes }: Aggregate): [unknown, ObjectLiteral][] {
  return changes.writes.flatMap((write) => ("insert" in write ? [[write.insert, write.row]] : []))
}

function told({ changes }: Aggregate): string[] {
  return changes.events.map(({ name }) => name)
}

describe("an aggregate", () => {
  it.each(SESSION_STATUSES)("has an open session where one is %s, if that is open", (status) => {
    const session = newSession({ status })
    const isOpen = OPEN_SESSION_STATUSES.some((open) => open === status)
    expect(aggregateOf({ sessions: [session] }).openSession).toBe(isOpen ? session : undefined)
  })

  it("has no open session where there is none", () => {
    expect(aggregateOf().openSession).toBeUndefined()
  })

  it("finds the open session behind one that was authorized", () => {
    const sessions = [newSession({ status: "authorized" }), newSession({ id: "payses_2", status: "requires_more" })]
    expect(aggregateOf({ sessions }).openSession).toBe(sessions[1])
  })

  it.each(OPERATION_KINDS)("knows of a call of kind %s whether it changes the session", (kind) => {
    const operation = newOperation({ kind })
    const isOfSession = SESSION_OPERATION_KINDS.some((ofSession) => ofSession === kind)
    expect(aggregateOf({ operations: [operation] }).sessionOperation).toBe(isOfSession ? operation : undefined)
  })

  it("finds the payment that a session became", () => {
    const payments = [newPayment(), newPayment({ id: "pay_2", payment_session_id: "payses_2" })]
    const aggregate = aggregateOf({ payments })
    expect(aggregate.findPaymentOfSession("payses_2")).toBe(payments[1])
    expect(aggregate.findPaymentOfSession("payses_3")).toBeUndefined()
  })
})

/** A collection of 100.00 eur that is authorized in full. */
function authorizedAggregate(cart: Partial<CartFigures>, about: Partial<PaymentCollection> = {}): Aggregate {
  return aggregateOf({
    collection: { status: "authorized", authorized_amount: 10_000n, ...about },
    sessions: [newSession({ status: "authorized" })],
    payments: [newPayment()],
    cart: { ...CART, currency_code: "eur", ...cart },
  })
}

describe("what a collection is to be for", () => {
  it.each(COLLECTION_STATUSES)("while it is %s and nothing is authorized", (status) => {
    const { target } = aggregateOf({ collection: { status }, cart: CART })
    expect(target).toEqual(mayFollowCart({ status, authorized_amount: 0n }) ? CART_SAYS : FIGURES)
  })

  it.each(COLLECTION_STATUSES)("stays while it is %s and something is authorized", (status) => {
    const { target } = aggregateOf({ collection: { status, authorized_amount: 1n }, cart: CART })
    expect(target).toEqual(FIGURES)
  })

  it("is what the cart says also once that is completed: an order is paid at its own total", () => {
    expect(aggregateOf({ cart: { ...CART, completed_at: THEN } }).target).toEqual(CART_SAYS)
  })

  it("stays when there is no cart", () => {
    expect(aggregateOf().target).toEqual(FIGURES)
  })

  it("becomes the total of a cart in the same currency once a session may raise it, and nothing else changes", () => {
    const aggregate = authorizedAggregate({ total: 15_000n })
    expect(aggregate.target).toEqual({ ...FIGURES, amount: 15_000n })
    expect(aggregate.followed).toEqual(FIGURES)
    expect([aggregate.outstandingAmount, aggregate.amountToPay]).toEqual([5_000n, 5_000n])
  })

  it("never falls below what is authorized", () => {
    const aggregate = authorizedAggregate({ total: 1n })
    expect([aggregate.target, aggregate.followed]).toEqual([FIGURES, FIGURES])
    expect(aggregate.outstandingAmount).toBe(0n)
    expect(() => aggregate.amountToPay).toThrow("Nothing is left to pay")
  })

  it("does not count a surplus as paid", () => {
    const aggregate = authorizedAggregate({ total: 15_000n })
    aggregate.payments.push(
      newPayment({ id: "pay_2", payment_session_id: "payses_2", amount: 3_000n, is_surplus: true }),
    )
    expect([aggregate.authorizedAmount, aggregate.outstandingAmount]).toEqual([10_000n, 5_000n])
  })
})

describe("a cart that outgrew what is authorized", () => {
  const outgrown = (aggregate: Aggregate) => told(aggregate).filter((name) => name.endsWith(".outgrown"))

  it("is reported once per total, with what is outstanding", () => {
    const cart = { ...CART, currency_code: "eur", total: 15_000n }
    const aggregate = authorizedAggregate(cart)
    for (let times = 0; times < 2; times++) aggregate.reportOutgrown()
    expect(aggregate.changes.events).toMatchObject([
      { name: "payment_collection.outgrown", data: { amount: "10000", outstanding_amount: "5000" } },
    ])
    expect(aggregate.collection.outgrown_total).toBe(15_000n)
  })

  it("is reported as it was found, when a session raises the amount in the same transaction", () => {
    const aggregate = authorizedAggregate({ total: 15_000n })
    aggregate.reportOutgrown()
    aggregate.adopt(aggregate.target, NOW)
    expect(aggregate.changes.events).toMatchObject([
      { name: "payment_collection.outgrown", data: { amount: "10000", status: "authorized" } },
      { name: "payment_collection.updated", data: { amount: "15000", status: "partially_authorized" } },
    ])
    expect(aggregate.collection).toMatchObject({ outgrown_total: null, status: "partially_authorized" })
  })

  it("is forgotten when the cart costs no more than the collection is for", () => {
    const aggregate = authorizedAggregate({ total: 10_000n }, { outgrown_total: 15_000n })
    aggregate.reportOutgrown()
    expect(aggregate.collection.outgrown_total).toBeNull()
    expect(outgrown(aggregate)).toEqual([])
  })

  it("stays as it was reported when the cart is not looked at", () => {
    const aggregate = aggregateOf({ collection: { outgrown_total: 15_000n } })
    aggregate.reportOutgrown()
    expect(aggregate.collection.outgrown_total).toBe(15_000n)
  })

  it("may shrink to what was captured, which completes the collection", () => {
    const payment = newPayment({ authorized_amount: 4_000n, captured_amount: 4_000n, canceled_at: THEN })
    const aggregate = aggregateOf({
      collection: { status: "partially_captured", authorized_amount: 4_000n, captured_amount: 4_000n },
      payments: [payment],
      captures: [newCapture(4_000n)],
      cart: { ...CART, currency_code: "eur", total: 3_000n },
    })
    aggregate.adopt(aggregate.followed, NOW)
    expect(aggregate.collection).toMatchObject({ amount: 4_000n, status: "completed", completed_at: NOW })
    expect(told(aggregate)).toEqual(["payment_collection.completed"])
  })
})

describe("the order of a collection", () => {
  it("is adopted once, and kept when none is named", () => {
    const aggregate = aggregateOf()
    for (const order of ["order_1", "order_1", null, undefined]) aggregate.adoptOrder(order)
    expect(aggregate.collection.order_id).toBe("order_1")
    expect(aggregate.changes.events).toMatchObject([
      { name: "payment_collection.updated", data: { order_id: "order_1" } },
    ])
  })
})

describe("taking on figures", () => {
  it.each<[string, object]>([
    ["none", {}],
    ["those that it has", FIGURES],
    ["one that it has", { amount: 10_000n }],
  ])("changes nothing with %s", (_, figures) => {
    const aggregate = aggregateOf()
    aggregate.adopt(figures)
    expect(aggregate.changes.writes).toEqual([])
    expect(aggregate.changes.events).toEqual([])
  })

  it.each<[string, object]>([
    ["the amount", { amount: 10_001n }],
    ["the currency", { currency_code: "usd" }],
    ["the region", { region_id: null }],
    ["the sales channel", { sales_channel_id: "sc_2" }],
    ["all of them", CART_SAYS],
    ["one among those that it has", { ...FIGURES, amount: 9_999n }],
  ])("changes the collection in %s, counts the change and tells of it", (_, figures) => {
    const aggregate = aggregateOf()
    aggregate.adopt(figures)
    expect(aggregate.collection).toMatchObject(figures)
    expect(updates(aggregate)).toEqual({ [ID]: { ...figures, version: 8 } })
    expect(told(aggregate)).toEqual(["payment_collection.updated"])
  })
})

describe("what is reserved of a payment", () => {
  const operations = [
    newOperation({ id: "op_1", kind: "capture", amount: 1_000n }),
    newOperation({ id: "op_2", kind: "capture", amount: 2_000n, state: "unknown" }),
    newOperation({ id: "op_3", kind: "refund" }),
    newOperation({ id: "op_4", kind: "cancel_payment" }),
    newOperation({ id: "op_5", kind: "capture", payment_id: "pay_2" }),
    newOperation({ id: "op_6", kind: "authorize", payment_id: null }),
  ]

  it.each<[OperationKind[], string[]]>([
    [["capture"], ["op_1", "op_2"]],
    [["refund"], ["op_3"]],
    [
      ["capture", "cancel_payment"],
      ["op_1", "op_2", "op_4"],
    ],
    [["update"], []],
    [[], []],
  ])("by calls of kind %p", (kinds, ids) => {
    const reserved = aggregateOf({ operations }).reserved(newPayment(), ...kinds)
    expect(reserved.map(({ id }) => id)).toEqual(ids)
  })
})

describe("beginning a call", () => {
  const request = { client_data: {}, data: {}, private_data: {}, context: {} }

  it("writes down what the provider is about to be asked, and reserves it", () => {
    const session = newSession()
    const aggregate = aggregateOf({ sessions: [session], payments: [newPayment()] })
    const operation = aggregate.begin("capture", session, {
      amount: 4_000n,
      payment_id: "pay_1",
      capture_id: "capt_1",
      request,
      created_by: "apk_1",
    })
    const row = {
      kind: "capture",
      payment_collection_id: ID,
      payment_session_id: "payses_1",
      payment_id: "pay_1",
      capture_id: "capt_1",
      provider_id: "pp_one_one",
      currency_code: "eur",
      amount: 4_000n,
      state: "pending",
      attempts: 0,
      resolved_at: null,
      request,
      created_by: "apk_1",
    }
    expect(operation).toMatchObject({ id: expect.stringMatching(/^op_/), ...row })
    expect(inserts(aggregate)).toEqual([[PaymentOperation, operation]])
    expect(aggregate.reserved(newPayment(), "capture")).toEqual([operation])
    expect(updates(aggregate)).toEqual({})
    expect(told(aggregate)).toEqual([])
  })

  it("says what is wanted where that is not what the session says", () => {
    const aggregate = aggregateOf()
    const about = { amount: 12_000n, currency_code: "usd", request, created_by: null }
    const operation = aggregate.begin("update", newSession(), about)
    expect(operation).toMatchObject({ ...about, kind: "update", provider_id: "pp_one_one" })
    expect(aggregate.sessionOperation).toBe(operation)
  })
})

describe("new rows", () => {
  it("are a session that waits", () => {
    const aggregate = aggregateOf()
    const about = {
      provider_id: "pp_one_one",
      currency_code: "eur",
      amount: 10_000n,
      client_data: { note: "door" },
      context: { customer: { id: "cus_1" } },
    }
    const session = aggregate.addSession(about)
    expect(session).toMatchObject({
      ...about,
      id: expect.stringMatching(/^payses_/),
      payment_collection_id: ID,
      status: "pending",
      data: {},
      private_data: null,
    })
    expect(aggregate.openSession).toBe(session)
    expect(inserts(aggregate)).toEqual([[PaymentSession, session]])
  })

  it("are a capture and a refund that do not count yet", () => {
    const payment = newPayment({ captured_amount: 5_000n })
    const aggregate = aggregateOf({
      collection: { status: "authorized", authorized_amount: 10_000n, captured_amount: 5_000n },
      payments: [payment],
      captures: [newCapture(5_000n)],
    })
    const capture = aggregate.addCapture(payment, { amount: 4_000n, created_by: "apk_1" })
    const about = { amount: 1_000n, refund_reason_id: "refr_1", note: "late", created_by: null }
    const refund = aggregate.addRefund(payment, about)
    const pending = { payment_id: "pay_1", status: "pending" }
    expect(capture).toMatchObject({
      ...pending,
      id: expect.stringMatching(/^capt_/),
      amount: 4_000n,
      created_by: "apk_1",
    })
    expect(refund).toMatchObject({ ...pending, ...about, id: expect.stringMatching(/^ref_/) })
    expect([aggregate.captures.at(-1), aggregate.refunds]).toEqual([capture, [refund]])

    aggregate.recompute(NOW)
    expect(inserts(aggregate)).toEqual([
      [Capture, capture],
      [Refund, refund],
    ])
    expect(updates(aggregate)).toEqual({})
  })
})

describe("moving a session", () => {
  const pairs = SESSION_STATUSES.flatMap((from) =>
    SESSION_STATUSES.map((to): [SessionStatus, SessionStatus] => [from, to]),
  )
  const isPossible = ([from, to]: [SessionStatus, SessionStatus]) =>
    SESSION_TRANSITIONS[from].includes(to) || (from === to && from !== "captured" && from !== "canceled")

  it.each(pairs.filter(isPossible))("from %s to %s is written, with what comes with it", (from, to) => {
    const session = newSession({ status: from })
    const aggregate = aggregateOf({ sessions: [session] })
    aggregate.moveSession(session, to, { data: { step: 2 } })
    expect(session).toMatchObject({ status: to, data: { step: 2 } })
    expect(updates(aggregate)).toEqual({ payses_1: { status: to, data: { step: 2 } } })
    expect(aggregate.sessions).toEqual([session])
  })

  it.each(pairs.filter((pair) => !isPossible(pair)))("from %s to %s is refused, and changes nothing", (from, to) => {
    const session = newSession({ status: from })
    const aggregate = aggregateOf({ sessions: [session] })
    expect(() => {
      aggregate.moveSession(session, to, { data: { step: 2 } })
    }).toThrow(`A session cannot become ${to} once it is ${from}`)
    expect(session).toEqual(newSession({ status: from }))
    expect(aggregate.changes.writes).toEqual([])
  })

  it("takes the status from its name, whatever else is set", () => {
    const session = newSession()
    aggregateOf().moveSession(session, "requires_more", { status: "authorized" })
    expect(session.status).toBe("requires_more")
  })
})

describe("dropping a session", () => {
  it.each(["canceled", "error"] as const)("that became %s takes it off the list, and marks it as deleted", (status) => {
    const sessions = ["payses_1", "payses_2", "payses_3"].map((id) => newSession({ id }))
    const aggregate = aggregateOf({ sessions: [...sessions] })
    const [first, second, third] = sessions
    if (second) aggregate.dropSession(second, status, NOW)
    expect(aggregate.sessions).toEqual([first, third])
    expect(updates(aggregate)).toEqual({ payses_2: { status, deleted_at: NOW } })
  })

  it("that is authorized is for a cancellation only, and changes nothing else", () => {
    const session = newSession({ status: "authorized" })
    const aggregate = aggregateOf({ sessions: [session] })
    expect(() => {
      aggregate.dropSession(session, "error", NOW)
    }).toThrow("A session cannot become error once it is authorized")
    expect(aggregate.sessions).toEqual([session])
    aggregate.dropSession(session, "canceled", NOW)
    expect(aggregate.sessions).toEqual([])
  })

  it("that is not on the list takes no other off it", () => {
    const sessions = [newSession({ id: "payses_2" }), newSession({ id: "payses_3", status: "authorized" })]
    const aggregate = aggregateOf({ sessions: [...sessions] })
    aggregate.dropSession(newSession(), "canceled", NOW)
    expect(aggregate.sessions).toEqual(sessions)
    expect(updates(aggregate)).toEqual({ payses_1: { status: "canceled", deleted_at: NOW } })
  })

  it("a second time is refused, and changes nothing", () => {
    const [session, other] = [newSession(), newSession({ id: "payses_2", status: "authorized" })]
    const aggregate = aggregateOf({ sessions: [session, other] })
    aggregate.dropSession(session, "canceled", THEN)
    expect(() => {
      aggregate.dropSession(session, "canceled", NOW)
    }).toThrow("A session cannot become canceled once it is canceled")
    expect(session.deleted_at).toBe(THEN)
    expect(aggregate.sessions).toEqual([other])
  })
})

describe("moving a call", () => {
  const pairs = UNRESOLVED_STATES.flatMap((from) =>
    OPERATION_STATES.map((to): [OperationState, OperationState] => [from, to]),
  ).filter(([from, to]) => from === to || OPERATION_TRANSITIONS[from].includes(to))
  const isUnsettled = (state: OperationState) => UNRESOLVED_STATES.some((unsettled) => unsettled === state)

  it.each(pairs)("from %s to %s is written, and reserves its money until it is settled", (from, to) => {
    const operations = ["op_1", "op_2", "op_3"].map((id) => newOperation({ id, state: from }))
    const aggregate = aggregateOf({ operations: [...operations] })
    const [first, second, third] = operations
    const set = { last_error: "no answer", resolved_at: isUnsettled(to) ? null : NOW }
    if (second) aggregate.moveOperation(second, to, set)
    expect(updates(aggregate)).toEqual({ op_2: { ...set, state: to } })
    expect(aggregate.reserved(newPayment(), "capture")).toEqual(isUnsettled(to) ? operations : [first, third])
  })

  it("needs nothing but the state", () => {
    const operation = newOperation()
    const aggregate = aggregateOf({ operations: [operation] })
    aggregate.moveOperation(operation, "unknown")
    expect(updates(aggregate)).toEqual({ op_1: { state: "unknown" } })
  })

  it("that is not among those under way settles no other", () => {
    const others = [newOperation({ id: "op_2" }), newOperation({ id: "op_3", state: "unknown" })]
    const aggregate = aggregateOf({ operations: [...others] })
    aggregate.moveOperation(newOperation(), "succeeded", { resolved_at: NOW })
    expect(aggregate.operations).toEqual(others)
    expect(updates(aggregate)).toEqual({ op_1: { state: "succeeded", resolved_at: NOW } })
  })

  it("takes the state from its name, whatever else is set", () => {
    const operation = newOperation()
    aggregateOf({ operations: [operation] }).moveOperation(operation, "unknown", { state: "succeeded" })
    expect(operation.state).toBe("unknown")
  })

  it.each<[OperationState, OperationState]>([
    ["unknown", "pending"],
    ["succeeded", "pending"],
    ["succeeded", "unknown"],
    ["succeeded", "succeeded"],
    ["succeeded", "declined"],
    ["declined", "pending"],
    ["declined", "unknown"],
    ["declined", "succeeded"],
    ["declined", "declined"],
  ])("from %s to %s is refused, and changes nothing", (from, to) => {
    const [settled, other] = [newOperation({ state: from }), newOperation({ id: "op_2" })]
    const aggregate = aggregateOf({ operations: [other] })
    expect(() => {
      aggregate.moveOperation(settled, to, { resolved_at: NOW })
    }).toThrow(`An operation cannot become ${to} once it is ${from}`)
    expect(settled).toEqual(newOperation({ state: from }))
    expect(aggregate.changes.writes).toEqual([])
    expect(aggregate.operations).toEqual([other])
  })
})

describe("bringing the totals in line", () => {
  /** An authorized collection, of which nothing was captured as far as the totals say. */
  const AUTHORIZED = { status: "authorized", authorized_amount: 10_000n } as const

  it.each<[string, Parts]>([
    ["nothing was begun", {}],
    ["a session waits", { sessions: [newSession()] }],
    ["all is authorized", { collection: AUTHORIZED, payments: [newPayment()] }],
    [
      "captures and refunds are under way, were declined, or nobody knows",
      {
        collection: AUTHORIZED,
        payments: [newPayment()],
        captures: (["pending", "declined", "unknown"] as const).map((status) => newCapture(9_000n, { status })),
        refunds: (["pending", "declined", "unknown"] as const).map((status) => newRefund(9_000n, { status })),
      },
    ],
    [
      "everything was completed before",
      {
        collection: { ...AUTHORIZED, status: "completed", captured_amount: 10_000n, completed_at: THEN },
        payments: [newPayment({ captured_amount: 10_000n, captured_at: THEN })],
        captures: [newCapture(10_000n)],
      },
    ],
  ])("writes and tells nothing when nothing moved: %s", (_, parts) => {
    const aggregate = aggregateOf(parts)
    aggregate.recompute(NOW)
    expect(aggregate.changes.writes).toEqual([])
    expect(aggregate.changes.events).toEqual([])
    expect(aggregate.collection.version).toBe(7)
  })

  it("counts a new payment", () => {
    const aggregate = aggregateOf({ payments: [newPayment()] })
    aggregate.recompute(NOW)
    expect(updates(aggregate)).toEqual({
      [ID]: {
        authorized_amount: 10_000n,
        captured_amount: 0n,
        refunded_amount: 0n,
        status: "authorized",
        completed_at: null,
        version: 8,
      },
    })
    expect(told(aggregate)).toEqual(["payment_collection.updated"])
  })

  it("counts what succeeded, for each payment its own", () => {
    const payments = [
      newPayment({ amount: 6_000n, authorized_amount: 6_000n }),
      newPayment({ id: "pay_2", amount: 4_000n, authorized_amount: 4_000n }),
      newPayment({ id: "pay_3", amount: 1n, authorized_amount: 1n }),
    ]
    const ofSecond = { payment_id: "pay_2" }
    const aggregate = aggregateOf({
      collection: AUTHORIZED,
      payments,
      captures: [
        newCapture(1_000n),
        newCapture(2_500n),
        newCapture(800n, ofSecond),
        newCapture(9n, { status: "unknown" }),
      ],
      refunds: [newRefund(500n), newRefund(300n, ofSecond), newRefund(9n, { status: "declined" })],
    })
    aggregate.recompute(NOW)
    const { pay_1, pay_2, pay_3, [ID]: collection } = updates(aggregate)
    expect(pay_1).toMatchObject({ captured_amount: 3_500n, refunded_amount: 500n, authorized_amount: 6_000n })
    expect(pay_2).toMatchObject({ captured_amount: 800n, refunded_amount: 300n, authorized_amount: 4_000n })
    expect(pay_3).toBeUndefined()
    expect(collection).toMatchObject({
      authorized_amount: 10_001n,
      captured_amount: 4_300n,
      refunded_amount: 800n,
      status: "authorized",
    })
    expect(told(aggregate)).toEqual(["payment_collection.updated"])
  })

  it("takes a payment out of the books again when a capture turns out not to have happened", () => {
    const capture = newCapture(4_000n)
    const aggregate = aggregateOf({
      collection: { ...AUTHORIZED, captured_amount: 4_000n },
      payments: [newPayment({ captured_amount: 4_000n })],
      captures: [capture],
    })
    capture.status = "declined"
    aggregate.recompute(NOW)
    expect(updates(aggregate)).toMatchObject({ pay_1: { captured_amount: 0n }, [ID]: { captured_amount: 0n } })
  })

  describe("says of a payment when it was captured in full", () => {
    it.each<[string, Partial<Payment>, Capture[], Date | null]>([
      ["not after a part", {}, [newCapture(9_999n)], null],
      ["after the whole", {}, [newCapture(10_000n)], NOW],
      ["after the last part", { captured_amount: 6_000n }, [newCapture(6_000n), newCapture(4_000n)], NOW],
      [
        "and does not move it",
        { captured_amount: 10_000n, captured_at: THEN, refunded_amount: 1n },
        [newCapture(10_000n)],
        THEN,
      ],
      [
        "not where what is authorized alone was captured",
        { authorized_amount: 60n, amount: 100n },
        [newCapture(60n)],
        null,
      ],
    ])("%s", (_, about, captures, captured_at) => {
      const aggregate = aggregateOf({ collection: AUTHORIZED, payments: [newPayment(about)], captures })
      aggregate.recompute(NOW)
      expect(updates(aggregate)["pay_1"]).toMatchObject({ captured_at })
    })

    it("never of a payment of nothing", () => {
      const payment = newPayment({ amount: 0n, authorized_amount: 0n })
      const aggregate = aggregateOf({ collection: { amount: 0n }, payments: [payment] })
      aggregate.recompute(NOW)
      expect(payment.captured_at).toBeNull()
      expect(aggregate.collection).toMatchObject({ status: "completed", completed_at: NOW })
    })
  })

  it.each<[string, Capture[], object, string]>([
    ["before a capture: nothing", [], { authorized_amount: 0n, status: "canceled" }, "payment_collection.canceled"],
    [
      "after a capture: what it captured",
      [newCapture(4_000n)],
      { authorized_amount: 4_000n, captured_amount: 4_000n, status: "partially_captured" },
      "payment_collection.updated",
    ],
  ])("leaves of a payment that was canceled %s", (_, captures, expected, event) => {
    const captured_amount = captures.reduce((sum, { amount }) => sum + amount, 0n)
    const payment = newPayment({ captured_amount, canceled_at: THEN })
    const aggregate = aggregateOf({
      collection: { ...AUTHORIZED, captured_amount },
      payments: [payment],
      captures,
    })
    aggregate.recompute(NOW)
    expect(payment).toMatchObject({ authorized_amount: captured_amount, captured_amount, captured_at: null })
    expect(aggregate.collection).toMatchObject(expected)
    expect(told(aggregate)).toEqual([event])
  })

  it.each<[string, Partial<Payment>]>([
    ["before a capture", {}],
    ["after a capture", { captured_amount: 4_000n }],
    ["of nothing", { amount: 0n, authorized_amount: 0n }],
  ])("does not say of a payment that was canceled %s that it was captured in full", (_, about) => {
    const payment = newPayment({ ...about, canceled_at: THEN })
    const captures = payment.captured_amount > 0n ? [newCapture(payment.captured_amount)] : []
    aggregateOf({ collection: AUTHORIZED, payments: [payment], captures }).recompute(NOW)
    expect(payment.captured_at).toBeNull()
  })

  it("completes the collection once, when the captures reach its amount", () => {
    const aggregate = aggregateOf({ collection: AUTHORIZED, payments: [newPayment()], captures: [newCapture(9_999n)] })
    aggregate.recompute(THEN)
    expect(aggregate.collection).toMatchObject({ status: "authorized", completed_at: null })

    aggregate.captures.push(newCapture(1n))
    aggregate.recompute(NOW)
    expect(aggregate.collection).toMatchObject({ status: "completed", completed_at: NOW, captured_amount: 10_000n })

    aggregate.refunds.push(newRefund(10_000n))
    aggregate.recompute(new Date("2026-12-24T00:00:00.000Z"))
    expect(aggregate.collection).toMatchObject({ status: "completed", completed_at: NOW, refunded_amount: 10_000n })
    expect(aggregate.collection.version).toBe(10)
    expect(told(aggregate)).toEqual([
      "payment_collection.updated",
      "payment_collection.completed",
      "payment_collection.updated",
    ])
  })

  it("tells of the collection that it waits for a provider, and that it does so no more", () => {
    const session = newSession()
    const aggregate = aggregateOf({ sessions: [session] })
    aggregate.moveSession(session, "pending_authorization")
    aggregate.recompute(NOW)
    expect(aggregate.collection.status).toBe("awaiting")
    aggregate.moveSession(session, "error")
    aggregate.recompute(NOW)
    expect(aggregate.collection.status).toBe("not_paid")
    expect(told(aggregate)).toEqual(["payment_collection.updated", "payment_collection.updated"])
  })
})

describe("a collection that loses a payment while another session is open", () => {
  /** 60.00 eur of 100.00 are authorized, a second session waits for the rest; then the payment is canceled. */
  function afterCancellation(captures: Capture[] = [], second: SessionStatus = "pending") {
    const captured_amount = captures.reduce((sum, { amount }) => sum + amount, 0n)
    const payment = newPayment({ amount: 6_000n, authorized_amount: 6_000n, captured_amount })
    const open = newSession({ id: "payses_2", amount: 4_000n, status: second })
    const aggregate = aggregateOf({
      collection: { status: "partially_authorized", authorized_amount: 6_000n, captured_amount },
      cart: CART,
      sessions: [newSession({ status: "authorized", amount: 6_000n }), open],
      payments: [payment],
      captures,
    })
    aggregate.changes.update(Payment, payment, { canceled_at: NOW })
    aggregate.recompute(NOW)
    return { aggregate, open }
  }

  it.each<[string, SessionStatus, (aggregate: Aggregate, open: PaymentSession) => void]>([
    [
      "when the shopper switches providers",
      "pending",
      (aggregate, open) => {
        aggregate.dropSession(open, "canceled", NOW)
        aggregate.recompute(NOW)
        const about = { provider_id: "pp_two_two", currency_code: "eur", amount: 10_000n }
        aggregate.addSession({ ...about, client_data: {}, context: null })
      },
    ],
    [
      "when the provider declines to open the session",
      "pending",
      (aggregate, open) => {
        aggregate.dropSession(open, "error", NOW)
      },
    ],
    [
      "when the session is deleted",
      "requires_more",
      (aggregate, open) => {
        aggregate.dropSession(open, "canceled", NOW)
      },
    ],
    [
      "when the session that a provider had yet to authorize is canceled",
      "pending_authorization",
      (aggregate, open) => {
        aggregate.dropSession(open, "canceled", NOW)
      },
    ],
    [
      "when the authorization is declined",
      "pending_authorization",
      (aggregate, open) => {
        aggregate.moveSession(open, "error")
      },
    ],
  ])("is not canceled %s: it may still be paid, and follows its cart", (_, second, act) => {
    const { aggregate, open } = afterCancellation([], second)
    expect(aggregate.collection.status).toBe(second === "pending_authorization" ? "awaiting" : "not_paid")
    act(aggregate, open)
    aggregate.recompute(NOW)
    expect(aggregate.collection).toMatchObject({ status: "not_paid", authorized_amount: 0n })
    expect(amountToPay(aggregate.collection)).toBe(10_000n)
    expect(aggregate.target).toEqual(CART_SAYS)
    expect(told(aggregate)).not.toContain("payment_collection.canceled")
  })

  it("is canceled when the payment of that session is canceled too", () => {
    const { aggregate, open } = afterCancellation()
    aggregate.moveSession(open, "authorized")
    const payment = newPayment({
      id: "pay_2",
      payment_session_id: "payses_2",
      amount: 4_000n,
      authorized_amount: 4_000n,
    })
    aggregate.payments.push(payment)
    aggregate.recompute(NOW)
    expect(aggregate.collection.status).toBe("partially_authorized")
    aggregate.changes.update(Payment, payment, { canceled_at: NOW })
    aggregate.recompute(NOW)
    expect(aggregate.collection.status).toBe("canceled")
    expect(told(aggregate).at(-1)).toBe("payment_collection.canceled")
  })

  it("is not completed when its cart becomes one of nothing, until that is authorized", () => {
    const { aggregate, open } = afterCancellation()
    aggregate.adopt({ amount: 0n })
    aggregate.recompute(NOW)
    expect(aggregate.collection).toMatchObject({ amount: 0n, status: "not_paid", completed_at: null })
    aggregate.moveSession(open, "authorized", { amount: 0n })
    aggregate.payments.push(
      newPayment({ id: "pay_2", payment_session_id: "payses_2", amount: 0n, authorized_amount: 0n }),
    )
    aggregate.recompute(NOW)
    expect(aggregate.collection).toMatchObject({ status: "completed", completed_at: NOW })
  })

  it.each<[SessionStatus, string]>([
    ["pending", "partially_captured"],
    ["requires_more", "partially_captured"],
    ["error", "partially_captured"],
    ["pending_authorization", "awaiting"],
  ])("after a part was captured does not follow its cart while that session is %s", (second, status) => {
    const { aggregate } = afterCancellation([newCapture(2_000n)], second)
    expect(aggregate.collection).toMatchObject({ status, authorized_amount: 2_000n, captured_amount: 2_000n })
    expect(amountToPay(aggregate.collection)).toBe(8_000n)
    expect(aggregate.target).toEqual(FIGURES)
  })

  it("after a part was captured is partially captured, and what is missing may be paid, once that session is dropped", () => {
    const { aggregate, open } = afterCancellation([newCapture(2_000n)])
    aggregate.dropSession(open, "canceled", NOW)
    aggregate.recompute(NOW)
    expect(aggregate.collection.status).toBe("partially_captured")
    expect(aggregate.target).toEqual(FIGURES)
    expect(amountToPay(aggregate.collection)).toBe(8_000n)
  })
})

/** What may happen to a collection; parts are of what is to be authorized or left, in percent. */
type Turn =
  | { act: "open" | "fail" | "wait" | "delete" }
  | { act: "cart"; total: bigint }
  | { act: "authorize"; part: bigint }
  | { act: "capture"; which: number; part: bigint }
  | { act: "cancel"; which: number }

const anyPart = fc.constantFrom(1n, 50n, 100n, 100n)

const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant("open" as const) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom("fail" as const, "wait" as const, "delete" as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("cart" as const), total: fc.constantFrom(0n, 100n, 1_000n) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("authorize" as const), part: anyPart }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("capture" as const), which: fc.nat(3), part: anyPart }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("cancel" as const), which: fc.nat(3) }) },
)

/** A collection of 1.00 eur from its first session on. Turns that the rules refuse change nothing. */
class Story {
  /** What it costs changes under the collection, as a cart does. */
  readonly cart = { ...CART, currency_code: "eur", total: 100n, ...PLACE }
  readonly aggregate = aggregateOf({ collection: { amount: 100n }, cart: this.cart })
  private rows = 0

  take(turn: Turn): void {
    const { aggregate } = this
    const { openSession: open } = aggregate
    switch (turn.act) {
      case "open":
        if (!open && this.toPay !== undefined) this.open(this.toPay)
        break
      case "fail":
        if (open) aggregate.moveSession(open, "error")
        break
      case "wait":
        if (open) aggregate.moveSession(open, "pending_authorization")
        break
      case "delete":
        if (open) aggregate.dropSession(open, "canceled", NOW)
        break
      case "cart":
        Object.assign(this.cart, { total: turn.total })
        this.follow(open)
        break
      case "authorize":
        if (open) this.authorize(open, (open.amount * turn.part + 99n) / 100n)
        break
      case "capture":
        this.capture(this.paymentAt(turn.which), turn.part)
        break
      case "cancel":
        this.cancel(this.paymentAt(turn.which))
    }
    aggregate.recompute(NOW)
  }

  /** What a session would be for; undefined where none may be opened. */
  get toPay(): bigint | undefined {
    try {
      return this.aggregate.amountToPay
    } catch {
      return undefined
    }
  }

  /** Without a session the collection adopts what it may; with one, both change together. */
  private follow(open: PaymentSession | undefined): void {
    const { aggregate } = this
    const { target, followed } = aggregate
    const rest = target.amount - aggregate.authorizedAmount
    if (open && target.amount !== aggregate.collection.amount) {
      if (rest <= 0n && aggregate.authorizedAmount > 0n) aggregate.dropSession(open, "canceled", NOW)
      else aggregate.moveSession(open, "pending", { amount: rest })
    }
    aggregate.adopt(aggregate.openSession ? target : followed, NOW)
  }

  private open(amount: bigint): void {
    this.aggregate.adopt(this.aggregate.target, NOW)
    const about = { provider_id: "pp_one_one", currency_code: "eur", client_data: {}, context: null }
    this.aggregate.addSession({ ...about, amount })
  }

  private authorize(session: PaymentSession, amount: bigint): void {
    this.aggregate.moveSession(session, "authorized")
    const id = `pay_${++this.rows}`
    this.aggregate.payments.push(newPayment({ id, payment_session_id: session.id, amount, authorized_amount: amount }))
  }

  private capture(payment: Payment | undefined, part: bigint): void {
    const rest = payment && granted(() => captureVerdict(payment, [], { hasKey: true }, true))
    if (!payment || rest === undefined) return
    const id = `capt_${++this.rows}`
    this.aggregate.captures.push(newCapture((rest * part + 99n) / 100n, { id, payment_id: payment.id }))
  }

  private cancel(payment: Payment | undefined): void {
    if (!payment || granted(() => cancelVerdict(payment, [])) === undefined) return
    const { aggregate } = this
    aggregate.changes.update(Payment, payment, { canceled_at: NOW })
    const session = aggregate.sessions.find(({ id }) => id === payment.payment_session_id)
    if (session && payment.captured_amount === 0n) aggregate.dropSession(session, "canceled", NOW)
  }

  private paymentAt(which: number): Payment | undefined {
    const { payments } = this.aggregate
    return payments[which % Math.max(payments.length, 1)]
  }
}

describe("the story of a collection", () => {
  const anyStory = (check: (story: Story, turn: Turn, before: CollectionStatus) => void) =>
    fc.property(fc.array(anyTurn, { maxLength: 25 }), (turns) => {
      const story = new Story()
      for (const turn of turns) {
        const before = story.aggregate.collection.status
        story.take(turn)
        check(story, turn, before)
      }
    })

  it("cancels it only when a payment is canceled", () => {
    fc.assert(
      anyStory(({ aggregate: { collection } }, { act }, before) => {
        if (collection.status === "canceled" && before !== "canceled") expect(act).toBe("cancel")
      }),
    )
  })

  it("ends when it is canceled, completed or closed", () => {
    fc.assert(
      anyStory(({ aggregate: { collection } }, _, before) => {
        if (["canceled", "completed"].includes(before)) expect(collection.status).toBe(before)
      }),
    )
  })

  it("lets it follow its cart only while nothing is held and nothing was taken", () => {
    fc.assert(
      anyStory(({ aggregate: { collection, payments } }) => {
        if (!mayFollowCart(collection)) return
        expect(payments.every(({ canceled_at }) => canceled_at !== null)).toBe(true)
        expect(collection.captured_amount).toBe(0n)
      }),
    )
  })

  it("never lets its amount fall below what is authorized", () => {
    fc.assert(
      anyStory(({ aggregate: { collection, authorizedAmount } }) => {
        expect(collection.amount).toBeGreaterThanOrEqual(authorizedAmount)
      }),
    )
  })

  it("asks a new session for exactly what is outstanding", () => {
    fc.assert(
      anyStory((story) => {
        if (story.toPay !== undefined) expect(story.toPay).toBe(story.aggregate.outstandingAmount)
      }),
    )
  })

  it("has no session open that nothing is to be paid by", () => {
    fc.assert(
      anyStory((story) => {
        if (story.aggregate.openSession) expect(story.toPay).toBeDefined()
      }),
    )
  })

  it("completes it with what it is for: all of it captured, or nothing authorized", () => {
    fc.assert(
      anyStory(({ aggregate: { collection, payments } }) => {
        const { amount, captured_amount, status } = collection
        const isPaid =
          amount > 0n ? captured_amount >= amount : payments.some((payment) => payment.canceled_at === null)
        expect(status === "completed").toBe(isPaid)
        expect(collection.completed_at).toEqual(isPaid ? NOW : null)
      }),
    )
  })
})

/** How a provider may end a call; a call that nobody knows of may be settled later. */
type Ending = "succeeded" | "declined" | "unknown"
type Step =
  | { act: "capture" | "refund"; amount: bigint | undefined }
  | { act: "cancel" }
  | { act: "settle"; which: number; ending: Ending }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constantFrom("capture" as const, "refund" as const),
    amount: fc.option(fc.bigInt(-1n, 110n), { nil: undefined }),
  }),
  fc.record({ act: fc.constant("cancel" as const) }),
  fc.record({
    act: fc.constant("settle" as const),
    which: fc.nat(5),
    ending: fc.constantFrom<Ending>("succeeded", "succeeded", "declined", "unknown"),
  }),
)

/** A payment of 100 minor units, and what a provider was asked of it. */
class Books {
  readonly payment = newPayment({ amount: 100n, authorized_amount: 100n })
  readonly aggregate = aggregateOf({
    collection: { amount: 100n, status: "authorized", authorized_amount: 100n },
    sessions: [newSession({ status: "authorized", amount: 100n })],
    payments: [this.payment],
  })

  constructor(private readonly multicapture: boolean) {}

  take(step: Step): void {
    const { aggregate, payment } = this
    switch (step.act) {
      case "capture": {
        const reserved = aggregate.reserved(payment, "capture", "cancel_payment")
        const request = { amount: step.amount, hasKey: true }
        const amount = granted(() => captureVerdict(payment, reserved, request, this.multicapture))
        if (amount === undefined) return
        const { id: capture_id } = aggregate.addCapture(payment, { amount, created_by: null })
        this.begin("capture", { amount, capture_id })
        return
      }
      case "refund": {
        const request = { amount: step.amount, hasKey: true }
        const amount = granted(() => refundVerdict(payment, aggregate.reserved(payment, "refund"), request))
        if (amount === undefined) return
        const about = { amount, refund_reason_id: null, note: null, created_by: null }
        this.begin("refund", { amount, refund_id: aggregate.addRefund(payment, about).id })
        return
      }
      case "cancel": {
        const reserved = aggregate.reserved(payment, "capture", "cancel_payment")
        const amount = granted(() => cancelVerdict(payment, reserved))
        if (amount !== undefined) this.begin("cancel_payment", { amount })
        return
      }
      case "settle": {
        const operation = aggregate.operations[step.which % Math.max(aggregate.operations.length, 1)]
        if (operation) this.settle(operation, step.ending)
      }
    }
  }

  private begin(kind: OperationKind, about: Pick<PaymentOperation, "amount"> & Partial<PaymentOperation>): void {
    const request = { client_data: {}, data: {}, private_data: {}, context: {} }
    this.aggregate.begin(kind, newSession(), { ...about, payment_id: "pay_1", request, created_by: null })
  }

  private settle(operation: PaymentOperation, ending: Ending): void {
    const { aggregate, payment } = this
    const capture = aggregate.captures.find(({ id }) => id === operation.capture_id)
    const refund = aggregate.refunds.find(({ id }) => id === operation.refund_id)
    if (capture) aggregate.changes.update(Capture, capture, { status: ending })
    if (refund) aggregate.changes.update(Refund, refund, { status: ending })
    const isLastCapture = capture && !this.multicapture && capture.amount < payment.authorized_amount
    if (ending === "succeeded" && (operation.kind === "cancel_payment" || isLastCapture)) {
      aggregate.changes.update(Payment, payment, { canceled_at: NOW })
    }
    aggregate.moveOperation(operation, ending, { resolved_at: ending === "unknown" ? null : NOW })
    aggregate.recompute(NOW)
  }

  /** What the provider may have moved by calls of a kind: what succeeded, and what nobody knows yet. */
  atMost(movements: readonly (Capture | Refund)[]): bigint {
    return sumOf(movements.filter(({ status }) => status !== "declined"))
  }

  succeeded(movements: readonly (Capture | Refund)[]): bigint {
    return sumOf(movements.filter(({ status }) => status === "succeeded"))
  }
}

function sumOf(movements: readonly (Capture | Refund)[]): bigint {
  return movements.reduce((sum, { amount }) => sum + amount, 0n)
}

/** What a verdict lets move; undefined when it waits, is refused or has nothing to do. */
function granted(decide: () => MoneyVerdict): bigint | undefined {
  try {
    const verdict = decide()
    return verdict.verdict === "move" ? verdict.amount : undefined
  } catch {
    return undefined
  }
}

describe("the books of a payment", () => {
  const anyCourse = (check: (books: Books) => void) =>
    fc.property(fc.boolean(), fc.array(anyStep, { maxLength: 25 }), (multicapture, steps) => {
      const books = new Books(multicapture)
      for (const step of steps) {
        books.take(step)
        check(books)
      }
    })

  it("never let more be captured than authorized, or given back than captured, however calls end", () => {
    fc.assert(
      anyCourse((books) => {
        const { aggregate, payment } = books
        expect(books.atMost(aggregate.captures)).toBeLessThanOrEqual(100n)
        expect(books.atMost(aggregate.refunds)).toBeLessThanOrEqual(books.succeeded(aggregate.captures))
        expect(payment.captured_amount).toBeLessThanOrEqual(payment.authorized_amount)
        expect(payment.refunded_amount).toBeLessThanOrEqual(payment.captured_amount)
      }),
    )
  })

  it("say of payment and collection what succeeded", () => {
    fc.assert(
      anyCourse((books) => {
        const { aggregate, payment } = books
        const captured_amount = books.succeeded(aggregate.captures)
        const refunded_amount = books.succeeded(aggregate.refunds)
        const authorized_amount = payment.canceled_at === null ? 100n : captured_amount
        const totals = { authorized_amount, captured_amount, refunded_amount }
        expect(payment).toMatchObject(totals)
        expect(aggregate.collection).toMatchObject(totals)
      }),
    )
  })

  it("complete the collection once and for all, and only by captures", () => {
    fc.assert(
      anyCourse((books) => {
        const { aggregate, payment } = books
        const isPaid = books.succeeded(aggregate.captures) === 100n
        expect(aggregate.collection.status === "completed").toBe(isPaid)
        expect(aggregate.collection.completed_at).toEqual(isPaid ? NOW : null)
        expect(payment.captured_at).toEqual(isPaid ? NOW : null)
        expect(told(aggregate).filter((name) => name === "payment_collection.completed")).toHaveLength(isPaid ? 1 : 0)
      }),
    )
  })

  it("never give up what is being captured, or capture what was given up", () => {
    fc.assert(
      anyCourse(({ aggregate, payment }) => {
        const canceling = aggregate.reserved(payment, "cancel_payment")
        const capturing = aggregate.reserved(payment, "capture")
        expect(canceling.length === 0 || capturing.length === 0).toBe(true)
        expect(canceling.length).toBeLessThanOrEqual(1)
        if (payment.canceled_at !== null) expect([...canceling, ...capturing]).toEqual([])
      }),
    )
  })

  it("write every row once, as it is in the end", () => {
    fc.assert(
      anyCourse(({ aggregate, payment }) => {
        const { writes } = aggregate.changes
        const ids = writes.map((write) => ("update" in write ? write.id : (write.row["id"] as string)))
        expect(new Set(ids).size).toBe(ids.length)
        const { [ID]: collection, pay_1 } = updates(aggregate)
        expect(aggregate.collection).toMatchObject({ ...collection })
        expect(payment).toMatchObject({ ...pay_1 })
      }),
    )
  })
})
