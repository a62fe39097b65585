import { InvalidData } from "../../common/errors.js"
import { PaymentDeclined, ProviderError, StateConflict } from "./call.errors.js"
import { MAX_MINOR, type Money } from "../../common/money.js"
import { findUnstorable, isRecord } from "../../common/json.js"
import type {
  Gone,
  CallNotFound,
  NotOurs,
  PaymentState,
  ReturnedData,
  ProviderOutcome,
  Succeeded,
} from "../contract/index.js"

/** What a caller gets of a refusal, by whose it is. */
export const REFUSAL_ERRORS = {
  issuer: PaymentDeclined,
  provider: ProviderError,
  caller: InvalidData,
  state: StateConflict,
} as const

/** Characters that are kept of what a provider says in words. */
const TEXT_LENGTH = 500

/**
 * What a provider's code returned, as an outcome that can be recorded. What is none, whoever wrote it, says nothing about
 * the money and counts as unknown.
 */
export function parseOutcome(answer: unknown): ProviderOutcome | CallNotFound {
  try {
    return checked(answer)
  } catch (error) {
    return unknown(`The provider's answer cannot be used: ${toMessage(error)}`)
  }
}

/**
 * What a provider says is so, as it can be recorded.
 * @throws TypeError, RangeError, SyntaxError when it cannot
 */
export function parseState<Missing extends NotOurs | Gone>(state: PaymentState | Missing): PaymentState | Missing {
  if (!("authorization" in state)) return state
  const { authorization, refunds, disputes, captureBefore, ...rest } = state
  return {
    ...rest,
    ...answerOf({ ...rest }),
    ...timeOf(captureBefore),
    authorization:
      authorization.status === "authorized"
        ? { ...authorization, amount: moneyOf(authorization.amount), captured: moneyOf(authorization.captured) }
        : authorization,
    refunds: refunds.map((refund) => ({ ...refund, amount: moneyOf(refund.amount) })),
    disputes: disputes.map((dispute) => ({ ...dispute, amount: moneyOf(dispute.amount) })),
  }
}

/** What a provider's code threw. */
export function toUnknown(error: unknown): ProviderOutcome {
  return unknown(toMessage(error))
}

function checked(answer: unknown): ProviderOutcome | CallNotFound {
  if (!isRecord(answer)) throw new TypeError("it is no outcome")
  switch (answer["outcome"]) {
    case "succeeded":
    case "already_authorized":
      return { outcome: answer["outcome"], ...movedOf(answer), ...answerOf(answer) }
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
        refusedBy: REFUSERS.find((refuser) => refuser === answer["refusedBy"]) ?? "issuer",
        ...(answer["stateDiffers"] === true && { stateDiffers: true }),
      }
    case "gone":
      return { outcome: "gone", object: answer["object"] === "account_holder" ? "account_holder" : "payment" }
    case "unknown":
      return unknown(toMessage(answer["cause"]))
    case "not_found":
      return { outcome: "not_found" }
    default:
      throw new TypeError("it is no outcome")
  }
}

const REFUSERS = Object.keys(REFUSAL_ERRORS) as (keyof typeof REFUSAL_ERRORS)[]

function unknown(words: string): ProviderOutcome {
  return { outcome: "unknown", cause: new Error(words) }
}

function movedOf({ amount, captured, isClosed, captureBefore }: Record<string, unknown>): Moved {
  return {
    amount: moneyOf(amount),
    ...(captured !== undefined && { captured: moneyOf(captured) }),
    ...(isClosed === true && { isClosed }),
    ...timeOf(captureBefore),
  }
}

type Moved = Pick<Succeeded, "amount" | "captured" | "isClosed" | "captureBefore">

/** Nothing when it is no time: the money of an authorization does not depend on it. */
function timeOf(captureBefore: unknown): Pick<Succeeded, "captureBefore"> {
  return captureBefore instanceof Date && Number.isFinite(captureBefore.getTime()) ? { captureBefore } : {}
}

function moneyOf(amount: unknown): Money {
  const { minor, currency } = isRecord(amount) ? amount : {}
  if (typeof minor !== "bigint" || typeof currency !== "string") throw new TypeError("it has no amount")
  if (minor < 0n || minor > MAX_MINOR) throw new RangeError("its amount is out of range")
  return { minor, currency: currency.toLowerCase() }
}

function answerOf({ data, privateData }: Record<string, unknown>): ReturnedData {
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

/** What a provider's code threw, in words; also where it is no error of ours, as that of an abort may be. */
export function toMessage(error: unknown): string {
  const words = typeof error === "object" && error !== null && "message" in error ? error.message : error
  return textOf(words) ?? "The provider failed without a word."
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.replaceAll("\0", "").slice(0, TEXT_LENGTH).toWellFormed() : undefined
}
