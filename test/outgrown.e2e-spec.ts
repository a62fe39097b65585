import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { newId } from "../src/common/ids.js"
import { outstandingOf } from "../src/payment-model/rules/collection.rules.js"
import { PaymentOperationsService } from "../src/payment-operations/payment-operations.service.js"
import { apiOf, FAKE, SYSTEM, collectionIn, openSessionIn, paymentIn, eventsOf } from "./support/api.js"
import { newCollection, newPayment, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService, type Answer } from "./support/service.js"
import { WebhookWorld } from "./support/webhook-world.js"

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

const path = (id: string) => `/store/payment-collections/${id}`
const grow = (cartId: string, total: number, more: Record<string, unknown> = {}) =>
  putCart(service, { id: cartId, total, ...more })
const sql = (statement: string, parameters: unknown[]) => service.dataSource.query(statement, parameters)
/** Opens a session for the rest. */
const openRest = async (id: string, request: object = FAKE) =>
  openSessionIn(collectionIn(await store.openSession(id, request)))

/** A call about a session whose outcome nobody knows. */
async function unknownOf(sessionId: string): Promise<string> {
  const [operation] = await sql(
    "SELECT id FROM payment_operation WHERE state = 'unknown' AND payment_session_id = $1",
    [sessionId],
  )
  return operation.id as string
}
const outgrownOf = async (id: string) =>
  (await eventsOf(service, id)).filter(({ name }) => name === "payment_collection.outgrown").map(({ data }) => data)

/** A collection that is authorized at 10, whose cart costs more by now. */
async function outgrown(total = 500, request: Record<string, unknown> = FAKE) {
  const paid = await newPayment(service, {}, request)
  await grow(paid.cartId, total)
  return paid
}

