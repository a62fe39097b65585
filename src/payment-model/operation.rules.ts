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
export const MAX_AGE = 23 * HOUR

/** When to ask again what became of a call; null once it is too old. */
export function nextAttemptAt(
  { attempts, created_at }: { attempts: number; created_at: Date },
  now: Date,
): Date | null {
  if (now.getTime() - created_at.getTime() >= MAX_AGE) return null
  return new Date(now.getTime() + Math.min(FIRST_WAIT * 2 ** attempts, LONGEST_WAIT))
}
