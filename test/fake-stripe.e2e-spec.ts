import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type { Browser, Page } from "playwright-core"
import Stripe from "stripe"
import { inBrowser, launchChromium } from "./support/chromium.js"
import { FakeStripe } from "./support/fake-stripe/index.js"
import { clientOf, refusal } from "./support/stripe-sdk.js"

const RETURN_URL = "https://shop.example/return"
const CREATE = "POST /v1/payment_intents"
const CAPTURE = "POST /v1/payment_intents/:id/capture"
const REFUND = "POST /v1/refunds"

let stripe: FakeStripe
let sdk: Stripe
beforeEach(async () => {
  stripe = await FakeStripe.start()
  sdk = clientOf(stripe)
})
afterEach(() => stripe.stop())

const create = (
  params: Partial<Stripe.PaymentIntentCreateParams> = {},
  options?: Stripe.RequestOptions,
): Promise<Stripe.Response<Stripe.PaymentIntent>> =>
  sdk.paymentIntents.create({ amount: 1000, currency: "eur", ...params }, options)

/** An intent that waits for its capture. */
async function authorized(params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> {
  const { id } = await create({ capture_method: "manual", ...params })
  return stripe.pays(id)
}

/** An intent that is paid. */
async function paid(): Promise<Stripe.PaymentIntent> {
  return stripe.pays((await create()).id)
}

const multicapture = (): Promise<Stripe.PaymentIntent> => {
  stripe.offersMulticapture()
  return authorized({ payment_method_options: { card: { request_multicapture: "if_available" } } })
}

const chargeOf = async (id: string): Promise<Stripe.Charge> => {
  const { latest_charge: charge } = await sdk.paymentIntents.retrieve(id, { expand: ["latest_charge.refunds"] })
  if (charge === null || typeof charge === "string") throw new Error("The charge is not expanded")
  return charge
}

const typesOf = (events: readonly Stripe.Event[]): string[] => events.map(({ type }) => type)

/** The types of the events that an act leads to. */
async function eventsOf(act: () => unknown): Promise<string[]> {
  const before = stripe.events.length
  await act()
  return typesOf(stripe.events.slice(before))
}

describe("a payment intent", () => {
  it("goes from its creation over the authorization and the capture to success", async () => {
    const created = await create({ capture_method: "manual", metadata: { session_id: "payses_1" } })
    expect(created).toMatchObject({ status: "requires_payment_method", amount: 1000, currency: "eur" })
    stripe.pays(created.id)
    const held = await sdk.paymentIntents.retrieve(created.id)
    expect(held).toMatchObject({ status: "requires_capture", amount_capturable: 1000, amount_received: 0 })
    const captured = await sdk.paymentIntents.capture(created.id)
    expect(captured).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 1000 })
    expect(await chargeOf(created.id)).toMatchObject({ captured: true, amount_captured: 1000, amount_refunded: 0 })
    expect(typesOf(stripe.events)).toEqual([
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.amount_capturable_updated",
      "charge.captured",
      "payment_intent.succeeded",
    ])
  })

  it("is captured at once unless capture is manual", async () => {
    expect(await paid()).toMatchObject({ status: "succeeded", amount_received: 1000 })
  })

  it("is confirmed over the API with a payment method", async () => {
    const { id } = await create({ payment_method: "pm_card_visa" })
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_confirmation" })
    expect(await sdk.paymentIntents.confirm(id, { return_url: RETURN_URL })).toMatchObject({ status: "succeeded" })
    const missing = await refusal(create({ payment_method: "pm_card_visa", confirm: true }))
    expect(missing).toMatchObject({ statusCode: 400, param: "return_url" })
  })

  it("is declined: with an error where the API confirms, and with an error left behind where the shopper does", async () => {
    const error = await refusal(
      create({ payment_method: "pm_card_chargeDeclined", confirm: true, return_url: RETURN_URL }),
    )
    expect(error).toMatchObject({ type: "StripeCardError", statusCode: 402, code: "card_declined" })
    expect(error.payment_intent).toMatchObject({ status: "requires_payment_method" })
    const { id } = await create()
    stripe.pays(id, "insufficient_funds")
    const intent = await sdk.paymentIntents.retrieve(id)
    expect(intent).toMatchObject({ status: "requires_payment_method", payment_method: null })
    expect(intent.last_payment_error).toMatchObject({ code: "card_declined", decline_code: "insufficient_funds" })
    expect(await eventsOf(() => stripe.pays(id))).toContain("payment_intent.succeeded")
  })

  it("waits for a challenge, which is passed or failed", async () => {
    const { id } = await create({
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
    expect(stripe.failsChallenge(id)).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "payment_intent_authentication_failure" },
    })
    expect(stripe.pays(id, "challenge").next_action?.type).toBe("use_stripe_sdk")
    expect(stripe.completesChallenge(id)).toMatchObject({ status: "succeeded", next_action: null })
  })

  it("is processed for a while with an asynchronous method, and settles or fails to", async () => {
    const [first, second] = [await create(), await create()]
    expect(stripe.pays(first.id, "asynchronous").status).toBe("processing")
    expect(stripe.settles(first.id)).toMatchObject({ status: "succeeded", amount_received: 1000 })
    stripe.pays(second.id, "asynchronous")
    const events = await eventsOf(() => stripe.failsToSettle(second.id))
    expect(events).toEqual(["charge.failed", "payment_intent.payment_failed"])
  })

  it("is funded in part by bank transfers until all of it is there", async () => {
    const { id } = await create()
    stripe.pays(id, "bank_transfer")
    expect(await eventsOf(() => stripe.transfers(id, 400))).toEqual(["payment_intent.partially_funded"])
    const waiting = await sdk.paymentIntents.retrieve(id)
    expect(waiting.next_action?.display_bank_transfer_instructions?.amount_remaining).toBe(600)
    expect(stripe.transfers(id, 600)).toMatchObject({ status: "succeeded", amount_received: 1000 })
  })

  it("is changed until it is paid, and keeps the metadata that a change does not name", async () => {
    const { id } = await create({ metadata: { kept: "a", removed: "b" } })
    const changed = await sdk.paymentIntents.update(id, { amount: 1500, metadata: { removed: "", added: "c" } })
    expect(changed).toMatchObject({ amount: 1500, metadata: { kept: "a", added: "c" } })
    expect(changed.metadata).not.toHaveProperty("removed")
    stripe.pays(id)
    const error = await refusal(sdk.paymentIntents.update(id, { amount: 2000 }))
    expect(error).toMatchObject({ statusCode: 400, code: "payment_intent_unexpected_state" })
    expect(error.payment_intent).toMatchObject({ id, status: "succeeded", amount: 1500 })
    await expect(sdk.paymentIntents.update(id, { description: "A late word" })).resolves.toMatchObject({ id })
  })

  it("is canceled until it is paid, and releases what was authorized", async () => {
    const held = await authorized()
    const canceled = await sdk.paymentIntents.cancel(held.id, { cancellation_reason: "abandoned" })
    expect(canceled).toMatchObject({ status: "canceled", cancellation_reason: "abandoned", amount_capturable: 0 })
    expect(await chargeOf(held.id)).toMatchObject({ refunded: false, amount_refunded: 0, amount_captured: 0 })
    for (const call of [sdk.paymentIntents.cancel(held.id), sdk.paymentIntents.capture(held.id)]) {
      const error = await refusal(call)
      expect(error).toMatchObject({ code: "payment_intent_unexpected_state" })
      expect(error.payment_intent).toMatchObject({ id: held.id, status: "canceled" })
    }
    const { id } = await authorized()
    expect(stripe.expires(id)).toMatchObject({ status: "canceled", cancellation_reason: "expired" })
  })
})

