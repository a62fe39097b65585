import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf, FAKE } from "./support/api.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService, type Answer } from "./support/service.js"
const SINGLE = { provider_id: "pp_fake_single" }

const bank = new FakeBank()
let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start({ PROVIDER_TIMEOUT: "500" }, { modules: [fakeProviders(bank)] })
})
afterAll(() => service.close())
beforeEach(() => {
  bank.reset()
})

const payment = async (paymentId: string) =>
  (await service.admin("GET", `/admin/payments/${paymentId}?fields=+authorized_amount,+captured_amount,+canceled_at`))
    .body.payment
const operations = async (query: string) => (await service.admin("GET", `/admin/operations?${query}`)).body.operations
const callsOf = (kind: string) => bank.calls.filter((call) => call.kind === kind)

/** Settles what is unsettled of a collection, as the reconciler does once it is due. */
async function settleAll(collectionId: string): Promise<string[]> {
  await service.dataSource.query("UPDATE payment_operation SET claimed_until = NULL WHERE payment_collection_id = $1", [
    collectionId,
  ])
  const unsettled = await operations(`payment_collection_id=${collectionId}&state[]=pending&state[]=unknown`)
  const states: string[] = []
  for (const { id } of unsettled) {
    states.push((await admin.retryOperation(id)).body.operation.state as string)
  }
  return states
}

function expectUnknown({ status, body, headers }: Answer): string {
  expect([status, body.type, body.code]).toEqual([504, "payment_provider_error", "outcome_unknown"])
  expect(body.message).toContain(body.operation_id)
  expect(headers.get("retry-after")).toBe("5")
  return body.operation_id as string
}

describe("a provider that declines", () => {
  it("an authorization: 422 with its words and codes; the session can be tried again", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "decline")
    const { status, body } = await store.authorize(id, sessionId)
    expect([status, body]).toEqual([
      422,
      {
        type: "payment_authorization_error",
        message: "The card was declined.",
        code: "card_declined",
        decline_code: "insufficient_funds",
        retryable: true,
        operation_id: expect.stringMatching(/^op_/),
        request_id: expect.any(String),
      },
    ])
    expect(await store.readCollection(id)).toMatchObject({
      status: "not_paid",
      payment_sessions: [{ status: "error" }],
    })
    expect((await store.authorize(id, sessionId)).body.payment_collection).toMatchObject({
      status: "authorized",
      payment_sessions: [{ id: sessionId, status: "authorized" }],
    })
  })

  it("a session: 422, and no session is left", async () => {
    const { id } = await newCollection(service)
    bank.script("initiate", "decline")
    expect((await store.openSession(id, FAKE)).status).toBe(422)
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
    expect((await store.openSession(id, FAKE)).status).toBe(200)
  })

  it("as the provider itself, not the bank: 502 (D19)", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "refuse")
    const { status, body } = await admin.capture(paymentId)
    expect([status, body.type, body.code, body.retryable]).toEqual([
      502,
      "payment_provider_error",
      "bank_refused",
      false,
    ])
    const failed = { amount: 10, status: "failed" }
    expect(await payment(paymentId)).toMatchObject({ captures: [failed], captured_amount: 0 })
    const again = await admin.capture(paymentId)
    expect(again.body.payment.captures).toMatchObject([failed, { amount: 10, status: "succeeded" }])
  })

  it("a change of the amount leaves session and collection as they were, and the change pending", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("update", "refuse", 2)
    await putCart(service, { id: cartId, total: 25 })
    expect(await store.readCollection(id)).toMatchObject({
      amount: 10,
      payment_sessions: [{ id: sessionId, amount: 10 }],
    })
    expect(await store.authorize(id, sessionId)).toMatchObject({ status: 409, body: { code: "amount_changed" } })
    expect((await store.openSession(id, FAKE)).status).toBe(502)
    expect((await store.openSession(id, FAKE)).body.payment_collection).toMatchObject({
      amount: 25,
      payment_sessions: [{ id: sessionId, amount: 25 }],
    })
    expect(bank.books.get(sessionId)).toMatchObject({ amount: 2500n })
  })
})

