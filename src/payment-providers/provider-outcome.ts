import { MAX_MINOR, type Money } from "../common/money.js"
import { findUnstorable, isRecord } from "../common/validation.js"
import type { NotFoundThere, ProviderAnswer, ProviderOutcome } from "./payment-provider.contract.js"

/** Characters that are kept of what a provider says in words. */
const TEXT_LENGTH = 500

/**
 * What a provider's code returned, as an outcome that can be recorded. What is none, whoever wrote it, says nothing about
 * the money and counts as unknown.
 */
export function outcomeOf(answer: unknown): ProviderOutcome | NotFoundThere {
  try {
    return checked(answer)
  } catch (error) {
    return unknown(`The provider's answer cannot be used: ${wordsOf(error)}`)
  }
}

/** What a provider's code threw. */
export function outcomeOfError(error: unknown): ProviderOutcome {
  return unknown(wordsOf(error))
}

function checked(answer: unknown): ProviderOutcome | NotFoundThere {
  if (!isRecord(answer)) throw new TypeError("it is no outcome")
  switch (answer["outcome"]) {
    case "succeeded":
      return { outcome: "succeeded", amount: moneyOf(answer["amount"]), ...answerOf(answer) }
    case "pending":
      return { outcome: "pending", asynchronous: answer["asynchronous"] === true, ...answerOf(answer) }
    case "requires_more":
      return { outcome: "requires_more", ...answerOf(answer) }
    case "declined":
      return {
        outcome: "declined",
        message: textOf(answer["message"]) ?? "The payment provider refused.",
        code: textOf(answer["code"]),
        declineCode: textOf(answer["declineCode"]),
        retryable: typeof answer["retryable"] === "boolean" ? answer["retryable"] : undefined,
        refusedBy: answer["refusedBy"] === "provider" ? "provider" : "issuer",
      }
    case "unknown":
      return unknown(wordsOf(answer["cause"]))
    case "not_found":
      return { outcome: "not_found" }
    default:
      throw new TypeError("it is no outcome")
  }
}

function unknown(words: string): ProviderOutcome {
  return { outcome: "unknown", cause: new Error(words) }
}

function moneyOf(amount: unknown): Money {
  const { minor, currency } = isRecord(amount) ? amount : {}
  if (typeof minor !== "bigint" || typeof currency !== "string") throw new TypeError("it has no amount")
  if (minor < 0n || minor > MAX_MINOR) throw new RangeError("its amount is out of range")
  return { minor, currency: currency.toLowerCase() }
}

function answerOf({ data, privateData }: Record<string, unknown>): ProviderAnswer {
  return {
    ...(data !== undefined && { data: jsonOf(data) }),
    ...(privateData !== undefined && { privateData: jsonOf(privateData) }),
  }
}

/** What can be kept of data: a JSON object whose text PostgreSQL takes. */
function jsonOf(data: unknown): Record<string, unknown> {
  const json: unknown = isRecord(data) ? JSON.parse(JSON.stringify(data)) : undefined
  if (!isRecord(json) || findUnstorable(json, "data")) throw new TypeError("its data cannot be stored")
  return json
}

function wordsOf(error: unknown): string {
  return textOf(error instanceof Error ? error.message : error) ?? "The provider failed without a word."
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.replaceAll("\0", "").slice(0, TEXT_LENGTH).toWellFormed() : undefined
}
