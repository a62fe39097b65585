// Where a collection stands, said once more and from the outside: by what it holds, not by the service's own rules.
// Amounts are minor units.

export interface Holding {
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
  readonly isCanceled: boolean
}

export interface Standing {
  readonly amount: number
  /** Whether it has been completed before. */
  readonly wasCompleted: boolean
  /** Whether all that it held was given up, and nothing was open then. */
  readonly isGivenUp: boolean
  /** The status of the session that is open. */
  readonly session?: string
  readonly payments: readonly Holding[]
}

export interface Totals {
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
}

export const OPEN_STATUSES = ["pending", "requires_more", "pending_authorization", "error"]

export function totalsOf(payments: readonly Holding[]): Totals {
  const sum = (of: (payment: Holding) => number) => payments.reduce((total, payment) => total + of(payment), 0)
  return {
    authorized: sum(({ isCanceled, authorized, captured }) => (isCanceled ? captured : authorized)),
    captured: sum(({ captured }) => captured),
    refunded: sum(({ refunded }) => refunded),
  }
}

export function isPaid({ amount, wasCompleted, payments }: Standing): boolean {
  const { captured } = totalsOf(payments)
  // Nothing to pay is paid by an authorization that stands.
  if (amount === 0) return wasCompleted || captured > 0 || payments.some(({ isCanceled }) => !isCanceled)
  return wasCompleted || captured >= amount
}

export function statusOf(standing: Standing): string {
  const { amount, isGivenUp, session, payments } = standing
  if (isPaid(standing)) return "completed"
  const { authorized, captured } = totalsOf(payments)
  if (payments.some(({ isCanceled }) => !isCanceled)) {
    return authorized < amount ? "partially_authorized" : "authorized"
  }
  if (session === "pending_authorization") return "awaiting"
  if (captured > 0) return "partially_captured"
  return isGivenUp ? "canceled" : "not_paid"
}
