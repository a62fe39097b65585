import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { Logger } from "@nestjs/common"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { newId, providerOf, providersOf, Session } from "./provider-session.js"

const INTENTS = "POST /v1/payment_intents"
const CAPTURES = "POST /v1/payment_intents/:id/capture"

/** A first try, and the SDK's own retries. */
const ALL_TRIES = 3

let stripe: StripeSandbox
let logged: string[]
beforeEach(async () => {
  stripe = await StripeSandbox.start()
  logged = []
  for (const level of ["warn", "error"] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => {
      logged.push(String(message))
    })
  }
})
afterEach(async () => {
  jest.restoreAllMocks()
  await stripe.stop()
})

const intentOf = (session: Session) => stripe.records.intent(session.intentId)
const sentTo = (pattern: RegExp) => stripe.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`))
const paramsSentTo = (pattern: RegExp) => sentTo(pattern).at(-1)?.params

async function opened(about: Parameters<Session["does"]>[1] = {}, provider = providerOf(stripe)): Promise<Session> {
  const session = new Session(provider)
  await session.does("initiate", about)
  return session
}

const inParts = () => providerOf(stripe, { STRIPE_MULTICAPTURE: "true" })

async function authorized(provider = providerOf(stripe)): Promise<Session> {
  const session = await opened({}, provider)
  stripe.pay(session.intentId)
  await session.does("authorize")
  return session
}

describe("the providers of an account", () => {
  it("are those of Medusa, share its webhooks and its customers, and take the same names from storefronts", () => {
    const providers = providersOf({ STRIPE_API_KEY: "sk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1" })
    expect([...providers.keys()]).toEqual([
      "pp_stripe_stripe",
      "pp_stripe-bancontact_stripe",
      "pp_stripe-blik_stripe",
      "pp_stripe-ideal_stripe",
      "pp_stripe-przelewy24_stripe",
      "pp_stripe-promptpay_stripe",
      "pp_stripe-oxxo_stripe",
    ])
    const all = [...providers.values()]
    expect(new Set(all.map(({ webhooks }) => webhooks)).size).toBe(1)
    expect(new Set(all.map(({ accountHolders }) => accountHolders)).size).toBe(1)
    expect(all[0]?.webhooks).toBeDefined()
    expect(all[0]?.capabilities.clientFields).toEqual([
      "payment_method",
      "payment_method_types",
      "setup_future_usage",
      "return_url",
    ])
  })

  it("take no webhooks without a secret, and are none without a key", () => {
    const [provider] = providersOf({ STRIPE_API_KEY: "sk_test_1" }).values()
    expect(provider?.webhooks).toBeUndefined()
    expect(providersOf({}).size).toBe(0)
  })

  it("of several accounts are told apart by their ids", () => {
    const env = { STRIPE_ACCOUNTS: "eu,us", STRIPE_EU_API_KEY: "sk_test_1", STRIPE_US_API_KEY: "sk_test_2" }
    expect([...providersOf(env).keys()]).toEqual(expect.arrayContaining(["pp_stripe_eu", "pp_stripe-ideal_us"]))
  })

  it("know what they cannot take", () => {
    expect(providerOf(stripe).checkAmount({ minor: 49n, currency: "eur" }, "payment")).toBe(
      "Stripe takes no less than 0.50 eur.",
    )
    const ideal = providerOf(stripe, {}, "pp_stripe-ideal_stripe")
    expect(ideal.checkAmount({ minor: 1n, currency: "eur" }, "payment")).toBeUndefined()
    expect(ideal.checkAmount({ minor: 1_001n, currency: "kwd" }, "part")).toMatch("two decimals at most")
    expect(providerOf(stripe).checkAmount({ minor: 1n, currency: "eur" }, "part")).toBeUndefined()
  })
})

describe("opening a payment", () => {
  it("makes an intent with our ids, to be captured later, and leaves its secret for the storefront", async () => {
    const session = new Session(providerOf(stripe, { STRIPE_PAYMENT_DESCRIPTION: "Acme" }))
    const call = session.call()
    expect(await session.repeats("initiate", call)).toEqual({
      outcome: "pending",
      data: {
        id: session.intentId,
        client_secret: intentOf(session).client_secret,
        status: "requires_payment_method",
        payment_method_types: ["card", "sepa_debit"],
      },
      privateData: { payment_intent: session.intentId },
    })
    expect(sentTo(/payment_intents$/)).toMatchObject([{ idempotencyKey: call.idempotencyKey }])
    expect(paramsSentTo(/payment_intents$/)).toEqual({
      amount: "1000",
      currency: "eur",
      capture_method: "automatic",
      description: "Acme",
      metadata: { session_id: session.id, operation_id: call.idempotencyKey, client_fields: "" },
      allowed_payment_method_types: ["card", "sepa_debit"],
      payment_method_options: { card: { capture_method: "manual" } },
      expand: ["latest_charge"],
    })
  })

  it("takes what the storefront sent, and the customer of the account holder", async () => {
    const customer = await customerId()
    await opened({
      context: { account_holder: { id: customer } },
      clientData: {
        payment_method: "pm_card_visa",
        payment_method_types: ["card"],
        setup_future_usage: "off_session",
        return_url: "https://shop.example/back",
      },
    })
    expect(paramsSentTo(/payment_intents$/)).toMatchObject({
      customer,
      payment_method: "pm_card_visa",
      allowed_payment_method_types: ["card"],
      setup_future_usage: "off_session",
    })
    expect(paramsSentTo(/payment_intents$/)).not.toHaveProperty("return_url")
  })

  it("offers what is enabled at the dashboard, and captures at once, where the account is set up so", async () => {
    const settings = { STRIPE_PAYMENT_METHOD_TYPES: undefined, STRIPE_CAPTURE: "automatic" }
    const session = await opened({}, providerOf(stripe, settings))
    expect(intentOf(session)).toMatchObject({
      capture_method: "automatic",
      automatic_payment_methods: { enabled: true },
    })
    expect(paramsSentTo(/payment_intents$/)).not.toHaveProperty("payment_method_options")
  })

  it("offers methods that cannot be captured later beside those that can", async () => {
    const session = await opened()
    expect(intentOf(session)).toMatchObject({ payment_method_types: ["card", "sepa_debit"] })
    stripe.pay(session.intentId)
    expect(intentOf(session).status).toBe("requires_capture")
    const debit = await opened()
    stripe.pay(debit.intentId, "asynchronous")
    stripe.completeProcessing(debit.intentId)
    const money = { minor: 1000n, currency: "eur" }
    expect(await debit.does("authorize")).toMatchObject({
      outcome: "succeeded",
      amount: money,
      captured: money,
      isClosed: true,
    })
  })

  it("offers all that is enabled at the dashboard, and captures later what can be", async () => {
    stripe.configure({ dashboardMethods: ["card", "sepa_debit", "ideal", "klarna"] })
    const session = await opened({}, providerOf(stripe, { STRIPE_PAYMENT_METHOD_TYPES: undefined }))
    expect(intentOf(session).payment_method_types).toEqual(["card", "sepa_debit", "ideal", "klarna"])
    expect(paramsSentTo(/payment_intents$/)).not.toHaveProperty("allowed_payment_method_types")
    expect(paramsSentTo(/payment_intents$/)).toMatchObject({
      automatic_payment_methods: { enabled: "true" },
      payment_method_options: { card: { capture_method: "manual" }, klarna: { capture_method: "manual" } },
    })
    stripe.pay(session.intentId)
    expect(await session.does("authorize")).toMatchObject({ captured: { minor: 0n } })
  })

  it("asks for captures in parts only if the account is set up for them, which other accounts may refuse", async () => {
    for (const multicapture of ["refused_at_creation", "refused_at_confirmation"] as const) {
      stripe.configure({ multicapture })
      expect((await authorized()).privateData).toMatchObject({ is_authorized: true, multicapture: false })
    }
    stripe.configure({ multicapture: "available" })
    expect((await authorized(inParts())).privateData).toMatchObject({ multicapture: true })
    await opened({}, providerOf(stripe, { STRIPE_MULTICAPTURE: "true", STRIPE_CAPTURE: "automatic" }))
    expect(paramsSentTo(/payment_intents$/)).not.toHaveProperty("payment_method_options")
  })

  it.each(["refused", "returned"] as const)(
    "that no payment method can pay is refused by who can change it, and leaves no open intent (%s by Stripe)",
    async (withoutPaymentMethods) => {
      stripe.configure({ withoutPaymentMethods })
      const swish = providerOf(stripe, { STRIPE_PAYMENT_METHOD_TYPES: "swish,card" })
      const clientData = { payment_method_types: ["swish"] }
      const session = new Session(swish)
      const refusal = { outcome: "declined", code: "no_payment_method", retryable: false }
      expect(await session.does("initiate", { clientData })).toMatchObject({
        ...refusal,
        refusedBy: "caller",
        message: expect.stringContaining("payment_method_types"),
      })
      const only = new Session(providerOf(stripe, { STRIPE_PAYMENT_METHOD_TYPES: "swish" }))
      expect(await only.does("initiate")).toMatchObject({ ...refusal, refusedBy: "provider" })
      const open = await opened({}, swish)
      expect(await open.does("update", { clientData })).toMatchObject({ ...refusal, refusedBy: "caller" })
      const payable = [...stripe.records.paymentIntents.values()].filter(
        ({ status, payment_method_types }) => status !== "canceled" && payment_method_types.length === 0,
      )
      expect(payable).toEqual([])
    },
  )

  it("by a provider of one means of payment offers that, and captures at once", async () => {
    const session = await opened({}, providerOf(stripe, {}, "pp_stripe-bancontact_stripe"))
    expect(intentOf(session)).toMatchObject({ capture_method: "automatic", payment_method_types: ["bancontact"] })
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "a name that it does not take",
      { capture_method: "manual" },
      /capture_method cannot be sent, only payment_method, /,
    ],
    ["another type", { payment_method: 1 }, /payment_method has to be the id/],
    ["an id that would be a path", { payment_method: "../customers" }, /payment_method has to be the id/],
    ["a type that is not enabled", { payment_method_types: ["card", "klarna"] }, /among card, sepa_debit/],
    ["no types", { payment_method_types: [] }, /a list of types/],
    ["types that are no list", { payment_method_types: "card" }, /a list of types/],
    ["another usage", { setup_future_usage: "always" }, /on_session or off_session/],
    ["a URL of another kind", { return_url: "javascript:alert(1)" }, /begins with http/],
    ["no URL", { return_url: "https://" }, /begins with http/],
    ...[
      "https://evil.example/back",
      "http://shop.example/back",
      "https://shop.example:8443/back",
      "https://shop.example.evil.example/",
      "https://shop.example@evil.example/",
      "https://shop.example\t@evil.example/",
      "https:\\\\evil.example\\@shop.example/",
      "https://shop.example\\@evil.example/",
      "https:///shop.example/",
      "https://sh\nop.example/",
      "https://evil.example%2f@shop.example/",
      "https://user:pw@shop.example/",
      "https://shop.example/\r\nX: y",
      `https://shop.example/${"x".repeat(2_048)}`,
    ].map((url): [string, Record<string, unknown>, RegExp] => [
      `to return to ${JSON.stringify(url)}`,
      { return_url: url },
      /STORE_CORS or STRIPE_RETURN_ORIGINS|begins with http/,
    ]),
  ])("refuses %s, and asks Stripe nothing", async (_, clientData, message) => {
    const session = new Session(providerOf(stripe))
    expect(await session.does("initiate", { clientData })).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: expect.stringMatching(message),
    })
    expect(stripe.requests).toEqual([])
  })

  it("lets shoppers return to the storefronts and to the sites that are set besides", async () => {
    const origins = {
      STORE_CORS: "https://shop.example",
      STRIPE_RETURN_ORIGINS: "/^https:\\/\\/[a-z]+\\.pay\\.example$/",
    }
    for (const return_url of ["https://shop.example/back?x=1", "https://eu.pay.example/"]) {
      expect(
        await new Session(providerOf(stripe, origins)).does("initiate", { clientData: { return_url } }),
      ).toMatchObject({ outcome: "pending" })
    }
    const local = { STORE_CORS: undefined, STRIPE_RETURN_ORIGINS: undefined }
    const clientData = { return_url: "http://localhost:5173/back" }
    expect(await new Session(providerOf(stripe, local)).does("initiate", { clientData })).toMatchObject({
      outcome: "pending",
    })
  })

  it("lets nobody choose where everything enabled is offered anyway", async () => {
    const session = new Session(providerOf(stripe, { STRIPE_PAYMENT_METHOD_TYPES: undefined }))
    expect(await session.does("initiate", { clientData: { payment_method_types: ["card"] } })).toMatchObject({
      refusedBy: "caller",
      message: expect.stringContaining("all that is enabled is offered"),
    })
  })

  it("is refused by Stripe in words that say what to change", async () => {
    const session = new Session(providerOf(stripe))
    expect(await session.does("initiate", { clientData: { payment_method: "pm_unknown" } })).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: expect.stringContaining("cannot use payment_method"),
    })
    expect(await session.does("initiate", { minor: 1n })).toMatchObject({
      refusedBy: "caller",
      code: "amount_too_small",
    })
  })

  it("that Stripe failed at, and stored so, may be tried anew: nobody knows the intent that it may have made", async () => {
    const session = new Session(providerOf(stripe))
    const call = session.call()
    stripe.faults.add(INTENTS, "500_after")
    expect(await session.repeats("initiate", call)).toMatchObject({ outcome: "unknown" })
    expect(await session.repeats("initiate", call)).toMatchObject({
      outcome: "declined",
      refusedBy: "provider",
      retryable: true,
    })
    expect(await session.does("initiate")).toMatchObject({ outcome: "pending" })
  })

  it("with a key that was used for something else may be tried anew", async () => {
    const session = new Session(providerOf(stripe))
    const call = session.call()
    await session.repeats("initiate", call)
    const other = { ...call, amount: { minor: 2000n, currency: "eur" } }
    expect(await session.repeats("initiate", other)).toMatchObject({ outcome: "declined", retryable: true })
  })

  it("is found by the search once that knows it, and repeated until then", async () => {
    const session = new Session(providerOf(stripe))
    const call = session.call()
    await session.repeats("initiate", call)
    const lookUp = () => session.provider.lookUp({ ...call, operation: "initiate" })
    expect(await lookUp()).toEqual({ outcome: "not_found" })
    stripe.updateSearchIndex()
    expect(await lookUp()).toMatchObject({ outcome: "pending", privateData: { payment_intent: session.intentId } })
  })
})

