import type Stripe from "stripe"

type ErrorCode = Stripe.PaymentIntent.LastPaymentError.Code

/** The differences between accounts, API versions, or Stripe's documentation and public reports. */
export interface AccountSettings {
  /**
   * How an intent that requests multicapture is treated. The documentation says that it is a feature of IC+ pricing and that
   * others ask for access (docs.stripe.com/payments/multicapture). Public reports say that accounts without it are
   * refused with "not eligible for the requested card features", at creation or at confirmation (activemerchant 5417,
   * stripe-commercetools-connect-app 410).
   */
  multicapture: "available" | "ignored" | "refused_at_creation" | "refused_at_confirmation"
  /**
   * Whether a release makes a refund, as before 2025-03-31.basil: `amount_refunded` rises, `charge.refunded` is sent,
   * and an expired authorization has the reason `automatic` (Stripe changelog 2025-03-31.basil, "Partially capturing or
   * canceling payments no longer creates a Refund").
   */
  releasesMakeRefunds: boolean
  /** Whether refunds are pending at first. */
  refundsArePending: boolean
  /**
   * The most digits of an amount: by payment method (docs.stripe.com/currencies), or eight as the API reference of
   * `PaymentIntent.amount` says.
   */
  amountDigits: "by_payment_method" | "eight"
  /**
   * How an intent is treated that no payment method fits. For dynamic payment methods, public reports quote a refusal,
   * "No valid payment method types for this Payment Intent". The changelog of 2026-07-29.dahlia says only that
   * `allowed_payment_method_types` filters silently, so an intent without any may be returned.
   */
  withoutPaymentMethods: "refused" | "returned"
  /** The payment methods that are turned on in the Dashboard: what `automatic_payment_methods` offers. */
  dashboardMethods: readonly string[]
  /** The SDK lists two codes for each of these; which one comes when is not published. */
  codes: {
    refundOfDisputed: ErrorCode & ("charge_disputed" | "refund_disputed_payment")
    captureOfLapsed: ErrorCode & ("charge_expired_for_capture" | "capture_charge_authorization_expired")
    refundOfRefunded: ErrorCode & ("charge_already_refunded" | "charge_not_refundable")
  }
}

export const DEFAULT_SETTINGS: AccountSettings = {
  multicapture: "ignored",
  releasesMakeRefunds: false,
  refundsArePending: false,
  amountDigits: "by_payment_method",
  withoutPaymentMethods: "refused",
  dashboardMethods: ["card"],
  codes: {
    refundOfDisputed: "charge_disputed",
    captureOfLapsed: "charge_expired_for_capture",
    refundOfRefunded: "charge_already_refunded",
  },
}
