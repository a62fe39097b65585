import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf, refusal } from "../support/stripe-sdk.js"

// Which payment methods and amounts an intent of the sandbox can have. The source of each behaviour stands beside its code.

let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  stripe = await StripeSandbox.start()
  sdk = clientOf(stripe)
})
afterEach(() => stripe.stop())

const create = (params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> =>
  sdk.paymentIntents.create({ amount: 1000, currency: "eur", ...params })

describe("the methods of an intent", () => {
  const typesOf = async (params: Partial<Stripe.PaymentIntentCreateParams>): Promise<string[]> =>
    (await create(params)).payment_method_types

  it("cannot be set by payment_method_types any more", async () => {
    const old: Partial<Stripe.PaymentIntentCreateParams> = JSON.parse('{"payment_method_types":["card"]}')
    const { id } = await create()
    const { id: customer } = await sdk.customers.create({})
    const calls = [
      create(old),
      sdk.paymentIntents.update(id, { ...old, capture_method: "manual" }),
      sdk.paymentIntents.confirm(id, { ...old, capture_method: "manual" }),
      sdk.setupIntents.create({ ...JSON.parse('{"payment_method_types":["card"]}'), customer }),
    ]
    for (const call of calls) {
      const error = await refusal(call)
      expect(error).toMatchObject({ statusCode: 400, code: "payment_method_types_no_longer_supported" })
    }
  })

  it("are given as a list or chosen automatically, not both", async () => {
    const both = { allowed_payment_method_types: ["card" as const], automatic_payment_methods: { enabled: true } }
    expect(await refusal(create(both))).toMatchObject({ statusCode: 400, code: "parameters_exclusive" })
  })

  it("are by default those of the Dashboard that fit the intent", async () => {
    stripe.configure({ dashboardMethods: ["card", "ideal", "klarna"] })
    expect(await typesOf({})).toEqual(["card", "ideal", "klarna"])
    expect(await typesOf({ currency: "usd" })).toEqual(["card", "klarna"])
    expect(await typesOf({ capture_method: "manual" })).toEqual(["card", "klarna"])
  })

  it.each(["ideal", "bancontact", "blik", "p24", "promptpay", "oxxo", "sepa_debit"] as const)(
    "do not have %s if all is captured manually",
    async (type) => {
      const currency = { blik: "pln", promptpay: "thb", oxxo: "mxn" }[type as string] ?? "eur"
      const terms = { amount: 10_000, currency, allowed_payment_method_types: ["card" as const, type] }
      expect(await typesOf(terms)).toEqual(["card", type])
      expect(await typesOf({ ...terms, capture_method: "manual" })).toEqual(["card"])
      const perMethod = { payment_method_options: { card: { capture_method: "manual" as const } } }
      expect(await typesOf({ ...terms, ...perMethod })).toEqual(["card", type])
    },
  )

  it("are filtered again when the intent is updated", async () => {
    const { id } = await create({ allowed_payment_method_types: ["card", "sepa_debit"] })
    const types = async (params: Stripe.PaymentIntentUpdateParams): Promise<string[]> =>
      (await sdk.paymentIntents.update(id, params)).payment_method_types
    expect(await types({ currency: "usd" })).toEqual(["card"])
    expect(await types({ currency: "eur" })).toEqual(["card", "sepa_debit"])
    expect(await types({ capture_method: "manual" })).toEqual(["card"])
    expect((await sdk.paymentIntents.retrieve(id)).allowed_payment_method_types).toEqual(["card", "sepa_debit"])
  })

  it("can be none: the intent is refused, or returned without any", async () => {
    const none = { allowed_payment_method_types: ["ideal" as const], capture_method: "manual" as const }
    const error = await refusal(create(none))
    expect(error).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400 })
    expect(error.message).toMatch("No valid payment method types for this Payment Intent")
    stripe.configure({ withoutPaymentMethods: "returned" })
    expect(await create(none)).toMatchObject({ payment_method_types: [], status: "requires_payment_method" })
  })

  it("hold a card and capture the others, if only the card is captured manually", async () => {
    const terms: Partial<Stripe.PaymentIntentCreateParams> = {
      allowed_payment_method_types: ["card", "sepa_debit"],
      capture_method: "automatic",
      payment_method_options: { card: { capture_method: "manual" } },
    }
    const [card, debit] = [(await create(terms)).id, (await create(terms)).id]
    expect(stripe.pay(card)).toMatchObject({ status: "requires_capture", amount_capturable: 1000 })
    stripe.pay(debit, "asynchronous")
    expect(stripe.completeProcessing(debit)).toMatchObject({ status: "succeeded", amount_received: 1000 })
    const [charge] = (await sdk.charges.list({ payment_intent: debit })).data
    expect(charge).toMatchObject({ captured: true, amount_captured: 1000 })
  })

  it("are held by their own setting on an automatic intent", async () => {
    stripe.configure({ dashboardMethods: ["card", "klarna"] })
    const { payment_method_options: options } = await create({
      payment_method_options: { klarna: { capture_method: "manual" } },
    })
    expect(options).toMatchObject({ klarna: { capture_method: "manual" } })
    const wrong: Stripe.PaymentIntentCreateParams.PaymentMethodOptions = JSON.parse(
      '{"ideal":{"capture_method":"manual"}}',
    )
    expect(await refusal(create({ payment_method_options: wrong }))).toMatchObject({ code: "parameter_unknown" })
  })

  it("do not include another type", async () => {
    const { id } = await create({ allowed_payment_method_types: ["card"] })
    const data = { payment_method_data: { type: "sepa_debit" as const } }
    expect(await refusal(sdk.paymentIntents.update(id, data))).toMatchObject({
      statusCode: 400,
      param: "payment_method",
    })
  })

  it("exclude a method that cannot be captured manually", async () => {
    const { id } = await create({ capture_method: "manual" })
    expect([stripe.canPay(id), stripe.canPay(id, "asynchronous")]).toEqual([true, false])
    expect(() => stripe.pay(id, "asynchronous")).toThrow("sepa_debit")
  })
})

