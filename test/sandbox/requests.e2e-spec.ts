import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import Stripe from "stripe"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf, refusal } from "../support/stripe-sdk.js"
import { RETURN_URL, SandboxWorld } from "./sandbox-world.js"

const CREATE = "POST /v1/payment_intents"
const CAPTURE = "POST /v1/payment_intents/:id/capture"
const REFUND = "POST /v1/refunds"

let world: SandboxWorld
let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe, sdk } = world)
})
afterEach(() => world.stripe.stop())

describe("an idempotency key", () => {
  it("replays the first response, and executes nothing twice", async () => {
    const options = { idempotencyKey: "op_1" }
    const first = await world.create({}, options)
    const second = await world.create({}, options)
    expect(second.id).toBe(first.id)
    expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true")
    expect(stripe.records.paymentIntents.size).toBe(1)
    expect(stripe.requests.map(({ isReplay, status }) => [isReplay, status])).toEqual([
      [false, 200],
      [true, 200],
    ])
  })

  it("replays an error that came after the execution had started", async () => {
    const { id } = await world.create()
    const options = { idempotencyKey: "op_1" }
    const first = await refusal(sdk.paymentIntents.capture(id, {}, options))
    stripe.pay(id)
    expect(await refusal(sdk.paymentIntents.capture(id, {}, options))).toMatchObject({ message: first.message })
    expect(stripe.requests.at(-1)).toMatchObject({ isReplay: true, status: 400 })
  })

  it("is refused with other parameters and on another route", async () => {
    const options = { idempotencyKey: "op_1" }
    const { id } = await world.create({}, options)
    const mismatch = await refusal(world.create({ amount: 2000 }, options))
    expect(mismatch).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 })
    expect(await refusal(sdk.paymentIntents.cancel(id, {}, options))).toMatchObject({ type: "StripeIdempotencyError" })
  })

  it("is refused while its first request is in progress", async () => {
    let release = (): void => {}
    stripe.faults.add(CREATE, { holdRequest: new Promise<void>((resolve) => (release = resolve)) })
    const arrival = stripe.nextRequest(CREATE)
    const options = { idempotencyKey: "op_1" }
    const first = world.create({}, options)
    await arrival
    const second = await refusal(world.create({}, options))
    expect(second).toMatchObject({ statusCode: 409, code: "idempotency_key_in_use" })
    release()
    expect((await world.create({}, options)).id).toBe((await first).id)
  })

  it("is free again after a wrong parameter or too many requests", async () => {
    const options = { idempotencyKey: "op_1" }
    await refusal(world.create({ amount: 1 }, options))
    stripe.faults.add(CREATE, "429")
    expect(await refusal(world.create({}, options))).toMatchObject({ type: "StripeRateLimitError" })
    await expect(world.create({}, options)).resolves.toMatchObject({ amount: 1000 })
  })
})

