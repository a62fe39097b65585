import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { refusal } from "../support/stripe-sdk.js"
import { RETURN_URL, SandboxWorld, typesOf } from "./sandbox-world.js"

let world: SandboxWorld
let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe, sdk } = world)
})
afterEach(() => world.stripe.stop())

describe("a payment intent", () => {
  it("succeeds after authorization and capture", async () => {
    const created = await world.create({ capture_method: "manual", metadata: { session_id: "payses_1" } })
    expect(created).toMatchObject({ status: "requires_payment_method", amount: 1000, currency: "eur" })
    stripe.pay(created.id)
    const held = await sdk.paymentIntents.retrieve(created.id)
    expect(held).toMatchObject({ status: "requires_capture", amount_capturable: 1000, amount_received: 0 })
    const captured = await sdk.paymentIntents.capture(created.id)
    expect(captured).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 1000 })
    expect(await world.chargeOf(created.id)).toMatchObject({
      captured: true,
      amount_captured: 1000,
      amount_refunded: 0,
    })
    expect(typesOf(stripe.events)).toEqual([
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.amount_capturable_updated",
      "charge.captured",
      "payment_intent.succeeded",
    ])
  })

  it("is captured immediately unless capture is manual", async () => {
    expect(await world.paid()).toMatchObject({ status: "succeeded", amount_received: 1000 })
  })

  it("is confirmed over the API with a payment method", async () => {
    const { id } = await world.create({ payment_method: "pm_card_visa" })
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_confirmation" })
    expect(await sdk.paymentIntents.confirm(id, { return_url: RETURN_URL })).toMatchObject({ status: "succeeded" })
    const missing = await refusal(world.create({ payment_method: "pm_card_visa", confirm: true }))
    expect(missing).toMatchObject({ statusCode: 400, param: "return_url" })
  })

  it("has a decline as the error of the API call, and as its last error if the shopper confirms", async () => {
    const error = await refusal(
      world.create({ payment_method: "pm_card_chargeDeclined", confirm: true, return_url: RETURN_URL }),
    )
    expect(error).toMatchObject({ type: "StripeCardError", statusCode: 402, code: "card_declined" })
    expect(error.payment_intent).toMatchObject({ status: "requires_payment_method" })
    const { id } = await world.create()
    stripe.pay(id, "insufficient_funds")
    const intent = await sdk.paymentIntents.retrieve(id)
    expect(intent).toMatchObject({ status: "requires_payment_method", payment_method: null })
    expect(intent.last_payment_error).toMatchObject({ code: "card_declined", decline_code: "insufficient_funds" })
    expect(await world.eventsOf(() => stripe.pay(id))).toContain("payment_intent.succeeded")
  })

  it("requires action until the challenge is passed or failed", async () => {
    const { id } = await world.create({
      payment_method: "pm_card_authenticationRequired",
      confirm: true,
      return_url: RETURN_URL,
    })
    const challenged = await sdk.paymentIntents.retrieve(id)
    expect(challenged.status).toBe("requires_action")
    expect(challenged.next_action?.redirect_to_url).toEqual({
      return_url: RETURN_URL,
      url: `${stripe.url}/challenge/${id}`,
    })
    expect(stripe.failChallenge(id)).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "payment_intent_authentication_failure" },
    })
    expect(stripe.pay(id, "challenge").next_action?.type).toBe("use_stripe_sdk")
    expect(stripe.completeChallenge(id)).toMatchObject({ status: "succeeded", next_action: null })
  })

  it("is processing with an asynchronous method until the bank succeeds or fails", async () => {
    const [first, second] = [await world.create(), await world.create()]
    expect(stripe.pay(first.id, "asynchronous").status).toBe("processing")
    expect(stripe.completeProcessing(first.id)).toMatchObject({ status: "succeeded", amount_received: 1000 })
    stripe.pay(second.id, "asynchronous")
    const events = await world.eventsOf(() => stripe.failProcessing(second.id))
    expect(events).toEqual(["charge.failed", "payment_intent.payment_failed"])
  })

  it("is partially funded by bank transfers until the whole amount has arrived", async () => {
    const { id } = await world.create()
    stripe.pay(id, "bank_transfer")
    expect(await world.eventsOf(() => stripe.receiveTransfer(id, 400))).toEqual(["payment_intent.partially_funded"])
    const waiting = await sdk.paymentIntents.retrieve(id)
    expect(waiting.next_action?.display_bank_transfer_instructions?.amount_remaining).toBe(600)
    expect(stripe.receiveTransfer(id, 600)).toMatchObject({ status: "succeeded", amount_received: 1000 })
  })

  it("can be changed until it is paid, and keeps the metadata that an update does not name", async () => {
    const { id } = await world.create({ metadata: { kept: "a", removed: "b" } })
    const changed = await sdk.paymentIntents.update(id, { amount: 1500, metadata: { removed: "", added: "c" } })
    expect(changed).toMatchObject({ amount: 1500, metadata: { kept: "a", added: "c" } })
    expect(changed.metadata).not.toHaveProperty("removed")
    stripe.pay(id)
    const error = await refusal(sdk.paymentIntents.update(id, { amount: 2000 }))
    expect(error).toMatchObject({ statusCode: 400, code: "payment_intent_unexpected_state" })
    expect(error.payment_intent).toMatchObject({ id, status: "succeeded", amount: 1500 })
    await expect(sdk.paymentIntents.update(id, { description: "A late word" })).resolves.toMatchObject({ id })
  })

  it("can be canceled until it is paid, which releases the authorized amount", async () => {
    const held = await world.authorized()
    const canceled = await sdk.paymentIntents.cancel(held.id, { cancellation_reason: "abandoned" })
    expect(canceled).toMatchObject({ status: "canceled", cancellation_reason: "abandoned", amount_capturable: 0 })
    expect(await world.chargeOf(held.id)).toMatchObject({ refunded: false, amount_refunded: 0, amount_captured: 0 })
    for (const call of [sdk.paymentIntents.cancel(held.id), sdk.paymentIntents.capture(held.id)]) {
      const error = await refusal(call)
      expect(error).toMatchObject({ code: "payment_intent_unexpected_state" })
      expect(error.payment_intent).toMatchObject({ id: held.id, status: "canceled" })
    }
    const { id } = await world.authorized()
    expect(stripe.expireAuthorization(id)).toMatchObject({ status: "canceled", cancellation_reason: "expired" })
  })
})

