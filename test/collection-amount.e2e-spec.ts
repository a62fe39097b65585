import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { PaymentOperationsService } from "../src/payment-operations/payment-operations.service.js"
import { apiOf, FAKE, SYSTEM, collectionIn, openSessionIn, eventNamesOf } from "./support/api.js"
import { newCollection } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"

const bank = new FakeBank()
let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start({ PROVIDER_TIMEOUT: "1000" }, { modules: [fakeProviders(bank)] })
})
afterAll(() => service.close())
beforeEach(() => {
  bank.reset()
})

const path = (id: string) => `/admin/payment-collections/${id}`

async function newOrder(amount = 10, currency_code = "eur"): Promise<string> {
  const body = { order_id: `order_${randomUUID()}`, amount, currency_code }
  return collectionIn(await admin.createCollection(body)).id as string
}

async function newSessionOf(id: string, request: object = FAKE): Promise<string> {
  return openSessionIn(collectionIn(await admin.openSession(id, request))).id as string
}

async function newPaymentOf(id: string, request?: object): Promise<string> {
  const sessionId = await newSessionOf(id, request)
  const { payments } = collectionIn(await store.authorize(id, sessionId))
  return payments.find((payment: any) => payment.payment_session_id === sessionId).id as string
}

describe("POST /admin/payment-collections/:id", () => {
  it("changes the amount of a collection without a cart, and records that once", async () => {
    const id = await newOrder()
    expect(collectionIn(await admin.changeAmount(id, 12.5))).toMatchObject({
      ...{ id, amount: 12.5, status: "not_paid", outstanding_amount: 12.5 },
    })
    expect(collectionIn(await admin.changeAmount(id, 12.5))).toMatchObject({ amount: 12.5 })
    expect(await eventNamesOf(service, id)).toEqual(["payment_collection.created", "payment_collection.updated"])
    expect(collectionIn(await admin.changeAmount(id, 0))).toMatchObject({ amount: 0, status: "not_paid" })
  })

  it("answers what `fields` selects, and does nothing when that is wrong", async () => {
    const id = await newOrder()
    const selected = (fields: string) => service.admin("POST", `${path(id)}?fields=${fields}`, { amount: 11 })
    expect(await selected("nope")).toMatchObject({ status: 400 })
    expect(await admin.readCollection(id)).toMatchObject({ amount: 10 })
    expect(collectionIn(await selected("amount"))).toEqual({ id, amount: 11 })
  })

  it("raises what is authorized to partially authorized, and a session pays the rest", async () => {
    const id = await newOrder()
    await newPaymentOf(id)
    expect(collectionIn(await admin.changeAmount(id, 15))).toMatchObject({
      ...{ status: "partially_authorized", amount: 15, authorized_amount: 10, outstanding_amount: 5 },
    })
    const payment = await newPaymentOf(id)
    expect(await admin.readCollection(id)).toMatchObject({
      status: "authorized",
      authorized_amount: 15,
      outstanding_amount: 0,
    })
    await admin.capture(payment)
    expect(await admin.readCollection(id)).toMatchObject({ status: "authorized", captured_amount: 5 })
  })

  it("lowers it to what is authorized, and no further", async () => {
    const id = await newOrder()
    await newPaymentOf(id)
    await admin.changeAmount(id, 15)
    expect(await admin.changeAmount(id, 9.99)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: expect.stringContaining("below what is authorized") },
    })
    expect(collectionIn(await admin.changeAmount(id, 10))).toMatchObject({ status: "authorized", amount: 10 })
  })

  it("completes a collection that is lowered to what was captured", async () => {
    const id = await newOrder()
    const payment = await newPaymentOf(id)
    await admin.capture(payment, 4)
    await admin.cancel(payment)
    expect(collectionIn(await admin.changeAmount(id, 4))).toMatchObject({
      status: "completed",
      amount: 4,
      captured_amount: 4,
    })
    expect((await eventNamesOf(service, id)).at(-1)).toBe("payment_collection.completed")
    expect(await admin.changeAmount(id, 5)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
  })

  it("is refused for a canceled collection", async () => {
    const id = await newOrder()
    await admin.cancel(await newPaymentOf(id))
    expect(await admin.changeAmount(id, 20)).toMatchObject({
      status: 400,
      body: { type: "not_allowed", message: expect.stringContaining("canceled") },
    })
  })

  it("is refused for a cart's collection, and says to change the cart", async () => {
    const { id, cartId } = await newCollection(service)
    expect(await admin.changeAmount(id, 20)).toMatchObject({
      status: 400,
      body: {
        type: "not_allowed",
        message: `The amount of the payment collection follows cart ${cartId}. Change the cart with PUT /admin/carts/:id.`,
      },
    })
  })

  it.each([[-1], ["5"], [null], [undefined]])("is refused for the amount %j", async (amount) => {
    const id = await newOrder()
    expect(await admin.changeAmount(id, amount)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect(await admin.readCollection(id)).toMatchObject({ amount: 10 })
  })

  it("is refused for an amount with more decimals than its currency has, and for unknown names and collections", async () => {
    const id = await newOrder(1000, "jpy")
    expect(await admin.changeAmount(id, 999.5)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: expect.stringContaining("more decimals than jpy allows") },
    })
    expect(await service.admin("POST", path(id), { amount: 5, currency_code: "eur" })).toMatchObject({ status: 400 })
    expect(await admin.changeAmount("pay_col_unknown", 5)).toMatchObject({ status: 404, body: { type: "not_found" } })
    const deleted = await newOrder()
    await service.admin("DELETE", path(deleted))
    expect((await admin.changeAmount(deleted, 5)).status).toBe(404)
  })
})