describe("a capture in part", () => {
  it("releases the rest, which is no refund", async () => {
    const { id } = await authorized()
    const captured = await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
    expect(captured).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 300 })
    const charge = await chargeOf(id)
    expect(charge).toMatchObject({ amount_captured: 300, amount_refunded: 0, refunded: false })
    expect(charge.refunds?.data).toEqual([])
  })

  it("cannot keep the rest, nor take more than there is", async () => {
    const { id } = await authorized()
    const kept = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false }))
    expect(kept).toMatchObject({ statusCode: 400, param: "final_capture" })
    const tooMuch = await refusal(sdk.paymentIntents.capture(id, { amount_to_capture: 1001 }))
    expect(tooMuch).toMatchObject({ statusCode: 400, code: "amount_too_large" })
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ amount_capturable: 1000 })
  })

  it("keeps the rest where multicapture was asked for and is offered", async () => {
    const { id } = await multicapture()
    expect((await chargeOf(id)).payment_method_details?.card?.multicapture).toEqual({ status: "available" })
    const first = await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
    expect(first).toMatchObject({ status: "requires_capture", amount_capturable: 700, amount_received: 300 })
    expect(await chargeOf(id)).toMatchObject({ captured: false, amount_captured: 300, amount_refunded: 0 })
    await sdk.refunds.create({ payment_intent: id, amount: 100 })
    const last = await sdk.paymentIntents.capture(id, { amount_to_capture: 200, final_capture: true })
    expect(last).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 500 })
    expect(await chargeOf(id)).toMatchObject({ captured: true, amount_captured: 500, amount_refunded: 100 })
  })

  it("ends with success where the rest of a multicapture is released or canceled", async () => {
    const ends = [
      (id: string) => sdk.paymentIntents.capture(id, { amount_to_capture: 0, final_capture: true }),
      (id: string) => sdk.paymentIntents.cancel(id),
    ]
    for (const end of ends) {
      const { id } = await multicapture()
      await sdk.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false })
      expect(await end(id)).toMatchObject({ status: "succeeded", amount_capturable: 0, amount_received: 300 })
      expect(await chargeOf(id)).toMatchObject({ captured: true, amount_captured: 300, amount_refunded: 0 })
    }
  })
})

