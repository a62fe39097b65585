import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { apiOf, SYSTEM_PROVIDER, refusal, amountsOf } from "./support/api.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
const { admin, store } = apiOf(() => service)
let keyId: string
beforeAll(async () => {
  service = await TestService.start()
  keyId = (await service.admin("GET", "/admin/api-keys?type=secret")).body.api_keys[0].id
})
afterAll(() => service.close())

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const get = async (path: string) => {
  const { status, body } = await service.admin("GET", `/admin/${path}`)
  expect([status, body]).toEqual([200, expect.any(Object)])
  return body
}

/** What is done, with how much, how it is answered, and where the collection is then: status, authorized, captured, refunded. */
type Step = readonly [string, number | undefined, number, string, number, number, number]

describe("statuses and totals of payment and collection", () => {
  const lives: Record<string, { cart: Record<string, unknown>; steps: readonly Step[] }> = {
    "captured and refunded in parts, to the cent": {
      cart: { total: 10.1 },
      steps: [
        ["refund", undefined, 400, "authorized", 10.1, 0, 0],
        ["refund", 0.01, 400, "authorized", 10.1, 0, 0],
        ["capture", 10.11, 400, "authorized", 10.1, 0, 0],
        ["capture", 3.37, 200, "authorized", 10.1, 3.37, 0],
        ["refund", 3.38, 400, "authorized", 10.1, 3.37, 0],
        ["capture", 6.72, 200, "authorized", 10.1, 10.09, 0],
        ["capture", 0.02, 400, "authorized", 10.1, 10.09, 0],
        ["capture", 0.005, 400, "authorized", 10.1, 10.09, 0],
        ["capture", 0.01, 200, "completed", 10.1, 10.1, 0],
        ["capture", undefined, 200, "completed", 10.1, 10.1, 0],
        ["capture", 0.01, 200, "completed", 10.1, 10.1, 0],
        ["capture", 10.11, 200, "completed", 10.1, 10.1, 0],
        ["cancel", undefined, 400, "completed", 10.1, 10.1, 0],
        ["refund", 10.11, 400, "completed", 10.1, 10.1, 0],
        ["refund", 0.07, 200, "completed", 10.1, 10.1, 0.07],
        ["refund", 0.14, 200, "completed", 10.1, 10.1, 0.21],
        ["refund", 9.9, 400, "completed", 10.1, 10.1, 0.21],
        ["refund", 9.889, 400, "completed", 10.1, 10.1, 0.21],
        ["refund", 9.89, 200, "completed", 10.1, 10.1, 10.1],
        ["refund", undefined, 400, "completed", 10.1, 10.1, 10.1],
        ["refund", 0.01, 400, "completed", 10.1, 10.1, 10.1],
        ["cancel", undefined, 400, "completed", 10.1, 10.1, 10.1],
      ],
    },
    "captured and refunded in parts, to the yen": {
      cart: { total: 1000, currency_code: "jpy" },
      steps: [
        ["capture", 1001, 400, "authorized", 1000, 0, 0],
        ["capture", 1000.4, 400, "authorized", 1000, 0, 0],
        ["capture", 333, 200, "authorized", 1000, 333, 0],
        ["capture", 0.5, 400, "authorized", 1000, 333, 0],
        ["capture", 1, 200, "authorized", 1000, 334, 0],
        ["refund", 335, 400, "authorized", 1000, 334, 0],
        ["refund", 334, 200, "authorized", 1000, 334, 334],
        ["capture", 667, 400, "authorized", 1000, 334, 334],
        ["capture", undefined, 200, "completed", 1000, 1000, 334],
        ["refund", 667, 400, "completed", 1000, 1000, 334],
        ["refund", undefined, 200, "completed", 1000, 1000, 1000],
        ["refund", 1, 400, "completed", 1000, 1000, 1000],
      ],
    },
    "captured and refunded in parts, to the fils": {
      cart: { total: 5.124, currency_code: "kwd" },
      steps: [
        ["capture", 5.125, 400, "authorized", 5.124, 0, 0],
        ["capture", 5.13, 400, "authorized", 5.124, 0, 0],
        ["capture", 0.0005, 400, "authorized", 5.124, 0, 0],
        ["capture", 0.001, 200, "authorized", 5.124, 0.001, 0],
        ["capture", 5.122, 200, "authorized", 5.124, 5.123, 0],
        ["capture", undefined, 200, "completed", 5.124, 5.124, 0],
        ["refund", 5.125, 400, "completed", 5.124, 5.124, 0],
        ["refund", 5.123, 200, "completed", 5.124, 5.124, 5.123],
        ["refund", 0.002, 400, "completed", 5.124, 5.124, 5.123],
        ["refund", 0.001, 200, "completed", 5.124, 5.124, 5.124],
      ],
    },
    "captured at once, refunded at once": {
      cart: { total: 49.9 },
      steps: [
        ["capture", undefined, 200, "completed", 49.9, 49.9, 0],
        ["refund", undefined, 200, "completed", 49.9, 49.9, 49.9],
      ],
    },
    "canceled before anything was captured": {
      cart: { total: 10 },
      steps: [
        ["cancel", undefined, 200, "canceled", 0, 0, 0],
        ["cancel", undefined, 200, "canceled", 0, 0, 0],
        ["capture", undefined, 400, "canceled", 0, 0, 0],
        ["capture", 0.01, 400, "canceled", 0, 0, 0],
        ["refund", undefined, 400, "canceled", 0, 0, 0],
        ["refund", 0.01, 400, "canceled", 0, 0, 0],
      ],
    },
    "captured in part, the rest given up": {
      cart: { total: 10 },
      steps: [
        ["capture", 4.01, 200, "authorized", 10, 4.01, 0],
        ["refund", 1, 200, "authorized", 10, 4.01, 1],
        ["cancel", undefined, 200, "partially_captured", 4.01, 4.01, 1],
        ["cancel", undefined, 200, "partially_captured", 4.01, 4.01, 1],
        ["capture", undefined, 400, "partially_captured", 4.01, 4.01, 1],
        ["capture", 0.01, 400, "partially_captured", 4.01, 4.01, 1],
        ["refund", 3.02, 400, "partially_captured", 4.01, 4.01, 1],
        ["refund", 0.01, 200, "partially_captured", 4.01, 4.01, 1.01],
        ["refund", undefined, 200, "partially_captured", 4.01, 4.01, 4.01],
        ["refund", undefined, 400, "partially_captured", 4.01, 4.01, 4.01],
        ["cancel", undefined, 200, "partially_captured", 4.01, 4.01, 4.01],
      ],
    },
    "refunded between captures": {
      cart: { total: 10 },
      steps: [
        ["capture", 4, 200, "authorized", 10, 4, 0],
        ["refund", undefined, 200, "authorized", 10, 4, 4],
        ["refund", undefined, 400, "authorized", 10, 4, 4],
        ["capture", 1, 200, "authorized", 10, 5, 4],
        ["refund", undefined, 200, "authorized", 10, 5, 5],
        ["capture", undefined, 200, "completed", 10, 10, 5],
        ["refund", undefined, 200, "completed", 10, 10, 10],
      ],
    },
  }

  it.each(Object.entries(lives))("after each step, %s (D16)", async (_, { cart, steps }) => {
    const { id, paymentId } = await newPayment(service, cart)
    const moved: Record<string, number[]> = { capture: [], refund: [] }
    let before = { captured_amount: 0, refunded_amount: 0 }
    for (const [name, amount, status, collectionStatus, authorized_amount, captured_amount, refunded_amount] of steps) {
      const { status: answered } = await admin.requestOn(paymentId, name, amount === undefined ? undefined : { amount })
      const totals = { authorized_amount, captured_amount, refunded_amount }
      const [payment, collection] = [await admin.readPayment(paymentId), await store.readCollection(id)]
      expect([name, amount, answered, collection.status]).toEqual([name, amount, status, collectionStatus])
      expect([payment, collection]).toMatchObject([totals, totals])
      const isNew = captured_amount !== before.captured_amount || refunded_amount !== before.refunded_amount
      const difference = captured_amount - before.captured_amount + refunded_amount - before.refunded_amount
      if (isNew) moved[name]?.push(amount ?? Number(difference.toFixed(3)))
      expect([amountsOf(payment.captures), amountsOf(payment.refunds)]).toEqual(
        [moved["capture"], moved["refund"]].map((amounts) => [...(amounts ?? [])].sort((a, b) => a - b)),
      )
      before = totals
    }
  })

  it("say once when it was captured in full, and when it was canceled", async () => {
    const { id, paymentId } = await newPayment(service)
    const times = async () => {
      const { captured_at, canceled_at } = await admin.readPayment(paymentId)
      return { captured_at, canceled_at, completed_at: (await store.readCollection(id)).completed_at }
    }
    await admin.capture(paymentId, 9.99)
    expect(await times()).toEqual({ captured_at: null, canceled_at: null, completed_at: null })
    await admin.capture(paymentId)
    const captured = await times()
    expect(captured).toEqual({
      captured_at: expect.stringMatching(TIME),
      canceled_at: null,
      completed_at: captured.captured_at,
    })
    for (const [name, body] of [
      ["capture"],
      ["refund", { amount: 1 }],
      ["capture", { amount: 1 }],
      ["cancel"],
      ["refund"],
    ] as const) {
      await admin.requestOn(paymentId, name, body)
      expect(await times()).toEqual(captured)
    }

    const other = await newPayment(service)
    await admin.capture(other.paymentId, 1)
    await admin.cancel(other.paymentId)
    const { canceled_at, captured_at } = await admin.readPayment(other.paymentId)
    expect([canceled_at, captured_at]).toEqual([expect.stringMatching(TIME), null])
    await admin.cancel(other.paymentId)
    await admin.refund(other.paymentId)
    expect(await admin.readPayment(other.paymentId)).toMatchObject({ canceled_at, captured_at: null })
    expect((await store.readCollection(other.id)).completed_at).toBeNull()
  })

  it("lose the session of a payment that was canceled for nothing, and keep that of one that paid", async () => {
    const [nothing, part] = [await newPayment(service), await newPayment(service)]
    await admin.cancel(nothing.paymentId)
    expect(await store.readCollection(nothing.id)).toMatchObject({
      status: "canceled",
      payment_sessions: [],
      payments: [{ id: nothing.paymentId, amount: 10, authorized_amount: 0 }],
    })
    await admin.capture(part.paymentId, 1)
    await admin.cancel(part.paymentId)
    expect(await store.readCollection(part.id)).toMatchObject({
      status: "partially_captured",
      payment_sessions: [{ id: part.sessionId, status: "authorized" }],
    })
    const next = (cart_id: string) => store.createCollection(cart_id)
    expect((await next(part.cartId)).body.payment_collection.id).toBe(part.id)
    const again = (await next(nothing.cartId)).body.payment_collection
    expect(again).toMatchObject({ status: "not_paid", amount: 10, payment_sessions: [], payments: [] })
    expect(again.id).not.toBe(nothing.id)
  })
})

