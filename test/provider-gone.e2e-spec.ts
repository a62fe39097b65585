import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { newPayment, newSession, putCart } from "./support/factories.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks } from "./support/fake-books.js"
import { FakeBank } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"
import { WebhookWorld } from "./support/webhook-world.js"

const PROVIDER = "pp_telling_default"
const MISSING = { status: 409, body: { type: "conflict", code: "provider_payment_missing" } }

let world: WebhookWorld
const { admin } = apiOf(() => world.service)
beforeAll(async () => {
  world = await WebhookWorld.start()
})
afterAll(() => world.service.close())
beforeEach(() => {
  for (const account of [world.account, world.other]) account.reset()
})

const operationsOf = async (id: string) =>
  world.sql<{ kind: string; state: string; is_stuck: boolean }>(
    "SELECT kind, state, is_stuck FROM payment_operation WHERE payment_collection_id = $1 ORDER BY id",
    [id],
  )
const sessionsOf = async (id: string) => (await world.collection(id)).payment_sessions

describe("a session whose payment the provider does not know any more", () => {
  async function goneSession() {
    const session = await world.session()
    world.account.vanish(session.sessionId)
    return session
  }

  it("makes way for another provider's session", async () => {
    const { id, sessionId } = await goneSession()
    const { status, body } = await world.openSession(id, "pp_telling_other")
    expect(status).toBe(200)
    expect(body.payment_collection.payment_sessions).toMatchObject([{ provider_id: "pp_telling_other" }])
    expect(await world.factNames(id)).toContain("payment_session.canceled")
    expect((await world.authorize(id, sessionId)).status).toBe(404)
  })

  it("is replaced by a new one of the same provider when its data change", async () => {
    const { id, sessionId } = await goneSession()
    const { status, body } = await world.openSession(id, PROVIDER, { note: "changed" })
    expect(status).toBe(200)
    const [session, ...others] = body.payment_collection.payment_sessions
    expect(others).toEqual([])
    expect(session.id).not.toBe(sessionId)
    expect(session.data.client_secret).toBe(`told_${session.id}`)
    expect((await world.facts(id)).filter(({ name }) => name === "payment_session.canceled")).toMatchObject([
      { data: { id: sessionId } },
    ])
  })

  it("is replaced by a new one after a cart change", async () => {
    const { id, cartId, sessionId } = await goneSession()
    await putCart(world.service, { id: cartId, total: 20 })
    expect(await world.collection(id)).toMatchObject({ amount: 20 })
    const { status, body } = await world.openSession(id, PROVIDER)
    expect(status).toBe(200)
    expect(body.payment_collection.payment_sessions).toMatchObject([{ amount: 20 }])
    expect(body.payment_collection.payment_sessions[0].id).not.toBe(sessionId)
  })

  it("is canceled when the cart falls to zero, and when the collection is deleted", async () => {
    const [zero, deleted] = [await goneSession(), await goneSession()]
    await putCart(world.service, { id: zero.cartId, total: 0 })
    expect(await world.collection(zero.id)).toMatchObject({ amount: 0, payment_sessions: [] })
    expect((await admin.deleteCollection(deleted.id)).status).toBe(200)
  })

  it("does not keep the collection from being marked as paid", async () => {
    const { id } = await goneSession()
    const answer = await admin.markAsPaid(id, {
      order_id: "o_1",
    })
    expect(answer).toMatchObject({ status: 200, body: { payment_collection: { status: "completed" } } })
  })

  it("ends with 409 when it is authorized, and the next session is a new one", async () => {
    const { id, sessionId } = await goneSession()
    expect(await world.authorize(id, sessionId)).toMatchObject(MISSING)
    expect(await sessionsOf(id)).toEqual([])
    const { status, body } = await world.openSession(id, PROVIDER)
    expect(status).toBe(200)
    expect(body.payment_collection.payment_sessions[0].id).not.toBe(sessionId)
  })

  it("stays as it is while nobody has asked the provider, and is replaced once somebody has", async () => {
    const { id, cartId, sessionId } = await goneSession()
    const calls = world.account.calls.length
    expect((await world.openSession(id, PROVIDER)).body.payment_collection.payment_sessions[0].id).toBe(sessionId)
    expect(world.account.calls).toHaveLength(calls)
    // The amount has changed: the provider is asked whether the shopper has paid.
    await world.sql("UPDATE cart SET total = 3000 WHERE id = $1", [cartId])
    expect((await world.authorize(id, sessionId)).body).toMatchObject({ code: "amount_changed" })
    const { body } = await world.openSession(id, PROVIDER)
    expect(body.payment_collection.payment_sessions).toMatchObject([{ amount: 30 }])
    expect(body.payment_collection.payment_sessions[0].id).not.toBe(sessionId)
  })
})

