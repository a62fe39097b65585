import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { REGION } from "../support/service.js"
import { stripeBookProblems } from "./book-rules.js"
import { authorize, openSession, startWithStripe, STRIPE, type Purchase, type StripeWorld } from "./stripe-world.js"

// Somebody changed a payment in Stripe's dashboard, or the shopper in the browser, and every webhook about it was lost.
// Whatever this service is asked next, it records what Stripe has, and never fails for ever.

let world: StripeWorld
beforeAll(async () => {
  world = await startWithStripe({ STRIPE_MULTICAPTURE: "false" })
})
afterAll(() => world.close())

type Act = (stripe: StripeSandbox, intentId: string) => unknown
type Answer = Awaited<ReturnType<typeof authorize>>

const captured: Act = (stripe, id) => (stripe.pay(id), stripe.capture(id))

const SESSION_STATES = {
  waiting: () => undefined,
  declined: (stripe, id) => stripe.pay(id, "declined"),
  challenged: (stripe, id) => stripe.pay(id, "challenge"),
  processing: (stripe, id) => stripe.pay(id, "asynchronous"),
  authorized: (stripe, id) => stripe.pay(id),
  captured,
  "partly captured": (stripe, id) => (stripe.pay(id), stripe.capture(id, 1000)),
  refunded: (stripe, id) => (captured(stripe, id), stripe.refund(id)),
  "partly refunded": (stripe, id) => (captured(stripe, id), stripe.refund(id, 1000)),
  canceled: (stripe, id) => stripe.cancel(id),
  expired: (stripe, id) => (stripe.pay(id), stripe.expireAuthorization(id)),
  gone: (stripe, id) => {
    stripe.deleteObject(id)
  },
} satisfies Record<string, Act>

const sessionsPath = ({ collectionId }: Purchase) => `/store/payment-collections/${collectionId}/payment-sessions`

const SESSION_CALLS = {
  update: async (purchase) => {
    const cart = { currency_code: "eur", total: 40, region_id: REGION }
    await world.service.admin("PUT", `/admin/carts/${purchase.cartId}`, cart)
    return world.service.store("POST", sessionsPath(purchase), { provider_id: STRIPE })
  },
  authorize: (purchase) => authorize(world.service, purchase),
  cancel: (purchase) => world.service.store("POST", sessionsPath(purchase), { provider_id: "pp_system_default" }),
} satisfies Record<string, (purchase: Purchase) => Promise<Answer>>

/** What each call of a session gets in each state. */
const OF_SESSION: Record<keyof typeof SESSION_CALLS, Record<keyof typeof SESSION_STATES, number>> = {
  // What the shopper has paid meanwhile is more than the cart costs now: there is nothing to pay.
  update: {
    ...{ waiting: 200, declined: 200, challenged: 200, processing: 409, authorized: 400, captured: 400 },
    ...{ "partly captured": 200, refunded: 400, "partly refunded": 400, canceled: 200, expired: 200, gone: 200 },
  },
  authorize: {
    ...{ waiting: 200, declined: 422, challenged: 200, processing: 200, authorized: 200, captured: 200 },
    ...{ "partly captured": 200, refunded: 200, "partly refunded": 200, canceled: 409, expired: 409, gone: 409 },
  },
  cancel: {
    ...{ waiting: 200, declined: 200, challenged: 200, processing: 409, authorized: 200, captured: 400 },
    ...{ "partly captured": 200, refunded: 400, "partly refunded": 400, canceled: 200, expired: 200, gone: 200 },
  },
}

const AUTHORIZED_STATES = {
  authorized: () => undefined,
  captured: (stripe, id) => stripe.capture(id),
  "partly captured": (stripe, id) => stripe.capture(id, 1000),
  refunded: (stripe, id) => (stripe.capture(id), stripe.refund(id)),
  "partly captured, and refunded": (stripe, id) => (stripe.capture(id, 1000), stripe.refund(id)),
  canceled: (stripe, id) => stripe.cancel(id),
  expired: (stripe, id) => stripe.expireAuthorization(id),
  lapsed: (stripe, id) => stripe.lapseAuthorization(id),
  gone: (stripe, id) => {
    stripe.deleteObject(id)
  },
} satisfies Record<string, Act>