describe("a capture, refund or cancellation", () => {
  it("answers the payment with Medusa's names, or those that are selected", async () => {
    const { id, sessionId, paymentId } = await newPayment(service)
    const payment = {
      id: paymentId,
      currency_code: "eur",
      amount: 10,
      captured_at: null,
      payment_collection_id: id,
      payment_session_id: sessionId,
    }
    const captures = [{ id: expect.stringMatching(/^capt_[0-9A-Z]{26}$/), amount: 4, status: "succeeded" }]
    expect((await admin.capture(paymentId, 4)).body).toEqual({
      payment: { ...payment, captures, refunds: [] },
    })
    const refund = {
      id: expect.stringMatching(/^ref_[0-9A-Z]{26}$/),
      amount: 1,
      status: "succeeded",
      note: null,
      payment_id: paymentId,
      refund_reason_id: null,
      refund_reason: null,
    }
    expect((await admin.refund(paymentId, 1)).body).toEqual({
      payment: { ...payment, captures, refunds: [refund] },
    })
    expect(
      (
        await service.admin(
          "POST",
          `/admin/payments/${paymentId}/cancel?fields=canceled_at,captures.created_by`,
          undefined,
        )
      ).body,
    ).toEqual({
      payment: {
        id: paymentId,
        canceled_at: expect.stringMatching(TIME),
        captures: [{ id: captures[0]?.id, created_by: keyId }],
      },
    })
  })

  it("does nothing when what it is to answer is wrong", async () => {
    const { paymentId } = await newPayment(service)
    for (const name of ["capture", "refund", "cancel"]) {
      for (const query of ["?fields=nope", "?fields=private_data", "?amount=1"]) {
        expect(await service.admin("POST", `/admin/payments/${paymentId}/${name}${query}`, undefined)).toMatchObject(
          refusal(400, "invalid_data", expect.stringMatching(/nope|private_data|amount/)),
        )
      }
    }
    expect(await admin.readPayment(paymentId)).toMatchObject({ captured_amount: 0, canceled_at: null })
  })

  it("does not know an unknown payment (D10)", async () => {
    for (const [name, body] of [
      ["capture"],
      ["capture", { amount: 1 }],
      ["refund"],
      ["refund", { refund_reason_id: "refr_unknown" }],
      ["cancel"],
    ] as const) {
      expect(await admin.requestOn("pay_unknown", name, body)).toMatchObject(
        refusal(404, "not_found", "Payment with id: pay_unknown was not found"),
      )
      expect(await admin.requestOn("pay%00", name, body)).toMatchObject(
        refusal(400, "invalid_data", expect.stringContaining("cannot be stored")),
      )
    }
  })

  it.each<[string, object | undefined, string]>([
    [
      "capture",
      { amount: 6.01 },
      "You cannot capture more than the authorized amount substracted by what is already captured.",
    ],
    ["capture", { amount: 0.001 }, "Value for field 'amount' has more decimals than eur allows (2), got: '0.001'"],
    ["capture", { amount: 1e15 }, "Value for field 'amount' too large, expected at most: '9999999999999.99'"],
    ["refund", { amount: 4.01 }, "You are not allowed to refund more than the captured amount"],
    ["refund", { amount: 0.001 }, "Value for field 'amount' has more decimals than eur allows (2), got: '0.001'"],
  ])("%s of %j is refused in Medusa's words where it has any", async (name, body, message) => {
    const { paymentId } = await newPayment(service)
    await admin.capture(paymentId, 4)
    expect(await admin.requestOn(paymentId, name, body)).toMatchObject(refusal(400, "invalid_data", message))
  })

  it("of what is over is refused in words", async () => {
    const [canceled, captured] = [await newPayment(service), await newPayment(service)]
    await admin.cancel(canceled.paymentId)
    for (const body of [undefined, { amount: 1 }]) {
      expect(await admin.capture(canceled.paymentId, body)).toMatchObject(
        refusal(400, "invalid_data", `The payment: ${canceled.paymentId} has been canceled.`),
      )
    }
    await admin.capture(captured.paymentId)
    expect(await admin.cancel(captured.paymentId)).toMatchObject(
      refusal(400, "not_allowed", `The payment: ${captured.paymentId} has been captured in full. Refund it instead.`),
    )
    await admin.refund(captured.paymentId)
    expect(await admin.refund(captured.paymentId)).toMatchObject(
      refusal(400, "invalid_data", "You cannot refund more than what is captured on the payment."),
    )
  })

  it.each<[unknown, string]>([
    [{ amount: 0 }, "Value for field 'amount' too small, expected at least: '0'"],
    [{ amount: -1 }, "Value for field 'amount' too small, expected at least: '0'"],
    [{ amount: null }, "Expected type: 'number' for field 'amount', got: 'null'"],
    [{ amount: "1" }, "Expected type: 'number' for field 'amount', got: '1'"],
    [{ amount: [1] }, "Expected type: 'number' for field 'amount', got: '1'"],
    [{ amount: { value: "1" } }, "Expected type: 'number' for field 'amount', got: 'record'"],
    [{ amount: true }, "Expected type: 'number' for field 'amount', got: 'true'"],
    [{ amount: 1, currency_code: "eur" }, "Unrecognized fields: 'currency_code'"],
    [{ amount: 1, created_by: "me" }, "Unrecognized fields: 'created_by'"],
    [[{ amount: 1 }], "Field '' is required"],
  ])("of %j is refused, and moves nothing", async (body, message) => {
    const { paymentId } = await newPayment(service)
    await admin.capture(paymentId, 4)
    for (const name of ["capture", "refund"]) {
      expect(await admin.requestOn(paymentId, name, body)).toMatchObject(
        refusal(400, "invalid_data", `Invalid request: ${message}`),
      )
    }
    expect(await admin.readPayment(paymentId)).toMatchObject({ captured_amount: 4, refunded_amount: 0 })
  })

  it.each(['{"amount":1e400}', '{"amount":', '{"amount":1}}', '"1"', "1"])("of %s is refused", async (raw) => {
    const { paymentId } = await newPayment(service)
    const options = { headers: { "content-type": "application/json" } }
    const answer = await admin.capture(paymentId, raw, options)
    expect(answer).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect((await admin.readPayment(paymentId)).captured_amount).toBe(0)
  })

  it.each<[string, unknown, Record<string, string>]>([
    ["no body", undefined, {}],
    ["no body under a JSON content type, as the js-sdk sends it", undefined, { "content-type": "application/json" }],
    ["an empty object", {}, {}],
  ])("takes %s as asking for all", async (_, body, headers) => {
    const { paymentId } = await newPayment(service)
    for (const name of ["capture", "refund"]) {
      expect((await admin.requestOn(paymentId, name, body, { headers })).status).toBe(200)
    }
    expect(await admin.readPayment(paymentId)).toMatchObject({ captured_amount: 10, refunded_amount: 10 })
    const { paymentId: other } = await newPayment(service)
    expect((await admin.cancel(other, body, { headers })).status).toBe(200)
  })

  it("of all takes nothing else: a cancellation with an amount is refused, and gives nothing up", async () => {
    const { paymentId } = await newPayment(service)
    for (const [body, message] of [
      [{ amount: 5 }, "Unrecognized fields: 'amount'"],
      [[{}], "Field '' is required"],
    ] as const) {
      const refused = refusal(400, "invalid_data", `Invalid request: ${message}`)
      expect(await admin.cancel(paymentId, body)).toMatchObject(refused)
    }
    expect((await admin.readPayment(paymentId)).canceled_at).toBeNull()
  })

  it("tells who asked for it: the key, or the service", async () => {
    const { paymentId } = await newPayment(service)
    const tcp = await TcpConnection.open(service.tcpPort)
    const created = async (kind: "captures" | "refunds") =>
      Object.fromEntries((await admin.readPayment(paymentId))[kind].map((row: any) => [row.amount, row.created_by]))
    const expected = { 1: keyId, 2: "tcp:back-office", 3: "tcp:internal" }
    for (const name of ["capture", "refund"]) {
      await admin.requestOn(paymentId, name, 1)
      await tcp.ask(`payments.${name}`, { id: paymentId, amount: 2, caller: "back-office" })
      await tcp.ask(`payments.${name}`, { id: paymentId, amount: 3 })
    }
    tcp.close()
    expect([await created("captures"), await created("refunds")]).toEqual([expected, expected])
  })
})

