import { describe, expect, it } from "@jest/globals"
import { parseFields, type Audience } from "../api/fields/fields.js"
import { registerResources, type Resource } from "../api/fields/resource.js"
import { renderRow } from "../api/fields/view.js"
import { Capture } from "../payment-model/entities/capture.entity.js"
import { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { Payment } from "../payment-model/entities/payment.entity.js"
import { RefundReason } from "../payment-model/entities/refund-reason.entity.js"
import { Refund } from "../payment-model/entities/refund.entity.js"
import { CAPTURE } from "../payment-model/resources/capture.resource.js"
import {
  PAYMENT_COLLECTION,
  type PaymentCollectionResponse,
} from "../payment-model/resources/payment-collection.resource.js"
import { PAYMENT_PROVIDER } from "../payment-model/resources/payment-provider.resource.js"
import { PAYMENT_SESSION, type PaymentSessionResponse } from "../payment-model/resources/payment-session.resource.js"
import { PAYMENT, type PaymentResponse } from "../payment-model/resources/payment.resource.js"
import { REFUND_REASON } from "../payment-model/resources/refund-reason.resource.js"
import { REFUND } from "../payment-model/resources/refund.resource.js"
import { OPERATION } from "../payment-operations/operation.resource.js"
import { RESOURCES } from "./resources.js"

registerResources(RESOURCES)

/** Renders a row with every scalar, and with every relation that it has. */
function render<Row extends object>(row: Row, resource: Resource<Row>, audience: Audience): object {
  const paths = pathsOf(row, resource)
  // Everything is selected as an operator: what an audience may select is another matter than what it gets.
  return renderRow(row, parseFields(resource, [], paths.join(","), "admin"), resource, audience)
}

function pathsOf(row: object, resource: Resource, prefix = ""): string[] {
  const scalars = [...resource.fields.keys()].map((name) => prefix + name)
  const below = [...resource.relations.values()].flatMap(({ name, target }) => {
    const related = (row as Record<string, unknown>)[name]
    if (related === undefined) return []
    const rows = (Array.isArray(related) ? related : [related]) as (object | null)[]
    const inside = rows.flatMap((each) => (each ? pathsOf(each, target(), `${prefix}${name}.`) : []))
    return inside.length > 0 ? inside : [prefix + name]
  })
  return [...new Set([...scalars, ...below])]
}

const toPaymentCollectionResponse = (row: PaymentCollection, audience: Audience) =>
  render(row, PAYMENT_COLLECTION, audience) as PaymentCollectionResponse

const toPaymentResponse = (row: Payment, audience: Audience) => render(row, PAYMENT, audience) as PaymentResponse

const toOperationResponse = (row: PaymentOperation) => render(row, OPERATION, "admin")

const CREATED = new Date("2026-11-22T10:15:30.000Z")
const UPDATED = new Date("2026-11-22T11:00:00.000Z")
const TIMES = { created_at: CREATED, updated_at: UPDATED }

/** Marks what is answered to nobody. */
const SECRET = "answered to nobody"

const PROVIDER = Object.assign(new PaymentProvider(), { id: "pp_one_one", is_enabled: true })

const REASON = Object.assign(new RefundReason(), {
  id: "refr_1",
  label: "Late",
  code: "late",
  description: null,
  metadata: { shelf: "a" },
  deleted_at: null,
  ...TIMES,
})

const OPERATION_ROW = Object.assign(new PaymentOperation(), {
  id: "op_1",
  kind: "capture",
  state: "unknown",
  payment_collection_id: "pay_col_1",
  payment_session_id: "payses_1",
  payment_id: "pay_1",
  capture_id: "capt_1",
  refund_id: null,
  provider_id: "pp_one_one",
  amount: 4_000n,
  currency_code: "eur",
  attempts: 2,
  next_attempt_at: UPDATED,
  is_stuck: false,
  last_error: "no answer",
  created_by: "apk_1",
  resolved_at: null,
  request: { client_data: {}, data: {}, private_data: { key: SECRET }, context: {} },
  failure: null,
  request_key: SECRET,
  claim_token: SECRET,
  claimed_until: UPDATED,
  ...TIMES,
})

function newCapture(about: Partial<Capture> = {}): Capture {
  return Object.assign(new Capture(), {
    id: "capt_1",
    payment_id: "pay_1",
    amount: 4_000n,
    status: "succeeded",
    created_by: "apk_1",
    metadata: null,
    ...TIMES,
    ...about,
  })
}

function newRefund(about: Partial<Refund> = {}): Refund {
  return Object.assign(new Refund(), {
    id: "ref_1",
    payment_id: "pay_1",
    amount: 1_005n,
    status: "succeeded",
    refund_reason_id: "refr_1",
    note: "sorry",
    created_by: null,
    metadata: null,
    ...TIMES,
    ...about,
  })
}

function newPayment(about: Partial<Payment> = {}): Payment {
  return Object.assign(new Payment(), {
    id: "pay_1",
    payment_collection_id: "pay_col_1",
    payment_session_id: "payses_1",
    provider_id: "pp_one_one",
    currency_code: "eur",
    amount: 10_010n,
    authorized_amount: 10_010n,
    captured_amount: 4_000n,
    refunded_amount: 1_005n,
    data: { shown: "yes" },
    private_data: { key: SECRET },
    metadata: null,
    captured_at: null,
    canceled_at: null,
    deleted_at: null,
    ...TIMES,
    ...about,
  })
}

function newSession(about: Partial<PaymentSession> = {}): PaymentSession {
  return Object.assign(new PaymentSession(), {
    id: "payses_1",
    payment_collection_id: "pay_col_1",
    provider_id: "pp_one_one",
    currency_code: "eur",
    amount: 10_010n,
    status: "authorized",
    client_data: { note: SECRET },
    data: { shown: "yes" },
    private_data: { key: SECRET },
    context: null,
    authorized_at: CREATED,
    metadata: null,
    deleted_at: null,
    ...TIMES,
    ...about,
  })
}

function newCollection(about: Partial<PaymentCollection> = {}): PaymentCollection {
  return Object.assign(new PaymentCollection(), {
    id: "pay_col_1",
    currency_code: "eur",
    amount: 10_010n,
    authorized_amount: 10_010n,
    captured_amount: 4_000n,
    refunded_amount: 1_005n,
    status: "authorized",
    completed_at: null,
    metadata: null,
    cart_id: "cart_1",
    order_id: null,
    region_id: "reg_1",
    sales_channel_id: null,
    marking_paid_at: CREATED,
    version: 7,
    deleted_at: null,
    ...TIMES,
    ...about,
  })
}

const CAPTURE_BODY = {
  id: "capt_1",
  amount: 40,
  status: "succeeded",
  payment_id: "pay_1",
  created_by: "apk_1",
  metadata: null,
  created_at: CREATED,
}

const REFUND_BODY = {
  id: "ref_1",
  amount: 10.05,
  status: "succeeded",
  payment_id: "pay_1",
  refund_reason_id: "refr_1",
  note: "sorry",
  created_by: null,
  metadata: null,
  created_at: CREATED,
}

const PAYMENT_BODY = {
  id: "pay_1",
  amount: 100.1,
  currency_code: "eur",
  provider_id: "pp_one_one",
  authorized_amount: 100.1,
  captured_amount: 40,
  refunded_amount: 10.05,
  data: { shown: "yes" },
  metadata: null,
  ...TIMES,
  captured_at: null,
  canceled_at: null,
  payment_collection_id: "pay_col_1",
  payment_session_id: "payses_1",
}

const SESSION_BODY = {
  id: "payses_1",
  amount: 100.1,
  raw_amount: { value: "100.1", precision: 20 },
  currency_code: "eur",
  provider_id: "pp_one_one",
  data: { shown: "yes" },
  status: "authorized",
  context: {},
  authorized_at: CREATED,
  payment_collection_id: "pay_col_1",
  metadata: {},
  ...TIMES,
  deleted_at: null,
}

const COLLECTION_BODY = {
  id: "pay_col_1",
  currency_code: "eur",
  amount: 100.1,
  status: "authorized",
  authorized_amount: 100.1,
  captured_amount: 40,
  refunded_amount: 10.05,
  completed_at: null,
  ...TIMES,
  metadata: null,
  cart_id: "cart_1",
  order_id: null,
  region_id: "reg_1",
  sales_channel_id: null,
}

/** The sessions of a collection that has one, as an audience gets it. */
function sessionFor(audience: Audience, about: Partial<PaymentSession>): PaymentSessionResponse | undefined {
  const collection = newCollection({ payment_sessions: [newSession(about)] })
  return toPaymentCollectionResponse(collection, audience).payment_sessions?.[0]
}

describe.each(["store", "admin"] as const)("an answer to the %s", (audience) => {
  const isStaff = audience === "admin"
  const capture = isStaff ? CAPTURE_BODY : { ...CAPTURE_BODY, created_by: null }
  const refund = isStaff ? REFUND_BODY : { ...REFUND_BODY, note: null }

  it("has the figures of a collection in major units, and no relation that was not read", () => {
    expect(toPaymentCollectionResponse(newCollection(), audience)).toEqual(COLLECTION_BODY)
  })

  it("has lists that were read and are empty", () => {
    const empty = { payment_providers: [], payment_sessions: [], payments: [] }
    expect(toPaymentCollectionResponse(newCollection(empty), audience)).toEqual({ ...COLLECTION_BODY, ...empty })
    const nothing = { captures: [], refunds: [] }
    expect(toPaymentResponse(newPayment(nothing), audience)).toEqual({ ...PAYMENT_BODY, ...nothing })
  })

  it.each([
    ["pending", "pending"],
    ["unknown", "pending"],
    ["succeeded", "succeeded"],
    ["declined", "failed"],
  ] as const)("shows a capture and a refund that are %s as %s", (status, shown) => {
    const payment = newPayment({ captures: [newCapture({ status })], refunds: [newRefund({ status })] })
    expect(toPaymentResponse(payment, audience)).toMatchObject({
      captures: [{ status: shown }],
      refunds: [{ status: shown }],
    })
  })

  it("shows a refund that failed afterwards as failed", () => {
    const payment = newPayment({ refunds: [newRefund({ status: "failed" })] })
    expect(toPaymentResponse(payment, audience).refunds).toMatchObject([{ status: "failed" }])
  })

  it("has what staff wrote for operators, and null for storefronts", () => {
    const written = { text: "for staff" }
    const metadata = isStaff ? written : null
    const refund_reason = Object.assign({ ...REASON }, { metadata: written }) as RefundReason
    const payment = newPayment({
      metadata: written,
      captures: [newCapture({ metadata: written })],
      refunds: [newRefund({ metadata: written, refund_reason })],
    })
    const collection = newCollection({ metadata: written, payments: [payment] })
    expect(toPaymentCollectionResponse(collection, audience)).toMatchObject({
      metadata,
      payments: [{ metadata, captures: [{ metadata }], refunds: [{ metadata, refund_reason: { metadata } }] }],
    })
  })

  it("has all that was read below a collection, in the currency of each", () => {
    const refunds = [newRefund({ refund_reason: REASON }), newRefund({ id: "ref_2", refund_reason: null })]
    const payment = newPayment({ captures: [newCapture()], refunds })
    const expected = {
      ...PAYMENT_BODY,
      captures: [capture],
      refunds: [
        { ...refund, refund_reason: { ...REASON, metadata: isStaff ? REASON.metadata : null } },
        { ...refund, id: "ref_2", refund_reason: null },
      ],
    }
    const collection = newCollection({
      payment_providers: [PROVIDER],
      payment_sessions: [newSession({ payment }), newSession({ id: "payses_2", payment: null })],
      payments: [payment],
    })
    expect(toPaymentCollectionResponse(collection, audience)).toEqual({
      ...COLLECTION_BODY,
      payment_providers: [{ id: "pp_one_one", is_enabled: true }],
      payment_sessions: [
        { ...SESSION_BODY, payment: expected },
        { ...SESSION_BODY, id: "payses_2", payment: null },
      ],
      payments: [expected],
    })
  })

  it("has the way back up, where it was read", () => {
    const payment = newPayment({
      captures: [newCapture({ payment: newPayment() })],
      refunds: [newRefund({ payment: newPayment() })],
      payment_collection: newCollection(),
      payment_session: newSession({ payment_collection: newCollection() }),
    })
    expect(toPaymentResponse(payment, audience)).toEqual({
      ...PAYMENT_BODY,
      captures: [{ ...capture, payment: PAYMENT_BODY }],
      refunds: [{ ...refund, payment: PAYMENT_BODY }],
      payment_collection: COLLECTION_BODY,
      payment_session: { ...SESSION_BODY, payment_collection: COLLECTION_BODY },
    })
  })

  it("holds nothing that is private, wherever it hangs", () => {
    const payment = newPayment({ captures: [newCapture({ payment: newPayment() })], payment_session: newSession() })
    const collection = newCollection({ payment_sessions: [newSession({ payment })], payments: [payment] })
    const answer = JSON.stringify(toPaymentCollectionResponse(collection, audience))
    expect(answer).not.toContain(SECRET)
    expect(answer).not.toMatch(/private_data|client_data|marking_paid_at|version/)
  })
})

describe("a call to a provider", () => {
  it("is told to operators without what it asks of the provider, or the key that it came with", () => {
    const { request: _request, failure: _failure, request_key: _key, ...others } = OPERATION_ROW
    const { claim_token: _token, claimed_until: _until, ...rest } = others
    expect(toOperationResponse(OPERATION_ROW)).toEqual({ ...rest, amount: 40 })
  })
})

describe("amounts of an answer", () => {
  it.each([
    ["eur", 1n, 0.01, "0.01"],
    ["jpy", 500n, 500, "500"],
    ["kwd", 1_234n, 1.234, "1.234"],
    ["eur", 0n, 0, "0"],
  ])("in %s: %p is %p", (currency_code, amount, major, value) => {
    const figures = { amount, authorized_amount: amount, captured_amount: amount, refunded_amount: amount }
    const answered = {
      amount: major,
      authorized_amount: major,
      captured_amount: major,
      refunded_amount: major,
    }
    const movements = { captures: [newCapture({ amount })], refunds: [newRefund({ amount })] }
    const collection = newCollection({
      currency_code,
      ...figures,
      payment_sessions: [newSession({ currency_code, amount })],
      payments: [newPayment({ currency_code, ...figures, ...movements })],
    })
    expect(toPaymentCollectionResponse(collection, "store")).toMatchObject({
      ...answered,
      payment_sessions: [{ amount: major, raw_amount: { value, precision: 20 } }],
      payments: [{ ...answered, captures: [{ amount: major }], refunds: [{ amount: major }] }],
    })
  })
})

describe("who pays", () => {
  const context = { customer: { id: "cus_1", email: "buyer@example.com" }, account_holder: { id: "acct_1" } }

  it("is told to operators in full, and to a storefront by the customer's id", () => {
    expect(sessionFor("admin", { context })?.context).toEqual(context)
    expect(sessionFor("store", { context })?.context).toEqual({ customer: { id: "cus_1" } })
  })

  it.each<[string, Record<string, unknown> | null]>([
    ["nobody is known", null],
    ["nothing is said of the customer", { account_holder: { id: "acct_1" } }],
    ["the customer is null", { customer: null }],
    ["the customer is no object", { customer: "buyer@example.com" }],
    ["the customer has no id", { customer: { email: "buyer@example.com" } }],
  ])("is told to a storefront by nothing when %s", (_, unnamed) => {
    expect(sessionFor("store", { context: unnamed })?.context).toEqual({})
    expect(sessionFor("admin", { context: unnamed })?.context).toEqual(unnamed ?? {})
  })

  it("is kept from a storefront also where the session hangs on a payment", () => {
    const payment = newPayment({ payment_session: newSession({ context }) })
    expect(toPaymentResponse(payment, "store").payment_session?.context).toEqual({ customer: { id: "cus_1" } })
    expect(toPaymentResponse(payment, "admin").payment_session?.context).toEqual(context)
  })
})

describe("metadata of a session", () => {
  it.each([
    ["nothing", null, {}],
    ["something", { a: 1 }, { a: 1 }],
  ])("are an object, also where there is %s", (_, metadata, expected) => {
    expect(sessionFor("store", { metadata })?.metadata).toEqual(expected)
  })
})

describe("a mapper", () => {
  const payment = newPayment()

  it.each<[string, Resource, object]>([
    ["collection", PAYMENT_COLLECTION, newCollection()],
    ["session", PAYMENT_SESSION, newSession()],
    ["payment", PAYMENT, payment],
    ["capture", CAPTURE, newCapture()],
    ["refund", REFUND, newRefund()],
    ["refund reason", REFUND_REASON, REASON],
    ["call to a provider", OPERATION, OPERATION_ROW],
    ["provider", PAYMENT_PROVIDER, PROVIDER],
  ])("of a %s maps the scalars that its response declares, name by name", (_, resource, row) => {
    expect(Object.keys(resource.toResponse(row, "admin", payment)).sort()).toEqual([...resource.fields.keys()].sort())
  })
})
