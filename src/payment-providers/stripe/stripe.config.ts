import {
  commaSeparated,
  ConfigError,
  origins,
  readConfig,
  settingReader,
  type CorsOrigin,
  type SettingReader,
} from "../../config.js"

/** An account with Stripe, as the environment describes it. */
export interface StripeAccount {
  /** The last part of the ids of its providers: `stripe` in `pp_stripe_stripe`. */
  readonly id: string
  readonly apiKey: string
  /** Several while a secret is being replaced; none if the account sends no webhooks. */
  readonly webhookSecrets: readonly string[]
  readonly captureMethod: "manual" | "automatic"
  /** Whether to capture cards in parts. Stripe has to enable that for the account. */
  readonly multicapture: boolean
  /** Whether to offer all that Stripe's dashboard enables, unless the storefront chooses among {@link paymentMethodTypes}. */
  readonly automaticPaymentMethods: boolean
  /** The types that a storefront may choose from, in Stripe's names: `card`, `sepa_debit`. */
  readonly paymentMethodTypes: readonly string[]
  /** The description of every payment at Stripe. */
  readonly description?: string
  /** The origins that a shopper may return to after a redirect: those of the storefronts, and additional ones. */
  readonly returnOrigins: readonly CorsOrigin[]
  /** The URL of the API; Stripe's if absent. */
  readonly apiBase?: URL
}

const ONLY_ACCOUNT = "stripe"
const ACCOUNT_NAME = /^[a-z0-9-]+$/
const API_KEY = /^(sk|rk)_(test|live)_\w+$/
const WEBHOOK_SECRET = /^whsec_\S+$/
const PAYMENT_METHOD_TYPE = /^[a-z0-9_]+$/

/** Reads the accounts; none if Stripe is not used. @throws ConfigError naming the first setting that is wrong */
export function readStripeAccounts(env: NodeJS.ProcessEnv): StripeAccount[] {
  const read = settingReader(env)
  const names = accountNames(read("STRIPE_ACCOUNTS"))
  const misplaced = names && ["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"].find((name) => read(name) !== undefined)
  if (misplaced !== undefined) {
    throw new ConfigError(
      `${misplaced} belongs to none of STRIPE_ACCOUNTS: set it for each account, such as STRIPE_EU_API_KEY.`,
    )
  }
  const { store } = readConfig(env).cors
  if (names) {
    const prefixOf = (name: string) => `STRIPE_${name.toUpperCase().replaceAll("-", "_")}_`
    return names.map((name) => account(readSettings(read, prefixOf(name)), name, store))
  }
  // Reads every setting even without a key, because the check for misspelt names records which names are read.
  const settings = readSettings(read, "STRIPE_")
  return settings.apiKey.value === undefined ? [] : [account(settings, ONLY_ACCOUNT, store)]
}

/**
 * Reads the settings of an account without validating them.
 * @param prefix of the account's own settings; a setting without it applies to every account
 */
function readSettings(read: SettingReader, prefix: string) {
  const own = (name: string): Setting => ({ name: `${prefix}${name}`, value: read(`${prefix}${name}`) })
  const setting = (name: string): Setting => {
    const [ofAccount, ofAll] = [own(name), { name: `STRIPE_${name}`, value: read(`STRIPE_${name}`) }]
    return ofAccount.value === undefined ? ofAll : ofAccount
  }
  return {
    apiKey: own("API_KEY"),
    webhookSecrets: own("WEBHOOK_SECRET"),
    capture: setting("CAPTURE"),
    multicapture: setting("MULTICAPTURE"),
    automaticPaymentMethods: setting("AUTOMATIC_PAYMENT_METHODS"),
    paymentMethodTypes: setting("PAYMENT_METHOD_TYPES"),
    description: setting("PAYMENT_DESCRIPTION"),
    returnOrigins: setting("RETURN_ORIGINS"),
    apiBase: setting("API_BASE"),
  }
}

function accountNames(value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const names = commaSeparated(value)
  const wrong = names.find((name) => !ACCOUNT_NAME.test(name))
  if (wrong !== undefined || names.length === 0) {
    throw new ConfigError(
      `STRIPE_ACCOUNTS must be comma-separated names of lower case letters, digits and hyphens, got '${wrong ?? value}'.`,
    )
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ConfigError(`STRIPE_ACCOUNTS names '${twice}' twice.`)
  return names
}

function account(
  settings: ReturnType<typeof readSettings>,
  id: string,
  storefronts: readonly CorsOrigin[],
): StripeAccount {
  const { returnOrigins } = settings
  const types = paymentMethodTypes(settings.paymentMethodTypes)
  const automatic = choice(settings.automaticPaymentMethods, ["true", "false"]) ?? String(types === undefined)
  return {
    id,
    apiKey: apiKey(settings.apiKey),
    webhookSecrets: webhookSecrets(settings.webhookSecrets),
    captureMethod: choice(settings.capture, ["manual", "automatic"]) ?? "manual",
    multicapture: choice(settings.multicapture, ["true", "false"]) === "true",
    automaticPaymentMethods: automatic === "true",
    paymentMethodTypes: types ?? (automatic === "true" ? [] : ["card"]),
    description: settings.description.value,
    returnOrigins: [...storefronts, ...(origins(returnOrigins.name, returnOrigins.value) ?? [])],
    apiBase: apiBase(settings.apiBase),
  }
}

interface Setting {
  readonly name: string
  readonly value: string | undefined
}

function apiKey({ name, value }: Setting): string {
  if (value !== undefined && API_KEY.test(value)) return value
  throw new ConfigError(
    `${name} must be a secret or restricted key of Stripe, which starts with sk_test_, sk_live_, rk_test_ or rk_live_.`,
  )
}

function webhookSecrets({ name, value }: Setting): string[] {
  const secrets = commaSeparated(value)
  if (secrets.every((secret) => WEBHOOK_SECRET.test(secret))) return secrets
  throw new ConfigError(`${name} must be comma-separated signing secrets of Stripe, which start with whsec_.`)
}

function paymentMethodTypes({ name, value }: Setting): string[] | undefined {
  if (value === undefined) return undefined
  const types = commaSeparated(value)
  if (types.length > 0 && types.every((type) => PAYMENT_METHOD_TYPE.test(type))) return types
  throw new ConfigError(`${name} must be comma-separated types of payment methods in Stripe's names, got '${value}'.`)
}

function choice<T extends string>({ name, value }: Setting, choices: readonly T[]): T | undefined {
  const chosen = choices.find((candidate) => candidate === value)
  if (value === undefined || chosen !== undefined) return chosen
  throw new ConfigError(`${name} must be ${choices.join(" or ")}, got '${value}'.`)
}

function apiBase({ name, value }: Setting): URL | undefined {
  if (value === undefined) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.pathname === "/") return url
  throw new ConfigError(`${name} must be a URL without a path, such as https://api.stripe.com, got '${value}'.`)
}
