import { Logger } from "@nestjs/common"
import Stripe from "stripe"
import type { Declined, Gone, Unknown } from "../contract/payment-provider.contract.js"
import { InexactAmount } from "./amounts.js"
import { meaningOf } from "./error-codes.js"

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
const NOT_DONE = "The payment provider does not do this as things are. The log names the reason."
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

/**
 * What Stripe says of a payment method that was detached, or has paid without a customer; neither a code nor a parameter
 * comes with it (public reports, such as woocommerce-payments 323).
 */
const SPENT_METHOD = /\bPaymentMethod\b.*\b(may not be used again|was detached)\b/s

/** What Stripe says if no payment method fits an intent, also without a code. */
const NO_METHOD = /No valid payment method types/i

/** What Stripe says if metadata would get too many names: "Metadata can have up to 50 keys, but you've set 51." */
const METADATA_LIMIT = /^Metadata can have up to \d+ keys/i

/** What a call is about, as far as the meaning of an error depends on it. */
export interface ErrorContext {
  /** Whether the call moves or releases money, which our records say is there. */
  readonly movesMoney?: boolean
}

type Outcome = Declined | Gone | Unknown

/** By the SDK's names. What is not listed, and what is no error of Stripe's, says nothing about the call. */
const OUTCOMES: Readonly<Record<string, (error: StripeError, context: ErrorContext) => Outcome>> = {
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
export function outcomeOfError(error: unknown, context: ErrorContext = {}): Outcome {
  if (error instanceof InexactAmount) return refusedToCaller(error.message, "invalid_amount")
  return error instanceof errors.StripeError ? (OUTCOMES[error.type] ?? unknown)(error, context) : unknown(error)
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
  const meaning = meaningOf(code)
  const mayPass = meaning?.refusedBy === "issuer" && meaning.retryable
  return {
    outcome: "declined",
    message: oneLine(message) ?? (meaning?.refusedBy === "issuer" ? meaning.message : CARD_REFUSED),
    code,
    declineCode: reason !== undefined && SUSPICIONS.has(reason) ? "generic_decline" : reason,
    retryable: advice_code === "try_again_later" || (reason === undefined ? mayPass : PASSING.has(reason)),
    refusedBy: "issuer",
  }
}

/** An attempt to pay failed for a reason that is none of the shopper's bank. Stripe's words are for developers. */
export function failedAttempt({ code, decline_code, advice_code }: CardRefusal): Declined {
  const meaning = meaningOf(code)
  const isIssuers = meaning?.refusedBy !== "provider" && meaning?.refusedBy !== "caller"
  if (isIssuers) return declineOf({ code, decline_code, advice_code })
  const { refusedBy, message, retryable } = meaning
  return { outcome: "declined", message, code, retryable, refusedBy }
}

/** The payment's state at Stripe is not the one on record. */
export function otherState(): Declined {
  return { outcome: "declined", message: OTHER_STATE, retryable: false, refusedBy: "state", stateDiffers: true }
}

/** No payment method can pay the intent. @param isChosen whether the storefront chose among the methods */
export function noPaymentMethod(isChosen: boolean): Declined {
  const code = "no_payment_method"
  if (isChosen) {
    return refusedToCaller("None of the payment_method_types can pay this amount and currency. Send other ones.", code)
  }
  const message = "The account with the payment provider has no payment method for this amount and currency."
  return { outcome: "declined", message, code, retryable: false, refusedBy: "provider" }
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

/** Whether the payment is in a state that does not allow the call, perhaps because the call was done before. */
export function isOtherState(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && meaningOf(error.code)?.stateDiffers === true
}

/** Whether others have written so much metadata that there is no room for ours. */
export function isMetadataFull(error: unknown): boolean {
  if (!(error instanceof errors.StripeInvalidRequestError)) return false
  return METADATA_LIMIT.test(error.message) || /^metadata\b/.test(error.param ?? "")
}

/** Whether no payment method fits an intent that was to be created or changed. */
export function isWithoutMethod(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && NO_METHOD.test(error.message)
}

/** What Stripe does not know, by its own name for it. */
type MissingObject = "payment_intent" | "customer" | "payment_method" | "other"

/** What the sentence names comes first, because the parameter `id` or `intent` may name several kinds. */
export function missingObject(error: unknown): MissingObject | undefined {
  if (!(error instanceof errors.StripeInvalidRequestError) || error.code !== "resource_missing") return undefined
  const named = /^No such (\w+)/i.exec(error.message)?.[1]?.replaceAll("_", "").toLowerCase()
  return (
    KINDS[named ?? ""] ?? (named === undefined ? KINDS[(error.param ?? "").replaceAll("_", "")] : undefined) ?? "other"
  )
}

const KINDS: Readonly<Record<string, MissingObject>> = {
  paymentintent: "payment_intent",
  intent: "payment_intent",
  customer: "customer",
  paymentmethod: "payment_method",
}

/** Whether Stripe does not know the payment intent. */
export function isPaymentMissing(error: unknown): boolean {
  return missingObject(error) === "payment_intent"
}

/** Whether the API key lacks a permission for it. */
export function isForbidden(error: unknown): boolean {
  return error instanceof errors.StripePermissionError
}

/** An error for operators to read: nothing of the request, nor of its key, is in it. */
export function toError(error: unknown): Error {
  const cause = causeOf(error)
  return new Error(wordsOf(error), cause === undefined ? undefined : { cause })
}

/** What broke the connection; of other errors of Stripe's nothing, because they quote the request. */
function causeOf(error: unknown): unknown {
  if (error instanceof errors.StripeConnectionError) return error.detail
  return error instanceof Error && !(error instanceof errors.StripeError) ? error.cause : undefined
}

function wordsOf(error: unknown): string {
  if (!(error instanceof errors.StripeError)) return error instanceof Error ? error.message : String(error)
  const isOfTheKey = error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError
  // What is missing is named by its id, which may be nobody's business.
  const message = isOfTheKey ? "The API key was refused." : missingObject(error) ? "It does not exist." : error.message
  const about = [error.statusCode, error.code, error.requestId].filter((part) => part !== undefined)
  return `Stripe: ${message}${about.length > 0 ? ` (${about.join(", ")})` : ""}`
}

/** Of another type, Stripe's words are for developers. */
function cardDeclined(error: StripeError): Declined {
  const { code, decline_code, advice_code } = error as CardRefusal
  const refusal = { code, decline_code, advice_code }
  return error.rawType === "card_error" ? declineOf({ ...refusal, message: error.message }) : failedAttempt(refusal)
}

function requestRefused(error: StripeError, { movesMoney = false }: ErrorContext): Outcome {
  const { code, param } = error
  const missing = missingObject(error)
  if (missing === "payment_intent") return { outcome: "gone" }
  if (missing === "customer") return { outcome: "gone", object: "account_holder" }
  const isSpent = missing === "payment_method" || (code === undefined && SPENT_METHOD.test(error.message))
  const field = isSpent ? "payment_method" : CLIENT_FIELDS_BY_PARAM[(param ?? "").replace(/\[.*/, "")]
  if (field !== undefined) {
    return refusedToCaller(
      `The payment provider cannot use ${field} as it was sent, or left out. Send another value.`,
      code,
    )
  }
  // Our records say that the money is there, so Stripe's say something else.
  if (movesMoney && (code === undefined || AMOUNT_CODES.includes(code))) {
    logger.warn(wordsOf(error))
    return { ...otherState(), code }
  }
  const meaning = meaningOf(code)
  if (AMOUNT_CODES.includes(code ?? "")) {
    return refusedToCaller(oneLine(error.message) ?? meaning?.message ?? NOT_DONE, code)
  }
  if (meaning?.refusedBy !== "state") logger.warn(wordsOf(error))
  if (meaning) return { outcome: "declined", code, ...meaning }
  return { outcome: "declined", message: NOT_DONE, code, retryable: false, refusedBy: "provider" }
}

function refusedToCaller(message: string, code: string | undefined): Declined {
  return { outcome: "declined", message, code, retryable: false, refusedBy: "caller" }
}

function accountRefused(error: StripeError): Declined {
  logger.error(wordsOf(error))
  return { outcome: "declined", message: NOT_AVAILABLE, retryable: true, refusedBy: "provider" }
}

function unknown(error: unknown): Unknown {
  return { outcome: "unknown", cause: toError(error) }
}

function oneLine(message: string | undefined): string | undefined {
  const line = (message ?? "").replaceAll(/\s+/g, " ").trim()
  return line === "" || line.length > LONGEST_MESSAGE ? undefined : line
}
