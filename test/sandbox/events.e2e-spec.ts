import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import Stripe from "stripe"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { SandboxWorld, startShop } from "./sandbox-world.js"

let world: SandboxWorld
let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe, sdk } = world)
})
afterEach(() => world.stripe.stop())

describe("events", () => {
  it("carry the id and the idempotency key of the request that caused them", async () => {
    const { id, lastResponse } = await world.create({}, { idempotencyKey: "op_1" })
    stripe.cancel(id)
    expect(stripe.events).toMatchObject([
      { api_version: Stripe.API_VERSION, request: { id: lastResponse.requestId, idempotency_key: "op_1" } },
      { type: "payment_intent.canceled", request: { id: null, idempotency_key: null } },
    ])
  })

  it("have a signature that the SDK verifies with the right secret and in time", async () => {
    await world.create()
    const [event] = stripe.events
    if (!event) throw new Error("Nothing happened")
    const signatureOf = (signing = {}): [string, string] => {
      const { body, headers } = stripe.webhooks.sign(event, signing)
      return [body, headers["stripe-signature"] ?? ""]
    }
    expect(sdk.webhooks.constructEvent(...signatureOf(), stripe.webhookSecret)).toEqual(event)
    const old = signatureOf({ timestamp: Math.floor(Date.now() / 1000) - 600 })
    for (const signed of [old, signatureOf({ secret: "whsec_other" })]) {
      expect(() => sdk.webhooks.constructEvent(...signed, stripe.webhookSecret)).toThrow(
        Stripe.errors.StripeSignatureVerificationError,
      )
    }
  })

  it("are posted as they happen, retried after a failure, and held while deliveries are paused", async () => {
    const shop = await startShop()
    try {
      shop.statuses.push(500)
      stripe.webhooks.sendTo(shop.url)
      await world.create()
      const [delivery] = await stripe.webhooks.finished()
      expect(delivery).toMatchObject({ attempts: 2, status: 200 })
      stripe.webhooks.pause()
      await world.paid()
      await stripe.webhooks.finished()
      expect(shop.received).toHaveLength(2)
      stripe.webhooks.resume()
      await stripe.webhooks.finished()
      const types = shop.received.slice(2).map(({ body, headers }) => {
        const signature = headers["stripe-signature"] ?? ""
        return sdk.webhooks.constructEvent(body, signature, stripe.webhookSecret).type
      })
      expect(types.sort()).toEqual(["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"])
    } finally {
      await shop.close()
    }
  })

  it("are delivered twice and in any order if a test does so", async () => {
    const shop = await startShop()
    try {
      await world.paid()
      const order = [...stripe.events].reverse()
      const responses = await stripe.webhooks.deliver(shop.url, [...order, ...order])
      expect(responses.map(({ status }) => status)).toEqual(order.concat(order).map(() => 200))
      const ids = shop.received.map(({ body }) => (JSON.parse(body) as Stripe.Event).id)
      expect(ids).toEqual([...order, ...order].map(({ id }) => id))
    } finally {
      await shop.close()
    }
  })
})