describe("an amount", () => {
  const TWELVE = 999_999_999_999
  const confirm = (id: string) => sdk.paymentIntents.confirm(id, { return_url: "https://shop.example/return" })

  it.each([
    [["card"], "eur", TWELVE],
    [["card", "sepa_debit"], "eur", TWELVE],
    [["sepa_debit"], "eur", 99_999_999],
    [["klarna"], "idr", TWELVE],
    [["klarna"], "cop", 9_999_999_999],
    [["klarna"], "inr", 999_999_999],
  ] as const)("of an intent for %j in %s is %d at most", async (types, currency, most) => {
    const terms = { allowed_payment_method_types: [...types], currency }
    await expect(create({ ...terms, amount: most })).resolves.toMatchObject({ amount: most })
    const error = await refusal(create({ ...terms, amount: most + 1 }))
    expect(error).toMatchObject({ code: "amount_too_large", param: "amount" })
  })

  it("has up to nine digits with American Express and eight with a debit, checked at confirmation", async () => {
    const terms = { allowed_payment_method_types: ["card" as const, "sepa_debit" as const] }
    const attempts = [
      { amount: 1_000_000_000, payment_method: "pm_card_amex" },
      { amount: 100_000_000, payment_method_data: { type: "sepa_debit" as const } },
    ]
    for (const attempt of attempts) {
      const { id } = await create({ ...terms, ...attempt })
      expect(await refusal(confirm(id))).toMatchObject({ statusCode: 400, code: "amount_too_large" })
      expect(await sdk.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_confirmation" })
    }
    const { id } = await create({ ...terms, amount: 999_999_999, payment_method: "pm_card_amex" })
    await expect(confirm(id)).resolves.toMatchObject({ status: "succeeded" })
  })

  it("has up to eight digits on an account that follows the API reference", async () => {
    stripe.configure({ amountDigits: "eight" })
    await expect(create({ amount: 99_999_999 })).resolves.toMatchObject({ amount: 99_999_999 })
    expect(await refusal(create({ amount: 100_000_000 }))).toMatchObject({ code: "amount_too_large" })
  })

  it.each([
    [1050, "huf", 17_550],
    [1050, "twd", 1050],
    [1000, "mga", 1001],
  ])("may have any last digits: %d %s", async (_, currency, amount) => {
    await expect(create({ amount, currency })).resolves.toMatchObject({ amount, currency })
  })

  it("is refused in iqd", async () => {
    expect(await refusal(create({ currency: "iqd" }))).toMatchObject({ statusCode: 400, param: "currency" })
  })
})
