import Stripe from "stripe"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"

/** Seconds before each retry of a webhook, for tests that do not advance the clock. */
export const QUICK_RETRIES: readonly number[] = [0.05, 0.1, 0.2, 0.4]

/** The `stripe` package, connected to the sandbox. */
export const clientOf = (
  sandbox: StripeSandbox,
  config: { maxNetworkRetries?: number; timeout?: number } = {},
): Stripe => new Stripe(sandbox.apiKey, { ...sandbox.connection, maxNetworkRetries: 0, telemetry: false, ...config })

/** Resolves with the error that the SDK throws. */
export const refusal = (call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> =>
  call.then(
    () => {
      throw new Error("The call was not refused")
    },
    (error: unknown) => {
      if (error instanceof Stripe.errors.StripeError) return error
      throw error
    },
  )
