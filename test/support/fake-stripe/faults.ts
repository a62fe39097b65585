import { type PathPattern, pathPattern } from "./path-pattern.js"

/**
 * What becomes of a request, other than an honest answer. It is used up by the next matching request, also by one that is
 * answered from the memory of its idempotency key: of those, only the line and barriers of answers get in the way.
 */
export type Fault =
  /** The bank says no, and nothing is changed. The answer is kept for the idempotency key. */
  | "decline"
  /** The API key is not good. */
  | "401"
  /** It may not do this. */
  | "403"
  /** Refused before it is looked at. */
  | "429"
  /** An error of Stripe's, before anything was done, or after everything was. Kept for the idempotency key. */
  | "500_before"
  | "500_after"
  /** Never answered: not done, or done. */
  | "timeout_before"
  | "timeout_after"
  /** The connection breaks: not done, or done. The `stripe` package repeats such a call once, by itself, in any case. */
  | "drop_before"
  | "drop_after"
  /** A barrier before anything is done; the idempotency key is in use meanwhile. */
  | { readonly wait: Promise<unknown>; readonly then?: Fault }
  /** It is done, and the answer is held back. */
  | { readonly holdAnswer: Promise<unknown> }

interface Plan {
  readonly pattern: PathPattern
  readonly fault: Fault
}

/** The faults to come, in order. */
export class Faults {
  private readonly plans: Plan[] = []

  add(pattern: string, fault: Fault, times: number): void {
    for (let nth = 0; nth < times; nth++) this.plans.push({ pattern: pathPattern(pattern), fault })
  }

  /** What was planned and has not come about will not. */
  clear(): void {
    this.plans.length = 0
  }

  /** The first that was planned for such a request; it is used up with it. */
  take(method: string, path: string): Fault | undefined {
    const index = this.plans.findIndex(({ pattern }) => pattern(method, path) !== undefined)
    return index < 0 ? undefined : this.plans.splice(index, 1)[0]?.fault
  }
}
