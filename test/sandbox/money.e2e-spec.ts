import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf, refusal } from "../support/stripe-sdk.js"

// How the sandbox charges, holds, releases and refunds money. The source of each behaviour stands beside its code.

const MULTICAPTURE = { payment_method_options: { card: { request_multicapture: "if_available" } } } as const

let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  stripe = await StripeSandbox.start()
  sdk = clientOf(stripe)
})
afterEach(() => stripe.stop())

const create = (params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> =>
  sdk.paymentIntents.create({ amount: 1000, currency: "eur", ...params })

/** An intent that waits for its capture. */
async function authorized(params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<string> {
  const { id } = await create({ capture_method: "manual", ...params })
  stripe.pay(id)
  return id
}

function authorizedForParts(): Promise<string> {
  stripe.configure({ multicapture: "available" })
  return authorized(MULTICAPTURE)
}

async function paid(): Promise<string> {
  const { id } = await create()
  stripe.pay(id)
  return id
}

async function chargeOf(id: string): Promise<Stripe.Charge> {
  const { latest_charge: charge } = await sdk.paymentIntents.retrieve(id, { expand: ["latest_charge.refunds"] })
  if (charge === null || typeof charge === "string") throw new Error("The charge is not expanded")
  return charge
}

async function refundsOf(id: string): Promise<Stripe.Refund[]> {
  return (await sdk.refunds.list({ payment_intent: id })).data
}

/** The types of the events that an act leads to. */
async function eventsOf(act: () => unknown): Promise<string[]> {
  const before = stripe.events.length
  await act()
  return stripe.events.slice(before).map(({ type }) => type)
}

const RELEASES: [string, (id: string) => unknown][] = [
  ["a final capture in part", (id) => sdk.paymentIntents.capture(id, { amount_to_capture: 300 })],
  ["a cancellation", (id) => sdk.paymentIntents.cancel(id)],
  ["the end of an authorization", (id) => stripe.expireAuthorization(id)],
]

describe("a release", () => {
  it.each(RELEASES)("by %s makes no refund and leaves amount_refunded alone", async (_, release) => {
    const id = await authorized()
    const events = await eventsOf(() => release(id))
    expect(events.filter((type) => type.includes("refund"))).toEqual([])
    expect(await refundsOf(id)).toEqual([])
    expect(await chargeOf(id)).toMatchObject({ amount_refunded: 0, refunded: false })
  })

  it("at the end of an authorization cancels the intent as expired", async () => {
    const id = await authorized()
    expect(await eventsOf(() => stripe.expireAuthorization(id))).toEqual(["charge.expired", "payment_intent.canceled"])
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "canceled", cancellation_reason: "expired" })
  })

  it("leaves exactly the captured amount to be refunded", async () => {
    const id = await authorized()
    await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
    expect(await refusal(sdk.refunds.create({ payment_intent: id, amount: 301 }))).toMatchObject({ param: "amount" })
    const events = await eventsOf(() => sdk.refunds.create({ payment_intent: id }))
    expect(events).toEqual(["refund.created", "charge.refunded"])
    expect(await chargeOf(id)).toMatchObject({ amount_captured: 300, amount_refunded: 300, refunded: true })
  })

  describe("before API version 2025-03-31.basil", () => {
    beforeEach(() => {
      stripe.configure({ releasesMakeRefunds: true })
    })

    it.each(RELEASES)("by %s is a refund of the type reversal", async (_, release) => {
      const id = await authorized()
      const events = await eventsOf(() => release(id))
      expect(events).toEqual(expect.arrayContaining(["refund.created", "charge.refunded"]))
      const { amount_captured, amount_refunded } = await chargeOf(id)
      expect(amount_captured + amount_refunded).toBe(1000)
      const destination_details = { card: { type: "reversal" } }
      expect(await refundsOf(id)).toMatchObject([{ amount: amount_refunded, destination_details }])
      expect(stripe.events.at(-1)?.api_version).toBe("2025-02-24.acacia")
    })

    it("at the end of an authorization cancels the intent automatically", async () => {
      expect(stripe.expireAuthorization(await authorized())).toMatchObject({ cancellation_reason: "automatic" })
    })

    it("leaves the captured amount to be refunded all the same", async () => {
      const id = await authorized()
      await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
      expect(await sdk.refunds.create({ payment_intent: id })).toMatchObject({ amount: 300 })
      expect(await chargeOf(id)).toMatchObject({ amount_refunded: 1000, refunded: true })
    })
  })
})