describe("an open session of a collection whose amount is changed", () => {
  it.each([SYSTEM, FAKE])("is changed in place with %j", async (provider) => {
    const id = await newOrder()
    const sessionId = await newSessionOf(id, provider)
    const changed = collectionIn(await admin.changeAmount(id, 12))
    expect(changed).toMatchObject({ amount: 12, payment_sessions: [{ id: sessionId, amount: 12, status: "pending" }] })
  })

  it("is authorized for the new amount", async () => {
    const id = await newOrder()
    const sessionId = await newSessionOf(id, FAKE)
    await admin.changeAmount(id, 12)
    expect(collectionIn(await store.authorize(id, sessionId))).toMatchObject({
      status: "authorized",
      authorized_amount: 12,
    })
  })

  it("is for what is not authorized yet", async () => {
    const id = await newOrder()
    await newPaymentOf(id)
    await admin.changeAmount(id, 15)
    const sessionId = await newSessionOf(id)
    const changed = collectionIn(await admin.changeAmount(id, 18))
    expect(changed).toMatchObject({ status: "partially_authorized", amount: 18, outstanding_amount: 8 })
    expect(openSessionIn(changed)).toMatchObject({ id: sessionId, amount: 8 })
    expect(bank.calls.at(-1)).toMatchObject({ kind: "update", amount: 800n })
  })

  it("is canceled when nothing is left to pay", async () => {
    const id = await newOrder()
    await newPaymentOf(id)
    await admin.changeAmount(id, 15)
    const sessionId = await newSessionOf(id)
    expect(collectionIn(await admin.changeAmount(id, 10))).toMatchObject({ status: "authorized", amount: 10 })
    expect(bank.calls.at(-1)).toMatchObject({ kind: "cancel_session", sessionId })
  })

  it("is canceled when its provider cannot take the amount", async () => {
    const id = await newOrder()
    const sessionId = await newSessionOf(id)
    expect(collectionIn(await admin.changeAmount(id, 0))).toMatchObject({ amount: 0, payment_sessions: [] })
    expect(bank.calls.at(-1)).toMatchObject({ kind: "cancel_session", sessionId })
  })

  it("stays with its collection when the provider refuses", async () => {
    const id = await newOrder()
    const sessionId = await newSessionOf(id)
    bank.script("update", "refuse")
    expect(await admin.changeAmount(id, 12)).toMatchObject({ status: 502 })
    expect(await admin.readCollection(id)).toMatchObject({
      amount: 10,
      payment_sessions: [{ id: sessionId, amount: 10 }],
    })
  })

  it("changes with its collection once the provider says that it did it", async () => {
    const id = await newOrder()
    await newPaymentOf(id)
    await admin.changeAmount(id, 15)
    const sessionId = await newSessionOf(id)
    bank.script("update", "fail_after")
    const key = { headers: { "idempotency-key": randomUUID() } }
    const lost = await admin.changeAmount(id, 18, key)
    expect(lost).toMatchObject({ status: 504, body: { code: "outcome_unknown" } })
    expect(await admin.readCollection(id)).toMatchObject({ amount: 15 })
    await service.app.get(PaymentOperationsService).resolveNow(lost.body.operation_id)
    expect(openSessionIn(await admin.readCollection(id))).toMatchObject({ id: sessionId, amount: 8 })
    expect(collectionIn(await admin.changeAmount(id, 18, key))).toMatchObject({
      amount: 18,
      status: "partially_authorized",
    })
    expect(bank.calls.filter(({ kind }) => kind === "update")).toHaveLength(1)
  })

  it("that the shopper has authorized meanwhile counts before the amount is judged", async () => {
    const id = await newOrder()
    const sessionId = await newSessionOf(id)
    bank.script("authorize", "fail_after")
    const lost = await store.authorize(id, sessionId)
    expect(lost.status).toBe(504)
    const changing = admin.changeAmount(id, 5)
    await service.app.get(PaymentOperationsService).resolveNow(lost.body.operation_id)
    expect(await changing).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("below what is authorized") },
    })
    expect(await admin.readCollection(id)).toMatchObject({ status: "authorized", amount: 10 })
  })

  it("ends at one of the amounts for parallel changes, and agrees with the collection", async () => {
    const id = await newOrder()
    await newSessionOf(id)
    const answers = await Promise.all([11, 12, 13, 14].map((amount) => admin.changeAmount(id, amount)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const { amount, payment_sessions } = await admin.readCollection(id)
    expect([11, 12, 13, 14]).toContain(amount)
    expect(payment_sessions).toMatchObject([{ amount }])
  })
})

describe("the idempotency key of a change", () => {
  it("replays the answer, and refuses another amount", async () => {
    const id = await newOrder()
    const key = { headers: { "idempotency-key": randomUUID() } }
    const first = collectionIn(await admin.changeAmount(id, 12, key))
    await admin.changeAmount(id, 13)
    const again = await admin.changeAmount(id, 12, key)
    expect(again.headers.get("idempotent-replayed")).toBe("true")
    expect(collectionIn(again)).toEqual(first)
    expect(await admin.changeAmount(id, 14, key)).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    })
    expect(await admin.readCollection(id)).toMatchObject({ amount: 13 })
  })
})
