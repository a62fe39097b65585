import { describe, expect, it } from "@jest/globals"
import fc from "fast-check"
import { mayRepeat, nextAttemptAt } from "./operation.rules.js"

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const BEGUN = new Date("2026-11-22T10:15:30.000Z")

/** By so many questions the wait has grown to an hour. */
const MANY = 10

const after = (milliseconds: number) => new Date(BEGUN.getTime() + milliseconds)

/** Milliseconds until the provider is asked again. */
function wait(attempts: number, age = 0): number | null {
  const now = after(age)
  const next = nextAttemptAt({ attempts, created_at: BEGUN }, now)
  return next && next.getTime() - now.getTime()
}

const anyAttempts = fc.nat(2_000)
const anyAge = fc.nat(24 * HOUR)

describe("a call whose outcome nobody knows", () => {
  it.each([
    [0, 5],
    [1, 10],
    [2, 20],
    [3, 40],
    [9, 2_560],
    [MANY, 3_600],
    [11, 3_600],
    [5_000, 3_600],
  ])("is asked about, after %i questions, in %i seconds", (attempts, seconds) => {
    expect(wait(attempts)).toBe(seconds * SECOND)
  })

  it.each([
    ["a minute", 60 * SECOND],
    ["twelve hours", 12 * HOUR],
  ])("waits as long when it is %s old: it counts the questions", (_, age) => {
    expect(wait(2, age)).toBe(20 * SECOND)
  })

  it.each<[string, number, number, number | null]>([
    ["a millisecond before it is 23 hours old", 0, 23 * HOUR - 5 * SECOND - 1, 5 * SECOND],
    ["an hour from now, a millisecond before it is 23 hours old", MANY, 22 * HOUR - 1, HOUR],
    ["never, where it would be 23 hours old by then", 0, 23 * HOUR - 5 * SECOND, null],
    ["never, where it would be 23 hours old after an hour's wait", MANY, 22 * HOUR, null],
    ["never, at 23 hours minus a millisecond with an hour's wait", MANY, 23 * HOUR - 1, null],
    ["never, at 23 hours minus a millisecond with the shortest wait", 0, 23 * HOUR - 1, null],
    ["never, once it is 23 hours old", 0, 23 * HOUR, null],
    ["never, two days later", 0, 48 * HOUR, null],
  ])("is asked about again %s", (_, attempts, age, milliseconds) => {
    expect(wait(attempts, age)).toBe(milliseconds)
  })

  it("is asked about even when the clock went back", () => {
    expect(wait(0, -HOUR)).toBe(5 * SECOND)
  })

  it("is asked about ever later, never sooner than in five seconds and never later than in an hour", () => {
    fc.assert(
      fc.property(anyAttempts, fc.nat(22 * HOUR - 1), (attempts, age) => {
        const [first, next] = [wait(attempts, age) ?? NaN, wait(attempts + 1, age) ?? NaN]
        expect(first).toBeGreaterThanOrEqual(5 * SECOND)
        expect(next).toBeGreaterThanOrEqual(first)
        expect(next).toBeLessThanOrEqual(HOUR)
      }),
    )
  })

  it("is asked about only when it may still be made again by then", () => {
    fc.assert(
      fc.property(anyAttempts, anyAge, (attempts, age) => {
        const next = nextAttemptAt({ attempts, created_at: BEGUN }, after(age))
        const waited = next ?? after(age + (wait(attempts) ?? NaN))
        expect(mayRepeat({ created_at: BEGUN }, waited)).toBe(next !== null)
      }),
    )
  })

  it("that is left to a person is never asked about later, or after more questions", () => {
    fc.assert(
      fc.property(anyAttempts, anyAge, fc.nat(10), fc.nat(HOUR), (attempts, age, more, later) => {
        fc.pre(wait(attempts, age) === null)
        expect(wait(attempts + more, age + later)).toBeNull()
      }),
    )
  })
})

describe("a call that the provider has never seen", () => {
  it.each<[string, number, boolean]>([
    ["may be made again when it has just begun", 0, true],
    ["may be made again when the clock went back", -HOUR, true],
    ["may be made again until a millisecond before it is 23 hours old", 23 * HOUR - 1, true],
    ["may not be made again once it is 23 hours old", 23 * HOUR, false],
    ["may not be made again when a day has passed, and its key may be forgotten", 24 * HOUR, false],
  ])("%s", (_, age, expected) => {
    expect(mayRepeat({ created_at: BEGUN }, after(age))).toBe(expected)
  })
})
