import { Logger } from "@nestjs/common"
import Stripe from "stripe"
import type { Declined, Unknown } from "../payment-provider.contract.js"
import { InexactAmount } from "./amounts.js"

// What an error of Stripe's says of the call that it ended. Messages of declines are shown to shoppers; what only
// operators should read goes to the log.

const { errors } = Stripe
type StripeError = InstanceType<typeof errors.StripeError>

/** What Stripe says of a means of payment that was refused: with an error, or with an intent that failed. */
export interface CardRefusal {
  readonly message?: string
  readonly code?: string
  readonly decline_code?: string
  readonly advice_code?: string
}

const logger = new Logger("Stripe")

/** Characters of a message that a shopper would still read. */
const LONGEST_MESSAGE = 300

const NOT_AVAILABLE =
  "The payment provider is not available at the moment. Choose another way to pay, or try again later."
const OTHER_STATE = "The payment has changed at the payment provider. Look at it again before you repeat the request."
const CARD_REFUSED = "The payment was declined. Try another way to pay."

/** What callers send, by Stripe's names: for a session, and of a customer. */
const CLIENT_FIELDS_BY_PARAM: Readonly<Record<string, string>> = {
  payment_method: "payment_method",
  allowed_payment_method_types: "payment_method_types",
  setup_future_usage: "setup_future_usage",
  return_url: "return_url",
  email: "email",
  name: "name",
  phone: "phone",
}

/** Reasons of banks and networks that may be gone at the next try. */
const PASSING = new Set([
  "approve_with_id",
  "authentication_required",
  "card_velocity_exceeded",
  "insufficient_funds",
  "issuer_not_available",
  "processing_error",
  "reenter_transaction",
  "try_again_later",
  "withdrawal_count_limit_exceeded",
])

/** Reasons that a thief must not be told: Stripe wants them shown as any other. */
const SUSPICIONS = new Set(["fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card"])

/** Stripe's message says what the amount may be. */
const AMOUNT_CODES = ["amount_too_small", "amount_too_large"]

const REFUSALS_BY_CODE: Readonly<Record<string, Omit<Declined, "outcome" | "code">>> = {
  balance_insufficient: {
    message: "The balance at the payment provider does not cover this at the moment.",
    refusedBy: "provider",
    retryable: true,
  },
  charge_already_captured: { message: OTHER_STATE, refusedBy: "provider", retryable: false },
  charge_already_refunded: { message: OTHER_STATE, refusedBy: "provider", retryable: false },
  charge_disputed: {
    message: "The shopper has disputed the payment, so it cannot be refunded.",
    refusedBy: "provider",
    retryable: false,
  },
  charge_expired_for_capture: {
    message: "The authorization has expired.",
    refusedBy: "provider",
    retryable: false,
  },
  payment_intent_unexpected_state: { message: OTHER_STATE, refusedBy: "provider", retryable: false },
}

/** By the SDK's names. What is not listed, and what is no error of Stripe's, says nothing about the call. */
const OUTCOMES: Readonly<Record<string, (error: StripeError) => Declined | Unknown>> = {
  StripeCardError: cardDeclined,
  StripeInvalidRequestError: requestRefused,
  StripeAuthenticationError: accountRefused,
  StripePermissionError: accountRefused,
  // The same key was used for something else, which may have been this very call in other words.
  StripeIdempotencyError: unknown,
  // Also after retries: an earlier try may have arrived.
  StripeRateLimitError: unknown,
  StripeConnectionError: unknown,
  // 5xx, and 409 for a key whose call is still under way.
  StripeAPIError: unknown,
}

/** How a call ended that Stripe, or the way to it, answered with an error; or that could not be put to Stripe. */
export function outcomeOfError(error: unknown): Declined | Unknown {
  if (error instanceof InexactAmount) return refusedToCaller(error.message, "invalid_amount")
  return error instanceof errors.StripeError ? (OUTCOMES[error.type] ?? unknown)(error) : unknown(error)
}

/** For a call of which it is certain that it was not done, and that may be made anew. */
export function notDone(): Declined {
  return {
    outcome: "declined",
    message: "The payment provider failed to do it. Nothing has changed: try again.",
    retryable: true,
    refusedBy: "provider",
  }
}

