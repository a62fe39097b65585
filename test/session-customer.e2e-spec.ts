import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { newSession, putCart } from "./support/factories.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks } from "./support/fake-books.js"
import { FakeBank } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"

const BOOKS = { provider_id: BOOKS_PROVIDER_ID }
const [books, bank] = [new FakeBooks(), new FakeBank()]
let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start({}, { modules: [providerWithBooks(books, bank)] })
})
afterAll(() => service.close())
beforeEach(() => {
  books.reset()
  bank.reset()
})

const holderOf = async (customerId: string) =>
  (await service.admin("GET", `/admin/account-holders?customer_id=${customerId}`)).body.account_holders[0]?.external_id

/** The one open session of a collection, as operators see it. */
async function openSession(id: string) {
  const { payment_sessions, ...rest } = await admin.readCollection(id)
  expect(payment_sessions).toHaveLength(1)
  return { ...payment_sessions[0], collectionAmount: rest.amount }
}

describe("the open session follows the cart's customer, together with the total", () => {
  it("to another customer: it is voided at the provider and opened anew for that one", async () => {
    const { id, cartId, sessionId } = await newSession(
      service,
      { customer_id: "cus_a" },
      { ...BOOKS, data: { token: "saved_card_of_a" } },
    )
    await putCart(service, { id: cartId, customer_id: "cus_b", total: 20 })
    const session = await openSession(id)
    expect(session).toMatchObject({
      amount: 20,
      collectionAmount: 20,
      context: { customer: { id: "cus_b" }, account_holder: { id: await holderOf("cus_b") } },
    })
    expect(session.id).not.toBe(sessionId)
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true, amount: 1000n })
    const [row] = await service.dataSource.query("SELECT client_data FROM payment_session WHERE id = $1", [session.id])
    expect(row.client_data).toEqual({})
    expect((await store.authorize(id, session.id)).status).toBe(200)
  })

  it("to a guest, when the customer logs out", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_out" }, BOOKS)
    await putCart(service, { id: cartId, customer_id: null })
    const session = await openSession(id)
    expect(session.context).toEqual({ customer: { email: "buyer@example.com" } })
    expect(session.id).not.toBe(sessionId)
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true })
  })

  it("from a guest to a customer: it is updated in place, with the account holder", async () => {
    const { id, cartId, sessionId } = await newSession(service, {}, BOOKS)
    await putCart(service, { id: cartId, customer_id: "cus_in" })
    expect(await openSession(id)).toMatchObject({
      id: sessionId,
      context: { customer: { id: "cus_in" }, account_holder: { id: await holderOf("cus_in") } },
    })
    expect(await holderOf("cus_in")).toMatch(/^books_cus_/)
  })

  it("when the collection is created again, if the cart's change got stuck before", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_stuck" }, BOOKS)
    await service.dataSource.query("UPDATE cart SET customer_id = 'cus_next' WHERE id = $1", [cartId])
    await store.createCollection(cartId)
    const session = await openSession(id)
    expect(session.context.customer.id).toBe("cus_next")
    expect(session.id).not.toBe(sessionId)
  })

  it("and a provider without account holders is told in place", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_1" })
    await putCart(service, { id: cartId, customer_id: "cus_2" })
    expect(await openSession(id)).toMatchObject({ id: sessionId, context: { customer: { id: "cus_2" } } })
  })

  it("but a session that the first customer has authorized meanwhile is that customer's payment", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_fast" }, BOOKS)
    await store.authorize(id, sessionId)
    await putCart(service, { id: cartId, customer_id: "cus_slow", total: 20 })
    const { status, payment_sessions } = await admin.readCollection(id)
    expect({ status, payment_sessions }).toMatchObject({
      status: "authorized",
      payment_sessions: [{ id: sessionId, context: { customer: { id: "cus_fast" } } }],
    })
  })

  it("and nothing is called when the cart's customer stays the same", async () => {
    const { cartId } = await newSession(service, { customer_id: "cus_same" }, BOOKS)
    const calls = bank.calls.length
    await putCart(service, { id: cartId, customer_id: "cus_same", email: "new@example.com" })
    expect(bank.calls).toHaveLength(calls)
  })
})

describe("a customer's session that cannot be opened anew", () => {
  it("is voided though the total is the same, and the provider does not take the next customer", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_p" }, BOOKS)
    books.script("create", { answer: { outcome: "declined", message: "No.", refusedBy: "provider" } })
    await putCart(service, { id: cartId, customer_id: "cus_q" })
    expect((await store.authorize(id, sessionId)).status).toBe(404)
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true, authorized: 0n })
  })

  it("cannot be authorized for the next customer's cart when it could not be voided either", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_r" }, BOOKS)
    bank.script("cancel_session", "refuse")
    await putCart(service, { id: cartId, customer_id: "cus_s" })
    expect(await store.authorize(id, sessionId)).toMatchObject({ status: 409, body: { code: "customer_changed" } })
    expect(bank.books.get(sessionId)).toMatchObject({ authorized: 0n })
  })

  it("stays voided when the provider does not know what to do with the next customer, and the cart is kept", async () => {
    const { id, cartId, sessionId } = await newSession(service, { customer_id: "cus_x" }, BOOKS)
    books.script("create", { answer: { outcome: "declined", message: "No.", refusedBy: "provider" } })
    await putCart(service, { id: cartId, customer_id: "cus_y", total: 30 })
    expect((await admin.getCart(cartId)).body.cart).toMatchObject({ total: 30 })
    // The session of the customer before cannot be paid for the next one's cart.
    expect((await store.authorize(id, sessionId)).status).not.toBe(200)
    const again = await store.openSession(id, BOOKS)
    expect(again.status).toBe(200)
    expect(await openSession(id)).toMatchObject({ amount: 30, context: { customer: { id: "cus_y" } } })
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: true })
  })
})
