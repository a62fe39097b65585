import type { Fault as StripeFault, TestCard } from "../../../sandbox/stripe-sandbox.js"

// What happens in a sequence; which session, payment or intent it is about, is decided by what there is when its turn comes.

export type Currency = "eur" | "usd" | "jpy"

/** Of these, Stripe's two are of one account: cards, captured later; and a means of payment that is captured at once. */
export type ProviderName = "cards" | "ideal" | "system"

/** Half of what is possible, all of it, no amount, or one minor unit. */
export type AmountChoice = "part" | "rest" | "none" | "unit"

/** What the storefront sends with a session: nothing, another address to come back to, or a card for the server to confirm. */
export type Sent = "nothing" | "return" | "ok" | "declined" | "challenge"

export const DASHBOARD_ACTS = ["capture", "refund", "cancel", "expire", "dispute"] as const
export type DashboardAct = (typeof DASHBOARD_ACTS)[number]

/** What is asked of the service, in one request. */
export type Requested =
  | { do: "create" }
  | { do: "open"; provider: ProviderName; sent: Sent; old: boolean }
  | { do: "authorize"; session: number }
  | { do: "capture" | "refund"; payment: number; amount: AmountChoice }
  | { do: "cancel"; payment: number }
  | { do: "mark" }
  | { do: "delete"; old: boolean }
  | { do: "retry"; operation: number }

/** What happens at Stripe. */
export type Elsewhere =
  /** The shopper, on whichever page they have still open. */
  | { do: "pay"; intent: number; card: TestCard }
  | { do: "challenge"; passes: boolean }
  /** What takes days gets through, or does not. */
  | { do: "settle"; succeeds: boolean }
  /** At Stripe's dashboard: the first of these that is possible. */
  | { do: "dashboard"; whats: readonly DashboardAct[]; amount: AmountChoice; nth: number }
  | { do: "dispute"; goes: "on" | "won" | "lost" }
  /** From now on, refunds take days. */
  | { do: "slow_refunds"; on: boolean }
  | { do: "refund_ends"; refund: number; succeeds: boolean }
  /** Stripe's search has caught up. */
  | { do: "index" }

export type Act =
  | Requested
  | Elsewhere
  /** Whatever brings the cart on: create, open, pay, authorize, capture, refund. */
  | { do: "advance"; provider: ProviderName; card: TestCard; amount: AmountChoice }
  | { do: "cart"; currency: Currency; total: number }
  /** Webhooks arrive: of those that have not, from the n-th on; or some that did come again. */
  | { do: "deliver"; from: number; count: number; again: boolean }
  /** Both background workers look again at everything that is left. */
  | { do: "look" }

/** What becomes of requests to Stripe: those that change something, or those that ask. */
export interface Trouble {
  readonly on: "POST" | "GET"
  readonly fault: Extract<StripeFault, string> | "slow_before" | "slow_after" | "late"
}

/** What happens at once: one act as a rule. */
export interface Step {
  readonly acts: readonly Act[]
  readonly troubles: readonly Trouble[]
  /** Whether what the act did is told by webhooks right away. */
  readonly isTold: boolean
}

export interface Life {
  /** Whether the account captures cards in parts. */
  readonly isMulticapture: boolean
  /** Whether the shopper has an account with the shop, and so one at Stripe. */
  readonly isCustomer: boolean
  readonly steps: readonly Step[]
}

export function linesOf({ isMulticapture, isCustomer, steps }: Life): string[] {
  const first = `${isCustomer ? "a customer" : "a guest"}, ${isMulticapture ? "captured in parts" : "captured once"}`
  return [first, ...steps.map(wordsOf)]
}

export function wordsOf({ acts, troubles, isTold }: Step): string {
  const words = acts.map(actWords).join(" | ")
  const stripe = troubles.map(({ on, fault }) => `${on} ${fault}`).join(", ")
  return [acts.length > 1 ? `together: ${words}` : words, stripe && `[${stripe}]`, isTold && "and told"]
    .filter(Boolean)
    .join(" ")
}

function actWords({ do: name, ...about }: Act): string {
  const details = Object.entries(about)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => (value === true ? key : `${key} ${String(value)}`))
  return [name, ...details].join(", ")
}