describe("changing a payment", () => {
  it("keeps the intent and its secret", async () => {
    const session = await opened()
    const { id, client_secret } = session.data
    const call = session.call({ minor: 2500n, clientData: { setup_future_usage: "on_session" } })
    expect(await session.repeats("update", call)).toMatchObject({ outcome: "pending", data: { id, client_secret } })
    expect(intentOf(session)).toMatchObject({
      amount: 2500,
      setup_future_usage: "on_session",
      metadata: { session_id: session.id, operation_id: call.idempotencyKey },
    })
  })

  it("unsets what the storefront does not send any more", async () => {
    const clientData = { payment_method_types: ["card"], setup_future_usage: "off_session" }
    const session = await opened({ clientData })
    await session.does("update", { clientData: {} })
    expect(intentOf(session)).toMatchObject({
      setup_future_usage: null,
      payment_method_types: ["card", "sepa_debit"],
    })
    expect(session.privateData).toEqual({ payment_intent: session.intentId })
  })

  it("captures later what can be, also of methods that are chosen afterwards", async () => {
    const session = await opened({ clientData: { payment_method_types: ["sepa_debit"] } })
    await session.does("update", { clientData: { payment_method_types: ["card"] } })
    expect(paramsSentTo(/payment_intents\/\w+$/)).not.toHaveProperty("automatic_payment_methods")
    stripe.pay(session.intentId)
    expect(await session.does("authorize")).toMatchObject({ outcome: "succeeded", captured: { minor: 0n } })
  })

  it("leaves alone what the shopper has chosen in the browser", async () => {
    const session = await opened()
    stripe.pay(session.intentId, "challenge")
    const chosen = intentOf(session).payment_method
    await session.does("update", { minor: 900n })
    expect(intentOf(session)).toMatchObject({ amount: 900, payment_method: chosen })
  })

  it("confirms nothing that the shopper has chosen in the browser, and has not agreed to at its new amount", async () => {
    const session = await opened()
    stripe.pay(session.intentId, "challenge")
    await session.does("update", { minor: 900n })
    expect(intentOf(session).status).toBe("requires_confirmation")
    expect(await session.does("authorize", { minor: 900n })).toMatchObject({ outcome: "pending" })
    expect(intentOf(session).status).toBe("requires_confirmation")
  })

  it("begins a new intent where the old one was canceled at Stripe, once", async () => {
    const session = await opened()
    const before = session.intentId
    stripe.cancel(before)
    const call = session.call({ minor: 2000n })
    expect(await session.repeats("update", call)).toMatchObject({ outcome: "pending" })
    const made = session.intentId
    expect(made).not.toBe(before)
    expect(intentOf(session)).toMatchObject({ amount: 2000, metadata: { session_id: session.id } })
    await session.repeats("update", call)
    expect(session.intentId).toBe(made)
    expect(stripe.records.paymentIntents.size).toBe(2)
  })

  it.each([
    ["manual", 0n],
    ["automatic", 1000n],
  ])("comes too late for a shopper who has authorized (%s capture)", async (capture, captured) => {
    const session = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: capture }))
    stripe.pay(session.intentId)
    const call = session.call({ minor: 2000n })
    const overtaken = {
      outcome: "already_authorized",
      amount: { minor: 1000n, currency: "eur" },
      captured: { minor: captured, currency: "eur" },
      privateData: { payment_intent: session.intentId, is_authorized: true },
    }
    expect(await session.repeats("update", call)).toMatchObject(overtaken)
    expect(await session.provider.lookUp({ ...call, operation: "update" })).toMatchObject(overtaken)
  })

  it("waits while the payment is being processed", async () => {
    const session = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: "automatic" }))
    stripe.pay(session.intentId, "asynchronous")
    expect(await session.does("update", { minor: 2000n })).toMatchObject({
      outcome: "declined",
      refusedBy: "state",
      stateDiffers: true,
      retryable: true,
      code: "payment_processing",
    })
  })

  it("that Stripe failed at, and stored so, is found where it was done, and declined where not", async () => {
    const session = await opened()
    for (const [fault, outcome] of [
      ["500_after", "pending"],
      ["500_before", "declined"],
    ] as const) {
      const call = session.call({ minor: 3000n })
      stripe.faults.add("POST /v1/payment_intents/:id", fault)
      expect(await session.repeats("update", call)).toMatchObject({ outcome: "unknown" })
      expect(await session.repeats("update", call)).toMatchObject({ outcome })
    }
  })
})

