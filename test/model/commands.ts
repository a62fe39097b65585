import type { Fault } from "./faults.js"

/** Digits after the point of the currencies that carts are in. */
export const DIGITS = { eur: 2, usd: 2, jpy: 0, kwd: 3 } as const
export type Currency = keyof typeof DIGITS

export const SYSTEM = "pp_system_default"
export const PROVIDERS = [SYSTEM, "pp_fake_default", "pp_fake_single"] as const
export type Provider = (typeof PROVIDERS)[number]

/** How much to capture or refund: half of what is possible, all of it, no amount, one minor unit more, one minor unit. */
export type AmountChoice = "part" | "rest" | "none" | "too_much" | "unit"

/** What a command does; which collection, session or payment that is, is decided by what there is when its turn comes. */
export type Action =
  /** Whatever brings the cart on: create, open, authorize, capture, refund. */
  | { do: "advance"; cart: number; provider: Provider; amount: AmountChoice }
  | { do: "cart"; cart: number; currency: Currency; total: number }
  | { do: "create"; cart: number }
  | { do: "open"; cart: number; provider: Provider; note: number; old: boolean }
  | { do: "authorize"; cart: number; which: "current" | "gone"; old: boolean }
  | { do: "capture" | "refund"; cart: number; payment: number; amount: AmountChoice }
  | { do: "cancel"; cart: number; payment: number }
  | { do: "mark"; cart: number; provider: Provider; old: boolean }
  | { do: "delete"; cart: number; old: boolean }
  /** Reads what is going on. */
  | { do: "read"; cart: number; old: boolean }
  | { do: "retry"; operation: number }
  | { do: "reconcile"; twice: boolean }
  /** The bank ends what it has taken on. */
  | { do: "finish"; end: "succeed" | "decline" }
  /** A request comes again with its idempotency key. */
  | { do: "repeat"; request: number }

/** An action, what the bank does with the calls that it causes, and whether it comes with an idempotency key. */
export interface Command {
  readonly action: Action
  readonly faults: readonly Fault[]
  readonly keyed: boolean
}

/** What happens at once: one command as a rule. */
export interface Step {
  readonly commands: readonly Command[]
  /** The first command alone: its request is sent twice at once, with one idempotency key. */
  readonly isDoubled: boolean
}

/** A step in words. */
export function wordsOf({ commands, isDoubled }: Step): string {
  const words = commands.map(commandWords).join(" | ")
  if (isDoubled) return `twice at once, with one key: ${words}`
  return commands.length > 1 ? `together: ${words}` : words
}

function commandWords({ action, faults, keyed }: Command): string {
  const { do: name, ...about } = action
  const details = Object.entries(about)
    .filter(([key, value]) => value !== false && !(key === "cart" && value === 0))
    .map(([key, value]) => (value === true ? key : `${key} ${String(value)}`))
  const bank = faults.length > 0 ? ` [bank: ${faults.join(", ")}]` : ""
  return `${[name, ...details].join(", ")}${keyed ? " with a key" : ""}${bank}`
}