describe("an authorization", () => {
  it("has a capture deadline that depends on the network and on who initiated it", async () => {
    const now = Math.floor(Date.now() / 1000)
    const hoursOf = async (id: string): Promise<number> => {
      const before = (await chargeOf(id)).payment_method_details?.card?.capture_before ?? 0
      return Math.round((before - now) / 3600)
    }
    expect(await hoursOf(await authorized())).toBe(7 * 24)
    const { id: customer } = await sdk.customers.create({})
    const off = { customer, off_session: true, confirm: true, return_url: "https://shop.example/return" } as const
    const visa = stripe.saveCard(customer).id
    const amex = stripe.saveCard(customer, "amex").id
    const held = (payment_method: string) => create({ capture_method: "manual", payment_method, ...off })
    expect(await hoursOf((await held(visa)).id)).toBe(4 * 24 + 18)
    expect(await hoursOf((await held(amex)).id)).toBe(7 * 24)
  })

  it("has no capture deadline if it is captured immediately", async () => {
    expect((await chargeOf(await paid())).payment_method_details?.card).not.toHaveProperty("capture_before")
  })

  it.each(["charge_expired_for_capture", "capture_charge_authorization_expired"] as const)(
    "that the bank has ended refuses a capture with %s, before the intent is canceled",
    async (captureOfLapsed) => {
      stripe.configure({ codes: { captureOfLapsed } })
      const id = await authorized()
      stripe.lapseAuthorization(id)
      expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_capture" })
      const error = await refusal(sdk.paymentIntents.capture(id))
      expect(error).toMatchObject({ statusCode: 400, code: captureOfLapsed })
      expect((await chargeOf(id)).payment_method_details?.card?.capture_before).toBeLessThan(Date.now() / 1000)
      expect(stripe.expireAuthorization(id)).toMatchObject({ cancellation_reason: "expired" })
    },
  )
})

