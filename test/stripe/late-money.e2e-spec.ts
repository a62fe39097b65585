import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { REGION } from "../support/service.js"
import { authorize, eventually, HOOK, openSession, startWithStripe, type StripeWorld } from "./stripe-world.js"

let world: StripeWorld

beforeAll(async () => {
  world = await startWithStripe({ STRIPE_CAPTURE: "automatic" })
})
afterAll(async () => {
  await world.close()
})

it("a page that was left open is paid in a currency that the cart has left: the money is given back, and pays nothing", async () => {
  const { service, stripe } = world
  const purchase = await openSession(service)
  const { cartId, collectionId, intentId } = purchase
  stripe.pay(intentId, "declined")
  expect(await authorize(service, purchase)).toMatchObject({ status: 422 })
  // The session cannot follow its cart, and is given up.
  stripe.faults.add("POST /v1/payment_intents/:id", "decline")
  const cart = { currency_code: "jpy", total: 4990, region_id: REGION }
  await service.admin("PUT", `/admin/carts/${cartId}`, cart)
  await service.store("POST", "/store/payment-collections", { cart_id: cartId })

  stripe.pay(intentId)
  await stripe.webhooks.deliver(service.url + HOOK, stripe.events.slice(-1))
  const look = async () => (await service.store("GET", `/store/payment-collections/${collectionId}`)).body
  const { payment_collection: collection } = await eventually(look, (body) =>
    body.payment_collection.payments.some(({ refunds }: any) => refunds.length > 0),
  )
  expect(collection).toMatchObject({ currency_code: "jpy", status: "not_paid", captured_amount: 0, refunded_amount: 0 })
  expect(collection.payments).toMatchObject([
    { currency_code: "eur", captures: [{ amount: 49.9 }], refunds: [{ amount: 49.9 }] },
  ])
  // What is to be paid is still to be paid.
  const again = await service.store("POST", `/store/payment-collections/${collectionId}/payment-sessions`, {
    provider_id: "pp_system_default",
  })
  expect(again).toMatchObject({ status: 200, body: { payment_collection: { payment_sessions: [{ amount: 4990 }] } } })
})