const CAPTURED_STATES = {
  captured: () => undefined,
  refunded: (stripe, id) => stripe.refund(id),
  "partly refunded": (stripe, id) => stripe.refund(id, 1000),
  disputed: (stripe, id) => stripe.openDispute(id),
  "never refundable": (stripe, id) => {
    stripe.refuseRefunds(id)
  },
  gone: (stripe, id) => {
    stripe.deleteObject(id)
  },
} satisfies Record<string, Act>

type PaymentCall = "capture" | "refund" | "cancel"

const OF_AUTHORIZED: Record<PaymentCall, Record<keyof typeof AUTHORIZED_STATES, number>> = {
  capture: {
    ...{ authorized: 200, captured: 200, "partly captured": 400, refunded: 200 },
    ...{ "partly captured, and refunded": 400, canceled: 400, expired: 400, lapsed: 409, gone: 409 },
  },
  // Our records say that nothing was captured, so Stripe's state is fetched before the refund is refused.
  refund: {
    ...{ authorized: 400, captured: 200, "partly captured": 200, refunded: 400 },
    ...{ "partly captured, and refunded": 400, canceled: 400, expired: 400, lapsed: 400, gone: 400 },
  },
  cancel: {
    ...{ authorized: 200, captured: 400, "partly captured": 200, refunded: 400 },
    ...{ "partly captured, and refunded": 200, canceled: 200, expired: 200, lapsed: 200, gone: 200 },
  },
}

const OF_CAPTURED: Record<PaymentCall, Record<keyof typeof CAPTURED_STATES, number>> = {
  capture: { captured: 200, refunded: 200, "partly refunded": 200, disputed: 200, "never refundable": 200, gone: 200 },
  refund: { captured: 200, refunded: 400, "partly refunded": 200, disputed: 409, "never refundable": 409, gone: 409 },
  cancel: { captured: 400, refunded: 400, "partly refunded": 400, disputed: 400, "never refundable": 400, gone: 400 },
}

/** A capture of a captured payment changes nothing, so that Stripe is not asked. A refresh does so. */
const isAnsweredHere = (call: PaymentCall, isCaptured: boolean) => isCaptured && call === "capture"

describe.each(Object.keys(SESSION_CALLS) as (keyof typeof SESSION_CALLS)[])("%s of a session", (call) => {
  it.each(Object.entries(OF_SESSION[call]) as [keyof typeof SESSION_STATES, number][])(
    "records that the payment is %s at Stripe, and is %i",
    async (state, status) => {
      const purchase = await openSession(world.service)
      SESSION_STATES[state](world.stripe, purchase.intentId)
      const answer = await SESSION_CALLS[call](purchase)
      expect([answer.status, answer.body]).toEqual([status, expect.anything()])
      await expectNoFailure(answer, () => SESSION_CALLS[call](purchase))
      expect(await problems(purchase)).toEqual([])
    },
  )
})

describe.each<PaymentCall>(["capture", "refund", "cancel"])("%s of an authorized payment", (call) => {
  it.each(Object.entries(OF_AUTHORIZED[call]) as [keyof typeof AUTHORIZED_STATES, number][])(
    "records that the payment is %s at Stripe, and is %i",
    async (state, status) => {
      const payment = await authorizedPayment()
      AUTHORIZED_STATES[state](world.stripe, payment.intentId)
      await expectOutcome(call, payment, { state, status, isAnsweredHere: isAnsweredHere(call, false) })
    },
  )
})

describe.each<PaymentCall>(["capture", "refund", "cancel"])("%s of a captured payment", (call) => {
  it.each(Object.entries(OF_CAPTURED[call]) as [keyof typeof CAPTURED_STATES, number][])(
    "records that the payment is %s at Stripe, and is %i",
    async (state, status) => {
      const payment = await authorizedPayment()
      expect(await move("capture", payment)).toMatchObject({ status: 200 })
      CAPTURED_STATES[state](world.stripe, payment.intentId)
      await expectOutcome(call, payment, { state, status, isAnsweredHere: isAnsweredHere(call, true) })
    },
  )
})