describe("the reason of a refund", () => {
  it("is kept with its note, and answered", async () => {
    const { paymentId } = await newPayment(service)
    const reasonId = await admin.newRefundReason("kept_reason")
    await admin.capture(paymentId)
    const note = "Two of three; \u00fc\u2603 'quoted'"
    const { body } = await admin.refund(paymentId, { amount: 2, refund_reason_id: reasonId, note })
    const reason = { id: reasonId, label: "Label of kept_reason", code: "kept_reason" }
    expect(body.payment.refunds).toMatchObject([{ amount: 2, note, refund_reason_id: reasonId, refund_reason: reason }])
    const [refund] = (await admin.readPayment(paymentId)).refunds
    expect(refund).toEqual({
      id: body.payment.refunds[0].id,
      amount: 2,
      status: "succeeded",
      payment_id: paymentId,
      refund_reason_id: reasonId,
      note,
      created_by: keyId,
      metadata: null,
      created_at: expect.stringMatching(TIME),
      refund_reason: {
        ...reason,
        description: null,
        metadata: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        deleted_at: null,
      },
    })
  })

  it("stays with the refund when it is deleted", async () => {
    const { paymentId } = await newPayment(service)
    const reasonId = await admin.newRefundReason("deleted_later")
    await admin.capture(paymentId)
    await admin.refund(paymentId, { amount: 2, refund_reason_id: reasonId })
    await service.admin("DELETE", `/admin/refund-reasons/${reasonId}`)
    expect((await admin.readPayment(paymentId)).refunds).toMatchObject([
      { refund_reason_id: reasonId, refund_reason: { code: "deleted_later" } },
    ])
  })

  it("has to be there: an unknown or deleted one is 404, and nothing moves (D10)", async () => {
    const { paymentId } = await newPayment(service)
    const deleted = await admin.newRefundReason("deleted_before")
    await service.admin("DELETE", `/admin/refund-reasons/${deleted}`)
    await admin.capture(paymentId)
    for (const refund_reason_id of ["refr_unknown", deleted, ""]) {
      expect(await admin.refund(paymentId, { amount: 2, refund_reason_id })).toMatchObject(
        refusal(404, "not_found", `RefundReason id not found: ${refund_reason_id}`),
      )
    }
    expect(await admin.readPayment(paymentId)).toMatchObject({ refunded_amount: 0, refunds: [] })
  })

  it.each<[object, string]>([
    [{ refund_reason_id: null }, "Expected type: 'string' for field 'refund_reason_id', got: 'null'"],
    [{ refund_reason_id: ["a"] }, "Expected type: 'string' for field 'refund_reason_id', got: 'a'"],
    [{ note: 5 }, "Expected type: 'string' for field 'note', got: '5'"],
    [{ note: null }, "Expected type: 'string' for field 'note', got: 'null'"],
    [{ note: "a\0" }, "Value for field 'note' contains a character that cannot be stored"],
  ])("and its note are text: %j is refused", async (body, message) => {
    const { paymentId } = await newPayment(service)
    await admin.capture(paymentId)
    expect(await admin.refund(paymentId, body)).toMatchObject(
      refusal(400, "invalid_data", `Invalid request: ${message}`),
    )
  })
})

