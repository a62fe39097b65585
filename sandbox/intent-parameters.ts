import type Stripe from "stripe"
import { checkChargeable, checkDigits, parseCurrency } from "./amounts.js"
import type { Records, StoredIntent } from "./records.js"
import { cardOptions, NO_ADDRESS } from "./objects.js"
import type { Parameters } from "./parameters.js"
import { MANUALLY_CAPTURABLE, offeredTypes } from "./payment-method-types.js"
import { badParameter } from "./errors.js"

/** The fields of an intent that can be set at any time before it is paid. */
const SETTABLE = [
  "allowed_payment_method_types",
  "amount",
  "capture_method",
  "currency",
  "customer",
  "description",
  "metadata",
  "payment_method",
  "payment_method_data",
  "payment_method_options",
  "receipt_email",
  "setup_future_usage",
  "shipping",
  "statement_descriptor",
  "statement_descriptor_suffix",
  "transfer_group",
] as const satisfies readonly (keyof Stripe.PaymentIntentUpdateParams)[]

/** Parameters that Stripe knows, and refuses with a code of their own. */
const REMOVED = ["payment_method_types"] as const

/** How an intent is confirmed. */
const CONFIRMING = [
  "error_on_requires_action",
  "off_session",
  "return_url",
  "use_stripe_sdk",
] as const satisfies readonly (keyof Stripe.PaymentIntentConfirmParams)[]

export const INTENT_PARAMETERS = {
  create: [...SETTABLE, ...CONFIRMING, ...REMOVED, "automatic_payment_methods", "confirm"],
  update: [...SETTABLE, ...REMOVED],
  confirm: [
    ...CONFIRMING,
    ...REMOVED,
    "allowed_payment_method_types",
    "capture_method",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "receipt_email",
    "setup_future_usage",
    "shipping",
  ],
  /** The parameters that Stripe.js sends. */
  confirmInBrowser: ["client_secret", "payment_method", "payment_method_data", "return_url", "use_stripe_sdk"],
  capture: ["amount_to_capture", "final_capture", "metadata", "statement_descriptor", "statement_descriptor_suffix"],
  cancel: ["cancellation_reason"],
  list: ["created", "customer"],
} as const

const CAPTURE_METHODS = ["automatic", "automatic_async", "manual"] as const
const FUTURE_USAGES = ["off_session", "on_session"] as const
const TEXTS = [
  "description",
  "receipt_email",
  "statement_descriptor",
  "statement_descriptor_suffix",
  "transfer_group",
] as const

/** The changes of an intent that the parameters ask for. */
export function intentChanges(records: Records, parameters: Parameters, before: StoredIntent): Partial<StoredIntent> {
  refusePaymentMethodTypes(parameters)
  const amount = parameters.positiveInteger("amount") ?? before.amount
  const currency = parameters.has("currency") ? parseCurrency(parameters.requiredText("currency")) : before.currency
  const texts = TEXTS.filter((name) => parameters.has(name)).map(
    (name) => [name, parameters.nullableText(name)] as const,
  )
  const changes: Partial<StoredIntent> = {
    amount,
    currency,
    ...Object.fromEntries(texts),
    ...(parameters.has("metadata") && { metadata: parameters.metadata(before.metadata) }),
    ...(parameters.has("customer") && { customer: changedCustomer(records, parameters, before) }),
    ...(parameters.has("capture_method") && {
      capture_method: parameters.choice("capture_method", CAPTURE_METHODS),
    }),
    ...(parameters.has("setup_future_usage") && {
      setup_future_usage: parameters.choice("setup_future_usage", FUTURE_USAGES) ?? null,
    }),
    ...(parameters.has("shipping") && { shipping: shippingOf(parameters) }),
    ...(parameters.has("payment_method_options") && { payment_method_options: optionsOf(parameters) }),
    ...methodTypesOf(parameters),
  }
  if (parameters.has("amount") || parameters.has("currency")) checkChargeable(amount, currency)
  if (!parameters.names.some((name) => DECIDING_METHODS.includes(name))) return changes
  const types = offeredTypes({ ...before, ...changes }, records.settings)
  // A card may be of any network until one is chosen.
  const methods = types.map((type) => ({ type }))
  checkDigits(amount, currency, methods, records.settings)
  return { ...changes, payment_method_types: types }
}

