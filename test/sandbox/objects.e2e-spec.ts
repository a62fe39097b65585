import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf, refusal } from "../support/stripe-sdk.js"

// The sandbox's objects apart from money: deleted, detached, unknown, written to by others. The source of
// each behaviour stands beside its code.

const RETURN_URL = "https://shop.example/return"

let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  stripe = await StripeSandbox.start()
  sdk = clientOf(stripe)
})
afterEach(() => stripe.stop())

const create = (params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> =>
  sdk.paymentIntents.create({ amount: 1000, currency: "eur", ...params })

async function authorized(): Promise<string> {
  const { id } = await create({ capture_method: "manual" })
  stripe.pay(id)
  return id
}

const newCustomer = async (): Promise<string> => (await sdk.customers.create({})).id

describe("an object of another account", () => {
  const MISSING = { type: "StripeInvalidRequestError", statusCode: 404, code: "resource_missing" }

  it("is missing for every call with the intent in its URL", async () => {
    const id = await authorized()
    stripe.deleteObject(id)
    const calls = [
      sdk.paymentIntents.retrieve(id),
      sdk.paymentIntents.update(id, { amount: 2000 }),
      sdk.paymentIntents.confirm(id),
      sdk.paymentIntents.capture(id),
      sdk.paymentIntents.cancel(id),
    ]
    for (const call of calls) expect(await refusal(call)).toMatchObject({ ...MISSING, param: "intent" })
    const error = await refusal(sdk.refunds.create({ payment_intent: id }))
    expect(error).toMatchObject({ code: "resource_missing", param: "payment_intent" })
    expect(stripe.records.charges.size).toBe(0)
  })

  it.each(["refunds", "disputes", "charges"] as const)("is missing for a list of its %s", async (name) => {
    const id = await authorized()
    await expect(sdk[name].list({ payment_intent: id })).resolves.toMatchObject({ object: "list" })
    stripe.deleteObject(id)
    const error = await refusal(sdk[name].list({ payment_intent: id }))
    expect(error).toMatchObject({ code: "resource_missing", param: "payment_intent" })
  })

  it("is missing as a parameter, which the error names", async () => {
    const customer = await newCustomer()
    const { id: payment_method } = stripe.saveCard(customer)
    stripe.deleteObject(payment_method)
    const ofMethod = await refusal(create({ customer, payment_method }))
    expect(ofMethod).toMatchObject({ code: "resource_missing", param: "payment_method" })
    stripe.deleteObject(customer)
    expect(await refusal(create({ customer }))).toMatchObject({ code: "resource_missing", param: "customer" })
    expect(await refusal(sdk.customers.retrieve(customer))).toMatchObject({ ...MISSING, param: "id" })
  })

  it("can be every object, and the idempotency keys are free again", async () => {
    const options = { idempotencyKey: "op_1" }
    const params = { amount: 1000, currency: "eur" }
    const { id } = await sdk.paymentIntents.create(params, options)
    stripe.deleteEverything()
    expect(await refusal(sdk.paymentIntents.retrieve(id))).toMatchObject(MISSING)
    const again = await sdk.paymentIntents.create(params, options)
    expect(again.id).not.toBe(id)
    expect((await sdk.paymentIntents.list()).data.map((intent) => intent.id)).toEqual([again.id])
  })
})

describe("a deleted customer", () => {
  it("is returned as deleted, also if it is expanded, and is refused everywhere else", async () => {
    const customer = await newCustomer()
    const { id } = await create({ customer })
    stripe.deleteCustomer(customer)
    const deleted = { id: customer, object: "customer", deleted: true }
    expect(await sdk.customers.retrieve(customer)).toMatchObject(deleted)
    expect((await sdk.paymentIntents.retrieve(id, { expand: ["customer"] })).customer).toEqual(deleted)
    expect((await sdk.customers.list()).data).toEqual([])
    const asParameter = [
      create({ customer }),
      sdk.setupIntents.create({ customer }),
      sdk.customers.listPaymentMethods(customer),
      sdk.paymentMethods.attach("pm_card_visa", { customer }),
    ]
    for (const call of asParameter) {
      expect(await refusal(call)).toMatchObject({ statusCode: 400, code: "resource_missing", param: "customer" })
    }
    for (const call of [sdk.customers.update(customer, { name: "Eve" }), sdk.customers.del(customer)]) {
      expect(await refusal(call)).toMatchObject({ statusCode: 404, code: "resource_missing", param: "id" })
    }
  })

  it("does not save the card of a payment that was opened before", async () => {
    const customer = await newCustomer()
    const { id } = await create({ customer, setup_future_usage: "off_session" })
    stripe.deleteCustomer(customer)
    expect(stripe.pay(id)).toMatchObject({ status: "succeeded" })
  })
})

describe("the customer of an intent", () => {
  it("can be set once and not be changed", async () => {
    const [ada, bob] = [await newCustomer(), await newCustomer()]
    const { id } = await create()
    await sdk.paymentIntents.update(id, { customer: ada })
    await expect(sdk.paymentIntents.update(id, { customer: ada })).resolves.toMatchObject({ customer: ada })
    expect(await refusal(sdk.paymentIntents.update(id, { customer: bob }))).toMatchObject({
      statusCode: 400,
      param: "customer",
    })
  })
})

describe("a payment method", () => {
  const SPENT = {
    type: "StripeInvalidRequestError",
    statusCode: 400,
    message: expect.stringMatching("not be used again"),
  }

  it("cannot be used again after it was detached", async () => {
    const customer = await newCustomer()
    const { id: payment_method } = stripe.saveCard(customer)
    const chosen = await create({ customer, payment_method })
    const { id } = await create({ customer })
    stripe.detachMethod(payment_method)
    const calls = [
      create({ payment_method }),
      sdk.paymentIntents.update(id, { payment_method }),
      sdk.paymentIntents.confirm(id, { payment_method, return_url: RETURN_URL }),
      sdk.paymentIntents.confirm(chosen.id, { return_url: RETURN_URL }),
      sdk.setupIntents.create({ customer, payment_method }),
      sdk.paymentMethods.attach(payment_method, { customer }),
    ]
    for (const call of calls) {
      const error = await refusal(call)
      expect(error).toMatchObject(SPENT)
      // Neither is in what public reports quote.
      expect([error.code, error.param]).toEqual([undefined, undefined])
    }
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_payment_method" })
  })

  it("cannot be used again after a payment without a customer", async () => {
    const id = await authorized()
    const { payment_method } = stripe.records.intent(id)
    expect(await refusal(create({ payment_method: String(payment_method) }))).toMatchObject(SPENT)
  })

  it("can be used again and again until its customer is deleted", async () => {
    const customer = await newCustomer()
    const { id: payment_method } = stripe.saveCard(customer)
    const pay = () => create({ customer, payment_method, confirm: true, return_url: RETURN_URL })
    for (let nth = 0; nth < 2; nth++) await expect(pay()).resolves.toMatchObject({ status: "succeeded" })
    stripe.deleteCustomer(customer)
    expect(await refusal(create({ payment_method }))).toMatchObject(SPENT)
  })
})

describe("metadata", () => {
  const names = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, nth) => [`name_${nth}`, "x"]))

  it("has at most 50 names of 40 characters with values of 500, those of others included", async () => {
    const longest = { ["n".repeat(40)]: "v".repeat(500) }
    const { id } = await create({ metadata: { ...names(37), ...longest } })
    stripe.writeMetadata(id, { erp_1: "a", erp_2: "b", name_0: "theirs" })
    const { metadata } = await sdk.paymentIntents.retrieve(id)
    expect(metadata).toMatchObject({ ...longest, erp_1: "a", erp_2: "b", name_0: "theirs" })
    const more = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, nth) => [`more_${nth}`, "x"]))
    expect(await refusal(sdk.paymentIntents.update(id, { metadata: more(11) }))).toMatchObject({
      statusCode: 400,
      param: "metadata",
    })
    await expect(sdk.paymentIntents.update(id, { metadata: more(10) })).resolves.toMatchObject({ id })
    expect(() => stripe.writeMetadata(id, { one_more: "x" })).toThrow("50")
  })

  it("counts for a capture, too", async () => {
    const id = await authorized()
    stripe.writeMetadata(id, names(50))
    const error = await refusal(sdk.paymentIntents.capture(id, { metadata: { op_1: "1000" } }))
    expect(error).toMatchObject({ statusCode: 400, param: "metadata" })
    expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_capture" })
  })
})

