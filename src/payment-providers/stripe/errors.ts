import { Logger } from "@nestjs/common"
import Stripe from "stripe"
import type { Declined, Gone, Unknown } from "../contract/index.js"
import { InexactAmount } from "./amounts.js"
import { meaningOf } from "./error-codes.js"

// Translates errors of Stripe to outcomes of calls. The message of a decline is shown to shoppers; details for operators go
// to the log.

const { errors } = Stripe
type StripeError = InstanceType<typeof errors.StripeError>

/** Why a means of payment was refused: from an error of Stripe, or from an intent that failed. */
export interface CardRefusal {
  readonly message?: string
  readonly code?: string
  readonly decline_code?: string
  readonly advice_code?: string
}

const logger = new Logger("Stripe")

/** Characters of a message at most: a shopper reads no more. */
const LONGEST_MESSAGE = 300

const NOT_AVAILABLE =
  "The payment provider is not available at the moment. Choose another way to pay, or try again later."
const OTHER_STATE = "The payment has changed at the payment provider. Look at it again before you repeat the request."
const NOT_DONE = "The payment provider does not do this as things are. The log names the reason."
const CARD_REFUSED = "The payment was declined. Try another way to pay."

/** The fields of callers by Stripe's parameters: those of sessions and of customers. */
const CLIENT_FIELDS_BY_PARAM: Readonly<Record<string, string>> = {
  payment_method: "payment_method",
  allowed_payment_method_types: "payment_method_types",
  setup_future_usage: "setup_future_usage",
  return_url: "return_url",
  email: "email",
  name: "name",
  phone: "phone",
}