describe("outstanding_amount", () => {
  it("is the cart's total minus what is authorized, at every read, for storefronts and operators", async () => {
    const { cartId, id } = await newCollection(service, { total: 1 })
    expect(await store.readCollection(id)).toMatchObject({ amount: 1, outstanding_amount: 1 })
    const sessionId = openSessionIn(collectionIn(await store.openSession(id, FAKE))).id
    expect(collectionIn(await store.authorize(id, sessionId))).toMatchObject({
      status: "authorized",
      outstanding_amount: 0,
    })
    await grow(cartId, 500)
    const expected = { status: "authorized", amount: 1, authorized_amount: 1, outstanding_amount: 499 }
    expect(await store.readCollection(id)).toMatchObject(expected)
    expect(collectionIn(await admin.getCollection(id))).toMatchObject(expected)
    expect(collectionIn(await store.createCollection(cartId))).toMatchObject(expected)
    const { body } = await service.admin("GET", `/admin/payment-collections?id=${id}`)
    expect(body.payment_collections).toMatchObject([expected])
  })

  it("is selectable by name, also through back references, and nothing that a list sorts by", async () => {
    const { id, paymentId } = await outgrown()
    expect(collectionIn(await service.store("GET", `${path(id)}?fields=outstanding_amount`))).toEqual({
      id,
      outstanding_amount: 490,
    })
    expect(await service.store("GET", `${path(id)}?fields=-outstanding_amount`)).not.toHaveProperty(
      "body.payment_collection.outstanding_amount",
    )
    const fields = "payment_collection.outstanding_amount"
    const payment = await service.admin("GET", `/admin/payments/${paymentId}?fields=${fields}`)
    expect(payment.body.payment.payment_collection).toEqual({ id, outstanding_amount: 490 })
    expect((await service.admin("GET", "/admin/payment-collections?order=outstanding_amount")).status).toBe(400)
  })

  it("is the collection's own amount minus what is authorized while the cart is in another currency", async () => {
    const { cartId, id } = await newPayment(service)
    await grow(cartId, 500, { currency_code: "usd" })
    expect(await store.readCollection(id)).toMatchObject({ currency_code: "eur", amount: 10, outstanding_amount: 0 })
    expect(await store.openSession(id, FAKE)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
    expect(await outgrownOf(id)).toEqual([])
  })

  it("is what the rule says, whatever stands in the rows", async () => {
    const cases: [amount: number, authorized: number, surplus: number, cart: [number, string] | undefined][] = [
      [1000, 0, 0, [1000, "eur"]],
      [1000, 1000, 0, [50_000, "eur"]],
      [1000, 1000, 0, [400, "eur"]],
      [1000, 300, 0, [50_000, "usd"]],
      [1000, 300, 0, undefined],
      [1000, 1300, 0, undefined],
      [1000, 1000, 250, [1500, "eur"]],
      [0, 0, 0, [0, "eur"]],
    ]
    for (const [amount, authorized, surplus, cart] of cases) {
      const id = newId("pay_col")
      const cartId = cart ? await putCart(service, { total: cart[0] / 100, currency_code: cart[1] }) : null
      await sql(
        `INSERT INTO payment_collection (id, cart_id, currency_code, amount, authorized_amount) VALUES ($1, $2, 'eur', $3, $4)`,
        [id, cartId, amount, authorized + surplus],
      )
      const sessionId = newId("payses")
      await sql(
        `INSERT INTO payment_session (id, payment_collection_id, provider_id, currency_code, amount, status) VALUES ($1, $2, 'pp_system_default', 'eur', $3, 'authorized')`,
        [sessionId, id, surplus],
      )
      await sql(
        `INSERT INTO payment (id, payment_collection_id, payment_session_id, provider_id, currency_code, amount, authorized_amount, is_surplus)
         VALUES ($1, $2, $3, 'pp_system_default', 'eur', $4, $4, true)`,
        [newId("pay"), id, sessionId, surplus],
      )
      const price = cart && { total: BigInt(cart[0]), currency_code: cart[1] }
      const rule = outstandingOf({ amount: BigInt(amount), currency_code: "eur" }, BigInt(authorized), price)
      expect((await store.readCollection(id)).outstanding_amount * 100).toBe(Number(rule))
    }
  })
})

describe("payment_collection.outgrown", () => {
  it("is recorded once per new total, with what is outstanding", async () => {
    const { cartId, id } = await newPayment(service)
    for (const total of [10, 500, 500, 600, 9, 10]) await grow(cartId, total)
    expect(await outgrownOf(id)).toMatchObject([
      { status: "authorized", amount: "1000", authorized_amount: "1000", outstanding_amount: "49000" },
      { status: "authorized", amount: "1000", authorized_amount: "1000", outstanding_amount: "59000" },
    ])
    await grow(cartId, 600)
    expect(await outgrownOf(id)).toHaveLength(3)
    const { events } = (await service.admin("GET", "/admin/events?limit=1000")).body
    expect(events.find(({ name, data }: any) => name.endsWith("outgrown") && data.id === id).data).toMatchObject({
      amount: 10,
      outstanding_amount: 490,
    })
  })

  it("is recorded of a completed collection, which stays as it is", async () => {
    const { cartId, id, paymentId } = await newPayment(service, {}, FAKE)
    await admin.capture(paymentId)
    await grow(cartId, 500)
    expect(await store.readCollection(id)).toMatchObject({ status: "completed", amount: 10, outstanding_amount: 490 })
    expect(await outgrownOf(id)).toHaveLength(1)
    expect(await store.openSession(id, FAKE)).toMatchObject({
      status: 400,
      body: { type: "not_allowed", message: expect.stringContaining("POST /admin/payment-collections") },
    })
    expect((await store.readCollection(id)).payment_sessions).toHaveLength(1)
  })

  it("is not recorded while nothing is authorized, and not of a completed cart", async () => {
    const { cartId, id } = await newCollection(service)
    await grow(cartId, 500)
    expect(await outgrownOf(id)).toEqual([])
    const paid = await newPayment(service)
    await grow(paid.cartId, 500, { completed_at: "2026-01-01T00:00:00Z" })
    expect(await outgrownOf(paid.id)).toEqual([])
    expect(await store.readCollection(paid.id)).toMatchObject({ outstanding_amount: 490 })
  })

  it.each<[string, (cartId: string, id: string) => Promise<Answer>]>([
    ["create", (cartId) => store.createCollection(cartId)],
    ["session", (_, id) => store.openSession(id, FAKE)],
  ])("is recorded by a %s when the process died after the cart was written, and only once", async (_, request) => {
    const { cartId, id } = await newPayment(service, {}, FAKE)
    await sql("UPDATE cart SET total = 50000 WHERE id = $1", [cartId])
    expect(collectionIn(await request(cartId, id))).toMatchObject({ outstanding_amount: 490 })
    expect(await outgrownOf(id)).toMatchObject([{ amount: "1000", outstanding_amount: "49000" }])
    collectionIn(await request(cartId, id))
    await grow(cartId, 500)
    expect(await outgrownOf(id)).toHaveLength(1)
  })

  it("costs no further statement once it is recorded", async () => {
    const { cartId } = await outgrown()
    service.statements.take()
    collectionIn(await store.createCollection(cartId))
    expect(service.statements.take()).toHaveLength(2)
  })
})

describe("a session on a collection that its cart outgrew", () => {
  it.each([SYSTEM, FAKE])("raises the amount and opens for the difference with %j", async (provider) => {
    const { id, sessionId, paymentId } = await outgrown(500, provider)
    const raised = collectionIn(await store.openSession(id, provider))
    expect(raised).toMatchObject({
      ...{ status: "partially_authorized", amount: 500, authorized_amount: 10, outstanding_amount: 490 },
    })
    const rest = openSessionIn(raised)
    expect(rest).toMatchObject({ amount: 490, payment: null })
    expect(rest.id).not.toBe(sessionId)
    const whole = collectionIn(await store.authorize(id, rest.id))
    expect(whole).toMatchObject({ status: "authorized", authorized_amount: 500, outstanding_amount: 0 })
    expect((await admin.capture(paymentId)).status).toBe(200)
    expect(await store.readCollection(id)).toMatchObject({
      status: "authorized",
      captured_amount: 10,
      completed_at: null,
    })
    expect((await admin.capture(paymentIn(whole, rest.id).id)).status).toBe(200)
    expect(await store.readCollection(id)).toMatchObject({
      status: "completed",
      captured_amount: 500,
      outstanding_amount: 0,
    })
    expect((await admin.refund(paymentId)).status).toBe(200)
    expect(await store.readCollection(id)).toMatchObject({
      status: "completed",
      refunded_amount: 10,
      outstanding_amount: 0,
    })
  })

  it("records the raise in the transaction that opens it", async () => {
    const { id } = await outgrown()
    await openRest(id)
    expect(
      (await eventsOf(service, id)).slice(-3).map(({ name, data }) => [name, data["status"], data["amount"]]),
    ).toEqual([
      ["payment_collection.outgrown", "authorized", "1000"],
      ["payment_collection.updated", "partially_authorized", "50000"],
      ["payment_session.created", "pending", "49000"],
    ])
  })

  it("voids the session for the rest at the next create when its provider is not offered any more", async () => {
    const { cartId, id } = await outgrown()
    const rest = await openRest(id)
    await sql("UPDATE payment_provider SET is_enabled = false WHERE id = $1", [FAKE.provider_id])
    try {
      expect(openSessionIn(collectionIn(await store.createCollection(cartId)))).toBeUndefined()
      expect(bank.books.get(rest.id)).toMatchObject({ canceled: true })
      expect((await eventsOf(service, id)).at(-1)?.name).toBe("payment_session.canceled")
    } finally {
      await sql("UPDATE payment_provider SET is_enabled = true WHERE id = $1", [FAKE.provider_id])
    }
  })

  it("leaves the amount raised when the provider declines it, so that another one may pay", async () => {
    const { id } = await outgrown()
    bank.script("initiate", "decline")
    expect((await store.openSession(id, FAKE)).status).toBe(422)
    expect(await store.readCollection(id)).toMatchObject({
      status: "partially_authorized",
      amount: 500,
      outstanding_amount: 490,
    })
    expect(await openRest(id, SYSTEM)).toMatchObject({ amount: 490 })
  })

  it("pays what a completed cart costs beyond what is authorized", async () => {
    const { cartId, id } = await newPayment(service, {}, FAKE)
    await grow(cartId, 500, { completed_at: "2026-01-01T00:00:00Z" })
    expect(await openRest(id)).toMatchObject({ amount: 490 })
  })

  it("is one session, and one raise, for parallel requests", async () => {
    const { id } = await outgrown()
    const answers = await Promise.all(Array.from({ length: 8 }, () => store.openSession(id, FAKE)))
    const ids = answers.map((answer) => openSessionIn(collectionIn(answer)).id)
    expect(new Set(ids).size).toBe(1)
    expect(bank.calls.filter(({ kind, amount }) => kind === "initiate" && amount === 49_000n)).toHaveLength(1)
  })

  it("cannot be deleted or marked as paid: money is held", async () => {
    const { id } = await outgrown()
    await openRest(id)
    expect(await admin.deleteCollection(id)).toMatchObject({ status: 400 })
    const mark = await admin.markAsPaid(id)
    expect(mark).toMatchObject({ status: 400, body: { type: "not_allowed" } })
    expect(await store.readCollection(id)).toMatchObject({ status: "partially_authorized" })
  })
})

describe("a cart that changes again while the session for the difference is open", () => {
  it("takes session and amount along when it grows, at the provider first", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    await grow(cartId, 600)
    expect(bank.calls.at(-1)).toMatchObject({ kind: "update", sessionId: rest, amount: 59_000n })
    const followed = await store.readCollection(id)
    expect(followed).toMatchObject({ status: "partially_authorized", amount: 600, outstanding_amount: 590 })
    expect(openSessionIn(followed)).toMatchObject({ id: rest, amount: 590 })
    expect(collectionIn(await store.authorize(id, rest))).toMatchObject({
      status: "authorized",
      authorized_amount: 600,
    })
  })

  it("takes them along when it shrinks, and never asks for more than is outstanding", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    await grow(cartId, 30)
    expect(await store.readCollection(id)).toMatchObject({
      status: "partially_authorized",
      amount: 30,
      outstanding_amount: 20,
    })
    expect(collectionIn(await store.authorize(id, rest))).toMatchObject({ status: "authorized", authorized_amount: 30 })
  })

  it.each([10, 4, 0])("cancels the session when it shrinks to %d, which is authorized already", async (total) => {
    const { cartId, id, paymentId } = await outgrown()
    const { id: rest } = await openRest(id)
    await grow(cartId, total)
    expect(bank.calls.at(-1)).toMatchObject({ kind: "cancel_session", sessionId: rest })
    expect(await store.readCollection(id)).toMatchObject({ status: "authorized", amount: 10, outstanding_amount: 0 })
    expect(await store.openSession(id, FAKE)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
    expect(await store.authorize(id, rest)).toMatchObject({ status: 404 })
    await admin.capture(paymentId)
    expect(await store.readCollection(id)).toMatchObject({ status: "completed", captured_amount: 10 })
  })

  it("lowers the amount also without an open session, as far as what is authorized", async () => {
    const { cartId, id } = await outgrown()
    bank.script("initiate", "decline")
    await store.openSession(id, FAKE)
    await grow(cartId, 30)
    expect(await store.readCollection(id)).toMatchObject({ status: "partially_authorized", amount: 30 })
    await sql("UPDATE cart SET total = 1000 WHERE id = $1", [cartId])
    expect(collectionIn(await store.createCollection(cartId))).toMatchObject({ status: "authorized", amount: 10 })
  })

  it("does not let an outdated session be authorized when the provider could not change it", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    bank.script("update", "refuse")
    await grow(cartId, 600)
    expect(await store.readCollection(id)).toMatchObject({ amount: 500, outstanding_amount: 590 })
    expect(await store.authorize(id, rest)).toMatchObject({ status: 409, body: { code: "amount_changed" } })
    expect(await openRest(id)).toMatchObject({ id: rest, amount: 590 })
    expect(collectionIn(await store.authorize(id, rest))).toMatchObject({ status: "authorized", amount: 600 })
  })

  it("keeps what the shopper authorized meanwhile, and the amount covers it", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    bank.script("authorize", "fail_after")
    expect((await store.authorize(id, rest)).status).toBe(504)
    await grow(cartId, 10)
    await service.app.get(PaymentOperationsService).resolveNow(await unknownOf(rest))
    expect(await store.readCollection(id)).toMatchObject({ status: "authorized", amount: 500, authorized_amount: 500 })
    await grow(cartId, 10)
    expect(await store.readCollection(id)).toMatchObject({ status: "authorized", amount: 500, outstanding_amount: 0 })
  })

  it("changes session and amount together when only the reconciler learns that the provider did it", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    bank.script("update", "fail_after")
    await grow(cartId, 600)
    expect(await store.readCollection(id)).toMatchObject({ amount: 500, outstanding_amount: 590 })
    await service.app.get(PaymentOperationsService).resolveNow(await unknownOf(rest))
    const settled = await store.readCollection(id)
    expect(settled).toMatchObject({ status: "partially_authorized", amount: 600, outstanding_amount: 590 })
    expect(openSessionIn(settled)).toMatchObject({ id: rest, amount: 590 })
  })

  it("does not follow a cart into another currency", async () => {
    const { cartId, id } = await outgrown()
    const { id: rest } = await openRest(id)
    await grow(cartId, 700, { currency_code: "usd" })
    expect(await store.readCollection(id)).toMatchObject({ currency_code: "eur", amount: 500, outstanding_amount: 490 })
    expect(collectionIn(await store.authorize(id, rest))).toMatchObject({
      status: "authorized",
      authorized_amount: 500,
    })
  })

  it("is asked for all of it again when the first payment is canceled", async () => {
    const { id, paymentId } = await outgrown()
    const { id: rest } = await openRest(id)
    await admin.cancel(paymentId)
    expect(await store.readCollection(id)).toMatchObject({ status: "not_paid", amount: 500, outstanding_amount: 500 })
    expect(await store.authorize(id, rest)).toMatchObject({ status: 409, body: { code: "amount_changed" } })
    expect(await openRest(id)).toMatchObject({ id: rest, amount: 500 })
  })
})

