import { describe, expect, it } from "@jest/globals"
import { MAX_ATTEMPTS, nextAttemptAt, nextLookAt, PARKED_FOR } from "./webhook-event.rules.js"

const NOW = new Date("2026-11-22T11:00:00.000Z")
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const waitOf = (next: Date | undefined) => next && next.getTime() - NOW.getTime()

describe("an event that could not be applied", () => {
  it.each([
    [1, SECOND],
    [2, 2 * SECOND],
    [3, 4 * SECOND],
    [12, 2_048 * SECOND],
    [13, HOUR],
    [MAX_ATTEMPTS - 1, HOUR],
    [MAX_ATTEMPTS, undefined],
    [MAX_ATTEMPTS + 1, undefined],
  ])("after %i attempts waits for %s milliseconds", (attempts, wait) => {
    expect(waitOf(nextAttemptAt({ attempts }, NOW))).toBe(wait)
  })

  it("is tried over most of a working day", () => {
    let sum = 0
    for (let attempts = 1; attempts < MAX_ATTEMPTS; attempts++) sum += waitOf(nextAttemptAt({ attempts }, NOW)) ?? 0
    expect(sum).toBeGreaterThan(8 * HOUR)
    expect(sum).toBeLessThan(10 * HOUR)
  })
})

describe("an event about a session that is not known", () => {
  it.each([
    [1, SECOND],
    [9, 256 * SECOND],
    [10, 5 * MINUTE],
    [1_000, 5 * MINUTE],
  ])("after %i attempts is looked at again in %i milliseconds", (attempts, wait) => {
    expect(waitOf(nextLookAt({ attempts, created_at: NOW }, NOW))).toBe(wait)
  })

  it.each([
    [SECOND + 1, SECOND],
    [SECOND, undefined],
    [0, undefined],
  ])("%i milliseconds before its time is over waits for %s", (left, wait) => {
    const created_at = new Date(NOW.getTime() - PARKED_FOR + left)
    expect(waitOf(nextLookAt({ attempts: 1, created_at }, NOW))).toBe(wait)
  })
})
