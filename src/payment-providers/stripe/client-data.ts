import type { CorsOrigin } from "../../config.js"
import type { Declined, ProviderData } from "../contract/index.js"

// Validates the data of clients that this service passes on to Stripe.

/** The names that a storefront may send for a session. */
export const CLIENT_FIELDS = ["payment_method", "payment_method_types", "setup_future_usage", "return_url"] as const

export interface ClientData {
  /** A payment method to pay with: `pm_...` */
  readonly payment_method?: string
  /** A choice among what the operator enabled. */
  readonly payment_method_types?: string[]
  readonly setup_future_usage?: Usage
  /** Where the shopper continues after a redirect. Stripe receives it with the confirmation. */
  readonly return_url?: string
}

const SETUP_FIELDS = ["payment_method_types", "usage"] as const

/** The data that a client sends to save a means of payment. */
export interface SetupData {
  readonly payment_method_types?: string[]
  readonly usage?: Usage
}

const USAGES = ["on_session", "off_session"] as const
type Usage = (typeof USAGES)[number]

const LONGEST_MESSAGE = 300
const LONGEST_URL = 2_048

/** The choices that a storefront has. */
export interface ClientChoices {
  /** The types of payment methods, in Stripe's names. */
  readonly types: readonly string[]
  /** The origins that the shopper may return to: a return to any site would make the shop's checkout a lure. */
  readonly returnOrigins: readonly CorsOrigin[]
}

/** Reads what a storefront sent for a session. */
export function readClientData(data: ProviderData, choices: ClientChoices): ClientData | Declined {
  const refusal = checkNames(CLIENT_FIELDS, data)
  if (refusal !== undefined) return refusal
  const { payment_method, payment_method_types, setup_future_usage, return_url } = data
  if (payment_method !== undefined && !isId(payment_method)) {
    return refused("payment_method has to be the id of a payment method")
  }
  const types = chosenTypes(payment_method_types, choices.types)
  if (typeof types === "string") return refused(types)
  if (setup_future_usage !== undefined && !isUsage(setup_future_usage)) {
    return refused(`setup_future_usage has to be ${USAGES.join(" or ")}`)
  }
  if (return_url !== undefined && !isWebAddress(return_url)) {
    return refused(
      "return_url has to be a URL that begins with http:// or https://, without a user name, of at most 2,048 characters",
    )
  }
  if (return_url !== undefined && !mayReturnTo(return_url, choices.returnOrigins)) {
    return refused("return_url has to be on a site that STORE_CORS or STRIPE_RETURN_ORIGINS names")
  }
  return { payment_method, payment_method_types: types, setup_future_usage, return_url }
}

/** Reads what a client sent to save a means of payment. */
export function readSetupData(data: ProviderData, enabled: readonly string[]): SetupData | Declined {
  const refusal = checkNames(SETUP_FIELDS, data)
  if (refusal !== undefined) return refusal
  const { payment_method_types, usage } = data
  const types = chosenTypes(payment_method_types, enabled)
  if (typeof types === "string") return refused(types)
  if (usage !== undefined && !isUsage(usage)) return refused(`usage has to be ${USAGES.join(" or ")}`)
  return { payment_method_types: types, usage }
}

export function isDeclined(read: object): read is Declined {
  return "outcome" in read
}

function checkNames(known: readonly string[], data: ProviderData): Declined | undefined {
  const unknown = Object.keys(data).filter((name) => !known.includes(name))
  return unknown.length > 0 ? refused(`${unknown.join(", ")} cannot be sent, only ${known.join(", ")}`) : undefined
}

/** The types, or what is wrong with them. */
function chosenTypes(value: unknown, enabled: readonly string[]): string[] | undefined | string {
  if (value === undefined) return undefined
  if (!isTexts(value) || value.length === 0) return "payment_method_types has to be a list of types"
  if (value.every((type) => enabled.includes(type))) return value
  if (enabled.length === 0) return "payment_method_types cannot be sent: all that is enabled is offered"
  return `payment_method_types has to be among ${enabled.join(", ")}`
}

function refused(reason: string): Declined {
  const message = `The payment provider refuses the data: ${reason}.`.slice(0, LONGEST_MESSAGE)
  return { outcome: "declined", message, code: "invalid_data", retryable: false, refusedBy: "caller" }
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^\w{1,255}$/.test(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
}

function isUsage(value: unknown): value is Usage {
  return USAGES.some((usage) => usage === value)
}

/** Compares whole origins, as a browser would read the URL. */
function mayReturnTo(url: string, allowed: readonly CorsOrigin[]): boolean {
  const { origin } = new URL(url)
  return allowed.some((each) => (typeof each === "string" ? each === origin : each.test(origin)))
}

/** Accepts only URLs that all parsers read in the same way: no backslash, no user name, no characters that browsers drop. */
function isWebAddress(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length <= LONGEST_URL &&
    /^https?:\/\/[^\s/\\?#@]+([/?#][^\s\\\p{Cc}]*)?$/u.test(value) &&
    URL.canParse(value)
  )
}
