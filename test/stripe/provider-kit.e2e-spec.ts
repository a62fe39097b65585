import { afterAll, beforeAll, describe, it } from "@jest/globals"
import { Logger } from "@nestjs/common"
import { providerChecks, type KitSession, type ProviderHarness } from "../../src/provider-kit/index.js"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { providerOf } from "./provider-session.js"

const CALLS = {
  authorize: "GET /v1/payment_intents/:id",
  capture: "POST /v1/payment_intents/:id/capture",
}

/** A first try, and the SDK's own retries. */
const ALL_TRIES = 3

describe.each([
  ["Stripe", false],
  ["Stripe with multicapture", true],
])("%s", (_, hasMulticapture) => {
  let stripe: StripeSandbox
  beforeAll(async () => {
    // Refusals are logged for operators.
    Logger.overrideLogger(false)
    stripe = await StripeSandbox.start()
    stripe.offerMulticapture(hasMulticapture)
  })
  afterAll(() => stripe.stop())

  for (const check of providerChecks(harnessOf(() => stripe))) it(check.name, check.run)
})

function harnessOf(stripe: () => StripeSandbox): ProviderHarness {
  const intentIdOf = ({ privateData }: KitSession) => String(privateData["payment_intent"])
  return {
    provider: () => providerOf(stripe(), { STRIPE_MULTICAPTURE: "true" }),
    amounts: [
      { minor: 10_007n, currency: "eur" },
      { minor: 5_003n, currency: "jpy" },
      { minor: 12_340n, currency: "kwd" },
      { minor: 5_003n, currency: "isk" },
    ],
    shopper: {
      authorizes: (session) => {
        const id = intentIdOf(session)
        const isChallenged = stripe().records.intent(id).status === "requires_action"
        if (isChallenged) stripe().completeChallenge(id)
        else stripe().pay(id)
      },
      declines: (session) => {
        stripe().pay(intentIdOf(session), "declined")
      },
      isAskedForMore: (session) => {
        stripe().pay(intentIdOf(session), "challenge")
      },
    },
    dashboard: {
      forgets: (session) => {
        stripe().deleteObject(intentIdOf(session))
      },
      captures: (session) => {
        stripe().capture(intentIdOf(session))
      },
      cancels: (session) => {
        stripe().cancel(intentIdOf(session))
      },
      refunds: (session) => {
        stripe().refund(intentIdOf(session))
      },
    },
    records: (session) => {
      const { records } = stripe()
      const { amount_capturable, amount_received, currency, id } = records.intent(intentIdOf(session))
      const ours = [...records.refunds.values()].filter(
        ({ payment_intent, metadata }) => payment_intent === id && metadata?.["operation_id"] !== undefined,
      )
      const refunded = ours.reduce((sum, { amount }) => sum + amount, 0)
      const minor = (amount: number) => BigInt(currency === "isk" ? amount / 100 : amount)
      return {
        authorized: minor(amount_capturable + amount_received),
        captured: minor(amount_received),
        refunded: minor(refunded),
      }
    },
    secrets: () => [stripe().apiKey, stripe().webhookSecret],
    network: {
      losesNextResponse: (method) => {
        stripe().faults.add(CALLS[method], "drop_after", ALL_TRIES)
      },
      ignoresNextCall: (method) => {
        stripe().faults.add(CALLS[method], "timeout_before")
      },
    },
  }
}
