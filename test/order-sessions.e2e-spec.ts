import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { apiOf, FAKE } from "./support/api.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { newSession, putCart } from "./support/factories.js"
import { REGION, TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"
const bank = new FakeBank()

let service: TestService
const { admin, store } = apiOf(() => service)
let tcp: TcpConnection
beforeAll(async () => {
  service = await TestService.start({ PROVIDER_TIMEOUT: "500" }, { modules: [fakeProviders(bank)] })
  tcp = await TcpConnection.open(service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await service.close()
})
beforeEach(() => {
  bank.reset()
})

interface PlacedOrder {
  orderId: string
  cartId: string
  id: string
  sessionId: string
}

/** An order that was placed while its provider had not decided on the payment yet. */
async function newOrder(): Promise<PlacedOrder> {
  const orderId = `order_${randomUUID()}`
  const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
  bank.script("authorize", "pending_async")
  await store.authorize(id, sessionId)
  await putCart(service, { id: cartId, order_id: orderId, completed_at: new Date().toISOString() })
  return { orderId, cartId, id, sessionId }
}

const authorize = (orderId: string, payment_session_id: string, { key = "", fields = "" } = {}) =>
  service.admin(
    "POST",
    `/admin/orders/${orderId}/payment-sessions/authorize${fields && `?fields=${fields}`}`,
    { payment_session_id },
    { headers: key ? { "idempotency-key": key } : {} },
  )

const finishAll = () => {
  for (const key of bank.unfinished) bank.finish(key)
}

const callsToAuthorize = () => bank.calls.filter(({ kind }) => kind === "authorize").length

const isLock = (statement: string) => /LEFT JOIN cart[^]*FOR UPDATE OF collection/.test(statement)

describe("the late authorization of an order's session", () => {
  it("is 200 and not authorized while the provider has not decided", async () => {
    const { orderId, id, sessionId } = await newOrder()
    const { status, body } = await authorize(orderId, sessionId)
    expect([status, body]).toEqual([
      200,
      {
        order: {
          id: orderId,
          currency_code: "eur",
          region_id: REGION,
          sales_channel_id: null,
          payment_status: "awaiting",
          payment_collections: [
            {
              id,
              currency_code: "eur",
              amount: 10,
              status: "awaiting",
              authorized_amount: 0,
              captured_amount: 0,
              refunded_amount: 0,
              outstanding_amount: 10,
              payment_sessions: [expect.objectContaining({ id: sessionId, status: "pending_authorization" })],
              payments: [],
            },
          ],
        },
        is_authorized: false,
      },
    ])
  })

  it("makes the payment once the provider has authorized it, and is refused after that", async () => {
    const { orderId, sessionId } = await newOrder()
    finishAll()
    const { status, body } = await authorize(orderId, sessionId)
    expect([status, body]).toMatchObject([
      200,
      {
        order: {
          id: orderId,
          payment_status: "authorized",
          payment_collections: [{ status: "authorized", authorized_amount: 10, payments: [{ amount: 10 }] }],
        },
        is_authorized: true,
      },
    ])
    expect((await authorize(orderId, sessionId)).body).toMatchObject({
      type: "not_allowed",
      message: `Payment session ${sessionId} is not in pending_authorization status`,
    })
    expect(bank.books.get(sessionId)).toMatchObject({ authorized: 1000n })
  })

  it("gives all parallel requests the one authorization", async () => {
    const { orderId, id, sessionId } = await newOrder()
    finishAll()
    let release: () => void = () => undefined
    bank.script("authorize", { wait: new Promise((resolve) => (release = resolve)), then: "succeed" })
    const before = callsToAuthorize()
    service.statements.take()
    const requests = [1, 2, 3].map(() => authorize(orderId, sessionId))
    // The provider responds once all three are in the queue of the lock, so each decides before its outcome is recorded.
    for (let locks = 0; locks < 3; locks += service.statements.take().filter(isLock).length) await sleep(5)
    release()
    const answers = await Promise.all(requests)
    expect(answers.map(({ status, body }) => [status, body.is_authorized])).toEqual(answers.map(() => [200, true]))
    expect(callsToAuthorize() - before).toBe(1)
    expect((await store.readCollection(id)).payments).toHaveLength(1)
  })

  it.each([
    ["require_more", "requires_more"],
    ["pending", "pending"],
  ] as const)("is 400 when the provider wants the shopper (%s), and the session says so", async (behaviour, status) => {
    const { orderId, id, sessionId } = await newOrder()
    finishAll()
    bank.script("authorize", behaviour)
    const answer = await authorize(orderId, sessionId)
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { type: "not_allowed", message: `Session: ${sessionId} was not authorized with the provider.` },
    ])
    expect((await store.readCollection(id)).payment_sessions).toMatchObject([{ id: sessionId, status }])
  })

  it("is 422 with the provider's reason when the bank declines, and the session has failed", async () => {
    const { orderId, id, sessionId } = await newOrder()
    bank.script("authorize", "decline")
    const { status, body } = await authorize(orderId, sessionId)
    expect([status, body]).toMatchObject([
      422,
      { type: "payment_authorization_error", decline_code: "insufficient_funds" },
    ])
    expect((await store.readCollection(id)).payment_sessions).toMatchObject([{ status: "error" }])
  })

  it("answers what `fields` selects", async () => {
    const { orderId, id, sessionId } = await newOrder()
    const named = await authorize(orderId, sessionId, { fields: "id,payment_collections.status" })
    expect(named.body.order).toEqual({ id: orderId, payment_collections: [{ id, status: "awaiting" }] })
    expect((await authorize(orderId, sessionId, { fields: "payment_status" })).body.order).toEqual({
      id: orderId,
      payment_status: "awaiting",
    })
    const unknown = await authorize(orderId, sessionId, { fields: "+items" })
    expect([unknown.status, unknown.body.message]).toEqual([400, "Invalid request: Unknown names in 'fields': 'items'"])
  })

  it("lists all collections of the order, its own first, and their status counts", async () => {
    const { orderId, id, sessionId } = await newOrder()
    const more = { order_id: orderId, amount: 5, currency_code: "eur" }
    const others = []
    for (let i = 0; i < 2; i++) {
      others.push((await admin.createCollection(more)).body.payment_collection.id)
    }
    finishAll()
    const { body } = await authorize(orderId, sessionId, { fields: "payment_status,payment_collections.amount" })
    expect(body.order).toEqual({
      id: orderId,
      payment_status: "partially_authorized",
      payment_collections: [{ id, amount: 10 }, ...others.reverse().map((other) => ({ id: other, amount: 5 }))],
    })
  })
})