describe("GET /admin/payments", () => {
  it("filters, sorts and pages", async () => {
    const [small, middle, large] = [
      await newPayment(service, { total: 11 }),
      await newPayment(service, { total: 22 }),
      await newPayment(service, { total: 33, currency_code: "usd" }),
    ]
    await admin.capture(middle.paymentId)
    await admin.capture(large.paymentId, 1)
    const { captured_at } = await admin.readPayment(middle.paymentId)
    const { created_at } = await admin.readPayment(small.paymentId)
    const ids = [small, middle, large].map(({ paymentId }) => paymentId).join(",")
    const list = async (query: string) => {
      const { payments, count, offset, limit } = await get(`payments?id[]=${ids}&order=amount&${query}`)
      return [amountsOf(payments), count, offset, limit]
    }
    expect(await list("")).toEqual([[11, 22, 33], 3, 0, 20])
    expect(await list("limit=1&offset=1")).toEqual([[22], 3, 1, 1])
    expect(await list("limit=2&offset=2")).toEqual([[33], 3, 2, 2])
    expect(await list("limit=0")).toEqual([[], 3, 0, 0])
    expect(await list("offset=3")).toEqual([[], 3, 3, 20])
    expect(await list(`payment_collection_id=${large.id}`)).toEqual([[33], 1, 0, 20])
    expect(await list(`payment_collection_id[]=${large.id}&payment_collection_id[]=${small.id}`)).toEqual([
      [11, 33],
      2,
      0,
      20,
    ])
    expect(await list(`payment_session_id=${middle.sessionId}`)).toEqual([[22], 1, 0, 20])
    expect(await list(`provider_id=${SYSTEM_PROVIDER}`)).toEqual([[11, 22, 33], 3, 0, 20])
    expect(await list("provider_id=pp_other_default")).toEqual([[], 0, 0, 20])
    expect(await list(`provider_id[$ne]=${SYSTEM_PROVIDER}`)).toEqual([[], 0, 0, 20])
    expect(await list(`captured_at=${captured_at}`)).toEqual([[22], 1, 0, 20])
    expect(await list(`captured_at[$gte]=${captured_at}`)).toEqual([[22], 1, 0, 20])
    expect(await list(`captured_at[$lt]=${captured_at}`)).toEqual([[], 0, 0, 20])
    expect(await list(`created_at[$gte]=${created_at}&created_at[$lt]=2099-01-01`)).toEqual([[11, 22, 33], 3, 0, 20])
    expect(await list(`$or[0][payment_collection_id]=${small.id}&$or[1][captured_at][$gte]=${captured_at}`)).toEqual([
      [11, 22],
      2,
      0,
      20,
    ])
    const sorted = await get(`payments?id[]=${ids}&order=-amount&fields=amount&limit=2`)
    expect(sorted.payments).toEqual(
      [large, middle].map(({ paymentId }, index) => ({ id: paymentId, amount: [33, 22][index] })),
    )
  })

  it.each([
    ["captured_at=soon", "Expected type: 'date' for field 'captured_at', got: 'soon'"],
    [
      "captured_at[$gte]=2026-13-01T00:00:00Z",
      "Expected type: 'date' for field 'captured_at', got: '2026-13-01T00:00:00Z'",
    ],
    ["status=captured", "Unrecognized fields: 'status'"],
    ["limit=-1", "Value for field 'limit' too small, expected at least: '0'"],
  ])("refuses %s (D26)", async (query, message) => {
    expect(await service.admin("GET", `/admin/payments?${query}`)).toMatchObject(
      refusal(400, "invalid_data", `Invalid request: ${message}`),
    )
  })
})