describe("a partial capture", () => {
  it("releases the rest without a refund", async () => {
    const { id } = await world.authorized()
    const captured = await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
    expect(captured).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 300 })
    const charge = await world.chargeOf(id)
    expect(charge).toMatchObject({ amount_captured: 300, amount_refunded: 0, refunded: false })
    expect(charge.refunds?.data).toEqual([])
  })

  it("is refused if it would keep the rest or exceed the capturable amount", async () => {
    const { id } = await world.authorized()
    const kept = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false }))
    expect(kept).toMatchObject({ statusCode: 400, param: "final_capture" })
    const tooMuch = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 1001 }))
    expect(tooMuch).toMatchObject({ statusCode: 400, code: "amount_too_large" })
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ amount_capturable: 1000 })
  })

  it("keeps the rest if multicapture is requested and available", async () => {
    const { id } = await world.multicapture()
    expect((await world.chargeOf(id)).payment_method_details?.card?.multicapture).toEqual({ status: "available" })
    const first = await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
    expect(first).toMatchObject({ status: "requires_capture", amount_capturable: 700, amount_received: 300 })
    expect(await world.chargeOf(id)).toMatchObject({ captured: false, amount_captured: 300, amount_refunded: 0 })
    await sdk.refunds.create({ payment_intent: id, amount: 100 })
    const last = await sdk.paymentIntents.capture(id, { amount_to_capture: 200, final_capture: true })
    expect(last).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 500 })
    expect(await world.chargeOf(id)).toMatchObject({ captured: true, amount_captured: 500, amount_refunded: 100 })
  })

  it("ends as succeeded if the rest of a multicapture is released or canceled", async () => {
    const ends = [
      (id: string) => sdk.paymentIntents.capture(id, { amount_to_capture: 0, final_capture: true }),
      (id: string) => sdk.paymentIntents.cancel(id),
    ]
    for (const end of ends) {
      const { id } = await world.multicapture()
      await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
      expect(await end(id)).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 300 })
      expect(await world.chargeOf(id)).toMatchObject({ captured: true, amount_captured: 300, amount_refunded: 0 })
    }
  })
})
