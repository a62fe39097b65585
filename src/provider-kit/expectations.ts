import assert from "node:assert/strict"
import type { Money } from "../common/money.js"
import type {
  CallNotFound,
  ReturnedData,
  ProviderCall,
  ProviderOutcome,
  Succeeded,
} from "../payment-providers/contract/index.js"

/** How a call ended, as far as the provider knows. */
export type End = ProviderOutcome | CallNotFound

/** Characters of a message at most: a shopper reads no more. */
const LONGEST_MESSAGE = 300

const OUTCOMES = ["succeeded", "already_authorized", "pending", "requires_more", "declined", "gone", "unknown"]

/** @throws AssertionError when an outcome is not what the contract says */
export function checkShape(outcome: ProviderOutcome, { amount }: ProviderCall): void {
  assert.ok(
    OUTCOMES.includes(outcome.outcome),
    `'${outcome.outcome}' is not one of the outcomes ${OUTCOMES.join(", ")}`,
  )
  switch (outcome.outcome) {
    case "succeeded":
    case "already_authorized": {
      checkAmount(outcome.amount, amount)
      if (outcome.captured) checkAmount(outcome.captured, amount)
      // If the shopper was faster than an update, the authorized amount is the previous one.
      if (outcome.outcome === "succeeded") checkWithin(outcome.amount, amount)
      if (outcome.captured) checkWithin(outcome.captured, outcome.amount)
      checkReturnedData(outcome)
      return
    }
    case "pending":
    case "requires_more": {
      checkReturnedData(outcome)
      return
    }
    case "declined":
      assert.equal(typeof outcome.message, "string", "A declined outcome has a message")
      assert.match(outcome.message, /^\S.*$/, "A message is one line and not empty")
      assert.ok(outcome.message.length <= LONGEST_MESSAGE, `A message has at most ${LONGEST_MESSAGE} characters`)
      return
    case "gone":
      assert.ok(
        [undefined, "payment", "account_holder"].includes(outcome.object),
        "`object` of `gone` is payment or account_holder",
      )
      return
    case "unknown":
      assert.ok("cause" in outcome, "An unknown outcome has a cause")
  }
}

function checkAmount({ minor, currency }: Money, requested: Money): void {
  assert.equal(typeof minor, "bigint", "An amount is a bigint of minor units")
  assert.ok(minor >= 0n, "An amount is not negative")
  assert.equal(currency, requested.currency, "An amount is in the requested currency")
}

/** @throws AssertionError when an amount exceeds its bound, because the service records no more than it requested */
export function checkWithin({ minor, currency }: Money, most: Money): void {
  const difference = `${minor} ${currency} instead of ${most.minor} ${most.currency}`
  assert.ok(minor <= most.minor, `An outcome reports no more than was requested: ${difference}`)
}

function checkReturnedData({ data, privateData }: ReturnedData): void {
  for (const [name, value] of Object.entries({ data, privateData })) {
    if (value === undefined) continue
    assert.ok(isObject(value) && isJson(value), `${name} is a JSON object, because it is stored as one`)
  }
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return isObject(value) && Object.values(value).every((part) => part === undefined || isJson(part))
}

/** Recognizes objects of another realm too, because test runners create them. */
function isObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]"
}

/** Renders an outcome as text, to compare and to search it. */
export function textOf(outcome: End): string {
  return JSON.stringify(sorted(outcome.outcome === "unknown" ? { ...outcome, cause: String(outcome.cause) } : outcome))
}

function sorted(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]))
}

export function expectWaiting(end: End): void {
  const isWaiting = ["pending", "requires_more", "succeeded"].includes(end.outcome)
  assert.ok(isWaiting, `Expected a session that waits for the shopper: ${textOf(end)}`)
}

export function expectSucceeded(end: End, { minor, currency }: Money): asserts end is Succeeded {
  assert.ok(end.outcome === "succeeded", `Expected succeeded: ${textOf(end)}`)
  assert.equal(`${end.amount.minor} ${end.amount.currency}`, `${minor} ${currency}`)
}

export function expectRefused(end: End): void {
  assert.equal(end.outcome, "declined", `Expected declined: ${textOf(end)}`)
}

export function expectGone(end: End): void {
  assert.ok(end.outcome === "gone", `Expected gone, because the provider does not know the payment: ${textOf(end)}`)
  assert.equal(end.object ?? "payment", "payment", "The payment is what is gone")
}

/** Expects a refusal after which the service fetches the payment's state. */
export function expectOtherState(end: End): void {
  expectRefused(end)
  const isReported = end.outcome === "declined" && end.stateDiffers === true
  assert.ok(isReported, `The refusal reports that the state differs (stateDiffers): ${textOf(end)}`)
}

export function expectUnknown(end: End): void {
  assert.equal(end.outcome, "unknown", `Expected unknown, because the outcome cannot be known: ${textOf(end)}`)
}

/** @param first how the call ended before: with an amount, or waiting for the shopper */
export function expectSameEnd(end: End, first: End): void {
  if (first.outcome === "succeeded") expectSucceeded(end, first.amount)
  else expectWaiting(end)
}
