import { describe, expect, it } from "@jest/globals"
import { ConfigError } from "../../config.js"
import { readStripeAccounts, type StripeAccount } from "./stripe.config.js"

const KEY = { STRIPE_API_KEY: "sk_test_1" }

describe("readStripeAccounts", () => {
  it("finds no account where no key is set", () => {
    expect(readStripeAccounts({})).toEqual([])
    expect(readStripeAccounts({ STRIPE_API_KEY: " ", STRIPE_CAPTURE: "manual" })).toEqual([])
  })

  it("needs a key alone: captures later, and offers what is enabled at the dashboard", () => {
    expect(readStripeAccounts(KEY)).toEqual([
      {
        id: "stripe",
        returnOrigins: [/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/],
        apiKey: "sk_test_1",
        webhookSecrets: [],
        captureMethod: "manual",
        multicapture: false,
        automaticPaymentMethods: true,
        paymentMethodTypes: [],
        description: undefined,
        apiBase: undefined,
      },
    ])
  })

  it.each<[string, NodeJS.ProcessEnv, Partial<StripeAccount>]>([
    ["a restricted live key", { STRIPE_API_KEY: "rk_live_1" }, { apiKey: "rk_live_1" }],
    ["secrets", { STRIPE_WEBHOOK_SECRET: "whsec_new, whsec_old" }, { webhookSecrets: ["whsec_new", "whsec_old"] }],
    ["captures in parts", { STRIPE_MULTICAPTURE: "true" }, { multicapture: true }],
    ["no captures in parts", { STRIPE_MULTICAPTURE: "false" }, { multicapture: false }],
    ["automatic capture", { STRIPE_CAPTURE: "automatic" }, { captureMethod: "automatic" }],
    [
      "types, which turn off what is automatic",
      { STRIPE_PAYMENT_METHOD_TYPES: "card,sepa_debit" },
      { automaticPaymentMethods: false, paymentMethodTypes: ["card", "sepa_debit"] },
    ],
    [
      "types to choose from beside what is automatic",
      { STRIPE_PAYMENT_METHOD_TYPES: "card", STRIPE_AUTOMATIC_PAYMENT_METHODS: "true" },
      { automaticPaymentMethods: true, paymentMethodTypes: ["card"] },
    ],
    [
      "nothing automatic and no types, which leaves cards",
      { STRIPE_AUTOMATIC_PAYMENT_METHODS: "false" },
      { automaticPaymentMethods: false, paymentMethodTypes: ["card"] },
    ],
    ["a description", { STRIPE_PAYMENT_DESCRIPTION: "Acme Shop" }, { description: "Acme Shop" }],
    [
      "the storefronts, and sites besides, to return to",
      { STORE_CORS: "https://shop.example", STRIPE_RETURN_ORIGINS: "https://pay.example" },
      { returnOrigins: ["https://shop.example", "https://pay.example"] },
    ],
    ["no site to return to in production, unless one is set", { NODE_ENV: "production" }, { returnOrigins: [] }],
    ["another API", { STRIPE_API_BASE: "http://127.0.0.1:12111" }, { apiBase: new URL("http://127.0.0.1:12111") }],
  ])("takes %s", (_, env, expected) => {
    expect(readStripeAccounts({ ...KEY, ...env })).toEqual([expect.objectContaining(expected)])
  })

  it("reads several accounts; what is not an account's own counts for all of them, except keys and secrets", () => {
    const accounts = readStripeAccounts({
      STRIPE_ACCOUNTS: "eu, us-west",
      STRIPE_EU_API_KEY: "sk_live_eu",
      STRIPE_EU_WEBHOOK_SECRET: "whsec_eu",
      STRIPE_EU_CAPTURE: "automatic",
      STRIPE_US_WEST_MULTICAPTURE: "true",
      STRIPE_US_WEST_API_KEY: "sk_live_us",
      STRIPE_CAPTURE: "manual",
      STRIPE_PAYMENT_DESCRIPTION: "Acme",
    })
    expect(accounts).toMatchObject([
      { id: "eu", apiKey: "sk_live_eu", webhookSecrets: ["whsec_eu"], captureMethod: "automatic", description: "Acme" },
      { id: "us-west", apiKey: "sk_live_us", webhookSecrets: [], captureMethod: "manual", multicapture: true },
    ])
  })

  it.each<[NodeJS.ProcessEnv, RegExp]>([
    [
      { STRIPE_API_KEY: "pk_test_hunter2" },
      /^STRIPE_API_KEY must be a secret or restricted key of Stripe, which starts with sk_test_/,
    ],
    [
      { ...KEY, STRIPE_WEBHOOK_SECRET: "hunter2" },
      /^STRIPE_WEBHOOK_SECRET must be comma-separated signing secrets .* whsec_/,
    ],
    [{ ...KEY, STRIPE_MULTICAPTURE: "1" }, /^STRIPE_MULTICAPTURE must be true or false, got '1'\.$/],
    [{ ...KEY, STRIPE_CAPTURE: "later" }, /^STRIPE_CAPTURE must be manual or automatic, got 'later'\.$/],
    [{ ...KEY, STRIPE_AUTOMATIC_PAYMENT_METHODS: "yes" }, /^STRIPE_AUTOMATIC_PAYMENT_METHODS must be true or false/],
    [
      { ...KEY, STRIPE_PAYMENT_METHOD_TYPES: "Cards!" },
      /^STRIPE_PAYMENT_METHOD_TYPES must be comma-separated types .* got 'Cards!'\.$/,
    ],
    [{ ...KEY, STRIPE_PAYMENT_METHOD_TYPES: "," }, /^STRIPE_PAYMENT_METHOD_TYPES must be comma-separated types/],
    [{ ...KEY, STRIPE_API_BASE: "localhost" }, /^STRIPE_API_BASE must be a URL without a path/],
    [{ ...KEY, STRIPE_API_BASE: "https://proxy.example/stripe" }, /^STRIPE_API_BASE must be a URL without a path/],
    [{ STRIPE_ACCOUNTS: "EU" }, /^STRIPE_ACCOUNTS must be comma-separated names .* got 'EU'\.$/],
    [{ STRIPE_ACCOUNTS: "eu_west" }, /^STRIPE_ACCOUNTS must be comma-separated names/],
    [{ STRIPE_ACCOUNTS: "," }, /^STRIPE_ACCOUNTS must be comma-separated names .* got ','\.$/],
    [{ STRIPE_ACCOUNTS: "eu,us,eu" }, /^STRIPE_ACCOUNTS names 'eu' twice\.$/],
    [{ STRIPE_ACCOUNTS: "eu" }, /^STRIPE_EU_API_KEY must be a secret or restricted key/],
    [{ ...KEY, STRIPE_ACCOUNTS: "eu" }, /^STRIPE_API_KEY belongs to none of STRIPE_ACCOUNTS/],
    [{ STRIPE_ACCOUNTS: "eu", STRIPE_EU_API_KEY: "sk_test_1", STRIPE_EU_CAPTURE: "x" }, /^STRIPE_EU_CAPTURE must be/],
  ])("refuses %j in one line without any secret", (env, message) => {
    const refusal = refusalOf(env)
    expect(refusal).toMatch(message)
    expect(refusal).not.toMatch(/\n|hunter2/)
  })
})

function refusalOf(env: NodeJS.ProcessEnv): string {
  try {
    readStripeAccounts(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error("It was accepted")
}
