import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import type Stripe from "stripe"
import { CARD_NAMES } from "../../sandbox/cards.js"
import { CONTROL_ROUTES } from "../../sandbox/control/control-routes.js"
import { OBJECT_TYPES } from "../../sandbox/control/lists.js"
import { NAMED_FAULTS } from "../../sandbox/faults.js"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { SandboxControls } from "../support/sandbox-controls.js"
import { refusal } from "../support/stripe-sdk.js"
import { SandboxWorld, startShop } from "./sandbox-world.js"

let world: SandboxWorld
let stripe: StripeSandbox
let sdk: Stripe
let controls: SandboxControls
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe, sdk } = world)
  controls = new SandboxControls(stripe.url)
})
afterEach(() => stripe.stop())

const HELD = { capture_method: "manual" } as const

describe("GET /_control", () => {
  it("lists the keys and the routes", async () => {
    const { status, body } = await controls.send("GET", "")
    expect(status).toBe(200)
    expect(body).toMatchObject({ api_key: stripe.apiKey, webhook_secret: stripe.webhookSecret })
    expect(body.routes).toContainEqual({ method: "POST", path: "/_control/advance", fields: ["seconds"] })
  })
})

describe("POST /_control/pay", () => {
  it.each([["ok"], ["4242 4242 4242 4242"], ["pm_card_visa"], [undefined]])("pays with the card %j", async (card) => {
    const { id } = await world.create(HELD)
    expect(await controls.pay(id, card)).toMatchObject({ id, status: "requires_capture", amount_capturable: 1000 })
  })

  it("leaves a decline on the payment intent", async () => {
    const { id } = await world.create()
    expect(await controls.pay(id, "4000 0000 0000 0002")).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "card_declined" },
    })
  })

  it("requires 3-D Secure until the shopper fails or completes it", async () => {
    const { id } = await world.create()
    expect(await controls.pay(id, "4000 0027 6000 3184")).toMatchObject({ status: "requires_action" })
    expect(await controls.authenticate(id, "fail")).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "payment_intent_authentication_failure" },
    })
    expect(await controls.pay(id, "challenge", "complete")).toMatchObject({ status: "succeeded" })
  })

  it("waits for a bank transfer until the whole amount has arrived", async () => {
    const { id } = await world.create()
    await controls.pay(id, "bank_transfer")
    const transfer = async (amount: number) =>
      (await controls.send("POST", "/transfer", JSON.stringify({ payment_intent: id, amount }))).body
    expect(await transfer(400)).toMatchObject({ status: "requires_action" })
    expect(await transfer(600)).toMatchObject({ status: "succeeded", amount_received: 1000 })
  })

  it("refuses a paid payment intent with 409", async () => {
    const { id } = await world.paid()
    const { status, body } = await controls.send("POST", "/pay", JSON.stringify({ payment_intent: id }))
    expect(status).toBe(409)
    expect(body.error.message).toBe(`The payment intent ${id} is succeeded already.`)
  })
})

describe("the control routes of the Dashboard", () => {
  it("capture, refund and cancel without a request of the service", async () => {
    const { id } = await world.authorized()
    expect(await controls.capture(id, 700)).toMatchObject({ status: "succeeded", amount_received: 700 })
    expect(await controls.refund(id, 300)).toMatchObject({ amount: 300, status: "succeeded" })
    const other = await world.authorized()
    expect(await controls.cancel(other.id)).toMatchObject({ status: "canceled" })
    expect(stripe.events.slice(-1)).toMatchObject([{ request: { id: null, idempotency_key: null } }])
  })

  it("refuse a refund above the captured amount with Stripe's message", async () => {
    const { id } = await world.paid()
    const sent = JSON.stringify({ payment_intent: id, amount: 1001 })
    const { status, body } = await controls.send("POST", "/refund", sent)
    expect([status, body.error.message]).toEqual([400, expect.stringContaining("greater than unrefunded amount")])
  })

  it("open a dispute once, and close it with an outcome", async () => {
    const { id } = await world.paid()
    const { id: dispute } = await controls.dispute(id)
    expect(await controls.dispute(id)).toMatchObject({ id: dispute, status: "needs_response" })
    expect(await controls.dispute(id, "lost")).toMatchObject({ id: dispute, status: "lost" })
    expect(await controls.objects("dispute")).toHaveLength(1)
  })

  it("change the settings of the account", async () => {
    expect(await controls.settings({ multicapture: "available" })).toEqual({
      multicapture: "available",
      refunds_are_pending: false,
      releases_make_refunds: false,
    })
    const { id } = await world.multicapture()
    expect(await controls.capture(id, 400, false)).toMatchObject({ status: "requires_capture", amount_capturable: 600 })
  })
})

