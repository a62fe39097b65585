import type { OperationState } from "../status.js"

// Pure: when the reconciler asks a provider again. Times are milliseconds.

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** Between two questions: doubled every time, from the first to the last. */
const FIRST_WAIT = 5 * SECOND
const LONGEST_WAIT = HOUR

/**
 * After this a person has to look. Less than the day for which providers remember an idempotency key: a call that is
 * repeated later could happen twice.
 */
const MAX_AGE = 23 * HOUR

/**
 * When to ask again what became of a call; null where it would be too old by then to be repeated.
 * @param isTakenOn the provider is at it, and will not have to be asked for it again: it is looked up as long as it takes
 */
export function nextAttemptAt(
  operation: { attempts: number; created_at: Date },
  now: Date,
  isTakenOn = false,
): Date | null {
  const next = new Date(now.getTime() + Math.min(FIRST_WAIT * 2 ** operation.attempts, LONGEST_WAIT))
  return isTakenOn || mayRepeat(operation, next) ? next : null
}

/** Whether the provider may have done it already: an earlier call got no response, or its process died. */
export function mayHaveHappened({ state, attempts }: { state: OperationState; attempts: number }): boolean {
  return state === "unknown" || attempts > 0
}

/** Whether a call that the provider has never seen may be made again. Later its key may have been forgotten. */
export function mayRepeat({ created_at }: { created_at: Date }, now: Date): boolean {
  return now.getTime() - created_at.getTime() < MAX_AGE
}