describe("a payment that the provider does not know any more", () => {
  it.each(["capture", "refund"] as const)("is left for a person when a %s finds it", async (kind) => {
    const { id, sessionId, paymentId } = await world.payment(kind === "refund" ? 1000n : 0n)
    world.account.vanish(sessionId)
    const before = await world.collection(id)
    for (let times = 0; times < 2; times++)
      expect(await world.act(paymentId, kind, { amount: 4 })).toMatchObject(MISSING)
    const { payments, ...after } = await world.collection(id)
    expect(after).toMatchObject({
      captured_amount: before.captured_amount,
      refunded_amount: before.refunded_amount,
      status: before.status,
    })
    expect(payments[0].refunded_amount ?? 0).toBe(0)
    // Nothing is reserved: once the provider knows the payment again, the same request succeeds.
    world.account.restore(sessionId)
    expect((await world.act(paymentId, kind, { amount: 4 })).status).toBe(200)
  })

  it("counts as canceled when it is canceled", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.vanish(sessionId)
    expect((await world.act(paymentId, "cancel")).status).toBe(200)
    expect(await world.collection(id)).toMatchObject({ status: "canceled", authorized_amount: 0 })
  })

  it("cannot be refreshed", async () => {
    const { sessionId, paymentId } = await world.payment()
    world.account.vanish(sessionId)
    expect(await admin.refresh(paymentId)).toMatchObject(MISSING)
  })

  it("keeps the money of a refund reserved whose response was lost before", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    world.account.fail("refund", sessionId)
    const { status, body } = await world.act(paymentId, "refund", { amount: 10 })
    expect(status).toBe(504)
    world.account.vanish(sessionId)
    await admin.retryOperation(body.operation_id)
    expect((await operationsOf(id)).at(-1)).toEqual({ kind: "refund", state: "unknown", is_stuck: true })
    world.account.restore(sessionId)
    await admin.retryOperation(body.operation_id)
    expect((await operationsOf(id)).at(-1)).toEqual({ kind: "refund", state: "succeeded", is_stuck: false })
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 10 })
    expect(world.account.books.get(sessionId)).toMatchObject({ refunded: 1000n })
  })
})

