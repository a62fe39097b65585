import type Stripe from "stripe"

/** A provider of an account: for all enabled means of payment, or for a single one. */
export interface StripeVariant {
  /** The middle of the provider's id: `stripe` in `pp_stripe_eu`. */
  readonly identifier: string
  /** The single means of payment, by Stripe's name. It cannot be captured later. Absent: all that the operator enabled. */
  readonly only?: string
  readonly paymentMethodOptions?: Stripe.PaymentIntentCreateParams.PaymentMethodOptions
  /** Whether Stripe's minimum amounts do not apply to it. */
  readonly hasNoMinimum?: boolean
}

/** Days within which a voucher is paid in a shop. */
const VOUCHER_DAYS = 3

/** The providers of every account. */
export const VARIANTS: readonly StripeVariant[] = [
  { identifier: "stripe" },
  { identifier: "stripe-bancontact", only: "bancontact" },
  { identifier: "stripe-blik", only: "blik" },
  { identifier: "stripe-ideal", only: "ideal", hasNoMinimum: true },
  { identifier: "stripe-przelewy24", only: "p24" },
  { identifier: "stripe-promptpay", only: "promptpay" },
  {
    identifier: "stripe-oxxo",
    only: "oxxo",
    paymentMethodOptions: { oxxo: { expires_after_days: VOUCHER_DAYS } },
  },
]