it("a capture in the dashboard, whose webhook is lost, is recorded by the next capture, and can be refunded then", async () => {
  const payment = await authorizedPayment()
  world.stripe.capture(payment.intentId)
  expect(await move("capture", payment)).toMatchObject({
    status: 200,
    body: { payment: { captures: [{ amount: 49.9 }] } },
  })
  expect(await move("refund", payment)).toMatchObject({
    status: 200,
    body: { payment: { refunds: [{ amount: 49.9 }] } },
  })
  expect(world.stripe.records.intent(payment.intentId).amount_received).toBe(4990)
  expect(await problems(payment)).toEqual([])
})

it("a dashboard refund as large as what was released is recorded, and nothing is refunded again", async () => {
  const { service, stripe } = world
  const payment = await authorizedPayment()
  const half = await service.admin("POST", `/admin/payments/${payment.paymentId}/capture`, { amount: 24.95 })
  expect(half).toMatchObject({ status: 200, body: { payment: { captures: [{ amount: 24.95 }] } } })
  stripe.refund(payment.intentId)
  const refreshed = await service.admin("POST", `/admin/payments/${payment.paymentId}/refresh`)
  expect(refreshed).toMatchObject({ status: 200, body: { payment: { refunds: [{ amount: 24.95 }] } } })
  expect(await move("refund", payment)).toMatchObject({ status: 400 })
  expect(
    [...stripe.records.refunds.values()].filter((refund) => refund.payment_intent === payment.intentId),
  ).toHaveLength(1)
  expect(await problems(payment)).toEqual([])
})

it("the time by which a payment has to be captured is shown", async () => {
  const payment = await authorizedPayment()
  const { body } = await world.service.admin("GET", `/admin/payments/${payment.paymentId}?fields=+capture_before`)
  const [charge] = [...world.stripe.records.charges.values()].slice(-1)
  const seconds = charge?.payment_method_details.card?.capture_before ?? 0
  expect(body.payment.capture_before).toBe(new Date(seconds * 1000).toISOString())
})

interface PaymentPurchase extends Purchase {
  readonly paymentId: string
}

async function authorizedPayment(): Promise<PaymentPurchase> {
  const purchase = await openSession(world.service)
  world.stripe.pay(purchase.intentId)
  const { body } = await authorize(world.service, purchase)
  const { body: found } = await world.service.store("GET", `/store/payment-collections/${purchase.collectionId}`)
  const paymentId = found.payment_collection.payments[0]?.id
  if (typeof paymentId !== "string") throw new Error(JSON.stringify(body))
  return { ...purchase, paymentId }
}

const move = (call: PaymentCall, { paymentId }: PaymentPurchase): Promise<Answer> =>
  world.service.admin("POST", `/admin/payments/${paymentId}/${call}`)

async function expectOutcome(
  call: PaymentCall,
  payment: PaymentPurchase,
  expected: { state: string; status: number; isAnsweredHere: boolean },
): Promise<void> {
  const answer = await move(call, payment)
  expect([answer.status, answer.body]).toEqual([expected.status, expect.anything()])
  if (expected.isAnsweredHere) {
    const refreshed = await world.service.admin("POST", `/admin/payments/${payment.paymentId}/refresh`)
    expect(refreshed.status).toBe(expected.state === "gone" ? 409 : 200)
  }
  await expectNoFailure(answer, () => move(call, payment))
  // A payment that Stripe does not have stays as it is on record.
  if (expected.state !== "gone") expect(await problems(payment)).toEqual([])
}

/** Neither now nor when it is repeated. */
async function expectNoFailure(answer: Answer, repeat: () => Promise<Answer>): Promise<void> {
  expect(answer.status).toBeLessThan(500)
  if (answer.status !== 200) expect((await repeat()).status).toBeLessThan(500)
}

const problems = ({ collectionId }: Purchase) =>
  stripeBookProblems(world.service.dataSource, [collectionId], world.stripe.records, {
    isKnown: () => true,
    isTold: true,
  })