describe("marking as paid", () => {
  const ONLY_NOT_PAID = refusal(400, "not_allowed", "Can only mark 'not_paid' payment collection as paid")

  it("opens, authorizes and captures, for an order", async () => {
    const id = await admin.newOrderCollection(12.34)
    const { status, body } = await admin.markAsPaid(id)
    expect([status, body.payment_collection]).toEqual([
      200,
      {
        id,
        currency_code: "eur",
        amount: 12.34,
        status: "completed",
        authorized_amount: 12.34,
        captured_amount: 12.34,
        refunded_amount: 0,
        outstanding_amount: 0,
        payment_sessions: [
          expect.objectContaining({ provider_id: SYSTEM_PROVIDER, status: "authorized", amount: 12.34, data: {} }),
        ],
        payments: [
          expect.objectContaining({
            provider_id: SYSTEM_PROVIDER,
            amount: 12.34,
            captured_at: expect.stringMatching(TIME),
          }),
        ],
      },
    ])
    const collection = await store.readCollection(id)
    expect(collection.completed_at).toBe(collection.payments[0].captured_at)
    const { captures } = await admin.readPayment(collection.payments[0].id)
    expect(captures).toMatchObject([{ amount: 12.34, created_by: keyId }])
    expect((await admin.refund(collection.payments[0].id)).status).toBe(200)
  })

  it.each([
    ["jpy", 1001],
    ["kwd", 0.001],
    ["eur", 9999999999999.99],
  ])("pays to the minor unit, in %s", async (currency, amount) => {
    const { body } = await admin.markAsPaid(await admin.newOrderCollection(amount, currency), {
      order_id: "x",
      provider_id: SYSTEM_PROVIDER,
    })
    expect(body.payment_collection).toMatchObject({ status: "completed", amount, captured_amount: amount })
  })

  it("pays nothing where nothing is to be paid", async () => {
    const { body } = await admin.markAsPaid(await admin.newOrderCollection(0))
    expect(body.payment_collection).toMatchObject({
      status: "completed",
      captured_amount: 0,
      payments: [{ captured_amount: 0 }],
    })
  })

  it("goes on with the session that the shopper opened, at what the cart costs by now", async () => {
    const { cartId, id, sessionId } = await newSession(
      service,
      {},
      { provider_id: SYSTEM_PROVIDER, data: { by: "shopper" } },
    )
    await service.dataSource.query("UPDATE cart SET total = 2550 WHERE id = $1", [cartId])
    expect((await admin.markAsPaid(id)).body.payment_collection).toMatchObject({
      status: "completed",
      amount: 25.5,
      captured_amount: 25.5,
      payment_sessions: [{ id: sessionId, amount: 25.5, data: { by: "shopper" } }],
      payments: [{ amount: 25.5 }],
    })
  })

  it("is refused once it is done, or anything was authorized otherwise, and changes nothing", async () => {
    const marked = await admin.newOrderCollection(10)
    await admin.markAsPaid(marked)
    const [authorized, captured, given, canceled] = [
      await newPayment(service),
      await newPayment(service),
      await newPayment(service),
      await newPayment(service),
    ]
    await admin.capture(captured.paymentId)
    await admin.capture(given.paymentId, 1)
    await admin.cancel(given.paymentId)
    await admin.cancel(canceled.paymentId)
    for (const id of [marked, authorized.id, captured.id, given.id, canceled.id]) {
      const before = await store.readCollection(id)
      expect(await admin.markAsPaid(id)).toMatchObject(ONLY_NOT_PAID)
      expect(await store.readCollection(id)).toEqual(before)
    }
  })

  it("wants a provider that is there and offered, and changes nothing without", async () => {
    await service.admin("POST", "/admin/regions/reg_without", { payment_providers: [] })
    const [order, { id: cart }, { id: elsewhere }] = [
      await admin.newOrderCollection(10),
      await newCollection(service),
      await newCollection(service, { region_id: "reg_without" }),
    ]
    for (const [id, provider_id, place] of [
      [order, "pp_unknown_default", ". Choose one that is enabled."],
      [cart, "pp_unknown_default", " in the cart's region reg_test. Choose one of the region's providers."],
      [
        elsewhere,
        undefined,
        " in the cart's region reg_without. The region has no enabled payment provider: the operator has to name its providers with POST /admin/regions/:id.",
      ],
    ] as const) {
      expect(await admin.markAsPaid(id, { order_id: "order_1", provider_id })).toMatchObject(
        refusal(400, "invalid_data", `Payment provider ${provider_id ?? SYSTEM_PROVIDER} is not enabled${place}`),
      )
      expect(await store.readCollection(id)).toMatchObject({ status: "not_paid", payment_sessions: [], payments: [] })
    }
    // It was not even begun: what the shopper authorizes is not for it to capture.
    const open = await store.openSession(cart, {
      provider_id: SYSTEM_PROVIDER,
    })
    const sessionId = open.body.payment_collection.payment_sessions[0].id as string
    await store.authorize(cart, sessionId)
    expect(await admin.markAsPaid(cart)).toMatchObject(ONLY_NOT_PAID)
  })

  it("does not know an unknown or deleted collection", async () => {
    const { id } = await newCollection(service)
    await admin.deleteCollection(id)
    for (const unknown of ["pay_col_unknown", id]) {
      expect(await admin.markAsPaid(unknown)).toMatchObject(
        refusal(404, "not_found", `PaymentCollection id not found: ${unknown}`),
      )
    }
  })

  it.each<[unknown, string]>([
    [{}, "Field 'order_id' is required"],
    [{ provider_id: SYSTEM_PROVIDER }, "Field 'order_id' is required"],
    [{ order_id: 5 }, "Expected type: 'string' for field 'order_id', got: '5'"],
    [{ order_id: "o", provider_id: null }, "Expected type: 'string' for field 'provider_id', got: 'null'"],
    [{ order_id: "o", amount: 1 }, "Unrecognized fields: 'amount'"],
    [{ order_id: "o\0" }, "Value for field 'order_id' contains a character that cannot be stored"],
  ])("of %j is refused", async (body, message) => {
    const { id } = await newCollection(service)
    expect(await admin.markAsPaid(id, body)).toMatchObject(refusal(400, "invalid_data", `Invalid request: ${message}`))
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
  })
})