/** Reasons of banks and networks that may not apply to the next try. */
const RETRYABLE_REASONS = new Set([
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

/** Reasons that a thief must not learn. Stripe asks to show them as a generic decline. */
const CONFIDENTIAL_REASONS = new Set(["fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card"])

/** With these codes, Stripe's message names the limit. */
const AMOUNT_CODES = ["amount_too_small", "amount_too_large"]

/**
 * Stripe's message about a payment method that was detached, or has paid without a customer. It has neither a code nor a
 * parameter (public reports, such as woocommerce-payments 323).
 */
const SPENT_METHOD = /\bPaymentMethod\b.*\b(may not be used again|was detached)\b/s

/** Stripe's message if no payment method fits an intent; it may come without a code. */
const NO_METHOD = /No valid payment method types/i

/** Stripe's message if metadata would get too many names: "Metadata can have up to 50 keys, but you've set 51." */
const METADATA_LIMIT = /^Metadata can have up to \d+ keys/i

/** The part of a call that the meaning of an error depends on. */
export interface ErrorContext {
  /** Whether the call moves or releases money that our records contain. */
  readonly movesMoney?: boolean
}

type Outcome = Declined | Gone | Unknown

/** The outcome by the SDK's error types. Any other error says nothing about the call. */
const OUTCOMES: Readonly<Record<string, (error: StripeError, context: ErrorContext) => Outcome>> = {
  StripeCardError: cardDeclined,
  StripeInvalidRequestError: requestRefused,
  StripeAuthenticationError: accountRefused,
  StripePermissionError: accountRefused,
  // The key was used with other parameters, perhaps by an earlier attempt of this call.
  StripeIdempotencyError: unknown,
  // An earlier retry may have arrived.
  StripeRateLimitError: unknown,
  StripeConnectionError: unknown,
  // 5xx, and 409 for a key whose call is still in progress.
  StripeAPIError: unknown,
}

/** Translates an error of Stripe, of the network or of an amount to the outcome of the call. */
export function outcomeOfError(error: unknown, context: ErrorContext = {}): Outcome {
  if (error instanceof InexactAmount) return refusedToCaller(error.message, "invalid_amount")
  return error instanceof errors.StripeError ? (OUTCOMES[error.type] ?? unknown)(error, context) : unknown(error)
}

/** The outcome of a call that was certainly not executed and may be repeated. */
export function notDone(): Declined {
  return {
    outcome: "declined",
    message: "The payment provider failed to do it. Nothing has changed: try again.",
    retryable: true,
    refusedBy: "provider",
  }
}

/** The outcome if a shopper's means of payment was refused. @param refusal with Stripe's message for shoppers */
export function declineOf({ message, code, decline_code, advice_code }: CardRefusal): Declined {
  const reason = decline_code === undefined || decline_code === "" ? undefined : decline_code
  const meaning = meaningOf(code)
  const mayPass = meaning?.refusedBy === "issuer" && meaning.retryable
  return {
    outcome: "declined",
    message: oneLine(message) ?? (meaning?.refusedBy === "issuer" ? meaning.message : CARD_REFUSED),
    code,
    declineCode: reason !== undefined && CONFIDENTIAL_REASONS.has(reason) ? "generic_decline" : reason,
    retryable: advice_code === "try_again_later" || (reason === undefined ? mayPass : RETRYABLE_REASONS.has(reason)),
    refusedBy: "issuer",
  }
}

/** The outcome if an attempt failed for a reason outside the shopper's bank. Stripe's message is then for developers. */
export function failedAttempt({ code, decline_code, advice_code }: CardRefusal): Declined {
  const meaning = meaningOf(code)
  const isIssuers = meaning?.refusedBy !== "provider" && meaning?.refusedBy !== "caller"
  if (isIssuers) return declineOf({ code, decline_code, advice_code })
  const { refusedBy, message, retryable } = meaning
  return { outcome: "declined", message, code, retryable, refusedBy }
}

/** The outcome if the payment's state at Stripe differs from our records. */
export function otherState(): Declined {
  return { outcome: "declined", message: OTHER_STATE, retryable: false, refusedBy: "state", stateDiffers: true }
}

/** The outcome if no payment method can pay the intent. @param isChosen whether the storefront chose among the methods */
export function noPaymentMethod(isChosen: boolean): Declined {
  const code = "no_payment_method"
  if (isChosen) {
    return refusedToCaller("None of the payment_method_types can pay this amount and currency. Send other ones.", code)
  }
  const message = "The account with the payment provider has no payment method for this amount and currency."
  return { outcome: "declined", message, code, retryable: false, refusedBy: "provider" }
}

/** Whether Stripe replays a stored 5xx for the idempotency key, as it does for a day. */
export function isStoredFailure(error: unknown): boolean {
  return (
    error instanceof errors.StripeAPIError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.["idempotent-replayed"] === "true"
  )
}

/** Whether the key was used before with other parameters. */
export function isKeyReused(error: unknown): boolean {
  return error instanceof errors.StripeIdempotencyError
}

/** Whether the payment's state does not allow the call, perhaps because the call was executed before. */
export function isOtherState(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && meaningOf(error.code)?.stateDiffers === true
}

/** Whether other programs have filled the metadata. */
export function isMetadataFull(error: unknown): boolean {
  if (!(error instanceof errors.StripeInvalidRequestError)) return false
  return METADATA_LIMIT.test(error.message) || /^metadata\b/.test(error.param ?? "")
}

/** Whether no payment method fits the intent. */
export function isWithoutMethod(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && NO_METHOD.test(error.message)
}

/** The kind of object that Stripe does not know. */
type MissingObject = "payment_intent" | "customer" | "payment_method" | "other"

/** Reads the kind from the message first, because the parameter `id` or `intent` may stand for several kinds. */
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

/** Whether the API key lacks the permission. */
export function isForbidden(error: unknown): boolean {
  return error instanceof errors.StripePermissionError
}

/** Creates an error for operators that contains nothing of the request or its key. */
export function toError(error: unknown): Error {
  const cause = causeOf(error)
  return new Error(describeError(error), cause === undefined ? undefined : { cause })
}

/** The cause of a lost connection. Other errors of Stripe quote the request, so their causes are dropped. */
function causeOf(error: unknown): unknown {
  if (error instanceof errors.StripeConnectionError) return error.detail
  return error instanceof Error && !(error instanceof errors.StripeError) ? error.cause : undefined
}

function describeError(error: unknown): string {
  if (!(error instanceof errors.StripeError)) return error instanceof Error ? error.message : String(error)
  const isAboutKey = error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError
  // The message contains the id of the missing object, which may be confidential.
  const message = isAboutKey ? "The API key was refused." : missingObject(error) ? "It does not exist." : error.message
  const about = [error.statusCode, error.code, error.requestId].filter((part) => part !== undefined)
  return `Stripe: ${message}${about.length > 0 ? ` (${about.join(", ")})` : ""}`
}

/** If the raw type is another one, Stripe's message is for developers. */
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
  // Our records contain the money, so the state at Stripe must differ.
  if (movesMoney && (code === undefined || AMOUNT_CODES.includes(code))) {
    logger.warn(describeError(error))
    return { ...otherState(), code }
  }
  const meaning = meaningOf(code)
  if (AMOUNT_CODES.includes(code ?? "")) {
    return refusedToCaller(oneLine(error.message) ?? meaning?.message ?? NOT_DONE, code)
  }
  if (meaning?.refusedBy !== "state") logger.warn(describeError(error))
  if (meaning) return { outcome: "declined", code, ...meaning }
  return { outcome: "declined", message: NOT_DONE, code, retryable: false, refusedBy: "provider" }
}

function refusedToCaller(message: string, code: string | undefined): Declined {
  return { outcome: "declined", message, code, retryable: false, refusedBy: "caller" }
}

function accountRefused(error: StripeError): Declined {
  logger.error(describeError(error))
  return { outcome: "declined", message: NOT_AVAILABLE, retryable: true, refusedBy: "provider" }
}

function unknown(error: unknown): Unknown {
  return { outcome: "unknown", cause: toError(error) }
}

function oneLine(message: string | undefined): string | undefined {
  const line = (message ?? "").replaceAll(/\s+/g, " ").trim()
  return line === "" || line.length > LONGEST_MESSAGE ? undefined : line
}
