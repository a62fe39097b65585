import { exponentOf, MAX_MINOR, type CurrencyCode, type Money } from "../../common/money.js"

// Converts exactly between the minor units of ISO 4217 and the units of Stripe's API.
// https://docs.stripe.com/currencies

/** Decimals of Stripe's amounts where they are not those of ISO 4217. */
const STRIPE_DECIMALS: Readonly<Record<CurrencyCode, number>> = { isk: 2, ugx: 2, mga: 0 }

/** The largest number of decimals of Stripe's amounts. */
const MAX_DECIMALS = 3

/** Minimum charges, in Stripe's units. Other currencies have no minimum. */
const MINIMUM: Readonly<Record<CurrencyCode, bigint>> = {
  aed: 200n,
  ars: 50n,
  aud: 50n,
  brl: 50n,
  cad: 50n,
  chf: 50n,
  cop: 50n,
  czk: 1500n,
  dkk: 250n,
  eur: 50n,
  gbp: 30n,
  hkd: 400n,
  huf: 17500n,
  idr: 50n,
  ils: 50n,
  inr: 50n,
  jpy: 50n,
  krw: 50n,
  mxn: 1000n,
  myr: 200n,
  nok: 300n,
  nzd: 50n,
  php: 50n,
  pln: 200n,
  ron: 200n,
  rub: 50n,
  sek: 300n,
  sgd: 50n,
  thb: 1000n,
  usd: 50n,
  zar: 50n,
}

/** The properties of a provider that Stripe's limits depend on. */
export interface ChargeLimits {
  /** Some means of payment have no minimum amount. */
  readonly hasMinimum: boolean
  /** Cards allow more digits than other means of payment. */
  readonly takesCards: boolean
}

const CARD_DIGITS = 12
const OTHER_DIGITS = 8
const OTHER_DIGITS_OF: Readonly<Record<CurrencyCode, number>> = { idr: 12, cop: 10, inr: 9 }

/** Stripe cannot take an amount exactly. The message is for the caller. */
export class InexactAmount extends Error {}

/** Explains to the caller why Stripe cannot move an amount exactly; undefined if it can. */
export function inexactness(amount: Money): string | undefined {
  const exact = inStripeUnits(amount)
  return typeof exact === "string" ? exact : undefined
}

/** Explains to the caller why Stripe cannot charge an amount; undefined if it can. */
export function checkAmount(amount: Money, limits: ChargeLimits): string | undefined {
  const exact = inStripeUnits(amount)
  if (typeof exact === "string") return exact
  const { currency } = amount
  const minimum = limits.hasMinimum ? (MINIMUM[currency] ?? 1n) : 1n
  if (exact < minimum) return `Stripe takes no less than ${formatUnits(minimum, currency)}.`
  const digits = limits.takesCards ? CARD_DIGITS : (OTHER_DIGITS_OF[currency] ?? OTHER_DIGITS)
  const maximum = 10n ** BigInt(digits) - 1n
  if (exact > maximum) return `Stripe takes no more than ${formatUnits(maximum, currency)}.`
  return undefined
}

/** Converts an amount to Stripe's units. @throws InexactAmount when Stripe cannot take it exactly */
export function toStripeAmount(amount: Money): number {
  const exact = inStripeUnits(amount)
  if (typeof exact === "string") throw new InexactAmount(exact)
  return Number(exact)
}

/**
 * Converts an amount of Stripe's API to money.
 * @throws RangeError when it is not a whole number of minor units, or too large, or ISO 4217 does not have its currency
 */
export function fromStripeAmount(amount: number, currency: CurrencyCode): Money {
  const money = convert(amount, currency)
  if (money.minor < 0n || money.minor > MAX_MINOR) throw new RangeError(`Stripe reports ${amount} ${currency}`)
  return money
}

function convert(amount: number, currency: CurrencyCode): Money {
  const surplus = BigInt(stripeDecimals(currency) - exponentOf(currency))
  const units = BigInt(amount)
  if (surplus <= 0n) return { minor: units * 10n ** -surplus, currency }
  const factor = 10n ** surplus
  if (units % factor !== 0n) throw new RangeError(`Stripe reports ${amount} ${currency}, a fraction of a minor unit`)
  return { minor: units / factor, currency }
}

/** Returns the amount in Stripe's units, or an explanation if Stripe cannot take it. */
function inStripeUnits({ minor, currency }: Money): bigint | string {
  const decimals = stripeDecimals(currency)
  if (decimals > MAX_DECIMALS) return `Stripe takes no amounts in ${currency}.`
  const surplus = exponentOf(currency) - decimals
  const factor = 10n ** BigInt(Math.abs(surplus))
  if (surplus > 0 && minor % factor !== 0n) return `Stripe takes whole amounts in ${currency}, without decimals.`
  // Some networks behind Stripe allow two decimals only.
  if (decimals === 3 && minor % 10n !== 0n) return `Stripe takes amounts in ${currency} with two decimals at most.`
  return surplus > 0 ? minor / factor : minor * factor
}

function stripeDecimals(currency: CurrencyCode): number {
  return STRIPE_DECIMALS[currency] ?? exponentOf(currency)
}

function formatUnits(units: bigint, currency: CurrencyCode): string {
  const decimals = stripeDecimals(currency)
  const digits = units.toString().padStart(decimals + 1, "0")
  const whole = digits.slice(0, digits.length - decimals)
  return `${whole}${decimals === 0 ? "" : `.${digits.slice(-decimals)}`} ${currency}`
}