/** The parameters on which the payment methods of an intent depend. */
const DECIDING_METHODS: readonly string[] = [
  "allowed_payment_method_types",
  "amount",
  "automatic_payment_methods",
  "capture_method",
  "currency",
  "payment_method_options",
]

/** Stripe changelog 2026-09-30.endive, "Removes the payment method types parameter from Payment Intents and Setup Intents". */
export function refusePaymentMethodTypes(parameters: Parameters): void {
  if (!parameters.has("payment_method_types")) return
  throw badParameter(
    "The payment_method_types parameter is no longer supported. Use allowed_payment_method_types instead.",
    { code: "payment_method_types_no_longer_supported", param: "payment_method_types" },
  )
}

/** A customer can be set once (worded as in public reports: solidus_stripe 158). */
function changedCustomer(records: Records, parameters: Parameters, { customer: before }: StoredIntent): string | null {
  const id = parameters.nullableText("customer") ?? null
  if (before !== null && id !== before) {
    throw badParameter(
      "You cannot modify `customer` on a PaymentIntent once it already has been set. To fulfill a payment with a " +
        "different Customer, cancel this PaymentIntent and create a new one.",
      { param: "customer" },
    )
  }
  return id === null ? null : records.customer(id).id
}

function shippingOf(parameters: Parameters): Stripe.PaymentIntent.Shipping | null {
  if (parameters.text("shipping") === "") return null
  const shipping = parameters.nested("shipping")?.only(["address", "carrier", "name", "phone", "tracking_number"])
  if (!shipping) return null
  const parts = ["city", "country", "line1", "line2", "postal_code", "state"] as const
  const address = shipping.nested("address")?.only(parts)
  const given = parts.map((part) => [part, address?.nullableText(part) ?? null] as const)
  return {
    address: { ...NO_ADDRESS, ...Object.fromEntries(given) },
    carrier: shipping.nullableText("carrier") ?? null,
    name: shipping.requiredText("name"),
    phone: shipping.nullableText("phone") ?? null,
    tracking_number: shipping.nullableText("tracking_number") ?? null,
  }
}

function optionsOf(parameters: Parameters): Stripe.PaymentIntent.PaymentMethodOptions {
  const options = parameters.nested("payment_method_options")?.only([...MANUALLY_CAPTURABLE, "oxxo"])
  options?.nested("oxxo")?.only(["expires_after_days"])
  const others = MANUALLY_CAPTURABLE.flatMap((type) => {
    if (type === "card") return []
    const own = options?.nested(type)?.only(["capture_method"]).choice("capture_method", ["manual"])
    return own ? [[type, { capture_method: own }] as const] : []
  })
  const card = options
    ?.nested("card")
    ?.only(["capture_method", "request_multicapture", "request_three_d_secure", "setup_future_usage"])
  const captureMethod = card?.choice("capture_method", ["manual"])
  const multicapture = card?.choice("request_multicapture", ["if_available", "never"])
  const challenge = card?.choice("request_three_d_secure", ["any", "automatic", "challenge"])
  const futureUsage = card?.choice("setup_future_usage", ["none", "off_session", "on_session"])
  const ofCard = cardOptions({
    ...(captureMethod && { capture_method: captureMethod }),
    ...(multicapture && { request_multicapture: multicapture }),
    ...(challenge && { request_three_d_secure: challenge }),
    ...(futureUsage && { setup_future_usage: futureUsage }),
  })
  return { ...ofCard, ...Object.fromEntries(others) }
}

function methodTypesOf(parameters: Parameters): Partial<StoredIntent> {
  const types = parameters.texts("allowed_payment_method_types")
  const automatic = parameters.nested("automatic_payment_methods")?.only(["allow_redirects", "enabled"])
  // Stripe changelog 2026-07-29.dahlia: the two exclude each other.
  if (types && automatic) {
    throw badParameter(
      "You may only specify one of these parameters: allowed_payment_method_types, automatic_payment_methods.",
      { code: "parameters_exclusive" },
    )
  }
  if (types) {
    return { allowed_payment_method_types: types, automatic_payment_methods: null }
  }
  if (!automatic) return {}
  const isEnabled = automatic.flag("enabled")
  if (isEnabled === undefined) throw automatic.missing("enabled")
  if (!isEnabled) return { automatic_payment_methods: null }
  const redirects = automatic.choice("allow_redirects", ["always", "never"]) ?? "always"
  return { automatic_payment_methods: { allow_redirects: redirects, enabled: true } }
}