describe("an authorization", () => {
  it("of what is captured at once says so", async () => {
    const session = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: "automatic" }))
    stripe.pay(session.intentId)
    const money = { minor: 1000n, currency: "eur" }
    expect(await session.does("authorize")).toMatchObject({ outcome: "succeeded", amount: money, captured: money })
  })

  it("confirms what the storefront sent, and says where the shopper goes on", async () => {
    const clientData = { payment_method: "pm_card_threeDSecure2Required", return_url: "https://shop.example/back" }
    const session = await opened({ clientData })
    expect(await session.does("authorize", { clientData })).toMatchObject({
      outcome: "requires_more",
      data: { next_action: { redirect_to_url: { return_url: "https://shop.example/back" } } },
    })
    stripe.completeChallenge(session.intentId)
    expect(await session.does("authorize", { clientData })).toMatchObject({
      outcome: "succeeded",
      amount: { minor: 1000n },
      captured: { minor: 0n },
    })
    expect(session.data).not.toHaveProperty("next_action")
  })

  it("that is confirmed and declined is the bank's no, when it is asked again too", async () => {
    const clientData = { payment_method: "pm_card_chargeDeclinedInsufficientFunds" }
    const session = await opened({ clientData })
    const declined = {
      outcome: "declined",
      refusedBy: "issuer",
      message: "Your card has insufficient funds.",
      declineCode: "insufficient_funds",
      retryable: true,
    }
    expect(await session.does("authorize", { clientData })).toMatchObject(declined)
    expect(await session.does("authorize", { clientData })).toMatchObject(declined)
  })

  it("is pending until the shopper has paid, and asynchronous while a bank takes its time", async () => {
    const session = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: "automatic" }))
    expect(await session.does("authorize")).toMatchObject({ outcome: "pending" })
    stripe.pay(session.intentId, "asynchronous")
    expect(await session.does("authorize")).toMatchObject({ outcome: "pending", asynchronous: true })
    stripe.completeProcessing(session.intentId)
    expect(await session.does("authorize")).toMatchObject({ outcome: "succeeded" })
  })

  it("lookup does not confirm", async () => {
    const clientData = { payment_method: "pm_card_visa" }
    const session = await opened({ clientData })
    const lookUp = session.provider.lookUp({ ...session.call({ clientData }), operation: "authorize" })
    expect(await lookUp).toEqual({ outcome: "not_found" })
    expect(intentOf(session).status).toBe("requires_confirmation")
  })

  it("that was captured in part, and the rest released, says so", async () => {
    const session = await opened()
    stripe.pay(session.intentId)
    stripe.capture(session.intentId, 400)
    expect(await session.does("authorize")).toMatchObject({
      outcome: "succeeded",
      amount: { minor: 1000n, currency: "eur" },
      captured: { minor: 400n, currency: "eur" },
      isClosed: true,
    })
  })
})