describe("deleting a collection", () => {
  it("cancels its open session first; neither is seen again, and the cart gets a new one", async () => {
    const { cartId, id, sessionId } = await newSession(service)
    expect((await admin.deleteCollection(id)).body).toEqual({ id, object: "payment-collection", deleted: true })
    const { operations } = await get(`operations?payment_collection_id=${id}&kind=cancel_session`)
    expect(operations).toMatchObject([{ state: "succeeded", payment_session_id: sessionId, created_by: keyId }])
    const gone = refusal(404, "not_found", `PaymentCollection id not found: ${id}`)
    expect(await store.getCollection(id)).toMatchObject(gone)
    expect(await admin.getCollection(id)).toMatchObject(gone)
    expect(await store.authorize(id, sessionId)).toMatchObject(gone)
    expect(await admin.deleteCollection(id)).toMatchObject(gone)
    expect((await get(`payment-collections?cart_id=${cartId}`)).count).toBe(0)
    await putCart(service, { id: cartId, total: 20 })
    const next = (await store.createCollection(cartId)).body.payment_collection
    expect(next).toMatchObject({ amount: 20, status: "not_paid", payment_sessions: [] })
    expect(next.id).not.toBe(id)
  })

  it("is refused once anything was authorized, and changes nothing", async () => {
    const { id, paymentId } = await newPayment(service)
    const steps = [() => admin.capture(paymentId, 1), () => admin.cancel(paymentId), () => admin.refund(paymentId)]
    for (const step of [() => Promise.resolve(), ...steps]) {
      await step()
      const before = await store.readCollection(id)
      expect(await admin.deleteCollection(id)).toMatchObject(
        refusal(400, "not_allowed", "Can only delete payment collections where status is not_paid"),
      )
      expect(await store.readCollection(id)).toEqual(before)
    }
    const canceled = await newPayment(service)
    await admin.cancel(canceled.paymentId)
    expect((await admin.deleteCollection(canceled.id)).status).toBe(400)
  })

  it("works for an order, and leaves the order's others alone", async () => {
    const [one, other] = [await admin.newOrderCollection(10), await admin.newOrderCollection(20)]
    expect((await admin.deleteCollection(one)).status).toBe(200)
    expect((await store.readCollection(other)).amount).toBe(20)
  })
})

