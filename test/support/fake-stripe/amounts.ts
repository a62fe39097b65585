import { badParameter } from "./refusal.js"

const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "))
const THREE_DECIMAL = new Set(["bhd", "jod", "kwd", "omr", "tnd"])
/** Without decimals, and charged as if with two: the last two digits are 00. */
const WHOLE_UNITS_WITH_TWO_DECIMALS = new Set(["isk", "ugx"])

/** Minor units. What is not listed has no minimum of its own. */
const MINIMUM: Readonly<Record<string, number>> = {
  ...{ usd: 50, aed: 200, ars: 50, aud: 50, brl: 50, cad: 50, chf: 50, cop: 50, czk: 1500, dkk: 250, eur: 50, gbp: 30 },
  ...{ hkd: 400, huf: 17500, idr: 50, ils: 50, inr: 50, jpy: 50, krw: 50, mxn: 1000, myr: 200, nok: 300, nzd: 50 },
  ...{ php: 50, pln: 200, ron: 200, rub: 50, sek: 300, sgd: 50, thb: 1000, zar: 50 },
}

const MOST_DIGITS: Readonly<Record<string, number>> = { idr: 12, cop: 10, inr: 9 }
const MOST_DIGITS_OTHERWISE = 8

/** The currencies that Stripe charges, as far as the tests know them: those with a rule here, and any with two decimals. */
const CURRENCY = /^[a-z]{3}$/

export function parseCurrency(text: string): string {
  const currency = text.toLowerCase()
  if (CURRENCY.test(currency)) return currency
  throw badParameter(`Invalid currency: ${text}.`, { param: "currency" })
}

/** Refuses what Stripe cannot charge. `amount` is in the minor units that Stripe counts the currency in. */
export function checkChargeable(amount: number, currency: string): void {
  const digits = MOST_DIGITS[currency] ?? MOST_DIGITS_OTHERWISE
  if (amount >= 10 ** digits) {
    const most = displayed(10 ** digits - 1, currency)
    throw badParameter(`Amount must be no more than ${most}`, { code: "amount_too_large", param: "amount" })
  }
  const minimum = MINIMUM[currency] ?? 1
  if (amount < minimum) {
    const least = displayed(minimum, currency)
    throw badParameter(`Amount must be at least ${least}`, { code: "amount_too_small", param: "amount" })
  }
  checkPrecision(amount, currency)
}

/** Refuses digits that Stripe's partners cannot carry. */
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