describe("a shopper who has to do more", () => {
  it.each([
    ["require_more", "requires_more", "not_paid"],
    ["pending", "pending", "not_paid"],
    ["pending_async", "pending_authorization", "awaiting"],
  ] as const)(
    "%s: 200, the session is %s and the collection %s, until it goes on",
    async (behaviour, session, status) => {
      const { id, sessionId } = await newSession(service, {}, FAKE)
      bank.script("authorize", behaviour)
      const answer = await store.authorize(id, sessionId)
      expect([answer.status, answer.body.payment_collection]).toMatchObject([
        200,
        { status, authorized_amount: 0, payment_sessions: [{ status: session, payment: null }], payments: [] },
      ])
      if (behaviour === "require_more") {
        expect(answer.body.payment_collection.payment_sessions[0].data).toMatchObject({
          next_action: { type: "redirect" },
        })
      }
      for (const key of bank.unfinished) bank.finish(key)
      expect((await store.authorize(id, sessionId)).body.payment_collection).toMatchObject({
        status: "authorized",
        payments: [{ amount: 10 }],
      })
      expect(bank.books.get(sessionId)).toMatchObject({ authorized: 1000n })
    },
  )
})

describe("a provider whose answer stays out", () => {
  it.each(["fail_before", "fail_after"] as const)(
    "%s, on a capture: 504 with the operation; the money is reserved until the operation is settled, and moves once",
    async (behaviour) => {
      const { id, sessionId, paymentId } = await newPayment(service, {}, FAKE)
      bank.script("capture", behaviour)
      const operationId = expectUnknown(await admin.capture(paymentId, 6))
      const pending = { captures: [{ amount: 6, status: "pending" }], captured_amount: 0 }
      expect(await payment(paymentId)).toMatchObject(pending)
      expect((await service.admin("GET", `/admin/operations/${operationId}`)).body.operation).toMatchObject({
        state: "unknown",
        kind: "capture",
        amount: 6,
        payment_id: paymentId,
        last_error: "The line to the bank broke",
        is_stuck: false,
        next_attempt_at: expect.any(String),
      })
      // What is not reserved can be captured; what is reserved cannot.
      expect((await admin.capture(paymentId, 4)).status).toBe(200)
      const refused = await admin.capture(paymentId, 1)
      expect(refused).toMatchObject({ status: 409, body: { code: "operation_in_progress", operation_id: operationId } })
      expect(await admin.capture(paymentId)).toMatchObject({ status: 409 })

      expect(await settleAll(id)).toEqual(["succeeded"])
      expect(await payment(paymentId)).toMatchObject({ captured_amount: 10, captured_at: expect.any(String) })
      expect(bank.books.get(sessionId)).toMatchObject({ captured: 1000n })
      expect((await store.readCollection(id)).status).toBe("completed")
      expect(await settleAll(id)).toEqual([])
    },
  )

  it("on an authorization: 504, and once settled there is one payment", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "fail_after")
    expectUnknown(await store.authorize(id, sessionId))
    expect(await store.authorize(id, sessionId)).toMatchObject({ status: 409, body: { code: "operation_in_progress" } })
    expect(await settleAll(id)).toEqual(["succeeded"])
    const answer = await store.authorize(id, sessionId)
    expect([answer.status, answer.body.payment_collection.payments]).toMatchObject([200, [{ amount: 10 }]])
    expect(callsOf("authorize")).toHaveLength(1)
  })

  it("on a session: 504; the session that comes of it is the one that a repeat gets", async () => {
    const { id } = await newCollection(service)
    bank.script("initiate", "fail_after")
    expectUnknown(await store.openSession(id, FAKE))
    expect(await settleAll(id)).toEqual(["succeeded"])
    const [session] = (await store.openSession(id, FAKE)).body.payment_collection.payment_sessions
    expect(session).toMatchObject({ status: "pending", data: { client_secret: `fake_secret_${session.id}` } })
    expect([callsOf("initiate").length, bank.books.size]).toEqual([1, 1])
  })

  it("on a session, which the provider has never heard of: it is opened with the same key", async () => {
    const { id } = await newCollection(service)
    bank.script("initiate", "fail_before")
    expectUnknown(await store.openSession(id, FAKE))
    expect(await settleAll(id)).toEqual(["succeeded"])
    const keys = callsOf("initiate").map(({ idempotencyKey }) => idempotencyKey)
    expect([keys.length, new Set(keys).size]).toEqual([2, 1])
    expect((await store.readCollection(id)).payment_sessions).toHaveLength(1)
  })

  it("on a cart change: the cart is taken, its collection stays whole, and follows once it is settled", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("update", "fail_after")
    await putCart(service, { id: cartId, total: 25 })
    expect(await store.readCollection(id)).toMatchObject({ amount: 10, payment_sessions: [{ amount: 10 }] })
    // A second change does not wait for the first.
    await putCart(service, { id: cartId, total: 30 })
    expect(await settleAll(id)).toEqual(["succeeded"])
    expect(await store.readCollection(id)).toMatchObject({
      amount: 30,
      payment_sessions: [{ id: sessionId, amount: 30 }],
    })
    expect(bank.books.get(sessionId)).toMatchObject({ amount: 3000n })
  })

  it("for longer than the deadline counts as unknown, and is given up", async () => {
    const { id, paymentId, sessionId } = await newPayment(service, {}, FAKE)
    bank.script("refund", "hang_after")
    await admin.capture(paymentId)
    expectUnknown(await admin.refund(paymentId, 3))
    expect(await settleAll(id)).toEqual(["succeeded"])
    expect((await payment(paymentId)).refunds).toMatchObject([{ amount: 3, status: "succeeded" }])
    expect(bank.books.get(sessionId)).toMatchObject({ refunded: 300n })
  })

  it("on a cancellation: nothing can be captured until it is settled", async () => {
    const { id, paymentId } = await newPayment(service, {}, FAKE)
    bank.script("cancel_payment", "fail_after")
    expectUnknown(await admin.cancel(paymentId))
    expect(await admin.capture(paymentId, 1)).toMatchObject({ status: 409 })
    expect(await settleAll(id)).toEqual(["succeeded"])
    expect(await admin.capture(paymentId, 1)).toMatchObject({
      status: 400,
      body: { type: "invalid_data" },
    })
    expect(await payment(paymentId)).toMatchObject({ canceled_at: expect.any(String), authorized_amount: 0 })
  })
})

