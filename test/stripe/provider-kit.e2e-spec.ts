import { afterAll, beforeAll, describe, it } from "@jest/globals"
import { Logger } from "@nestjs/common"
import { providerChecks, type KitSession, type ProviderHarness } from "../../src/provider-kit/index.js"
import { FakeStripe } from "../support/fake-stripe/index.js"
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
  let stripe: FakeStripe
  beforeAll(async () => {
    // Refusals are logged for operators.
    Logger.overrideLogger(false)
    stripe = await FakeStripe.start()
    stripe.offersMulticapture(hasMulticapture)
  })
  afterAll(() => stripe.stop())

  for (const check of providerChecks(harnessOf(() => stripe))) it(check.name, check.run)
})

function harnessOf(stripe: () => FakeStripe): ProviderHarness {
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
        const isChallenged = stripe().books.intent(id).status === "requires_action"
        if (isChallenged) stripe().completesChallenge(id)
        else stripe().pays(id)
      },
      declines: (session) => {
        stripe().pays(intentIdOf(session), "declined")
      },
      isAskedForMore: (session) => {
        stripe().pays(intentIdOf(session), "challenge")
      },
    },
    dashboard: {
      forgets: (session) => {
        stripe().forget(intentIdOf(session))
      },
      captures: (session) => {
        stripe().captures(intentIdOf(session))
      },
      cancels: (session) => {
        stripe().cancels(intentIdOf(session))
      },
      refunds: (session) => {
        stripe().refunds(intentIdOf(session))
      },
    },
    records: (session) => {
      const { books } = stripe()
      const { amount_capturable, amount_received, currency, id } = books.intent(intentIdOf(session))
      const ours = [...books.refunds.values()].filter(
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
        stripe().fails(CALLS[method], "drop_after", ALL_TRIES)
      },
      ignoresNextCall: (method) => {
        stripe().fails(CALLS[method], "timeout_before")
      },
    },
  }
}
