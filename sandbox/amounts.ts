import { badParameter } from "./errors.js"
import type { AccountSettings } from "./settings.js"

const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "))
const THREE_DECIMAL = new Set(["bhd", "jod", "kwd", "omr", "tnd"])
/**
 * Without decimals, and charged as if with two: the last two digits are 00 (docs.stripe.com/currencies, special cases).
 * HUF and TWD are whole in payouts only.
 */
const WHOLE_UNITS_WITH_TWO_DECIMALS = new Set(["isk", "ugx"])

/** Minor units. A currency that is not listed has no minimum. */
const MINIMUM: Readonly<Record<string, number>> = {
  ...{ usd: 50, aed: 200, ars: 50, aud: 50, brl: 50, cad: 50, chf: 50, cop: 50, czk: 1500, dkk: 250, eur: 50, gbp: 30 },
  ...{ hkd: 400, huf: 17500, idr: 50, ils: 50, inr: 50, jpy: 50, krw: 50, mxn: 1000, myr: 200, nok: 300, nzd: 50 },
  ...{ php: 50, pln: 200, ron: 200, rub: 50, sek: 300, sgd: 50, thb: 1000, zar: 50 },
}

/** The most digits: 12 for most card networks, 9 for Amex, 8 for other methods, with exceptions (docs.stripe.com/currencies). */
const CARD_DIGITS = 12
const AMEX_DIGITS = 9
const OTHER_DIGITS = 8
const OTHER_DIGITS_BY_CURRENCY: Readonly<Record<string, number>> = { idr: 12, cop: 10, inr: 9 }

/** Any currency with two decimals is accepted, and those with a rule here. */
const CURRENCY = /^[a-z]{3}$/
/** Three-decimal currencies that are not among the supported ones (docs.stripe.com/currencies). */
const NOT_SUPPORTED = new Set(["iqd", "lyd"])

export function parseCurrency(text: string): string {
  const currency = text.toLowerCase()
  if (CURRENCY.test(currency) && !NOT_SUPPORTED.has(currency)) return currency
  throw badParameter(`Invalid currency: ${text}.`, { param: "currency" })
}

/** The parts of a payment method that limit the digits of an amount. The brand is known once a card is chosen. */
export interface Payable {
  readonly type: string
  readonly brand?: string
}

/** Refuses an amount that is too large for every method. */
export function checkDigits(
  amount: number,
  currency: string,
  methods: readonly Payable[],
  { amountDigits }: Pick<AccountSettings, "amountDigits">,
): void {
  const others = OTHER_DIGITS_BY_CURRENCY[currency] ?? OTHER_DIGITS
  const digitsOf = ({ type, brand }: Payable): number => {
    if (amountDigits === "eight" || type !== "card") return others
    return brand === "amex" ? AMEX_DIGITS : CARD_DIGITS
  }
  const digits = methods.length === 0 ? others : Math.max(...methods.map(digitsOf))
  if (amount < 10 ** digits) return
  const most = displayed(10 ** digits - 1, currency)
  throw badParameter(`Amount must be no more than ${most}`, { code: "amount_too_large", param: "amount" })
}

/** Refuses an amount that Stripe cannot charge. `amount` is in the minor units that Stripe counts the currency in. */
export function checkChargeable(amount: number, currency: string): void {
  const minimum = MINIMUM[currency] ?? 1
  if (amount < minimum) {
    const least = displayed(minimum, currency)
    throw badParameter(`Amount must be at least ${least}`, { code: "amount_too_small", param: "amount" })
  }
  checkPrecision(amount, currency)
}

/** Refuses digits that Stripe's partners cannot carry (docs.stripe.com/currencies, three-decimal currencies). */
export function checkPrecision(amount: number, currency: string, param = "amount"): void {
  if (THREE_DECIMAL.has(currency) && amount % 10 !== 0) {
    throw badParameter(`Amounts in ${currency} must end in 0: they are rounded to the nearest ten.`, { param })
  }
  if (WHOLE_UNITS_WITH_TWO_DECIMALS.has(currency) && amount % 100 !== 0) {
    throw badParameter(`Amounts in ${currency} must be evenly divisible by 100.`, { param })
  }
}

/** As in Stripe's messages. */
export function displayed(amount: number, currency: string): string {
  const decimals = ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2
  const digits = String(amount).padStart(decimals + 1, "0")
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = decimals === 0 ? "" : `.${digits.slice(-decimals)}`
  return `${whole}${fraction} ${currency}`
}