describe("a provider that takes money on, and is not through yet", () => {
  it("a refund is answered with 200 and listed as pending until it has happened", async () => {
    const { id, paymentId } = await newPayment(service, {}, FAKE)
    await admin.capture(paymentId)
    bank.script("refund", "pending_async")
    const answer = await admin.refund(paymentId, 4)
    expect(answer).toMatchObject({ status: 200, body: { payment: { refunds: [{ amount: 4, status: "pending" }] } } })
    expect(await admin.refund(paymentId, 7)).toMatchObject({ status: 409 })
    expect(await settleAll(id)).toEqual(["pending"])
    for (const key of bank.unfinished) bank.finish(key)
    expect(await settleAll(id)).toEqual(["succeeded"])
    expect((await payment(paymentId)).refunds).toMatchObject([{ amount: 4, status: "succeeded" }])
  })

  it("a capture that is declined in the end is listed as failed, and its money can be captured", async () => {
    const { id, paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "pending_async")
    expect((await admin.capture(paymentId)).body.payment.captures).toMatchObject([{ amount: 10, status: "pending" }])
    for (const key of bank.unfinished) bank.finish(key, "decline")
    expect(await settleAll(id)).toEqual(["declined"])
    expect((await admin.capture(paymentId)).body.payment.captures).toMatchObject([
      { amount: 10, status: "failed" },
      { amount: 10, status: "succeeded" },
    ])
  })
})