describe("a capture", () => {
  it("in part is final, unless the payment has multicapture", async () => {
    const single = await authorized()
    expect(single.provider.capabilities.multicapture).toBeInstanceOf(Function)
    await single.does("capture", { minor: 400n })
    expect(paramsSentTo(/capture$/)).not.toHaveProperty("final_capture")

    stripe.offerMulticapture()
    const session = await authorized(inParts())
    expect(session.privateData).toMatchObject({ multicapture: true })
    await session.does("capture", { minor: 400n })
    expect(paramsSentTo(/capture$/)).toMatchObject({ final_capture: "false" })
    await session.does("capture", { minor: 600n })
    expect(paramsSentTo(/capture$/)).not.toHaveProperty("final_capture")
    expect(intentOf(session).status).toBe("succeeded")
  })

  it("can be made in as many parts as Stripe takes, which are more than it keeps notes of", async () => {
    stripe.offerMulticapture()
    const session = await authorized(inParts())
    for (let part = 0; part < 48; part++) {
      expect(await session.does("capture", { minor: 10n })).toMatchObject({
        outcome: "succeeded",
        amount: { minor: 10n },
      })
    }
    const call = session.call({ minor: 10n })
    await session.repeats("capture", call)
    expect(await session.provider.lookUp({ ...call, operation: "capture" })).toMatchObject({ outcome: "succeeded" })
    expect(await session.does("cancel")).toMatchObject({ outcome: "succeeded" })
    expect(intentOf(session)).toMatchObject({ amount_received: 490, status: "succeeded" })
  })

  it.each([
    ["12 names, and the 37th part", 12, 37],
    ["40 names, and the 9th part", 40, 9],
    ["all names that we leave, and the 12th part", 47, 12],
  ])("is made and found whatever others write in metadata: %s", async (_, names, parts) => {
    stripe.offerMulticapture()
    const session = await authorized(inParts())
    const foreign = Object.fromEntries(Array.from({ length: names }, (_, nth) => [`op_code_${nth}`, "theirs"]))
    stripe.writeMetadata(session.intentId, foreign)
    for (let part = 0; part < parts; part++) {
      const call = session.call({ minor: 10n })
      const amount = { minor: 10n, currency: "eur" }
      expect(await session.repeats("capture", call)).toMatchObject({ outcome: "succeeded", amount })
      const found = await session.provider.lookUp({ ...call, operation: "capture" })
      expect(found).toMatchObject({ outcome: "succeeded", amount })
      expect(await session.repeats("capture", call)).toMatchObject({ outcome: "succeeded", amount })
    }
    expect(intentOf(session)).toMatchObject({ amount_received: 10 * parts, metadata: foreign })
    const cancel = session.call({ minor: 1000n })
    expect(await session.repeats("cancel", cancel)).toMatchObject({ outcome: "succeeded" })
    expect(await session.provider.lookUp({ ...cancel, operation: "cancel_payment" })).toMatchObject({
      outcome: "succeeded",
    })
  })

  it.each([
    ["there is room in a value of ours", 47, {}],
    ["others have removed our names, too", 50, { session_id: "", operation_id: "", client_fields: "" }],
  ])("of a payment whose metadata others have filled is made, if %s", async (_, names, removed) => {
    const session = await authorized()
    stripe.writeMetadata(session.intentId, removed)
    const foreign = Object.fromEntries(Array.from({ length: names }, (_, nth) => [`name_${nth}`, "theirs"]))
    stripe.writeMetadata(session.intentId, foreign)
    expect(await session.does("capture", { minor: 400n })).toMatchObject({
      outcome: "succeeded",
      amount: { minor: 400n },
    })
    expect(intentOf(session)).toMatchObject({ amount_received: 400, metadata: foreign })
  })

  it("whose mark others have overwritten is not found, and does not fail the lookup", async () => {
    const session = await authorized()
    const call = session.call()
    stripe.writeMetadata(session.intentId, { [call.idempotencyKey]: "theirs" })
    expect(await session.provider.lookUp({ ...call, operation: "capture" })).toEqual({ outcome: "not_found" })
  })

  it.each(["charge_expired_for_capture", "capture_charge_authorization_expired"] as const)(
    "of what the bank has ended says so, whichever code Stripe has for it: %s",
    async (captureOfLapsed) => {
      stripe.configure({ codes: { captureOfLapsed } })
      const session = await authorized()
      stripe.lapseAuthorization(session.intentId)
      expect(await session.does("capture")).toMatchObject({
        outcome: "declined",
        refusedBy: "state",
        stateDiffers: true,
        message: expect.stringContaining("expired"),
      })
    },
  )

  it("of more than is left, because somebody has captured a part, is declined for another state", async () => {
    stripe.offerMulticapture()
    const session = await authorized(inParts())
    stripe.capture(session.intentId, 400, false)
    expect(await session.does("capture")).toMatchObject({ outcome: "declined", refusedBy: "state", stateDiffers: true })
  })

  it("that somebody made at the dashboard is not taken for ours", async () => {
    const session = await authorized()
    stripe.capture(session.intentId)
    expect(await session.does("capture")).toMatchObject({
      outcome: "declined",
      refusedBy: "state",
      stateDiffers: true,
      message: expect.stringContaining("Look at it again"),
    })
  })

  it("that Stripe failed at, and stored so, is found where it was done, and declined where not", async () => {
    for (const [fault, outcome] of [
      ["500_after", "succeeded"],
      ["500_before", "declined"],
    ] as const) {
      const session = await authorized()
      const call = session.call()
      stripe.faults.add(CAPTURES, fault)
      expect(await session.repeats("capture", call)).toMatchObject({ outcome: "unknown" })
      expect(await session.repeats("capture", call)).toMatchObject({ outcome })
    }
  })

  it("with a key that was used for another amount is found, and not made twice", async () => {
    const session = await authorized()
    const call = session.call({ minor: 400n })
    await session.repeats("capture", call)
    const other = { ...call, amount: { minor: 500n, currency: "eur" } }
    expect(await session.repeats("capture", other)).toMatchObject({ outcome: "succeeded", amount: { minor: 400n } })
    expect(intentOf(session).amount_received).toBe(400)
  })

  it("that Stripe cannot take exactly is refused before it is asked", async () => {
    const session = new Session(providerOf(stripe), 5120n, "kwd")
    await session.does("initiate")
    stripe.pay(session.intentId)
    await session.does("authorize")
    expect(await session.does("capture", { minor: 5124n })).toMatchObject({ outcome: "declined", refusedBy: "caller" })
    expect(sentTo(/capture$/)).toEqual([])
  })
})

