import type Stripe from "stripe"
import { checkChargeable, parseCurrency } from "./amounts.js"
import type { Books, StoredIntent } from "./books.js"
import { cardOptions, NO_ADDRESS } from "./objects.js"
import type { Parameters } from "./parameters.js"
import { badParameter } from "./refusal.js"

/** What can be set of an intent, at any time before it is paid. */
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

/** How an intent is confirmed. */
const CONFIRMING = [
  "error_on_requires_action",
  "off_session",
  "return_url",
  "use_stripe_sdk",
] as const satisfies readonly (keyof Stripe.PaymentIntentConfirmParams)[]

export const INTENT_PARAMETERS = {
  create: [...SETTABLE, ...CONFIRMING, "automatic_payment_methods", "confirm"],
  update: SETTABLE,
  confirm: [
    ...CONFIRMING,
    "capture_method",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "receipt_email",
    "setup_future_usage",
    "shipping",
  ],
  /** What Stripe.js sends. */
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

/** What the parameters say of an intent, to be put over it; nothing of what they leave out. */
export function intentChanges(
  books: Books,
  parameters: Parameters,
  before: Pick<StoredIntent, "amount" | "currency" | "metadata">,
): Partial<StoredIntent> {
  const amount = parameters.positiveInteger("amount") ?? before.amount
  const currency = parameters.has("currency") ? parseCurrency(parameters.requiredText("currency")) : before.currency
  if (parameters.has("amount") || parameters.has("currency")) checkChargeable(amount, currency)
  const texts = TEXTS.filter((name) => parameters.has(name)).map((name) => [name, parameters.nullableText(name)])
  return {
    amount,
    currency,
    ...Object.fromEntries(texts),
    ...(parameters.has("metadata") && { metadata: parameters.metadata(before.metadata) }),
    ...(parameters.has("customer") && { customer: knownCustomer(books, parameters) }),
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
}

function knownCustomer(books: Books, parameters: Parameters): string | null {
  const id = parameters.nullableText("customer") ?? null
  return id === null ? null : books.customer(id).id
}

function shippingOf(parameters: Parameters): Stripe.PaymentIntent.Shipping | null {
  if (parameters.text("shipping") === "") return null
  const shipping = parameters.nested("shipping")?.only(["address", "carrier", "name", "phone", "tracking_number"])
  if (!shipping) return null
  const parts = ["city", "country", "line1", "line2", "postal_code", "state"] as const
  const address = shipping.nested("address")?.only(parts)
  const given = parts.map((part) => [part, address?.nullableText(part) ?? null])
  return {
    address: { ...NO_ADDRESS, ...Object.fromEntries(given) },
    carrier: shipping.nullableText("carrier") ?? null,
    name: shipping.requiredText("name"),
    phone: shipping.nullableText("phone") ?? null,
    tracking_number: shipping.nullableText("tracking_number") ?? null,
  }
}

function optionsOf(parameters: Parameters): Stripe.PaymentIntent.PaymentMethodOptions {
  const options = parameters.nested("payment_method_options")?.only(["card", "oxxo"])
  options?.nested("oxxo")?.only(["expires_after_days"])
  const card = options
    ?.nested("card")
    ?.only(["capture_method", "request_multicapture", "request_three_d_secure", "setup_future_usage"])
  const captureMethod = card?.choice("capture_method", ["manual"])
  const multicapture = card?.choice("request_multicapture", ["if_available", "never"])
  const challenge = card?.choice("request_three_d_secure", ["any", "automatic", "challenge"])
  const futureUsage = card?.choice("setup_future_usage", ["none", "off_session", "on_session"])
  return cardOptions({
    ...(captureMethod && { capture_method: captureMethod }),
    ...(multicapture && { request_multicapture: multicapture }),
    ...(challenge && { request_three_d_secure: challenge }),
    ...(futureUsage && { setup_future_usage: futureUsage }),
  })
}

function methodTypesOf(parameters: Parameters): Partial<StoredIntent> {
  const types = parameters.texts("allowed_payment_method_types")
  const automatic = parameters.nested("automatic_payment_methods")?.only(["allow_redirects", "enabled"])
  if (types && automatic?.flag("enabled")) {
    throw badParameter(
      "You may only specify one of these parameters: allowed_payment_method_types, automatic_payment_methods.",
      { code: "parameters_exclusive" },
    )
  }
  if (types) {
    return { allowed_payment_method_types: types, payment_method_types: types, automatic_payment_methods: null }
  }
  if (!automatic) return {}
  const isEnabled = automatic.flag("enabled")
  if (isEnabled === undefined) throw automatic.missing("enabled")
  if (!isEnabled) return { automatic_payment_methods: null }
  const redirects = automatic.choice("allow_redirects", ["always", "never"]) ?? "always"
  return { automatic_payment_methods: { allow_redirects: redirects, enabled: true } }
}
