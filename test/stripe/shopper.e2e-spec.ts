import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { REGION } from "../support/service.js"
import {
  authorize,
  booksOf,
  HOOK,
  inboxIsEmpty,
  openSession,
  startWithStripe,
  STRIPE,
  type Purchase,
  type StripeWorld,
} from "./stripe-world.js"

// What shoppers do to a session that is open with Stripe: they log in, log out, try another card, pay by another means.

let world: StripeWorld
beforeAll(async () => {
  world = await startWithStripe()
})
afterAll(async () => {
  await world.close()
})

const intentOf = (id: string) => world.controls.intent(id)

const CART = { currency_code: "eur", total: 49.9, region_id: REGION }

/** The cart is somebody's by now; the storefront opens its session again. */
async function reopenedFor(purchase: Purchase, customer: object, provider = STRIPE): Promise<Purchase> {
  const { service } = world
  const { cartId, collectionId } = purchase
  await service.admin("PUT", `/admin/carts/${cartId}`, { ...CART, ...customer })
  const path = `/store/payment-collections/${collectionId}/payment-sessions`
  const { status, body } = await service.store("POST", path, { provider_id: provider })
  expect(status).toBe(200)
  const [session] = body.payment_collection.payment_sessions
  return { ...purchase, sessionId: session.id, intentId: session.data.id }
}

/** The time in which a direct debit succeeds. */
const FIVE_DAYS = 5 * 24 * 60 * 60

const ANN = { customer_id: "cus_ann", email: "ann@example.com" }
const BOB = { customer_id: "cus_bob", email: "bob@example.com" }

describe("a shopper", () => {
  it("who logs in goes on with the same payment, as a customer at Stripe from then on", async () => {
    const guest = await openSession(world.service)
    expect((await intentOf(guest.intentId)).customer).toBeNull()
    const ann = await reopenedFor(guest, ANN)
    expect(ann).toEqual(guest)
    const { customer } = await intentOf(ann.intentId)
    const customers = await world.controls.objects<{ id: string; email: string }>("customer")
    expect(customers.find(({ id }) => id === customer)).toMatchObject({ email: "ann@example.com" })
    // Once more changes nothing.
    expect(await reopenedFor(ann, ANN)).toEqual(ann)
    expect((await intentOf(ann.intentId)).customer).toBe(customer)
  })

  it("never gets what another customer has begun: that is canceled first", async () => {
    const ann = await openSession(world.service, { cart: ANN })
    const bob = await reopenedFor(ann, BOB)
    expect(bob.intentId).not.toBe(ann.intentId)
    expect((await intentOf(ann.intentId)).status).toBe("canceled")
    expect(await intentOf(bob.intentId)).toMatchObject({ status: "requires_payment_method", amount: 4990 })
    expect((await intentOf(bob.intentId)).customer).not.toBe((await intentOf(ann.intentId)).customer)
  })

  it("who logs out goes on as a guest with a new payment", async () => {
    const ann = await openSession(world.service, { cart: ANN })
    const guest = await reopenedFor(ann, { customer_id: null, email: null })
    expect((await intentOf(ann.intentId)).status).toBe("canceled")
    expect((await intentOf(guest.intentId)).customer).toBeNull()
  })

  it("whose card was declined, and who begins anew, is not thrown back by late news of the decline", async () => {
    const { service, controls, stripe } = world
    const purchase = await openSession(service)
    await controls.pay(purchase.intentId, "declined")
    const declined = stripe.events.filter(({ type }) => type === "payment_intent.payment_failed").slice(-1)
    const answer = await authorize(service, purchase)
    expect(answer).toMatchObject({ status: 422, body: { message: expect.stringContaining("declined") } })
    expect(await booksOf(service, purchase)).toMatchObject({ sessions: [{ status: "error" }] })
    const again = await reopenedFor(purchase, {})
    expect(again).toEqual(purchase)

    const before = await booksOf(service, purchase)
    expect(before).toMatchObject({ sessions: [{ status: "pending" }] })
    await stripe.webhooks.deliver(service.url + HOOK, declined)
    await inboxIsEmpty(service)
    expect(await booksOf(service, purchase)).toEqual(before)
    await controls.pay(purchase.intentId)
    expect(await authorize(service, purchase)).toMatchObject({ status: 200 })
  })

  it("whose card was declined, and whose bank is at it then, keeps the session whatever the page asks for", async () => {
    const { service, controls } = world
    const purchase = await openSession(service)
    await controls.pay(purchase.intentId, "declined")
    expect(await authorize(service, purchase)).toMatchObject({ status: 422 })
    const path = `/store/payment-collections/${purchase.collectionId}/payment-sessions`
    const data = { payment_method: "pm_of_nobody" }
    expect(await service.store("POST", path, { provider_id: STRIPE, data })).toMatchObject({ status: 400 })
    await controls.pay(purchase.intentId, "asynchronous")
    const answer = await service.store("POST", path, { provider_id: STRIPE })
    expect(answer).toMatchObject({ status: 200 })
    expect(await booksOf(service, purchase)).toMatchObject({
      sessions: [{ status: "pending_authorization", is_gone: false }],
    })
    await controls.advance(FIVE_DAYS)
    expect(await authorize(service, purchase)).toMatchObject({ status: 200 })
    expect(await booksOf(service, purchase)).toMatchObject({ payments: [{ authorized_amount: "4990" }] })
  })

  it.each([
    ["pp_stripe-bancontact_stripe", "eur", "bancontact"],
    ["pp_stripe-blik_stripe", "pln", "blik"],
    ["pp_stripe-ideal_stripe", "eur", "ideal"],
    ["pp_stripe-przelewy24_stripe", "pln", "p24"],
    ["pp_stripe-promptpay_stripe", "thb", "promptpay"],
    ["pp_stripe-oxxo_stripe", "mxn", "oxxo"],
  ])("pays by %s in %s: it is captured at once", async (provider, currency, type) => {
    const { service, controls } = world
    const cart = { currency_code: currency }
    const opened = await openSession(service, { cart })
    const purchase = await reopenedFor(opened, cart, provider)
    expect((await intentOf(opened.intentId)).status).toBe("canceled")
    expect(await intentOf(purchase.intentId)).toMatchObject({ payment_method_types: [type], currency, amount: 4990 })
    await controls.pay(purchase.intentId)
    const { body } = await authorize(service, purchase)
    expect(body.payment_collection).toMatchObject({
      status: "completed",
      payments: [{ provider_id: provider, currency_code: currency, captures: [{ amount: 49.9 }] }],
    })
  })
})

describe("an operator", () => {
  it("is told what Stripe cannot take exactly, before anything is written", async () => {
    const { service, controls } = world
    const purchase = await openSession(service, { total: 10, cart: { currency_code: "kwd" } })
    await controls.pay(purchase.intentId)
    const { body } = await authorize(service, purchase)
    const path = `/admin/payments/${body.payment_collection.payments[0].id}`
    const refused = { status: 400, body: { message: "Stripe takes amounts in kwd with two decimals at most." } }
    expect(await service.admin("POST", `${path}/capture`, { amount: 5.124 })).toMatchObject(refused)
    expect((await service.admin("POST", `${path}/capture`)).status).toBe(200)
    expect(await service.admin("POST", `${path}/refund`, { amount: 0.001 })).toMatchObject(refused)
    const { captures, refunds } = await booksOf(service, purchase)
    expect([captures, refunds]).toEqual([[{ amount: "10000", status: "succeeded" }], []])
  })
})