describe("POST /_control/advance", () => {
  const DAY = 24 * 60 * 60

  it("expires authorizations after seven days", async () => {
    const { id } = await world.authorized()
    const { now } = await controls.advance(6 * DAY)
    expect(now).toBeGreaterThanOrEqual(Math.floor(Date.now() / 1000) + 6 * DAY - 5)
    expect(await controls.intent(id)).toMatchObject({ status: "requires_capture" })
    const { events } = await controls.advance(DAY + 60)
    expect(events.map(({ type }) => type)).toEqual(["charge.expired", "payment_intent.canceled"])
    expect(await controls.intent(id)).toMatchObject({ status: "canceled", cancellation_reason: "expired" })
  })

  it("does not expire what was captured before", async () => {
    const { id } = await world.authorized()
    await controls.capture(id)
    expect(await controls.advance(8 * DAY)).toMatchObject({ events: [] })
    expect(await controls.intent(id)).toMatchObject({ status: "succeeded" })
  })

  it("completes and fails direct debits after five days", async () => {
    const [good, bad] = [await world.create(), await world.create()]
    await controls.pay(good.id, "DE89370400440532013000")
    await controls.pay(bad.id, "asynchronous_failing")
    await controls.advance(5 * DAY)
    expect(await controls.intent(good.id)).toMatchObject({ status: "succeeded" })
    expect(await controls.intent(bad.id)).toMatchObject({ status: "requires_payment_method" })
  })

  it("completes and fails delayed refunds after five days", async () => {
    const statuses = []
    for (const card of ["4000 0000 0000 7726", "4000 0000 0000 5126"]) {
      const { id } = await world.create()
      await controls.pay(id, card)
      const refund = await controls.refund(id)
      await controls.advance(5 * DAY)
      statuses.push([refund.status, (await sdk.refunds.retrieve(refund.id)).status])
    }
    expect(statuses).toEqual([
      ["pending", "succeeded"],
      ["succeeded", "failed"],
    ])
  })

  it("lets the search find new objects after a minute, and frees idempotency keys after a day", async () => {
    const { id } = await world.create({ metadata: { session_id: "payses_1" } }, { idempotencyKey: "op_1" })
    const search = async () =>
      (await sdk.paymentIntents.search({ query: 'metadata["session_id"]:"payses_1"' })).data.map((found) => found.id)
    expect(await search()).toEqual([])
    await controls.advance(60)
    expect(await search()).toEqual([id])
    await controls.advance(DAY)
    expect((await world.create({}, { idempotencyKey: "op_1" })).id).not.toBe(id)
  })

  it("gives each event the time at which it happened", async () => {
    const { created } = await world.authorized()
    await controls.advance(30 * DAY)
    const [canceled] = await controls.objects<Stripe.Event>("event")
    expect(canceled?.type).toBe("payment_intent.canceled")
    expect((canceled?.created ?? 0) - created).toBeGreaterThanOrEqual(7 * DAY - 1)
    expect((canceled?.created ?? 0) - created).toBeLessThanOrEqual(7 * DAY + 5)
  })
})

describe("POST /_control/deliver", () => {
  it("sends signed webhooks, holds them while paused, and stops with null", async () => {
    const shop = await startShop()
    try {
      await controls.deliver({ url: shop.url, secret: "whsec_other" })
      await world.create()
      await stripe.webhooks.finished()
      const [{ body, headers } = { body: "", headers: {} }] = shop.received
      const signature = String(headers["stripe-signature"])
      expect(sdk.webhooks.constructEvent(body, signature, "whsec_other").type).toBe("payment_intent.created")
      expect(await controls.deliver({ paused: true })).toEqual({ url: shop.url, paused: true })
      await world.create()
      expect(await controls.deliveries()).toMatchObject([{ state: "held" }, { state: "delivered", status: 200 }])
      await controls.deliver({ paused: false, url: null })
      await world.create()
      expect(await controls.deliveries()).toHaveLength(2)
    } finally {
      await shop.close()
    }
  })
})

it("retries a webhook three times in a few hours, as the clock advances", async () => {
  const slow = await StripeSandbox.start()
  const shop = await startShop()
  const slowControls = new SandboxControls(slow.url)
  const untilAttempted = async (attempts: number) => {
    for (;;) {
      const [delivery] = await slowControls.deliveries()
      if (delivery?.attempts === attempts && delivery.state !== "sending") return delivery
    }
  }
  try {
    shop.statuses.push(500, 302, 400, 503)
    await slowControls.deliver({ url: shop.url })
    await fetch(`${slow.url}/v1/customers`, { method: "POST", headers: { authorization: `Bearer ${slow.apiKey}` } })
    expect(await untilAttempted(1)).toMatchObject({ type: "customer.created", state: "retrying", status: 500 })
    await slowControls.advance(5 * 60)
    expect(await untilAttempted(2)).toMatchObject({ state: "retrying", status: 302 })
    await slowControls.advance(60 * 60)
    expect(await untilAttempted(3)).toMatchObject({ state: "retrying", status: 400 })
    await slowControls.advance(3 * 60 * 60)
    expect(await untilAttempted(4)).toMatchObject({ state: "failed", status: 503 })
  } finally {
    await shop.close()
    await slow.stop()
  }
})

