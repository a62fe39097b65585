import Stripe from "stripe"
import type { FakeStripe } from "./fake-stripe/index.js"

/** The `stripe` package, as it talks to a stand-in. */
export const clientOf = (fake: FakeStripe, config: { maxNetworkRetries?: number; timeout?: number } = {}): Stripe =>
  new Stripe(fake.apiKey, { ...fake.connection, maxNetworkRetries: 0, telemetry: false, ...config })

/** What the SDK throws. */
export const refusal = (call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> =>
  call.then(
    () => {
      throw new Error("It was not refused")
    },
    (error: unknown) => {
      if (error instanceof Stripe.errors.StripeError) return error
      throw error
    },
  )
