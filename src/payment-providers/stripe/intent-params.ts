import type Stripe from "stripe"
import type { ProviderCall } from "../contract/index.js"
import { toStripeAmount } from "./amounts.js"
import type { ClientData } from "./client-data.js"
import { SENT, type PrivateData } from "./intents.js"
import type { StripeAccount } from "./stripe.config.js"
import type { StripeVariant } from "./variants.js"

// The parameters of payment intents. A call always has the same parameters, because Stripe compares them per idempotency key.

/** Related objects that Stripe returns with an intent. */
export const EXPAND = ["latest_charge"]

/** The account and the variant of a provider. */
export interface Terms {
  readonly account: StripeAccount
  readonly variant: StripeVariant
}

/** The types of payment methods that a storefront may choose from. */
export function enabledTypes({ account, variant }: Terms): readonly string[] {
  return variant.only === undefined ? account.paymentMethodTypes : [variant.only]
}

/** Whether a shopper may pay by card. */
export function takesCards(terms: Terms): boolean {
  const isAutomatic = terms.variant.only === undefined && terms.account.automaticPaymentMethods
  return isAutomatic || enabledTypes(terms).includes("card")
}

export function createParams(call: ProviderCall, data: ClientData, terms: Terms): Stripe.PaymentIntentCreateParams {
  const { payment_method, setup_future_usage } = data
  const customer = customerOf(call)
  const { description } = terms.account
  return {
    amount: toStripeAmount(call.amount),
    currency: call.amount.currency,
    metadata: intentMetadata(call, data),
    // Manual capture is set per payment method. On the intent it would exclude all methods without manual capture.
    capture_method: "automatic",
    ...offered(data, terms),
    ...optionsFor(offeredTypes(data, terms), terms),
    ...(payment_method !== undefined && { payment_method }),
    ...(setup_future_usage !== undefined && { setup_future_usage }),
    ...(customer !== undefined && { customer }),
    ...(description !== undefined && { description }),
    expand: EXPAND,
  }
}

/** @param before names the fields to unset if the storefront does not send them any more */
export function updateParams(
  call: ProviderCall,
  data: ClientData,
  terms: Terms,
  before: PrivateData,
): Stripe.PaymentIntentUpdateParams {
  const { payment_method, payment_method_types, setup_future_usage } = data
  const wasSent = (name: string) => before.sent?.includes(name) === true
  const customer = customerOf(call)
  const types = payment_method_types ?? (wasSent("payment_method_types") ? enabledTypes(terms) : [])
  return {
    amount: toStripeAmount(call.amount),
    currency: call.amount.currency,
    metadata: intentMetadata(call, data),
    ...(types.length > 0 && { allowed_payment_method_types: [...types], ...optionsFor(types, terms) }),
    ...(wasSent("payment_method") && { payment_method: "" }),
    ...(wasSent("setup_future_usage") && { setup_future_usage: "" as const }),
    ...(payment_method !== undefined && { payment_method }),
    ...(setup_future_usage !== undefined && { setup_future_usage }),
    ...(customer !== undefined && customer !== before.customer && { customer }),
    expand: EXPAND,
  }
}

/** Our ids, for the metadata of each object that a call creates or changes. */
export function metadataOf({ sessionId, idempotencyKey }: ProviderCall): Record<string, string> {
  return { session_id: sessionId, operation_id: idempotencyKey }
}

/** An empty text unsets the previous value. */
function intentMetadata(call: ProviderCall, data: ClientData): Record<string, string> {
  const { payment_method, payment_method_types, setup_future_usage } = data
  const kept = Object.entries({ payment_method, payment_method_types, setup_future_usage })
  const sent = kept.flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return { ...metadataOf(call), [SENT]: sent.join(" ") }
}

/** The types that the shopper may choose from; undefined for all that the dashboard enables. */
function offeredTypes({ payment_method_types }: ClientData, terms: Terms): readonly string[] | undefined {
  const isAutomatic = terms.variant.only === undefined && terms.account.automaticPaymentMethods
  return payment_method_types ?? (isAutomatic ? undefined : enabledTypes(terms))
}

/** The parameter for the offered means of payment. Stripe takes one of the two. */
function offered(
  data: ClientData,
  terms: Terms,
): Pick<Stripe.PaymentIntentCreateParams, "allowed_payment_method_types" | "automatic_payment_methods"> {
  const types = offeredTypes(data, terms)
  return types === undefined
    ? { automatic_payment_methods: { enabled: true } }
    : { allowed_payment_method_types: [...types] }
}

type Options = Stripe.PaymentIntentCreateParams.PaymentMethodOptions

/** The payment methods for which the SDK has a capture method of their own. */
type ManualType = {
  [Type in keyof Options]-?: "capture_method" extends keyof Extract<Options[Type], object> ? Type : never
}[keyof Options]

/**
 * The payment methods that can be captured later. A new version of the SDK that adds one does not compile until it is
 * here. https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
 */
const MANUAL_TYPES = {
  affirm: true,
  afterpay_clearpay: true,
  alma: true,
  amazon_pay: true,
  billie: true,
  card: true,
  // For terminals in shops, which this service does not support.
  card_present: false,
  cashapp: true,
  kakao_pay: true,
  klarna: true,
  kr_card: true,
  link: true,
  mobilepay: true,
  naver_pay: true,
  payco: true,
  paypal: true,
  revolut_pay: true,
  samsung_pay: true,
  satispay: true,
  scalapay: true,
  sequra: true,
  sunbit: true,
} satisfies Record<ManualType, boolean>

/** @param types undefined for all that the dashboard enables */
function optionsFor(
  types: readonly string[] | undefined,
  { account, variant }: Terms,
): { payment_method_options?: Options } {
  if (variant.only !== undefined) {
    const { paymentMethodOptions } = variant
    return paymentMethodOptions ? { payment_method_options: paymentMethodOptions } : {}
  }
  if (account.captureMethod === "automatic") return {}
  const manual = Object.entries(MANUAL_TYPES).flatMap(([type, isManual]) =>
    isManual && (types === undefined || types.includes(type)) ? [type] : [],
  )
  if (manual.length === 0) return {}
  const options: Options = Object.fromEntries(manual.map((type) => [type, { capture_method: "manual" }]))
  // Stripe offers multicapture to some accounts only, and may refuse cards of other accounts that request it.
  const isInParts = account.multicapture && manual.includes("card")
  const card = { capture_method: "manual", request_multicapture: "if_available" } as const
  return { payment_method_options: isInParts ? { ...options, card } : options }
}

/** The id of the customer at Stripe. */
function customerOf({ context }: ProviderCall): string | undefined {
  const holder = context["account_holder"]
  if (typeof holder !== "object" || holder === null || !("id" in holder)) return undefined
  return typeof holder.id === "string" ? holder.id : undefined
}