describe("a refund", () => {
  it("takes back what was captured, in parts, and not a cent more", async () => {
    const { id } = await paid()
    const first = await sdk.refunds.create({ payment_intent: id, amount: 400, metadata: { refund_id: "ref_1" } })
    expect(first).toMatchObject({ amount: 400, status: "succeeded", metadata: { refund_id: "ref_1" } })
    const tooMuch = await refusal(sdk.refunds.create({ payment_intent: id, amount: 601 }))
    expect(tooMuch).toMatchObject({ statusCode: 400, param: "amount" })
    expect(await sdk.refunds.create({ payment_intent: id })).toMatchObject({ amount: 600 })
    expect(await refusal(sdk.refunds.create({ payment_intent: id }))).toMatchObject({ code: "charge_already_refunded" })
    expect(await chargeOf(id)).toMatchObject({ refunded: true, amount_refunded: 1000 })
    const { data } = await sdk.refunds.list({ payment_intent: id })
    expect(data.map(({ amount }) => amount)).toEqual([600, 400])
  })

  it("is refused before the capture, and counts the captured part alone after one in part", async () => {
    const { id } = await authorized()
    const early = await refusal(sdk.refunds.create({ payment_intent: id }))
    expect(early).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400 })
    await sdk.paymentIntents.capture(id, { amount_to_capture: 300 })
    await refusal(sdk.refunds.create({ payment_intent: id, amount: 301 }))
    expect(await sdk.refunds.create({ payment_intent: id })).toMatchObject({ amount: 300 })
  })

  it("is pending where it takes time, and succeeds or fails later", async () => {
    stripe.refundsArePending()
    const { id } = await paid()
    const refund = await sdk.refunds.create({ payment_intent: id, amount: 400 })
    expect(refund.status).toBe("pending")
    expect(await eventsOf(() => stripe.refundSettles(refund.id))).toEqual(["refund.updated"])
    const other = stripe.refunds(id, 100)
    expect(await eventsOf(() => stripe.refundFails(other.id))).toEqual(["refund.failed", "refund.updated"])
    expect(await sdk.refunds.retrieve(other.id)).toMatchObject({ status: "failed", failure_reason: expect.any(String) })
    expect(await chargeOf(id)).toMatchObject({ amount_refunded: 400 })
  })
})