describe("a refund", () => {
  it("is pending until the money is on its way, and is found by our key", async () => {
    stripe.holdRefunds()
    const session = await authorized()
    await session.does("capture")
    const call = session.call({ minor: 300n })
    expect(await session.repeats("refund", call)).toEqual({ outcome: "pending" })
    const [refund] = [...stripe.records.refunds.values()]
    expect(refund?.metadata).toEqual({ session_id: session.id, operation_id: call.idempotencyKey })
    const lookUp = () => session.provider.lookUp({ ...call, operation: "refund" })
    expect(await lookUp()).toEqual({ outcome: "pending" })
    stripe.completeRefund(refund?.id ?? "")
    expect(await lookUp()).toEqual({ outcome: "succeeded", amount: { minor: 300n, currency: "eur" } })
    stripe.failRefund(refund?.id ?? "")
    expect(await lookUp()).toMatchObject({
      outcome: "declined",
      refusedBy: "provider",
      message: "The refund failed: expired or canceled card.",
    })
  })

  it("is found among more than a page of others", async () => {
    const session = await authorized()
    await session.does("capture")
    const call = session.call({ minor: 1n })
    await session.repeats("refund", call)
    for (let nth = 0; nth < 100; nth++) stripe.refund(session.intentId, 1)
    expect(await session.provider.lookUp({ ...call, operation: "refund" })).toMatchObject({ outcome: "succeeded" })
  })

  it("of what was refunded at the dashboard is declined, because the state differs", async () => {
    const session = await authorized()
    await session.does("capture")
    stripe.refund(session.intentId)
    expect(await session.does("refund")).toMatchObject({ outcome: "declined", refusedBy: "state", stateDiffers: true })
  })

  it("that Stripe failed at, and stored so, is found where it was done; declined an hour later where not", async () => {
    const session = await authorized()
    await session.does("capture")
    for (const [fault, outcome] of [
      ["500_after", "succeeded"],
      ["500_before", "unknown"],
    ] as const) {
      const call = session.call({ minor: 100n })
      stripe.faults.add("POST /v1/refunds", fault)
      expect(await session.repeats("refund", call)).toMatchObject({ outcome: "unknown" })
      expect(await session.repeats("refund", call)).toMatchObject({ outcome })
      // Stripe does not come back to it after so long.
      const later = { ...call, startedAt: new Date(Date.now() - 3_600_001) }
      expect(await session.repeats("refund", later)).toMatchObject({
        outcome: fault === "500_after" ? "succeeded" : "declined",
      })
    }
    expect(stripe.records.refunds.size).toBe(1)
  })
})