describe("operations", () => {
  /** A life with an operation of every kind. */
  async function life() {
    const { cartId, id, sessionId } = await newSession(service)
    await putCart(service, { id: cartId, total: 20 })
    await store.authorize(id, sessionId)
    const paymentId = (await store.readCollection(id)).payments[0].id as string
    await admin.capture(paymentId, 5)
    await admin.refund(paymentId, 1.5)
    await admin.cancel(paymentId)
    return { id, sessionId, paymentId }
  }
  const kindsOf = ({ operations }: { operations: { kind: string }[] }) => operations.map(({ kind }) => kind).sort()

  it("tell every call to a provider: what, for what, by whom, and how it ended", async () => {
    const { id, sessionId, paymentId } = await life()
    const { operations, ...page } = await get(`operations?payment_collection_id=${id}`)
    expect(page).toEqual({ count: 6, offset: 0, limit: 20 })
    const shopper = (await get("api-keys?type=publishable")).api_keys[0].id as string
    const { captures, refunds } = await admin.readPayment(paymentId)
    const expected = {
      initiate: { amount: 10, created_by: shopper },
      update: { amount: 20, created_by: keyId },
      authorize: { amount: 20, created_by: shopper },
      capture: { amount: 5, created_by: keyId, payment_id: paymentId, capture_id: captures[0].id },
      refund: { amount: 1.5, created_by: keyId, payment_id: paymentId, refund_id: refunds[0].id },
      cancel_payment: { amount: 15, created_by: keyId, payment_id: paymentId },
    }
    expect(Object.fromEntries(operations.map((operation: any) => [operation.kind, operation]))).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([kind, about]) => [
          kind,
          {
            id: expect.stringMatching(/^op_[0-9A-Z]{26}$/),
            kind,
            state: "succeeded",
            payment_collection_id: id,
            payment_session_id: sessionId,
            payment_id: null,
            capture_id: null,
            refund_id: null,
            provider_id: SYSTEM_PROVIDER,
            currency_code: "eur",
            attempts: 0,
            next_attempt_at: null,
            is_stuck: false,
            last_error: null,
            created_at: expect.stringMatching(TIME),
            updated_at: expect.stringMatching(TIME),
            resolved_at: expect.stringMatching(TIME),
            ...about,
          },
        ]),
      ),
    )
  })

  it("are filtered, sorted and paged", async () => {
    const { id, sessionId, paymentId } = await life()
    const { operations } = await get(`operations?payment_collection_id=${id}&kind=initiate`)
    const { created_at, resolved_at } = operations[0]
    const list = async (query: string) => kindsOf(await get(`operations?payment_collection_id=${id}&${query}`))
    const ofPayment = ["cancel_payment", "capture", "refund"]
    const ofSession = ["authorize", "initiate", "update"]
    const all = [...ofPayment, ...ofSession].sort()
    expect(await list(`payment_id=${paymentId}`)).toEqual(ofPayment)
    expect(await list(`payment_session_id=${sessionId}`)).toEqual(all)
    expect(await list("kind=capture")).toEqual(["capture"])
    expect(await list("kind[]=refund&kind[]=initiate")).toEqual(["initiate", "refund"])
    expect(await list("kind[$nin]=authorize,initiate,update")).toEqual(ofPayment)
    expect(await list("state=succeeded")).toEqual(all)
    expect(await list("state[]=pending&state[]=unknown")).toEqual([])
    expect([await list("is_stuck=false"), await list("is_stuck=true")]).toEqual([all, []])
    expect([await list(`provider_id=${SYSTEM_PROVIDER}`), await list("provider_id=pp_x")]).toEqual([all, []])
    expect([await list(`resolved_at[$gte]=${resolved_at}`), await list(`resolved_at[$lt]=${resolved_at}`)]).toEqual([
      all,
      [],
    ])
    expect(await list(`created_at[$gte]=${created_at}&updated_at[$gte]=${created_at}`)).toEqual(all)
    const page = await get(`operations?payment_collection_id=${id}&order=-amount&limit=2&offset=2&fields=amount`)
    expect(page).toEqual({
      operations: [15, 10].map((amount) => ({ id: expect.any(String), amount })),
      count: 6,
      offset: 2,
      limit: 2,
    })
    const [first] = (await get(`operations?payment_collection_id=${id}&kind=capture`)).operations
    expect((await get(`operations?id=${first.id}`)).operations).toEqual([first])
  })

  it.each([
    ["state=done", "Expected: 'pending, succeeded, declined, unknown' for field 'state', but got: 'done'"],
    ["kind=pay", expect.stringContaining("for field 'kind', but got: 'pay'")],
    ["is_stuck=yes", "Expected: 'true, false' for field 'is_stuck', but got: 'yes'"],
    ["resolved_at=never", "Expected type: 'date' for field 'resolved_at', got: 'never'"],
    ["request=x", "Unrecognized fields: 'request'"],
    ["fields=request", "Unknown names in 'fields': 'request'"],
    [
      "fields=request_key,failure,claimed_until",
      "Unknown names in 'fields': 'request_key', 'failure', 'claimed_until'",
    ],
    ["order=request_key", "Order field request_key is not valid"],
  ])("refuse %s", async (query, message) => {
    const expected = typeof message === "string" ? expect.stringContaining(message) : message
    expect(await service.admin("GET", `/admin/operations?${query}`)).toMatchObject(
      refusal(400, "invalid_data", expected),
    )
  })

  it("are read alone; settled ones stay as they are when they are retried", async () => {
    const { id } = await life()
    const before = await store.readCollection(id)
    const { operations } = await get(`operations?payment_collection_id=${id}`)
    expect(operations).toHaveLength(6)
    for (const operation of operations) {
      expect(await get(`operations/${operation.id}`)).toEqual({ operation })
      const retried = await admin.retryOperation(operation.id)
      expect([retried.status, retried.body]).toEqual([200, { operation }])
    }
    expect(await store.readCollection(id)).toEqual(before)
    const selected = await service.admin("POST", `/admin/operations/${operations[0].id}/retry?fields=state`)
    expect(selected.body).toEqual({ operation: { id: operations[0].id, state: "succeeded" } })
  })

  it("do not exist when they are unknown, and are for operators alone", async () => {
    const calls: [string, string][] = [
      ["GET", "/admin/operations/op_unknown"],
      ["POST", "/admin/operations/op_unknown/retry"],
    ]
    for (const [method, path] of calls) {
      expect(await service.admin(method, path)).toMatchObject(
        refusal(404, "not_found", "Operation id not found: op_unknown"),
      )
      expect(await service.store(method, path)).toMatchObject({ status: 401, body: { type: "unauthorized" } })
    }
  })

  it("are none where a request changed nothing", async () => {
    const { id, paymentId } = await newPayment(service)
    await admin.capture(paymentId)
    const before = (await get(`operations?payment_collection_id=${id}`)).count
    const answers: Answer[] = [
      await admin.capture(paymentId),
      await admin.capture(paymentId, 1),
      await admin.refund(paymentId, 11),
      await admin.cancel(paymentId),
      await admin.markAsPaid(id),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 400, 400])
    expect((await get(`operations?payment_collection_id=${id}`)).count).toBe(before)
  })
})
