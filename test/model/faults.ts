import type { BankRequest, Behaviour } from "../support/fake-bank.js"

/** What goes wrong, or otherwise than at once, with a call to a bank. */
export const FAULTS = [
  "succeed",
  "slow_before",
  "slow_after",
  "decline",
  "refuse",
  "require_more",
  "pending",
  "pending_async",
  "fail_before",
  "fail_after",
  "hang_after",
  "come_late",
  "report_less",
] as const
export type Fault = (typeof FAULTS)[number]

/** Milliseconds that a slow call takes: long enough for others to come in between, far less than the deadline. */
export const SLOW = 15

/** Milliseconds that the service waits for an answer, and until a call that comes late arrives after all. */
export const DEADLINE = 600
export const LATE = 450

const LINE_FAULTS: readonly Fault[] = [
  "succeed",
  "slow_before",
  "slow_after",
  "fail_before",
  "fail_after",
  "hang_after",
]
const MOVES: readonly Fault[] = [...LINE_FAULTS, "decline", "refuse", "pending_async"]
const OPENS: readonly Fault[] = [...MOVES, "require_more", "pending"]

const POSSIBLE: Readonly<Record<BankRequest["method"], readonly Fault[]>> = {
  lookUp: LINE_FAULTS,
  initiate: [...OPENS, "report_less"],
  update: [...OPENS, "report_less"],
  authorize: [...OPENS, "report_less"],
  capture: [...MOVES, "report_less"],
  refund: [...MOVES, "report_less"],
  cancel: MOVES,
}

/**
 * What a fault does to a call. One that makes no sense for it does nothing: a bank that asks the shopper to agree to a
 * refund, or that takes nothing of one cent, contradicts the books, and a person has to look. The amount is minor units.
 */
export function effectOf(method: BankRequest["method"], amount: number, fault: Fault): Fault {
  if (!POSSIBLE[method].includes(fault)) return "succeed"
  if (fault === "report_less" && amount < 2) return "succeed"
  // What is waited for is counted by its amount.
  if (fault === "pending_async" && amount < 1) return "succeed"
  return fault
}

/** Only the order of things changes, and nothing that was asked for stays undone. */
export function isHarmless(fault: Fault): boolean {
  return fault === "succeed" || fault === "slow_before" || fault === "slow_after"
}

/** Nobody knows what became of the call, until the bank is asked again. */
export function isUnknown(fault: Fault): boolean {
  return ["fail_before", "fail_after", "hang_after", "come_late"].includes(fault)
}

/** Milliseconds for which a call is under way before the bank gets to it. */
export function delayOf(effect: Fault): number {
  if (effect === "come_late") return LATE
  return effect === "slow_before" ? SLOW : 0
}

export function behaviourOf(effect: Fault): Behaviour {
  return effect === "slow_before" || effect === "slow_after" || effect === "come_late" ? "succeed" : effect
}