/** A shopper's means of payment was refused. @param refusal its message is of Stripe, and made for shoppers */
export function declineOf({ message, code, decline_code, advice_code }: CardRefusal): Declined {
  const reason = decline_code === undefined || decline_code === "" ? undefined : decline_code
  return {
    outcome: "declined",
    message: oneLine(message) ?? CARD_REFUSED,
    code,
    declineCode: reason !== undefined && SUSPICIONS.has(reason) ? "generic_decline" : reason,
    retryable: advice_code === "try_again_later" || PASSING.has(reason ?? code ?? ""),
    refusedBy: "issuer",
  }
}

/** The state of things at Stripe is not one in which it can be done. */
export function otherState(): Declined {
  return { outcome: "declined", message: OTHER_STATE, retryable: false, refusedBy: "provider" }
}

/** Whether Stripe repeats what it stored for the idempotency key of a call that it failed at, and would for a day. */
export function isStoredFailure(error: unknown): boolean {
  return (
    error instanceof errors.StripeAPIError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.["idempotent-replayed"] === "true"
  )
}

/** Whether another call came with the same key and other parameters before. */
export function isKeyReused(error: unknown): boolean {
  return error instanceof errors.StripeIdempotencyError
}

/** Whether the payment is in a state that does not allow it, perhaps because it was done before. */
export function isOtherState(error: unknown): boolean {
  return (
    error instanceof errors.StripeInvalidRequestError &&
    ["payment_intent_unexpected_state", "charge_already_captured", "charge_already_refunded"].includes(error.code ?? "")
  )
}

export function isMissing(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && error.code === "resource_missing"
}

/** Whether the API key lacks a permission for it. */
export function isForbidden(error: unknown): boolean {
  return error instanceof errors.StripePermissionError
}

/** An error for operators to read: nothing of the request, nor of its key, is in it. */
export function inWords(error: unknown): Error {
  return new Error(wordsOf(error))
}

function wordsOf(error: unknown): string {
  if (!(error instanceof errors.StripeError)) return error instanceof Error ? error.message : String(error)
  const isOfTheKey = error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError
  // What is missing is named by its id, which may be nobody's business.
  const message = isOfTheKey ? "The API key was refused." : isMissing(error) ? "It does not exist." : error.message
  const about = [error.statusCode, error.code, error.requestId].filter((part) => part !== undefined)
  return `Stripe: ${message}${about.length > 0 ? ` (${about.join(", ")})` : ""}`
}

/** Of another type, Stripe's words are for developers. */
function cardDeclined(error: StripeError): Declined {
  const { code, decline_code, advice_code } = error as CardRefusal
  return declineOf({
    message: error.rawType === "card_error" ? error.message : undefined,
    code,
    decline_code,
    advice_code,
  })
}

function requestRefused(error: StripeError): Declined {
  const { code, param } = error
  const field = CLIENT_FIELDS_BY_PARAM[(param ?? "").replace(/\[.*/, "")]
  if (field !== undefined) {
    return refusedToCaller(
      `The payment provider cannot use ${field} as it was sent, or left out. Send another value.`,
      code,
    )
  }
  if (AMOUNT_CODES.includes(code ?? "")) {
    return refusedToCaller(oneLine(error.message) ?? "The payment provider does not take this amount.", code)
  }
  if (param === "customer" && isMissing(error)) return accountHolderMissing()
  const refusal = REFUSALS_BY_CODE[code ?? ""]
  if (refusal) return { outcome: "declined", code, ...refusal }
  logger.warn(wordsOf(error))
  const message = "The payment provider does not do this as things are."
  return { outcome: "declined", message, code, retryable: false, refusedBy: "provider" }
}

function accountHolderMissing(): Declined {
  return {
    outcome: "declined",
    message: "The payment provider does not know the customer any more. The shop has to delete the account holder.",
    code: "account_holder_missing",
    retryable: false,
    refusedBy: "provider",
  }
}

function refusedToCaller(message: string, code: string | undefined): Declined {
  return { outcome: "declined", message, code, retryable: false, refusedBy: "caller" }
}

function accountRefused(error: StripeError): Declined {
  logger.error(wordsOf(error))
  return { outcome: "declined", message: NOT_AVAILABLE, retryable: true, refusedBy: "provider" }
}

function unknown(error: unknown): Unknown {
  return { outcome: "unknown", cause: inWords(error) }
}

function oneLine(message: string | undefined): string | undefined {
  const line = (message ?? "").replaceAll(/\s+/g, " ").trim()
  return line === "" || line.length > LONGEST_MESSAGE ? undefined : line
}
