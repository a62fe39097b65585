import type Stripe from "stripe"

/** A provider of an account: for cards and whatever else is enabled, or for one means of payment. */
export interface StripeVariant {
  /** The middle of the provider's id: `stripe` in `pp_stripe_eu`. */
  readonly identifier: string
  /** The one means of payment, in Stripe's name; absent: what the operator enabled. It cannot be captured later. */
  readonly only?: string
  readonly paymentMethodOptions?: Stripe.PaymentIntentCreateParams.PaymentMethodOptions
  /** Whether it also takes less than Stripe's usual minimum. */
  readonly takesLittle?: boolean
}

/** Days within which a voucher is paid in a shop. */
const VOUCHER_DAYS = 3

/** The providers of every account. */
export const VARIANTS: readonly StripeVariant[] = [
  { identifier: "stripe" },
  { identifier: "stripe-bancontact", only: "bancontact" },
  { identifier: "stripe-blik", only: "blik" },
  { identifier: "stripe-ideal", only: "ideal", takesLittle: true },
  { identifier: "stripe-przelewy24", only: "p24" },
  { identifier: "stripe-promptpay", only: "promptpay" },
  {
    identifier: "stripe-oxxo",
    only: "oxxo",
    paymentMethodOptions: { oxxo: { expires_after_days: VOUCHER_DAYS } },
  },
]