describe("a session that cannot be authorized for an order", () => {
  it("is 404 if there is none", async () => {
    const { orderId } = await newOrder()
    const { status, body } = await authorize(orderId, "payses_unknown")
    expect([status, body]).toMatchObject([
      404,
      { type: "not_found", message: "PaymentSession id not found: payses_unknown" },
    ])
  })

  it("is 404 for another order, and its provider is not asked", async () => {
    const [mine, others] = [await newOrder(), await newOrder()]
    finishAll()
    const before = callsToAuthorize()
    for (const orderId of [others.orderId, "order_unknown"]) {
      const { status, body } = await authorize(orderId, mine.sessionId)
      expect([status, body]).toMatchObject([
        404,
        {
          type: "not_found",
          message: `PaymentSession id not found: ${mine.sessionId}. Its collection does not belong to order ${orderId}.`,
        },
      ])
    }
    expect(callsToAuthorize()).toBe(before)
    expect(await store.readCollection(mine.id)).toMatchObject({
      status: "awaiting",
      authorized_amount: 0,
      payments: [],
    })
    expect((await authorize(mine.orderId, mine.sessionId)).body).toMatchObject({ is_authorized: true })
  })

  it("is 404 if its collection belongs to no order", async () => {
    const { sessionId } = await newSession(service, {}, FAKE)
    expect((await authorize("order_none", sessionId)).status).toBe(404)
    expect(callsToAuthorize()).toBe(0)
  })

  it("follows the cart to another order", async () => {
    const { orderId, cartId, sessionId } = await newOrder()
    const order_id = `${orderId}_again`
    await putCart(service, { id: cartId, order_id, completed_at: new Date().toISOString() })
    expect((await authorize(orderId, sessionId)).status).toBe(404)
    expect((await authorize(order_id, sessionId)).body).toMatchObject({ order: { id: order_id }, is_authorized: false })
  })

  it("is 404 once it was replaced", async () => {
    const { orderId, id, sessionId } = await newOrder()
    const replaced = await admin.openSession(id, {
      provider_id: "pp_system_default",
    })
    expect(replaced.status).toBe(200)
    const { status, body } = await authorize(orderId, sessionId)
    expect([status, body.message]).toEqual([404, `PaymentSession id not found: ${sessionId}`])
  })

  it("is 400 in another status than pending_authorization", async () => {
    const { cartId, sessionId } = await newSession(service, {}, FAKE)
    const order_id = `order_${randomUUID()}`
    await putCart(service, { id: cartId, order_id })
    const { status, body } = await authorize(order_id, sessionId)
    expect([status, body]).toMatchObject([
      400,
      { type: "not_allowed", message: `Payment session ${sessionId} is not in pending_authorization status` },
    ])
    expect(callsToAuthorize()).toBe(0)
  })

  it.each([
    [{}, "Field 'payment_session_id' is required"],
    [{ payment_session_id: 5 }, "Expected type: 'string' for field 'payment_session_id', got: '5'"],
    [{ payment_session_id: "payses_1", amount: 1 }, "Unrecognized fields: 'amount'"],
  ])("is 400 with the body %j", async (request, message) => {
    const { status, body } = await service.admin("POST", "/admin/orders/order_1/payment-sessions/authorize", request)
    expect([status, body.message]).toEqual([400, `Invalid request: ${message}`])
  })

  it("is 401 without a secret key", async () => {
    const path = "/admin/orders/order_1/payment-sessions/authorize"
    const publishable = { "x-publishable-api-key": service.publishableKey }
    expect((await service.call("POST", path, { payment_session_id: "payses_1" }, publishable)).status).toBe(401)
  })
})