describe("a webhook", () => {
  let world: WebhookWorld
  beforeAll(async () => {
    world = await WebhookWorld.start()
  })
  afterAll(() => world.service.close())

  it("that reports the second authorization makes the collection authorized", async () => {
    const { id, cartId } = await world.payment()
    await putCart(world.service, { id: cartId, total: 100 })
    await world.openSession(id, "pp_telling_default")
    const rest = openSessionIn(await world.collection(id))
    expect(rest).toMatchObject({ amount: 90 })
    world.account.pay(rest.id)
    await world.tell(rest.id)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "authorized", amount: 100, authorized_amount: 100, outstanding_amount: 0 },
    })
    expect(await world.payments(id)).toHaveLength(2)
  })

  it("of a payment that the cart has outgrown by then records that it has", async () => {
    const { id, cartId, sessionId } = await world.session()
    world.account.pay(sessionId)
    // As by a process that died after it wrote the cart.
    await world.sql("UPDATE cart SET total = 50000 WHERE id = $1", [cartId])
    await world.tell(sessionId)
    expect((await world.facts(id)).filter(({ name }) => name === "payment_collection.outgrown")).toMatchObject([
      { data: { amount: 10, authorized_amount: 10, outstanding_amount: 490 } },
    ])
    await putCart(world.service, { id: cartId, total: 500 })
    expect((await world.factNames(id)).filter((name) => name === "payment_collection.outgrown")).toHaveLength(1)
  })
})
