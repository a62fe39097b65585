import { type PathPattern, pathPattern } from "./path-pattern.js"

/** The faults that a control route can plan, by name. */
export const NAMED_FAULTS = [
  /** The bank declines, and nothing changes. The response is kept for the idempotency key. */
  "decline",
  /** The API key is wrong. */
  "401",
  /** The API key lacks the permission. */
  "403",
  /** Too many requests: refused before anything is read. */
  "429",
  /** An internal error, before anything is done or after everything is. Kept for the idempotency key. */
  "500_before",
  "500_after",
  /** There is no response: the request is not executed, or it is. */
  "timeout_before",
  "timeout_after",
  /**
   * The connection is closed: the request is not executed, or it is. The `stripe` package repeats such a call once by
   * itself, whatever its settings are.
   */
  "drop_before",
  "drop_after",
] as const

export type NamedFault = (typeof NAMED_FAULTS)[number]

/**
 * Replaces the normal response to a request. The next matching request uses it up, also if its response is
 * replayed for an idempotency key; of those, only faults of the network and `holdResponse` get in the way.
 */
export type Fault =
  | NamedFault
  /** For tests in the same process: waits before anything is done. The idempotency key is in use meanwhile. */
  | { readonly holdRequest: Promise<unknown>; readonly then?: Fault }
  /** For tests in the same process: executes the request, and waits before it responds. */
  | { readonly holdResponse: Promise<unknown> }

export interface PlannedFault {
  /** Method and path: `POST /v1/payment_intents/:id/capture`. */
  readonly request: string
  readonly fault: Fault
}

/** The faults to come, in order. */
export class Faults {
  private readonly plans: (PlannedFault & { readonly matches: PathPattern })[] = []

  get planned(): readonly PlannedFault[] {
    return this.plans
  }

  /**
   * Plans a fault for the next matching requests. Faults queue up.
   * @param request method and path: `POST /v1/payment_intents/:id/capture`
   */
  add(request: string, fault: Fault, times = 1): void {
    for (let nth = 0; nth < times; nth++) this.plans.push({ request, matches: pathPattern(request), fault })
  }

  /** Drops the faults that no request has used up. */
  clear(): void {
    this.plans.length = 0
  }

  /** Takes the first planned fault that matches a request. */
  take(method: string, path: string): Fault | undefined {
    const index = this.plans.findIndex(({ matches }) => matches(method, path) !== undefined)
    return index < 0 ? undefined : this.plans.splice(index, 1)[0]?.fault
  }
}