describe("a provider that reports another amount", () => {
  it("smaller, on an authorization: that much is held, the rest is still to pay", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "report_less")
    expect((await store.authorize(id, sessionId)).body.payment_collection).toMatchObject({
      status: "partially_authorized",
      authorized_amount: 9.99,
      payments: [{ amount: 9.99 }],
    })
    const { body } = await store.openSession(id, FAKE)
    expect(body.payment_collection.payment_sessions).toMatchObject([
      { status: "authorized", amount: 10 },
      { status: "pending", amount: 0.01 },
    ])
  })

  it("smaller, on a capture: it is what was captured, and the rest can be", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "report_less")
    expect((await admin.capture(paymentId)).body.payment).toMatchObject({
      captured_at: null,
      captures: [{ amount: 9.99 }],
    })
    expect((await admin.capture(paymentId)).body.payment.captures).toMatchObject([{ amount: 9.99 }, { amount: 0.01 }])
  })

  it("in another currency: nothing is recorded, and the operation waits for a person", async () => {
    const { id, paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "report_other_currency")
    const operationId = expectUnknown(await admin.capture(paymentId, 2))
    expect(await operations("is_stuck=true")).toMatchObject([
      { id: operationId, payment_collection_id: id, next_attempt_at: null, last_error: expect.stringMatching(/usd/) },
    ])
    expect(await payment(paymentId)).toMatchObject({ captures: [{ amount: 2, status: "pending" }], captured_amount: 0 })
  })
})

describe("a provider that captures once", () => {
  it("takes a part as final: the rest is given up, and a further capture is 400 not_allowed", async () => {
    const { id, sessionId, paymentId } = await newPayment(service, {}, SINGLE)
    expect((await admin.capture(paymentId, 6)).status).toBe(200)
    expect(await payment(paymentId)).toMatchObject({
      authorized_amount: 6,
      captured_amount: 6,
      canceled_at: expect.any(String),
    })
    expect(await store.readCollection(id)).toMatchObject({ status: "partially_captured", authorized_amount: 6 })
    expect(bank.books.get(sessionId)).toMatchObject({ authorized: 600n, captured: 600n })
    expect(await admin.capture(paymentId, 1)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
    expect((await admin.refund(paymentId, 6)).status).toBe(200)
  })

  it("takes all as any other does", async () => {
    const { id, paymentId } = await newPayment(service, {}, SINGLE)
    expect((await admin.capture(paymentId)).body.payment).toMatchObject({ captured_at: expect.any(String) })
    expect(await payment(paymentId)).toMatchObject({ canceled_at: null })
    expect((await store.readCollection(id)).status).toBe("completed")
  })
})

describe("sessions at a provider", () => {
  it("the same again calls nobody; other data and amounts change it in place, with the id kept (D5)", async () => {
    const { id, sessionId } = await newSession(service, {}, { ...FAKE, data: { token: "a" } })
    const secret = (await store.readCollection(id)).payment_sessions[0].data.client_secret
    await store.openSession(id, { ...FAKE, data: { token: "a" } })
    expect(callsOf("update")).toEqual([])
    await store.openSession(id, { ...FAKE, data: { note: "b" } })
    expect(callsOf("update")).toHaveLength(1)
    const sessions = (await store.readCollection(id)).payment_sessions
    expect(sessions).toMatchObject([{ id: sessionId, data: { client_secret: secret } }])
    expect(bank.books.size).toBe(1)
  })

  it("of another provider: the old one is canceled there first, and never listed again", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const [next] = (await store.openSession(id, SINGLE)).body.payment_collection.payment_sessions
    expect(next.id).not.toBe(sessionId)
    expect([bank.books.get(sessionId)?.canceled, bank.books.get(next.id)?.canceled]).toEqual([true, false])
    expect((await store.readCollection(id)).payment_sessions.map((session: { id: string }) => session.id)).toEqual([
      next.id,
    ])
    expect((await store.authorize(id, sessionId)).status).toBe(404)
  })

  it("that cannot be canceled stay, and no second one is opened", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("cancel_session", "refuse")
    expect((await store.openSession(id, SINGLE)).status).toBe(502)
    expect((await store.readCollection(id)).payment_sessions).toMatchObject([
      { id: sessionId, provider_id: "pp_fake_default" },
    ])
  })

  it("take of a storefront only what the provider names (D9); an operator may send anything", async () => {
    const { id } = await newCollection(service)
    const data = { token: "t", capture_method: "automatic", confirm: true }
    const refused = await store.openSession(id, { ...FAKE, data })
    expect([refused.status, refused.body.message]).toEqual([
      400,
      "Invalid request: Unrecognized fields: 'data.capture_method, data.confirm'",
    ])
    expect(bank.calls).toEqual([])
    const byOperator = await admin.openSession(id, { ...FAKE, data })
    expect(byOperator.status).toBe(200)
  })

  it("of nothing are refused where the provider calls a network (D29)", async () => {
    const { id } = await newCollection(service, { total: 0 })
    expect(await store.openSession(id, FAKE)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect(bank.calls).toEqual([])
  })

  it("W35: a deleted collection's session is canceled at the provider first; if that fails, nothing is deleted", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("cancel_session", "refuse")
    const remove = () => admin.deleteCollection(id)
    expect((await remove()).status).toBe(502)
    expect((await store.readCollection(id)).payment_sessions).toHaveLength(1)
    expect((await remove()).status).toBe(200)
    expect(bank.books.get(sessionId)?.canceled).toBe(true)
    expect((await store.getCollection(id)).status).toBe(404)
  })

  it("show nobody what the provider keeps for itself", async () => {
    const { id } = await newPayment(service, {}, FAKE)
    const answers = [
      await store.getCollection(id),
      await admin.getCollection(id, "?fields=*payment_sessions,*payments"),
      await service.admin("GET", `/admin/operations?payment_collection_id=${id}`),
      await service.admin("GET", "/admin/events?limit=1000"),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      expect(JSON.stringify(body)).not.toMatch(/fi_payses|private_data|request_key|"request"/)
    }
  })
})