describe("a dispute", () => {
  it("is opened by the shopper's bank, listed, and closed", async () => {
    const { id } = await paid()
    const dispute = stripe.disputes(id, { amount: 700, reason: "product_not_received" })
    const { data } = await sdk.disputes.list({ payment_intent: id })
    expect(data).toMatchObject([{ id: dispute.id, amount: 700, status: "needs_response" }])
    expect(await refusal(sdk.refunds.create({ payment_intent: id }))).toMatchObject({ code: "charge_disputed" })
    stripe.answersDispute(dispute.id)
    stripe.closesDispute(dispute.id, "won")
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
  it("are made, found by their address, changed and deleted", async () => {
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

  it("save their cards by a setup intent, and pay with them", async () => {
    const { id: customer } = await sdk.customers.create({})
    const { id } = await sdk.setupIntents.create({ customer, usage: "off_session" })
    expect(stripe.completesSetup(id)).toMatchObject({ status: "succeeded" })
    const [method] = (await sdk.customers.listPaymentMethods(customer)).data
    if (!method) throw new Error("Nothing was saved")
    expect(await sdk.customers.retrievePaymentMethod(customer, method.id)).toMatchObject({ card: { last4: "4242" } })
    const charged = await create({
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

  it("are challenged in vain when they are not there", async () => {
    const { id: customer } = await sdk.customers.create({})
    const method = stripe.savesCard(customer, "challenge")
    const params = { customer, payment_method: method.id, off_session: true, confirm: true, return_url: RETURN_URL }
    expect(await refusal(create(params))).toMatchObject({ statusCode: 402, code: "authentication_required" })
  })
})

describe("an idempotency key", () => {
  it("repeats the first answer, and does nothing twice", async () => {
    const options = { idempotencyKey: "op_1" }
    const first = await create({}, options)
    const second = await create({}, options)
    expect(second.id).toBe(first.id)
    expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true")
    expect(stripe.books.paymentIntents.size).toBe(1)
    expect(stripe.requests.map(({ isReplay, status }) => [isReplay, status])).toEqual([
      [false, 200],
      [true, 200],
    ])
  })

  it("repeats a decline too, and what was impossible", async () => {
    const { id } = await create()
    const options = { idempotencyKey: "op_1" }
    const first = await refusal(sdk.paymentIntents.capture(id, {}, options))
    stripe.pays(id)
    expect(await refusal(sdk.paymentIntents.capture(id, {}, options))).toMatchObject({ message: first.message })
    expect(stripe.requests.at(-1)).toMatchObject({ isReplay: true, status: 400 })
  })

  it("is refused with other parameters, and at another place", async () => {
    const options = { idempotencyKey: "op_1" }
    const { id } = await create({}, options)
    const mismatch = await refusal(create({ amount: 2000 }, options))
    expect(mismatch).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 })
    expect(await refusal(sdk.paymentIntents.cancel(id, {}, options))).toMatchObject({ type: "StripeIdempotencyError" })
  })

  it("is refused while its first request is under way", async () => {
    let release = (): void => {}
    stripe.fails(CREATE, { wait: new Promise<void>((resolve) => (release = resolve)) })
    const arrival = stripe.arrival(CREATE)
    const options = { idempotencyKey: "op_1" }
    const first = create({}, options)
    await arrival
    const second = await refusal(create({}, options))
    expect(second).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" })
    release()
    expect((await create({}, options)).id).toBe((await first).id)
  })

  it("forgets what was never begun: a wrong parameter, too many requests", async () => {
    const options = { idempotencyKey: "op_1" }
    await refusal(create({ amount: 1 }, options))
    stripe.fails(CREATE, "429")
    expect(await refusal(create({}, options))).toMatchObject({ type: "StripeRateLimitError" })
    await expect(create({}, options)).resolves.toMatchObject({ amount: 1000 })
  })
})

describe("faults", () => {
  it("answer an error before or after it was done, and repeat it for the idempotency key", async () => {
    for (const [fault, count] of [
      ["500_before", 0],
      ["500_after", 1],
    ] as const) {
      const options = { idempotencyKey: fault }
      stripe.fails(CREATE, fault)
      expect(await refusal(create({}, options))).toMatchObject({ type: "StripeAPIError", statusCode: 500 })
      expect(await refusal(create({}, options))).toMatchObject({ statusCode: 500 })
      expect(stripe.requests.at(-1)?.isReplay).toBe(true)
      expect(stripe.books.paymentIntents.size).toBe(count)
    }
  })

  it.each([
    ["timeout_before", 1000],
    ["timeout_after", 0],
    ["drop_before", 1000],
    ["drop_after", 0],
  ] as const)("lose the answer: %s leaves %d to capture", async (fault, left) => {
    const { id } = await authorized()
    // The SDK repeats a call whose connection was closed once, whatever it is configured to.
    stripe.fails(CAPTURE, fault, fault.startsWith("drop") ? 2 : 1)
    const lost = await refusal(
      clientOf(stripe, { timeout: 200 }).paymentIntents.capture(id, {}, { idempotencyKey: "op" }),
    )
    expect(lost.type).toBe("StripeConnectionError")
    expect(stripe.books.intent(id).amount_capturable).toBe(left)
    expect(stripe.requests.at(-1)?.status).toBeUndefined()
    const again = await sdk.paymentIntents.capture(id, {}, { idempotencyKey: "op" })
    expect(again.status).toBe("succeeded")
  })

  it("come in the order that they were planned in, for what they were planned for", async () => {
    const { id } = await paid()
    stripe.fails(REFUND, "decline", 2)
    stripe.fails(REFUND, "401")
    const statuses = []
    for (let nth = 0; nth < 3; nth++) {
      statuses.push((await refusal(sdk.refunds.create({ payment_intent: id }))).statusCode)
      await sdk.paymentIntents.retrieve(id)
    }
    expect(statuses).toEqual([402, 402, 401])
    await expect(sdk.refunds.create({ payment_intent: id })).resolves.toMatchObject({ amount: 1000 })
  })

  it("hold an answer back after everything was done", async () => {
    const { id } = await authorized()
    let release = (): void => {}
    stripe.fails(CAPTURE, { holdAnswer: new Promise<void>((resolve) => (release = resolve)) })
    const arrival = stripe.arrival(CAPTURE)
    const capture = sdk.paymentIntents.capture(id)
    await arrival
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "succeeded" })
    expect(stripe.requests.find(({ path }) => path.endsWith("/capture"))?.status).toBeUndefined()
    release()
    await expect(capture).resolves.toMatchObject({ status: "succeeded" })
  })
})

describe("a request", () => {
  it("needs the API key", async () => {
    const stranger = new Stripe("sk_test_stranger", { ...stripe.connection, maxNetworkRetries: 0 })
    const error = await refusal(stranger.paymentIntents.create({ amount: 1000, currency: "eur" }))
    expect(error).toMatchObject({ type: "StripeAuthenticationError", statusCode: 401 })
  })

  it.each([
    ["amount_too_small", 49, "eur"],
    ["amount_too_large", 1_000_000_000_000, "eur"],
    ["parameter_invalid_integer", 0, "eur"],
    ["parameter_invalid_integer", 10.5, "eur"],
  ])("is refused as %s for %d %s", async (code, amount, currency) => {
    const error = await refusal(create({ amount, currency }))
    expect(error).toMatchObject({ type: "StripeInvalidRequestError", param: "amount", code })
  })

  it.each([
    [1050, "isk"],
    [1050, "ugx"],
    [1005, "kwd"],
  ])("is refused for the last digits of %d %s", async (amount, currency) => {
    const error = await refusal(create({ amount, currency }))
    expect(error).toMatchObject({ type: "StripeInvalidRequestError", param: "amount" })
  })

  it.each([
    [1000, "isk"],
    [1000, "ugx"],
    [5120, "kwd"],
    [500, "jpy"],
    [999_999_999_999, "idr"],
  ])("is taken for %d %s", async (amount, currency) => {
    await expect(create({ amount, currency })).resolves.toMatchObject({ amount, currency })
  })

  it("is refused with an unknown parameter, and with a return_url that nothing uses", async () => {
    const unknown = await refusal(create({ ...JSON.parse('{"colour":"red"}') }))
    expect(unknown).toMatchObject({ statusCode: 400, code: "parameter_unknown", param: "colour" })
    expect(await refusal(create({ return_url: RETURN_URL }))).toMatchObject({ statusCode: 400, param: "return_url" })
  })

  it.each([
    ["keys", Object.fromEntries(Array.from({ length: 51 }, (_, nth) => [`key_${nth}`, "x"]))],
    ["a key", { ["k".repeat(41)]: "x" }],
    ["a value", { key: "v".repeat(501) }],
  ])("is refused with metadata whose limit of %s is passed", async (_, metadata) => {
    expect(await refusal(create({ metadata }))).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400 })
  })

  it("for what is not there is answered with resource_missing", async () => {
    const error = await refusal(sdk.paymentIntents.retrieve("pi_missing"))
    expect(error).toMatchObject({ statusCode: 404, code: "resource_missing" })
  })
})

describe("lists and the search", () => {
  it("come in pages, the newest first", async () => {
    const ids: string[] = []
    for (let nth = 0; nth < 5; nth++) ids.unshift((await create()).id)
    const page = await sdk.paymentIntents.list({ limit: 2 })
    expect(page.has_more).toBe(true)
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const all = await sdk.paymentIntents.list({ limit: 2 }).autoPagingToArray({ limit: 100 })
    expect(all.map(({ id }) => id)).toEqual(ids)
    const later = Math.floor(Date.now() / 1000) + 60
    expect((await sdk.paymentIntents.list({ created: { gte: later } })).data).toEqual([])
  })

  it("find an intent by its metadata once it is indexed", async () => {
    const { id } = await create({ metadata: { session_id: "payses_1" } })
    await create({ metadata: { session_id: "payses_2" } })
    const search = async (): Promise<string[]> =>
      (await sdk.paymentIntents.search({ query: 'metadata["session_id"]:"payses_1"' })).data.map((found) => found.id)
    expect(await search()).toEqual([])
    stripe.indexes()
    expect(await search()).toEqual([id])
  })
})

describe("events", () => {
  it("tell what a request changed, and carry its idempotency key", async () => {
    const { id, lastResponse } = await create({}, { idempotencyKey: "op_1" })
    stripe.cancels(id)
    expect(stripe.events).toMatchObject([
      { api_version: Stripe.API_VERSION, request: { id: lastResponse.requestId, idempotency_key: "op_1" } },
      { type: "payment_intent.canceled", request: { id: null, idempotency_key: null } },
    ])
  })

  it("are signed so that the SDK takes them, with the right secret and in time", async () => {
    await create()
    const [event] = stripe.events
    if (!event) throw new Error("Nothing happened")
    const signatureOf = (signing = {}): [string, string] => {
      const { body, headers } = stripe.signed(event, signing)
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

  it("are posted as they happen, again after a failure, and kept back on demand", async () => {
    const shop = await listen()
    try {
      shop.statuses.push(500)
      stripe.sendsTo(shop.url)
      await create()
      const [delivery] = await stripe.delivered()
      expect(delivery).toMatchObject({ attempts: 2, status: 200 })
      stripe.pauses()
      await paid()
      await stripe.delivered()
      expect(shop.received).toHaveLength(2)
      stripe.resumes()
      await stripe.delivered()
      const types = shop.received.slice(2).map(({ body, headers }) => {
        const signature = headers["stripe-signature"] ?? ""
        return sdk.webhooks.constructEvent(body, signature, stripe.webhookSecret).type
      })
      expect(types.sort()).toEqual(["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"])
    } finally {
      await shop.close()
    }
  })

  it("are delivered in any order and twice, as the test gives them", async () => {
    const shop = await listen()
    try {
      await paid()
      const order = [...stripe.events].reverse()
      const responses = await stripe.deliver(shop.url, [...order, ...order])
      expect(responses.map(({ status }) => status)).toEqual(order.concat(order).map(() => 200))
      const ids = shop.received.map(({ body }) => (JSON.parse(body) as Stripe.Event).id)
      expect(ids).toEqual([...order, ...order].map(({ id }) => id))
    } finally {
      await shop.close()
    }
  })
})

describe("the browser's part", () => {
  const asShopper = (path: string, form: Record<string, string>): Promise<Response> =>
    fetch(`${stripe.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${stripe.publishableKey}` },
      body: new URLSearchParams(form),
    })

  it("confirms with the publishable key and the client secret, and with nothing less", async () => {
    const { id, client_secret: secret } = await create()
    const form = {
      return_url: RETURN_URL,
      "payment_method_data[type]": "card",
      "payment_method_data[card][number]": "4242 4242 4242 4242",
    }
    const path = `/v1/payment_intents/${id}/confirm`
    expect((await asShopper(path, { ...form, client_secret: "guessed" })).status).toBe(401)
    expect((await asShopper("/v1/refunds", { payment_intent: id })).status).toBe(404)
    const confirmed = await asShopper(path, { ...form, client_secret: secret ?? "" })
    expect(await confirmed.json()).toMatchObject({ id, status: "succeeded" })
    expect(confirmed.headers.get("access-control-allow-origin")).toBe("*")
  })

  it("shows a challenge and sends the shopper back to the shop", async () => {
    const { id, client_secret: secret } = await create({
      payment_method: "pm_card_authenticationRequired",
      confirm: true,
      return_url: RETURN_URL,
    })
    const page = await fetch(`${stripe.url}/challenge/${id}`)
    expect(await page.text()).toContain("Complete authentication")
    const answer = await fetch(`${stripe.url}/challenge/${id}`, {
      method: "POST",
      body: new URLSearchParams({ result: "passed" }),
      redirect: "manual",
    })
    const back = new URL(answer.headers.get("location") ?? "")
    expect(Object.fromEntries(back.searchParams)).toEqual({
      payment_intent: id,
      payment_intent_client_secret: secret,
      redirect_status: "succeeded",
    })
    expect(stripe.books.intent(id).status).toBe("succeeded")
  })
})

inBrowser("Stripe.js in a shop's page", () => {
  let browser: Browser
  let page: Page
  let shop: Shop
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    shop = await listen((origin) => checkoutPage(stripe.url, stripe.publishableKey, `${origin}/return`))
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.close()
    await shop.close()
  })

  const paysInBrowser = async (cardNumber: string): Promise<string> => {
    const { id, client_secret: secret } = await create()
    await page.goto(`${shop.origin}/checkout?secret=${secret ?? ""}`)
    await page.getByLabel("Card number").fill(cardNumber)
    await page.getByRole("button", { name: "Pay" }).click()
    return id
  }

  it("pays with a good card, and tells of a decline", async () => {
    const declinedId = await paysInBrowser("4000 0000 0000 0002")
    await page.getByText("Your card was declined.").waitFor()
    expect(stripe.books.intent(declinedId).status).toBe("requires_payment_method")
    const id = await paysInBrowser("4242 4242 4242 4242")
    await page.getByText("succeeded").waitFor()
    expect(stripe.books.intent(id).status).toBe("succeeded")
  })

  it("leads through a challenge back to the shop", async () => {
    const id = await paysInBrowser("4000 0027 6000 3184")
    await page.getByRole("button", { name: "Complete authentication" }).click()
    await page.waitForURL(`${shop.origin}/return?*`)
    const told = new URL(page.url()).searchParams
    expect([told.get("payment_intent"), told.get("redirect_status")]).toEqual([id, "succeeded"])
    expect(stripe.books.intent(id).status).toBe("succeeded")
  })
})

const checkoutPage = (stripeUrl: string, publishableKey: string, returnUrl: string): string => `<!doctype html>
<script src="${stripeUrl}/stripe.js"></script>
<div id="payment"></div><button id="pay">Pay</button><p id="outcome"></p>
<script>
  const stripe = Stripe("${publishableKey}")
  const elements = stripe.elements({ clientSecret: new URL(location.href).searchParams.get("secret") })
  elements.create("payment").mount("#payment")
  document.querySelector("#pay").onclick = async () => {
    const result = await stripe.confirmPayment({
      elements, confirmParams: { return_url: "${returnUrl}" }, redirect: "if_required",
    })
    document.querySelector("#outcome").textContent = result.error?.message ?? result.paymentIntent.status
  }
</script>`

describe("objects", () => {
  it("have the keys that Stripe's have", async () => {
    stripe.refundsArePending()
    const { id: customer } = await sdk.customers.create({})
    const setup = await sdk.setupIntents.create({ customer })
    stripe.completesSetup(setup.id)
    const { id } = await create({ customer })
    stripe.pays(id)
    const refund = await sdk.refunds.create({ payment_intent: id, amount: 100 })
    const dispute = stripe.disputes(id)
    const [method] = (await sdk.customers.listPaymentMethods(customer)).data
    const objects: Record<string, object | undefined> = {
      payment_intent: await sdk.paymentIntents.retrieve(id),
      charge: await chargeOf(id),
      refund,
      dispute,
      customer: await sdk.customers.retrieve(customer),
      payment_method: method,
      setup_intent: await sdk.setupIntents.retrieve(setup.id),
      event: stripe.events[0],
    }
    const keys = Object.entries(objects).map(([name, object]) => [name, Object.keys(object ?? {}).sort()])
    const wanted = Object.entries(KEYS).map(([name, names]) => [name, names.trim().split(/\s+/).sort()])
    expect(Object.fromEntries(keys)).toEqual(Object.fromEntries(wanted))
  })
})

/** What is in each object; of the charge as it is with its refunds expanded. */
const KEYS = {
  payment_intent: `
    allowed_payment_method_types amount amount_capturable amount_details amount_received application
    application_fee_amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret
    confirmation_method created currency customer customer_account description excluded_payment_method_types id
    last_payment_error latest_charge livemode managed_payments metadata next_action object on_behalf_of payment_method
    payment_method_configuration_details payment_method_options payment_method_types payment_record processing
    receipt_email review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group`,
  charge: `
    amount amount_captured amount_refunded application application_fee application_fee_amount balance_transaction
    billing_details calculated_statement_descriptor captured created currency customer description disputed
    failure_balance_transaction failure_code failure_message fraud_details id livemode metadata object on_behalf_of
    outcome paid payment_intent payment_method payment_method_details receipt_email receipt_number receipt_url refunded
    refunds review shipping source source_transfer statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group`,
  refund: `
    amount balance_transaction charge created currency customer customer_account destination_details id metadata object
    payment_intent payment_method reason receipt_number source_transfer_reversal status transfer_reversal`,
  dispute: `
    amount balance_transactions charge created currency enhanced_eligibility_types evidence evidence_details id
    intended_submission_method is_charge_refundable livemode metadata object payment_intent payment_method_details
    reason status`,
  customer: `
    address balance created currency default_source delinquent description discount email id invoice_prefix
    invoice_settings livemode metadata name next_invoice_sequence object phone preferred_locales shipping tax_exempt
    test_clock`,
  payment_method: `
    allow_redisplay billing_details card created customer customer_account id livemode metadata object type`,
  setup_intent: `
    allowed_payment_method_types application automatic_payment_methods cancellation_reason client_secret created
    customer description excluded_payment_method_types flow_directions id last_setup_error latest_attempt livemode
    mandate metadata next_action object on_behalf_of payment_method payment_method_configuration_details
    payment_method_options payment_method_types single_use_mandate status usage`,
  event: "api_version created data id livemode object pending_webhooks request type",
}

interface Shop {
  readonly origin: string
  /** Where it takes webhooks. */
  readonly url: string
  /** What to answer, in order; 200 once they are used up. */
  readonly statuses: number[]
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: string }[]
  readonly close: () => Promise<void>
}

/** Somewhere to send webhooks to. @param pageOf the page that is shown there, by the shop's origin */
async function listen(pageOf: (origin: string) => string = () => ""): Promise<Shop> {
  const statuses: number[] = []
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body })
      response.writeHead(statuses.shift() ?? 200, { "content-type": "text/html" }).end(pageOf(origin))
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    const closed = once(server, "close")
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { origin, url: `${origin}/hooks`, statuses, received, close }
}