describe("POST /_control/fail", () => {
  it("fails the next matching requests", async () => {
    expect(await controls.fail("POST /v1/payment_intents", "500_after", 2)).toEqual({
      planned: [
        { request: "POST /v1/payment_intents", fault: "500_after" },
        { request: "POST /v1/payment_intents", fault: "500_after" },
      ],
    })
    expect(await refusal(world.create())).toMatchObject({ statusCode: 500 })
    expect(await controls.objects("payment_intent")).toHaveLength(1)
    expect(await controls.clearFaults()).toEqual({ planned: [] })
    await expect(world.create()).resolves.toMatchObject({ amount: 1000 })
  })
})

describe("POST /_control/delete", () => {
  it("deletes an object as if it never existed", async () => {
    const { id } = await world.authorized()
    expect(await controls.delete(id)).toEqual({ id, deleted: true })
    expect(await refusal(sdk.paymentIntents.retrieve(id))).toMatchObject({ code: "resource_missing" })
    expect(await controls.advance(8 * 24 * 60 * 60)).toMatchObject({ events: [] })
  })
})

describe("GET /_control/requests", () => {
  it("shows what the service sent", async () => {
    await world.create({}, { idempotencyKey: "op_1" })
    const { body } = await controls.send("GET", "/requests?limit=1")
    expect(body).toMatchObject({
      data: [{ method: "POST", path: "/v1/payment_intents", idempotency_key: "op_1", status: 200, is_replay: false }],
      has_more: false,
    })
  })
})

describe("a wrong control request", () => {
  it.each([
    ["POST", "/advance", "{}", 400, "The field seconds is missing: an integer from 1 to 31622400."],
    ["POST", "/advance", '{"seconds":"1"}', 400, 'seconds must be an integer from 1 to 31622400, not "1".'],
    ["POST", "/advance", '{"minutes":1}', 400, 'There is no field "minutes". Use these fields: seconds.'],
    ["POST", "/advance", "[1]", 400, "Send a JSON object with these fields: seconds."],
    ["POST", "/advance", "seconds=1", 400, 'The body is not JSON: "seconds=1".'],
    ["POST", "/pay", '{"payment_intent":"pi_x"}', 404, 'There is no payment intent "pi_x". GET /_control/objects'],
    ["POST", "/refund", '{"payment_intent":7}', 400, "payment_intent must be a non-empty string, not 7."],
    ["POST", "/delete", '{"id":"ch_x"}', 404, 'There is no object "ch_x". GET /_control/objects'],
    ["POST", "/fail", '{"method":"PUT","path":"/v1/refunds","fault":"429"}', 400, "method must be one of GET, POST"],
    ["POST", "/fail", '{"method":"POST","path":"/v1/refunds","fault":"418"}', 400, "fault must be one of decline, 401"],
    [
      "POST",
      "/fail",
      '{"method":"POST","path":"/refunds","fault":"429"}',
      400,
      'The API has no route POST "/refunds".',
    ],
    ["POST", "/deliver", '{"url":"file:///etc"}', 400, "url must be an http or https URL, or null"],
    ["GET", "/objects", undefined, 400, "The field type is missing: one of payment_intent, charge, refund"],
    ["GET", "/objects?type=invoice", undefined, 400, "type must be one of payment_intent, charge, refund"],
    ["GET", "/objects?type=charge&id=ch_x", undefined, 404, 'There is no charge "ch_x".'],
    ["GET", "/objects?type=charge&limit=0", undefined, 400, "limit must be an integer from 1 to 1000, not 0."],
    ["POST", "/travel", "{}", 404, 'There is no control route "travel". GET /_control lists them.'],
    ["GET", "/advance", undefined, 405, "Use POST for /_control/advance."],
  ])("%s %s %s gets %i with what to do", async (method, path, body, status, message) => {
    const response = await controls.send(method, path, body)
    expect(response).toEqual({ status, body: { error: { message: expect.stringContaining(message) } } })
  })

  it("gets 400 with the names of the test cards if the card is unknown", async () => {
    const { id } = await world.create()
    const { status, body } = await controls.send("POST", "/pay", JSON.stringify({ payment_intent: id, card: "4111" }))
    expect([status, body.error.message]).toEqual([400, expect.stringMatching(/no test card "4111".*declined/)])
  })

  it("gets a bounded error, whatever its size", async () => {
    const long = await controls.send("POST", "/advance", JSON.stringify({ seconds: "x".repeat(10_000) }))
    expect(long.status).toBe(400)
    expect(JSON.stringify(long.body).length).toBeLessThan(600)
    expect((await controls.send("POST", "/advance", "x".repeat(100_000))).status).toBe(413)
  })

  it("gets 403 if it comes from a web page", async () => {
    const headers = { origin: "https://shop.example" }
    const response = await fetch(`${stripe.url}/_control/advance`, { method: "POST", headers, body: '{"seconds":1}' })
    expect(response.status).toBe(403)
  })
})

it("documents every control route, card and fault in docs/sandbox.md", () => {
  const page = readFileSync("docs/sandbox.md", "utf8")
  const names = [
    ...CONTROL_ROUTES.map(({ name }) => `/_control/${name}`),
    ...CARD_NAMES,
    ...NAMED_FAULTS,
    ...OBJECT_TYPES,
  ]
  expect(names.filter((name) => !page.includes(name))).toEqual([])
})