it("W12: the provider gets the amount of every capture and refund", async () => {
  const { paymentId, sessionId } = await newPayment(service, {}, FAKE)
  await admin.capture(paymentId, 4)
  await admin.capture(paymentId, 0.5)
  await admin.refund(paymentId, 1.25)
  const moved = bank.calls.filter(({ kind }) => kind === "capture" || kind === "refund").map(({ amount }) => amount)
  expect(moved).toEqual([400n, 50n, 125n])
  expect(bank.books.get(sessionId)).toMatchObject({ captured: 450n, refunded: 125n })
})

it("W31: a mark-as-paid whose capture fails is gone on with by the next one", async () => {
  const { id } = await newCollection(service)
  const mark = () => admin.markAsPaid(id, { order_id: "order_1", ...FAKE })
  bank.script("capture", "refuse")
  expect((await mark()).status).toBe(502)
  expect((await store.readCollection(id)).status).toBe("authorized")
  expect((await mark()).body.payment_collection).toMatchObject({ status: "completed", captured_amount: 10 })
  expect([callsOf("initiate").length, callsOf("authorize").length]).toEqual([1, 1])
  expect(await mark()).toMatchObject({ status: 400, body: { type: "not_allowed" } })
})

it("mark-as-paid does not take for paid what the provider has not authorized", async () => {
  const { id } = await newCollection(service)
  bank.script("authorize", "pending_async")
  const answer = await admin.markAsPaid(id, {
    order_id: "order_1",
    ...FAKE,
  })
  expect(answer).toMatchObject({
    status: 400,
    body: { type: "not_allowed", message: expect.stringMatching(/^Session: payses_/) },
  })
  expect((await store.readCollection(id)).status).toBe("awaiting")
})