describe("a cancellation", () => {
  it("of what was canceled at the dashboard has happened", async () => {
    const session = await authorized()
    stripe.cancel(session.intentId)
    expect(await session.does("cancel")).toMatchObject({ outcome: "succeeded", amount: { minor: 1000n } })
  })

  it("gives up what a shopper has authorized meanwhile, and says so where that was captured at once", async () => {
    const session = await opened()
    stripe.pay(session.intentId)
    expect(await session.does("cancel")).toMatchObject({ outcome: "succeeded" })

    const captured = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: "automatic" }))
    stripe.pay(captured.intentId)
    expect(await captured.does("cancel")).toMatchObject({
      outcome: "already_authorized",
      amount: { minor: 1000n },
      captured: { minor: 1000n },
    })
  })

  it("of a payment that is captured is declined", async () => {
    const session = await authorized()
    await session.does("capture")
    expect(await session.does("cancel")).toMatchObject({ outcome: "declined", refusedBy: "state", stateDiffers: true })
  })

  it("waits while the payment is being processed", async () => {
    const session = await opened({}, providerOf(stripe, { STRIPE_CAPTURE: "automatic" }))
    stripe.pay(session.intentId, "asynchronous")
    expect(await session.does("cancel")).toMatchObject({ outcome: "declined", code: "payment_processing" })
  })

  it("of the rest, after a capture in part, is a last capture of nothing, and is found", async () => {
    stripe.offerMulticapture()
    const session = await authorized(inParts())
    await session.does("capture", { minor: 400n })
    const call = session.call({ minor: 600n })
    expect(await session.repeats("cancel", call)).toMatchObject({ outcome: "succeeded", amount: { minor: 600n } })
    expect(intentOf(session)).toMatchObject({ status: "succeeded", amount_received: 400, amount_capturable: 0 })
    expect(await session.provider.lookUp({ ...call, operation: "cancel_payment" })).toMatchObject({
      outcome: "succeeded",
    })
  })
})