describe("a customer that the provider does not know any more", () => {
  const [books, bank] = [new FakeBooks(), new FakeBank()]
  let service: TestService
  const { admin, store } = apiOf(() => service)
  beforeAll(async () => {
    service = await TestService.start({}, { modules: [providerWithBooks(books, bank)] })
  })
  afterAll(() => service.close())

  const BOOKS = { provider_id: BOOKS_PROVIDER_ID }
  const holdersOf = async (customerId: string) =>
    (await service.admin("GET", `/admin/account-holders?customer_id=${customerId}`)).body.account_holders
  const openSession = (id: string, data?: object) => store.openSession(id, { ...BOOKS, ...(data && { data }) })
  const contextOf = async (id: string) =>
    (await admin.getCollection(id)).body.payment_collection.payment_sessions[0].context

  it("is created anew when a session is opened, and the session is that of the new one", async () => {
    await newSession(service, { customer_id: "cus_back" }, BOOKS)
    const [before] = await holdersOf("cus_back")
    books.customers.delete(before.external_id)
    bank.script("initiate", "account_holder_gone")
    const { id } = await newSession(service, { customer_id: "cus_back" }, BOOKS)
    const [after, ...others] = await holdersOf("cus_back")
    expect(others).toEqual([])
    expect(after).toMatchObject({ id: before.id })
    expect(after.external_id).not.toBe(before.external_id)
    expect(books.customers.has(after.external_id)).toBe(true)
    expect((await contextOf(id)).account_holder).toEqual({ id: after.external_id })
  })

  it("is created anew when a session changes, which is opened anew", async () => {
    const { id, sessionId } = await newSession(service, { customer_id: "cus_changes" }, BOOKS)
    const [before] = await holdersOf("cus_changes")
    books.customers.delete(before.external_id)
    bank.script("update", "account_holder_gone")
    const { status, body } = await openSession(id, { note: "changed" })
    expect(status).toBe(200)
    expect(body.payment_collection.payment_sessions).toHaveLength(1)
    expect(body.payment_collection.payment_sessions[0].id).not.toBe(sessionId)
    const [after] = await holdersOf("cus_changes")
    expect((await contextOf(id)).account_holder).toEqual({ id: after.external_id })
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true })
  })

  it("is created once, if the provider never knows the customer", async () => {
    const { id } = await newSession(service, { customer_id: "cus_never" }, BOOKS)
    bank.script("update", "account_holder_gone")
    bank.script("initiate", "account_holder_gone")
    const calls = books.callsOf("create").length
    expect(await openSession(id, { note: "changed" })).toMatchObject({
      status: 409,
      body: { type: "conflict", code: "account_holder_missing", retryable: true },
    })
    expect(books.callsOf("create")).toHaveLength(calls + 1)
    expect((await openSession(id)).status).toBe(200)
  })

  it("is created anew when a session is authorized, whose shopper goes on with a new session", async () => {
    const { id, sessionId } = await newSession(service, { customer_id: "cus_authorizes" }, BOOKS)
    const [before] = await holdersOf("cus_authorizes")
    books.customers.delete(before.external_id)
    bank.script("authorize", "account_holder_gone")
    const authorize = (session: string) => store.authorize(id, session)
    expect(await authorize(sessionId)).toMatchObject({
      status: 409,
      body: { type: "conflict", code: "account_holder_missing", message: expect.stringContaining("session again") },
    })
    const [after] = await holdersOf("cus_authorizes")
    expect(after.external_id).not.toBe(before.external_id)
    const { body } = await openSession(id)
    const [session, ...others] = body.payment_collection.payment_sessions
    expect(others).toEqual([])
    expect(session.id).not.toBe(sessionId)
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true })
    expect(await authorize(session.id)).toMatchObject({
      status: 200,
      body: { payment_collection: { status: "authorized" } },
    })
    expect(await holdersOf("cus_authorizes")).toMatchObject([{ external_id: after.external_id }])
  })

  it("is created anew when saved payment methods are listed, saved or removed", async () => {
    await newPayment(service, { customer_id: "cus_saves" }, BOOKS)
    const [{ id, external_id }] = await holdersOf("cus_saves")
    const path = `/admin/account-holders/${id}/payment-methods`
    books.customers.delete(external_id)
    expect(await service.admin("GET", path)).toMatchObject({ status: 200, body: { payment_methods: [] } })
    books.customers.delete((await holdersOf("cus_saves"))[0].external_id)
    expect((await service.admin("POST", path, { data: {} })).status).toBe(200)
    expect((await service.admin("GET", path)).body.payment_methods).toHaveLength(1)
    books.customers.delete((await holdersOf("cus_saves"))[0].external_id)
    expect((await service.admin("DELETE", `${path}/books_pm_1`)).status).toBe(404)
  })
})
