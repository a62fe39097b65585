import type Stripe from "stripe"
import type { ProviderCall } from "../payment-provider.contract.js"
import { toStripeAmount } from "./amounts.js"
import type { ClientData } from "./client-data.js"
import { SENT, type PrivateData } from "./intents.js"
import type { StripeAccount } from "./stripe.config.js"
import type { StripeVariant } from "./variants.js"

// What Stripe is asked for. The same call always gives the same parameters: Stripe compares them by idempotency key.

/** What is read of a charge with its intent. */
export const EXPAND = ["latest_charge"]

/** Where a provider's payments go, and how. */
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
    capture_method: captureMethod(terms),
    ...offered(data, terms),
    ...options(data, terms),
    ...(payment_method !== undefined && { payment_method }),
    ...(setup_future_usage !== undefined && { setup_future_usage }),
    ...(customer !== undefined && { customer }),
    ...(description !== undefined && { description }),
    expand: EXPAND,
  }
}

/** @param before what is unset where it is not sent any more */
export function updateParams(
  call: ProviderCall,
  data: ClientData,
  terms: Terms,
  before: PrivateData,
): Stripe.PaymentIntentUpdateParams {
  const { payment_method, payment_method_types, setup_future_usage } = data
  const wasSent = (name: string) => before.sent?.includes(name) === true
  const customer = customerOf(call)
  return {
    amount: toStripeAmount(call.amount),
    currency: call.amount.currency,
    metadata: intentMetadata(call, data),
    ...((payment_method_types !== undefined || wasSent("payment_method_types")) && {
      allowed_payment_method_types: payment_method_types ?? [...enabledTypes(terms)],
    }),
    ...(wasSent("payment_method") && { payment_method: "" }),
    ...(wasSent("setup_future_usage") && { setup_future_usage: "" as const }),
    ...(payment_method !== undefined && { payment_method }),
    ...(setup_future_usage !== undefined && { setup_future_usage }),
    ...(customer !== undefined && customer !== before.customer && { customer }),
    expand: EXPAND,
  }
}

/** Our ids, in the metadata of what a call makes or changes. */
export function metadataOf({ sessionId, idempotencyKey }: ProviderCall): Record<string, string> {
  return { session_id: sessionId, operation_id: idempotencyKey }
}

/** An empty text unsets what was there. */
function intentMetadata(call: ProviderCall, data: ClientData): Record<string, string> {
  const { payment_method, payment_method_types, setup_future_usage } = data
  const kept = Object.entries({ payment_method, payment_method_types, setup_future_usage })
  const sent = kept.flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return { ...metadataOf(call), [SENT]: sent.join(" ") }
}

function captureMethod({ account, variant }: Terms): "manual" | "automatic" {
  return variant.only === undefined ? account.captureMethod : "automatic"
}

/** Which means of payment the shopper gets to see. */
function offered(
  { payment_method_types }: ClientData,
  terms: Terms,
): Pick<Stripe.PaymentIntentCreateParams, "allowed_payment_method_types" | "automatic_payment_methods"> {
  const isAutomatic = terms.variant.only === undefined && terms.account.automaticPaymentMethods
  if (payment_method_types === undefined && isAutomatic) return { automatic_payment_methods: { enabled: true } }
  return { allowed_payment_method_types: payment_method_types ?? [...enabledTypes(terms)] }
}

/** Cards can be captured in parts where the account has that. */
function options(
  { payment_method_types }: ClientData,
  terms: Terms,
): Pick<Stripe.PaymentIntentCreateParams, "payment_method_options"> {
  if (terms.variant.only !== undefined) {
    const { paymentMethodOptions } = terms.variant
    return paymentMethodOptions ? { payment_method_options: paymentMethodOptions } : {}
  }
  const types = payment_method_types ?? (terms.account.automaticPaymentMethods ? undefined : enabledTypes(terms))
  const isForCards = types === undefined || types.includes("card")
  return isForCards && captureMethod(terms) === "manual"
    ? { payment_method_options: { card: { request_multicapture: "if_available" } } }
    : {}
}

/** The customer in Stripe's books. */
function customerOf({ context }: ProviderCall): string | undefined {
  const holder = context["account_holder"]
  if (typeof holder !== "object" || holder === null || !("id" in holder)) return undefined
  return typeof holder.id === "string" ? holder.id : undefined
}