describe("what Stripe does not know any more", () => {
  const calls = ["update", "authorize", "capture", "refund", "cancel"] as const

  it.each(calls)("is gone, if it is the payment: %s", async (method) => {
    const session = method === "update" ? await opened() : await authorized()
    stripe.deleteObject(session.intentId)
    const call = session.call()
    const gone = { outcome: "gone" }
    expect(await session.repeats(method, call)).toEqual(gone)
    const operation = method === "cancel" ? "cancel_payment" : method
    expect(await session.provider.lookUp({ ...call, operation })).toEqual(gone)
    expect(await session.provider.inspect?.(call)).toEqual(gone)
    expect(await session.repeats(method, call)).toEqual(gone)
  })

  it("is gone with the whole account", async () => {
    const session = await authorized()
    stripe.deleteEverything()
    for (const method of calls) expect([method, await session.does(method)]).toEqual([method, { outcome: "gone" }])
  })

  it("is no gone payment if Stripe does not know the payment method, nor if that was detached", async () => {
    const customer = await customerId()
    const { id: payment_method } = stripe.saveCard(customer)
    const context = { account_holder: { id: customer } }
    stripe.detachMethod(payment_method)
    const named = { outcome: "declined", refusedBy: "caller", message: expect.stringContaining("payment_method") }
    const session = new Session(providerOf(stripe))
    for (const clientData of [{ payment_method }, { payment_method: "pm_unknown" }]) {
      expect(await session.does("initiate", { context, clientData })).toMatchObject(named)
    }
    await session.does("initiate", { context })
    expect(await session.does("update", { context, clientData: { payment_method } })).toMatchObject(named)
  })

  it("is the payment method, if it was detached before the payment is confirmed", async () => {
    const customer = await customerId()
    const { id: payment_method } = stripe.saveCard(customer)
    const about = { context: { account_holder: { id: customer } }, clientData: { payment_method } }
    const session = await opened(about)
    stripe.detachMethod(payment_method)
    expect(await session.does("authorize", about)).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: expect.stringContaining("payment_method"),
    })
  })

  it.each(["deleted", "forgotten"])("is the account holder, if the customer was %s", async (how) => {
    const customer = await customerId()
    const context = { account_holder: { id: customer } }
    const guests = await opened()
    if (how === "deleted") stripe.deleteCustomer(customer)
    else stripe.deleteObject(customer)
    const gone = { outcome: "gone", object: "account_holder" }
    expect(await new Session(providerOf(stripe)).does("initiate", { context })).toEqual(gone)
    expect(await guests.does("update", { context })).toEqual(gone)
  })
})

