import currencyCodes from "currency-codes"
import { Decimal } from "decimal.js"
import { excerpt, InvalidData } from "./errors.js"

/** ISO 4217 code in lower case, as Medusa stores and answers it: `eur`. */
export type CurrencyCode = string

/**
 * An amount of money: integer minor units (cents, yen, fils) of one currency. The wire carries major units (`10.5`);
 * the conversion happens at the edge, exactly, by decimal arithmetic.
 */
export interface Money {
  readonly minor: bigint
  readonly currency: CurrencyCode
}

/**
 * The largest amount either way, in minor units: 15 significant digits are what a JSON number carries through a
 * double without loss.
 */
export const MAX_MINOR = 999_999_999_999_999n

/** How far an amount of a request may be from a whole minor unit, in minor units: that is noise of float arithmetic. */
const FLOAT_NOISE = new Decimal("1e-9")

/** Significant digits of Medusa's `raw_amount`. */
const RAW_PRECISION = 20

/** Reads a currency code in any case. @throws InvalidData when ISO 4217 does not know it */
export function parseCurrency(code: string, field = "currency_code"): CurrencyCode {
  if (!isCurrency(code)) {
    throw new InvalidData(
      `Unknown currency '${excerpt(code)}' for field '${field}'. Send an ISO 4217 code, such as 'eur'.`,
    )
  }
  return code.toLowerCase()
}

/** Whether ISO 4217 knows a currency, in any case. */
export function isCurrency(code: string): boolean {
  return digitsOf(code) !== undefined
}

/** How many decimals the currency has: 2 for eur, 0 for jpy, 3 for kwd. */
export function exponentOf(currency: CurrencyCode): number {
  const digits = digitsOf(currency)
  if (digits === undefined) throw new RangeError(`Unknown currency ${currency}`)
  return digits
}

/**
 * Major units of a request (`10.5`) as money, exactly. Clients compute amounts with floats: `100.1 - 33.4` arrives as
 * `66.69999999999999`, and means 66.70.
 *
 * @throws InvalidData when the amount has more decimals than its currency, or more digits than a JSON number carries
 */
export function moneyFromMajor(major: number, currency: CurrencyCode, field = "amount"): Money {
  const decimal = new Decimal(major)
  const exponent = exponentOf(currency)
  const rounded = decimal.toDecimalPlaces(exponent, Decimal.ROUND_HALF_UP)
  // A double has 17 significant digits at most, which Decimal's 20 hold: the difference is exact.
  const noise = decimal.minus(rounded).abs().times(Decimal.pow(10, exponent))
  if (noise.greaterThan(FLOAT_NOISE)) {
    throw new InvalidData(
      `Value for field '${field}' has more decimals than ${currency} allows (${exponent}), got: '${major}'`,
    )
  }
  return toMoney(rounded, currency, field)
}

/** Major units of a cart total as money; more decimals than the currency has are rounded half-up, once. */
export function roundedMoneyFromMajor(major: number, currency: CurrencyCode, field = "total"): Money {
  const rounded = new Decimal(major).toDecimalPlaces(exponentOf(currency), Decimal.ROUND_HALF_UP)
  return toMoney(rounded, currency, field)
}

/** Money as the JSON number in major units that the API answers. */
export function toMajor({ minor, currency }: Money): number {
  return Number(decimalString(minor, exponentOf(currency)))
}

/** Money as Medusa's `raw_amount`: a decimal string without trailing zeros, and the precision Medusa states. */
export function toRawAmount({ minor, currency }: Money): { value: string; precision: number } {
  return { value: new Decimal(decimalString(minor, exponentOf(currency))).toFixed(), precision: RAW_PRECISION }
}

const digitsByCode = new Map(currencyCodes.data.map((entry) => [entry.code.toLowerCase(), entry.digits]))

function digitsOf(code: string): number | undefined {
  return digitsByCode.get(code.toLowerCase())
}

function toMoney(major: Decimal, currency: CurrencyCode, field: string): Money {
  const exponent = exponentOf(currency)
  const limit = decimalString(MAX_MINOR, exponent)
  if (major.abs().greaterThan(limit)) {
    throw new InvalidData(`Value for field '${field}' too large, expected at most: '${limit}'`)
  }
  return { minor: BigInt(major.times(Decimal.pow(10, exponent)).toFixed(0)), currency }
}

function decimalString(minor: bigint, exponent: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0")
  const whole = digits.slice(0, digits.length - exponent)
  const fraction = digits.slice(digits.length - exponent)
  return `${minor < 0n ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}`
}

/** An amount for people: `49.9 eur`. */
export function formatMoney(money: Money): string {
  return `${toRawAmount(money).value} ${money.currency}`
}