describe("the last payment error", () => {
  it("is cleared by an update for any reason", async () => {
    const updates: ((id: string) => unknown)[] = [
      (id) => sdk.paymentIntents.update(id, { amount: 2000 }),
      (id) => sdk.paymentIntents.update(id, { description: "Shoes" }),
      (id) => stripe.writeMetadata(id, { erp: "1" }),
    ]
    for (const update of updates) {
      const { id } = await create()
      expect(stripe.pay(id, "declined").last_payment_error).toMatchObject({ code: "card_declined" })
      await update(id)
      expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ last_payment_error: null })
    }
  })
})

describe("metadata that others write", () => {
  it("does not end a challenge, as a changed amount does", async () => {
    const { id } = await create()
    stripe.pay(id, "challenge")
    expect(stripe.writeMetadata(id, { erp: "1" })).toMatchObject({ status: "requires_action" })
    expect(await sdk.paymentIntents.update(id, { amount: 2000 })).toMatchObject({ status: "requires_confirmation" })
  })
})

describe("staff in the Dashboard", () => {
  it("can capture, refund and cancel", async () => {
    stripe.configure({ multicapture: "available" })
    const { id } = await create({
      capture_method: "manual",
      payment_method_options: { card: { request_multicapture: "if_available" } },
    })
    stripe.pay(id)
    stripe.capture(id, 400, false)
    expect(stripe.refund(id, 100)).toMatchObject({ amount: 100, status: "succeeded", metadata: {} })
    expect(stripe.cancel(id)).toMatchObject({ status: "succeeded", amount_received: 400 })
    const events = stripe.events.slice(-3)
    expect(events.map(({ request }) => request?.id)).toEqual([null, null, null])
  })

  it("can act without webhooks: the events are recorded and not sent", async () => {
    const id = await authorized()
    const url = "http://127.0.0.1:9/hooks"
    stripe.webhooks.sendTo(url)
    const captured = stripe.withoutWebhooks(() => stripe.capture(id, 400))
    expect(captured).toMatchObject({ status: "succeeded", amount_received: 400 })
    expect(stripe.events.at(-1)?.type).toBe("payment_intent.succeeded")
    expect(await stripe.webhooks.finished()).toEqual([])
  })

  it("can see a dispute in a currency that is not in ISO 4217", async () => {
    const id = await authorized()
    stripe.capture(id)
    const { id: disputeId } = stripe.openDispute(id, { amount: 7, currency: "usdc" })
    expect(await sdk.disputes.retrieve(disputeId)).toMatchObject({ amount: 7, currency: "usdc" })
  })
})

describe("an idempotency key", () => {
  it("has 255 characters at most", async () => {
    const withKey = (idempotencyKey: string) =>
      sdk.paymentIntents.create({ amount: 1000, currency: "eur" }, { idempotencyKey })
    await expect(withKey("k".repeat(255))).resolves.toMatchObject({ amount: 1000 })
    expect(await refusal(withKey("k".repeat(256)))).toMatchObject({ statusCode: 400 })
  })

  it("expires after a day, and starts another payment then", async () => {
    const call = () => sdk.paymentIntents.create({ amount: 1000, currency: "eur" }, { idempotencyKey: "op_1" })
    const { id } = await call()
    expect((await call()).id).toBe(id)
    stripe.expireIdempotencyKeys()
    expect((await call()).id).not.toBe(id)
  })
})