describe("multicapture", () => {
  const NOT_ELIGIBLE = { statusCode: 400, code: "payment_intent_invalid_parameter" }

  it("is ignored on an account that does not have it", async () => {
    const id = await authorized(MULTICAPTURE)
    expect((await chargeOf(id)).payment_method_details?.card?.multicapture).toEqual({ status: "unavailable" })
  })

  it("is refused at creation and at an update", async () => {
    stripe.configure({ multicapture: "refused_at_creation" })
    const error = await refusal(create({ capture_method: "manual", ...MULTICAPTURE }))
    expect(error).toMatchObject(NOT_ELIGIBLE)
    expect(error.message).toContain("not eligible for the requested card features")
    expect(stripe.records.paymentIntents.size).toBe(0)
    const { id } = await create({ capture_method: "manual" })
    expect(await refusal(sdk.paymentIntents.update(id, MULTICAPTURE))).toMatchObject(NOT_ELIGIBLE)
  })

  it("is accepted at creation and refused at confirmation, by the API and in the browser", async () => {
    stripe.configure({ multicapture: "refused_at_confirmation" })
    const { id } = await create({ capture_method: "manual", payment_method: "pm_card_visa", ...MULTICAPTURE })
    const confirmation = sdk.paymentIntents.confirm(id, { return_url: "https://shop.example/return" })
    expect(await refusal(confirmation)).toMatchObject(NOT_ELIGIBLE)
    expect(() => stripe.pay(id)).toThrow("not eligible for the requested card features")
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_confirmation" })
    expect(stripe.records.charges.size).toBe(0)
    expect(await chargeOf(await authorized())).toMatchObject({ status: "succeeded" })
  })

  it("allows 50 captures, and a cancellation after them", async () => {
    const id = await authorizedForParts()
    for (let nth = 0; nth < 50; nth++) {
      await sdk.paymentIntents.capture(id, { amount_to_capture: 1, final_capture: false })
    }
    const error = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 1 }))
    expect(error).toMatchObject({ statusCode: 400 })
    expect(await sdk.paymentIntents.cancel(id)).toMatchObject({ status: "succeeded", amount_received: 50 })
  })

  it.each([
    [
      "a last capture of nothing",
      (id: string) => sdk.paymentIntents.capture(id, { amount_to_capture: 0, final_capture: true }),
    ],
    ["a cancellation", (id: string) => sdk.paymentIntents.cancel(id)],
    ["the end of the authorization", (id: string) => stripe.expireAuthorization(id)],
  ])("ends with success by %s after a capture in part, without a refund", async (_, end) => {
    const id = await authorizedForParts()
    await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
    const events = await eventsOf(() => end(id))
    expect(events).toContain("payment_intent.succeeded")
    expect(events).not.toContain("charge.refunded")
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({
      status: "succeeded",
      amount_received: 300,
      amount_capturable: 0,
      cancellation_reason: null,
    })
  })

  it("refuses a capture of zero before the first capture", async () => {
    const id = await authorizedForParts()
    const error = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 0, final_capture: true }))
    expect(error).toMatchObject({ param: "amount_to_capture" })
  })

  it("allows refunds of the captured amount while there is more to capture", async () => {
    const id = await authorizedForParts()
    await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
    await sdk.refunds.create({ payment_intent: id, amount: 100 })
    expect(await refusal(sdk.refunds.create({ payment_intent: id, amount: 201 }))).toMatchObject({ param: "amount" })
    await sdk.refunds.create({ payment_intent: id, amount: 200 })
    expect(await chargeOf(id)).toMatchObject({ amount_refunded: 300, refunded: false })
    await sdk.paymentIntents.cancel(id)
    expect(await chargeOf(id)).toMatchObject({ amount_refunded: 300, refunded: true })
  })
})

describe("the error of a refused refund", () => {
  const refund = (id: string) => refusal(sdk.refunds.create({ payment_intent: id }))

  it.each(["charge_disputed", "refund_disputed_payment"] as const)("is %s while a dispute is open", async (code) => {
    stripe.configure({ codes: { refundOfDisputed: code } })
    const id = await paid()
    stripe.openDispute(id)
    expect(await refund(id)).toMatchObject({ statusCode: 400, code })
  })

  it.each(["charge_already_refunded", "charge_not_refundable"] as const)(
    "is %s after all is refunded",
    async (code) => {
      stripe.configure({ codes: { refundOfRefunded: code } })
      const id = await paid()
      stripe.refund(id)
      expect(await refund(id)).toMatchObject({ statusCode: 400, code })
    },
  )

  it("is charge_not_refundable if the payment method has no refunds", async () => {
    const id = await paid()
    stripe.refuseRefunds(id)
    expect(await refund(id)).toMatchObject({ statusCode: 400, code: "charge_not_refundable" })
  })
})

describe("an intent that is processing", () => {
  it("refuses captures, cancellations, changes and refunds", async () => {
    const { id } = await create()
    stripe.pay(id, "asynchronous")
    const calls = [
      sdk.paymentIntents.capture(id),
      sdk.paymentIntents.cancel(id),
      sdk.paymentIntents.update(id, { amount: 2000 }),
    ]
    for (const call of calls) {
      const error = await refusal(call)
      expect(error).toMatchObject({ statusCode: 400, code: "payment_intent_unexpected_state" })
      expect(error.payment_intent).toMatchObject({ id, status: "processing" })
    }
    const ofIntent = await refusal(sdk.refunds.create({ payment_intent: id }))
    expect(ofIntent).toMatchObject({ statusCode: 400, code: "payment_intent_unexpected_state" })
    const { id: charge } = await chargeOf(id)
    expect(await refusal(sdk.refunds.create({ charge }))).toMatchObject({ statusCode: 400 })
  })
})