describe("faults", () => {
  it("return a 500 before or after the execution, and replay it for the idempotency key", async () => {
    for (const [fault, count] of [
      ["500_before", 0],
      ["500_after", 1],
    ] as const) {
      const options = { idempotencyKey: fault }
      stripe.faults.add(CREATE, fault)
      expect(await refusal(world.create({}, options))).toMatchObject({ type: "StripeAPIError", statusCode: 500 })
      expect(await refusal(world.create({}, options))).toMatchObject({ statusCode: 500 })
      expect(stripe.requests.at(-1)?.isReplay).toBe(true)
      expect(stripe.records.paymentIntents.size).toBe(count)
    }
  })

  it.each([
    ["timeout_before", 1000],
    ["timeout_after", 0],
    ["drop_before", 1000],
    ["drop_after", 0],
  ] as const)("lose the response: %s leaves %d to capture", async (fault, left) => {
    const { id } = await world.authorized()
    // The SDK repeats a call whose connection was closed once, whatever it is configured to.
    stripe.faults.add(CAPTURE, fault, fault.startsWith("drop") ? 2 : 1)
    const lost = await refusal(
      clientOf(stripe, { timeout: 200 }).paymentIntents.capture(id, {}, { idempotencyKey: "op" }),
    )
    expect(lost.type).toBe("StripeConnectionError")
    expect(stripe.records.intent(id).amount_capturable).toBe(left)
    expect(stripe.requests.at(-1)?.status).toBeUndefined()
    const again = await sdk.paymentIntents.capture(id, {}, { idempotencyKey: "op" })
    expect(again.status).toBe("succeeded")
  })

  it("happen in the order in which they were planned, to matching requests only", async () => {
    const { id } = await world.paid()
    stripe.faults.add(REFUND, "decline", 2)
    stripe.faults.add(REFUND, "401")
    const statuses = []
    for (let nth = 0; nth < 3; nth++) {
      statuses.push((await refusal(sdk.refunds.create({ payment_intent: id }))).statusCode)
      await sdk.paymentIntents.retrieve(id)
    }
    expect(statuses).toEqual([402, 402, 401])
    await expect(sdk.refunds.create({ payment_intent: id })).resolves.toMatchObject({ amount: 1000 })
  })

  it("hold a response back after the execution", async () => {
    const { id } = await world.authorized()
    let release = (): void => {}
    stripe.faults.add(CAPTURE, { holdResponse: new Promise<void>((resolve) => (release = resolve)) })
    const arrival = stripe.nextRequest(CAPTURE)
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
    const error = await refusal(world.create({ amount, currency }))
    expect(error).toMatchObject({ type: "StripeInvalidRequestError", param: "amount", code })
  })

  it.each([
    [1050, "isk"],
    [1050, "ugx"],
    [1005, "kwd"],
  ])("is refused for the last digits of %d %s", async (amount, currency) => {
    const error = await refusal(world.create({ amount, currency }))
    expect(error).toMatchObject({ type: "StripeInvalidRequestError", param: "amount" })
  })

  it.each([
    [1000, "isk"],
    [1000, "ugx"],
    [5120, "kwd"],
    [500, "jpy"],
    [999_999_999_999, "idr"],
  ])("is accepted for %d %s", async (amount, currency) => {
    await expect(world.create({ amount, currency })).resolves.toMatchObject({ amount, currency })
  })

  it("is refused with an unknown parameter, and with an unused return_url", async () => {
    const unknown = await refusal(world.create({ ...JSON.parse('{"colour":"red"}') }))
    expect(unknown).toMatchObject({ statusCode: 400, code: "parameter_unknown", param: "colour" })
    expect(await refusal(world.create({ return_url: RETURN_URL }))).toMatchObject({
      statusCode: 400,
      param: "return_url",
    })
  })

  it.each([
    ["keys", Object.fromEntries(Array.from({ length: 51 }, (_, nth) => [`key_${nth}`, "x"]))],
    ["a key", { ["k".repeat(41)]: "x" }],
    ["a value", { key: "v".repeat(501) }],
  ])("is refused with metadata above the limit of %s", async (_, metadata) => {
    expect(await refusal(world.create({ metadata }))).toMatchObject({
      type: "StripeInvalidRequestError",
      statusCode: 400,
    })
  })

  it("for an unknown object gets resource_missing", async () => {
    const error = await refusal(sdk.paymentIntents.retrieve("pi_missing"))
    expect(error).toMatchObject({ statusCode: 404, code: "resource_missing" })
  })
})

describe("lists and the search", () => {
  it("return pages, the newest object first", async () => {
    const ids: string[] = []
    for (let nth = 0; nth < 5; nth++) ids.unshift((await world.create()).id)
    const page = await sdk.paymentIntents.list({ limit: 2 })
    expect(page.has_more).toBe(true)
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const all = await sdk.paymentIntents.list({ limit: 2 }).autoPagingToArray({ limit: 100 })
    expect(all.map(({ id }) => id)).toEqual(ids)
    const later = Math.floor(Date.now() / 1000) + 60
    expect((await sdk.paymentIntents.list({ created: { gte: later } })).data).toEqual([])
  })

  it("find an intent by its metadata once it is indexed", async () => {
    const { id } = await world.create({ metadata: { session_id: "payses_1" } })
    await world.create({ metadata: { session_id: "payses_2" } })
    const search = async (): Promise<string[]> =>
      (await sdk.paymentIntents.search({ query: 'metadata["session_id"]:"payses_1"' })).data.map((found) => found.id)
    expect(await search()).toEqual([])
    stripe.updateSearchIndex()
    expect(await search()).toEqual([id])
  })
})
