import type Stripe from "stripe"
import type { StoredIntent } from "./records.js"
import { badParameter } from "./errors.js"
import type { AccountSettings } from "./settings.js"

/**
 * The methods that can be captured manually: those for which the API reference has
 * `payment_method_options[METHOD][capture_method]`. The guide "Place a hold on a payment method" names among the others
 * ideal, bancontact, blik, p24, promptpay, oxxo and sepa_debit (docs.stripe.com/payments/place-a-hold-on-a-payment-method).
 */
export const MANUALLY_CAPTURABLE = [
  ...(["affirm", "afterpay_clearpay", "alma", "amazon_pay", "billie", "card", "cashapp", "kakao_pay"] as const),
  ...(["klarna", "kr_card", "link", "mobilepay", "naver_pay", "payco", "paypal", "revolut_pay"] as const),
  ...(["samsung_pay", "satispay", "scalapay", "sequra", "sunbit"] as const),
] as const satisfies readonly (keyof Stripe.PaymentIntentCreateParams.PaymentMethodOptions)[]

/** Currencies of methods that take some only (docs.stripe.com/payments/payment-methods/payment-method-support). */
const CURRENCIES: Readonly<Record<string, readonly string[]>> = {
  acss_debit: ["cad", "usd"],
  au_becs_debit: ["aud"],
  bacs_debit: ["gbp"],
  bancontact: ["eur"],
  blik: ["pln"],
  boleto: ["brl"],
  cashapp: ["usd"],
  eps: ["eur"],
  fpx: ["myr"],
  grabpay: ["myr", "sgd"],
  ideal: ["eur"],
  konbini: ["jpy"],
  multibanco: ["eur"],
  oxxo: ["mxn"],
  p24: ["eur", "pln"],
  paynow: ["sgd"],
  pix: ["brl"],
  promptpay: ["thb"],
  sepa_debit: ["eur"],
  swish: ["sek"],
  twint: ["chf"],
  us_bank_account: ["usd"],
}

type Terms = Pick<
  StoredIntent,
  "allowed_payment_method_types" | "capture_method" | "currency" | "payment_method_options"
>

/** Whether a method's money is held until it is captured. The method's own setting overrides the intent's. */
export function isCapturedManually(
  { capture_method, payment_method_options }: Pick<Terms, "capture_method" | "payment_method_options">,
  type: string,
): boolean {
  const options: Readonly<Record<string, object | undefined>> = { ...payment_method_options }
  const own = options[type]
  return (own && "capture_method" in own ? own.capture_method : capture_method) === "manual"
}

/** Whether a method supports the intent's capture method. */
export const fitsCapture = (terms: Terms, type: string): boolean =>
  !isCapturedManually(terms, type) || MANUALLY_CAPTURABLE.some((capturable) => capturable === type)

/**
 * The methods of an intent: those asked for, or else those of the Dashboard, without those that do not fit its other
 * parameters (Stripe changelog 2026-07-29.dahlia, "Adds the allowed payment method types parameter").
 */
export function offeredTypes(terms: Terms, { dashboardMethods, withoutPaymentMethods }: AccountSettings): string[] {
  const wanted = terms.allowed_payment_method_types ?? dashboardMethods
  const offered = wanted.filter(
    (type) => fitsCapture(terms, type) && (CURRENCIES[type]?.includes(terms.currency) ?? true),
  )
  if (offered.length > 0 || withoutPaymentMethods === "returned") return offered
  throw badParameter(
    "No valid payment method types for this Payment Intent. Please ensure that you have activated payment methods " +
      "compatible with your chosen currency in your dashboard (https://dashboard.stripe.com/settings/payment_methods).",
  )
}