describe("with an idempotency key", () => {
  it("replays the response, also once the session is authorized", async () => {
    const { orderId, sessionId } = await newOrder()
    finishAll()
    const key = randomUUID()
    const first = await authorize(orderId, sessionId, { key })
    const again = await authorize(orderId, sessionId, { key })
    expect([again.status, again.headers.get("idempotent-replayed"), again.body]).toEqual([200, "true", first.body])
    expect(first.body.is_authorized).toBe(true)
  })

  it("continues after a lost answer of the provider, and gets the result that was recorded meanwhile", async () => {
    const { orderId, id, sessionId } = await newOrder()
    finishAll()
    bank.script("authorize", "hang_after")
    const key = randomUUID()
    const lost = await authorize(orderId, sessionId, { key })
    expect([lost.status, lost.body.code]).toEqual([504, "outcome_unknown"])
    await admin.retryOperation(String(lost.body.operation_id))
    const before = callsToAuthorize()
    const again = await authorize(orderId, sessionId, { key })
    expect([again.status, again.body]).toMatchObject([200, { order: { id: orderId }, is_authorized: true }])
    expect(callsToAuthorize()).toBe(before)
    expect((await store.readCollection(id)).payments).toHaveLength(1)
  })
})

it("is the same over TCP", async () => {
  const { orderId: order_id, sessionId: payment_session_id } = await newOrder()
  const ask = (data: object) => tcp.ask("payment_sessions.authorize_for_order", data)
  expect((await ask({ order_id: "order_unknown", payment_session_id })).err).toMatchObject({ type: "not_found" })
  expect((await ask({ order_id })).err).toMatchObject({
    message: "Invalid request: Field 'payment_session_id' is required",
  })
  const fields = "-payment_collections.payment_sessions.updated_at"
  const waiting = await ask({ order_id, payment_session_id, fields })
  expect(waiting.response).toEqual((await authorize(order_id, payment_session_id, { fields })).body)
  expect(waiting.response).toMatchObject({ order: { payment_status: "awaiting" }, is_authorized: false })
  finishAll()
  const { response } = await ask({ order_id, payment_session_id, fields: "payment_status" })
  expect(response).toEqual({ order: { id: order_id, payment_status: "authorized" }, is_authorized: true })
})

describe("an operator who authorizes a session of a collection", () => {
  it("makes the payment, in the response that operators get", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const path = `/admin/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
    const { status, body } = await service.admin("POST", path)
    const { body: read } = await admin.getCollection(id)
    expect([status, body]).toEqual([200, read])
    expect(body.payment_collection).toMatchObject({ status: "authorized", payments: [{ amount: 10 }] })
    const again = await service.admin("POST", `${path}?fields=authorized_amount`)
    expect(again.body).toEqual({ payment_collection: { id, authorized_amount: 10 } })
    expect(callsToAuthorize()).toBe(1)
  })

  it("is refused as a storefront is", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const path = (session: string) => `/admin/payment-collections/${id}/payment-sessions/${session}/authorize`
    const unknown = await service.admin("POST", path("payses_unknown"))
    expect([unknown.status, unknown.body.message]).toEqual([404, "PaymentSession id not found: payses_unknown"])
    const withoutKey = await service.call("POST", path(sessionId), undefined, {})
    expect(withoutKey.status).toBe(401)
    bank.script("authorize", "decline")
    expect((await service.admin("POST", path(sessionId))).body).toMatchObject({ type: "payment_authorization_error" })
  })
})
