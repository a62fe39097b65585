// Pure: when an event is tried again that could not be applied. Times are milliseconds.

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** Between two attempts: doubled every time, from the first to the last. */
const FIRST_WAIT = SECOND
const LONGEST_WAIT = HOUR

/** About a session that is not known: it may appear at any moment, or never. */
const LONGEST_WAIT_PARKED = 5 * 60 * SECOND

/** How often it is tried to apply an event, over about nine hours, before a person has to look. */
export const MAX_ATTEMPTS = 20

/** How long an event waits for a session that is not known. */
export const PARKED_FOR = 24 * HOUR

/** When to try again; undefined when it has been tried often enough. @param attempts made so far */
export function nextAttemptAt({ attempts }: { attempts: number }, now: Date): Date | undefined {
  return attempts < MAX_ATTEMPTS ? after(now, Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)) : undefined
}

/** When to look again for a session that is not known; undefined when it has been waited for long enough. */
export function nextLookAt(
  { attempts, created_at }: { attempts: number; created_at: Date },
  now: Date,
): Date | undefined {
  const next = after(now, Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT_PARKED))
  return next.getTime() - created_at.getTime() < PARKED_FOR ? next : undefined
}

function after(now: Date, wait: number): Date {
  return new Date(now.getTime() + wait)
}