describe("Stripe's errors", () => {
  it("about the account tell the shopper nothing, and the log no key", async () => {
    const session = new Session(providerOf(stripe, { STRIPE_API_KEY: "sk_test_revoked" }))
    const outcome = await session.does("initiate")
    expect(outcome).toMatchObject({ outcome: "declined", refusedBy: "provider", retryable: true })
    expect(JSON.stringify(outcome)).not.toMatch(/key|sk_/i)
    expect(logged).toEqual([expect.stringMatching(/^Stripe: The API key was refused\. \(401, req_\w+\)$/)])
  })

  it("at a lookup never say how the call ended that it asks about", async () => {
    const session = await authorized()
    stripe.faults.add("GET /v1/payment_intents/:id", "401")
    const call = session.call()
    expect(await session.provider.lookUp({ ...call, operation: "capture" })).toMatchObject({ outcome: "unknown" })
  })

  it.each(["429", "drop_before", "drop_after"] as const)("leave open whether it happened: %s", async (fault) => {
    const session = await authorized()
    stripe.faults.add(CAPTURES, fault, ALL_TRIES)
    const { idempotencyKey, ...call } = session.call()
    expect(await session.repeats("capture", { ...call, idempotencyKey })).toMatchObject({ outcome: "unknown" })
    const keys = new Set(sentTo(/capture$/).map((request) => request.idempotencyKey))
    expect([...keys]).toEqual([idempotencyKey])
    expect(sentTo(/capture$/)).toHaveLength(ALL_TRIES)
  })

  it.each(["drop_after", "429"] as const)("are retried under the same key after %s", async (fault) => {
    const session = await authorized()
    stripe.faults.add(CAPTURES, fault)
    expect(await session.does("capture")).toMatchObject({ outcome: "succeeded" })
    expect(sentTo(/capture$/)).toHaveLength(2)
    expect(intentOf(session).amount_received).toBe(1000)
  })
})

describe("the deadline of a call", () => {
  it("breaks the request off, and nothing is sent after it", async () => {
    const session = await authorized()
    const deadline = new AbortController()
    const arrival = stripe.nextRequest(CAPTURES)
    stripe.faults.add(CAPTURES, "timeout_before")
    const capture = session.does("capture", { signal: deadline.signal })
    await arrival
    deadline.abort(new Error("Nobody waits any more"))
    expect(await capture).toEqual({ outcome: "unknown", cause: new Error("Nobody waits any more") })
    // A retry of the first try would come before this whole session, whose own capture is retried twice.
    const later = await authorized()
    stripe.faults.add(CAPTURES, "drop_before", 2)
    await later.does("capture")
    expect(sentTo(new RegExp(`${session.intentId}/capture$`))).toHaveLength(1)
  })

  it("is that of each call alone", async () => {
    const session = await opened()
    const { signal } = new AbortController()
    const aborted = session.does("authorize", { signal: AbortSignal.abort(new Error("Too late")) })
    const [first, second] = await Promise.all([aborted, session.does("authorize", { signal })])
    expect(first).toMatchObject({ outcome: "unknown" })
    expect(second).toMatchObject({ outcome: "pending" })
  })
})

async function customerId(): Promise<string> {
  const call = {
    idempotencyKey: newId("accholder"),
    customer: { id: "cus_1", email: "ada@example.com" },
    signal: AbortSignal.timeout(20_000),
  }
  const made = await providerOf(stripe).accountHolders.create(call)
  if (made.outcome !== "succeeded") throw new Error("No customer was made")
  return made.value.id
}
