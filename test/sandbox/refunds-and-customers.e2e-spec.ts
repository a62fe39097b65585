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

describe("a refund", () => {
  it("returns the captured amount in parts, and never more", async () => {
    const { id } = await world.paid()
    const first = await sdk.refunds.create({ payment_intent: id, amount: 400, metadata: { refund_id: "ref_1" } })
    expect(first).toMatchObject({ amount: 400, status: "succeeded", metadata: { refund_id: "ref_1" } })
    const tooMuch = await refusal(sdk.refunds.create({ payment_intent: id, amount: 601 }))
    expect(tooMuch).toMatchObject({ statusCode: 400, param: "amount" })
    expect(await sdk.refunds.create({ payment_intent: id })).toMatchObject({ amount: 600 })
    expect(await refusal(sdk.refunds.create({ payment_intent: id }))).toMatchObject({ code: "charge_already_refunded" })
    expect(await world.chargeOf(id)).toMatchObject({ refunded: true, amount_refunded: 1000 })
    const { data } = await sdk.refunds.list({ payment_intent: id })
    expect(data.map(({ amount }) => amount)).toEqual([600, 400])
  })

  it("is refused before the capture, and limited to the captured part after it", async () => {
    const { id } = await world.authorized()
    const early = await refusal(sdk.refunds.create({ payment_intent: id }))
    expect(early).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400 })
    await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
    await refusal(sdk.refunds.create({ payment_intent: id, amount: 301 }))
    expect(await sdk.refunds.create({ payment_intent: id })).toMatchObject({ amount: 300 })
  })

  it("can be pending, and succeeds or fails later", async () => {
    stripe.holdRefunds()
    const { id } = await world.paid()
    const refund = await sdk.refunds.create({ payment_intent: id, amount: 400 })
    expect(refund.status).toBe("pending")
    expect(await world.eventsOf(() => stripe.completeRefund(refund.id))).toEqual(["refund.updated"])
    const other = stripe.refund(id, 100)
    expect(await world.eventsOf(() => stripe.failRefund(other.id))).toEqual(["refund.failed", "refund.updated"])
    expect(await sdk.refunds.retrieve(other.id)).toMatchObject({ status: "failed", failure_reason: expect.any(String) })
    expect(await world.chargeOf(id)).toMatchObject({ amount_refunded: 400 })
  })
})

describe("a dispute", () => {
  it("is opened by the shopper's bank, listed, and closed", async () => {
    const { id } = await world.paid()
    const dispute = stripe.openDispute(id, { amount: 700, reason: "product_not_received" })
    const { data } = await sdk.disputes.list({ payment_intent: id })
    expect(data).toMatchObject([{ id: dispute.id, amount: 700, status: "needs_response" }])
    expect(await refusal(sdk.refunds.create({ payment_intent: id }))).toMatchObject({ code: "charge_disputed" })
    stripe.submitEvidence(dispute.id)
    stripe.closeDispute(dispute.id, "won")
    expect(typesOf(stripe.events).filter((type) => type.startsWith("charge.dispute"))).toEqual([
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
      "charge.dispute.updated",
      "charge.dispute.funds_reinstated",
      "charge.dispute.closed",
    ])
    await expect(sdk.refunds.create({ payment_intent: id })).resolves.toMatchObject({ amount: 1000 })
  })
})

describe("customers", () => {
  it("are created, found by email, updated and deleted", async () => {
    const { id } = await sdk.customers.create({ email: "ada@shop.example", metadata: { holder_id: "acch_1" } })
    await sdk.customers.create({ email: "bob@shop.example" })
    expect((await sdk.customers.list({ email: "ada@shop.example" })).data.map((found) => found.id)).toEqual([id])
    expect(await sdk.customers.update(id, { name: "Ada" })).toMatchObject({ name: "Ada", email: "ada@shop.example" })
    await sdk.customers.del(id)
    expect(await sdk.customers.retrieve(id)).toMatchObject({ id, deleted: true })
    expect(await refusal(sdk.customers.update(id, { name: "Eve" }))).toMatchObject({
      statusCode: 404,
      code: "resource_missing",
    })
  })

  it("save a card by a setup intent, and pay with it", async () => {
    const { id: customer } = await sdk.customers.create({})
    const { id } = await sdk.setupIntents.create({ customer, usage: "off_session" })
    expect(stripe.completeSetup(id)).toMatchObject({ status: "succeeded" })
    const [method] = (await sdk.customers.listPaymentMethods(customer)).data
    if (!method) throw new Error("Nothing was saved")
    expect(await sdk.customers.retrievePaymentMethod(customer, method.id)).toMatchObject({ card: { last4: "4242" } })
    const charged = await world.create({
      customer,
      payment_method: method.id,
      off_session: true,
      confirm: true,
      return_url: RETURN_URL,
    })
    expect(charged.status).toBe("succeeded")
    await sdk.paymentMethods.detach(method.id)
    expect((await sdk.customers.listPaymentMethods(customer)).data).toEqual([])
    expect(await refusal(sdk.customers.retrievePaymentMethod(customer, method.id))).toMatchObject({ statusCode: 404 })
  })

  it("cannot pass a challenge of an off-session payment", async () => {
    const { id: customer } = await sdk.customers.create({})
    const method = stripe.saveCard(customer, "challenge")
    const params = { customer, payment_method: method.id, off_session: true, confirm: true, return_url: RETURN_URL }
    expect(await refusal(world.create(params))).toMatchObject({ statusCode: 402, code: "authentication_required" })
  })
})
