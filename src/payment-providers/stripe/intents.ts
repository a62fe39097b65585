import { Logger } from "@nestjs/common"
import type Stripe from "stripe"
import type { Money } from "../../common/money.js"
import type {
  AlreadyAuthorized,
  Declined,
  PaymentState,
  ReturnedData,
  ProviderData,
  ProviderOutcome,
} from "../contract/index.js"
import { fromStripeAmount } from "./amounts.js"
import { declineOf, failedAttempt, otherState } from "./errors.js"

// Reads payment intents: the state of the authorization, the data for the storefront, and the data for later calls.

const logger = new Logger("Stripe")

/** The name in an intent's metadata for the fields that the storefront sent, separated by spaces. */
export const SENT = "client_fields"

/** Kept with a session and its payment, for later calls. */
export interface PrivateData {
  /** The id of the payment intent. */
  readonly payment_intent: string
  /** The customer at Stripe who pays. It is set once. */
  readonly customer?: string
  /** Names of the fields that the storefront sent. Stripe keeps them until they are unset. */
  readonly sent?: readonly string[]
  /** Whether the shopper has authorized, so that the session is a payment now. */
  readonly is_authorized?: boolean
  /** Whether it can be captured in parts. */
  readonly multicapture?: boolean
}

/** @throws Error when no payment intent is known */
export function privateDataOf({ privateData }: { readonly privateData: ProviderData }): PrivateData {
  const { payment_intent, customer, sent, is_authorized, multicapture } = privateData
  if (typeof payment_intent !== "string") throw new Error("No payment intent is known of the session")
  return {
    payment_intent,
    ...(typeof customer === "string" && { customer }),
    ...(Array.isArray(sent) && { sent: sent.map(String) }),
    is_authorized: is_authorized === true,
    multicapture: multicapture === true,
  }
}

export function isMulticapture({ multicapture }: ProviderData): boolean {
  return multicapture === true
}

/** Returns the data of a session. It replaces the previous data. */
export function toReturnedData(intent: Stripe.PaymentIntent): ReturnedData {
  const { id, client_secret, status, next_action, payment_method_types } = intent
  const customer = idOf(intent.customer)
  const sent = intent.metadata[SENT]
  const privateData: PrivateData = {
    payment_intent: id,
    ...(customer !== undefined && { customer }),
    ...(sent !== undefined && { sent: sent.split(" ") }),
    ...(authorizedBy(intent) && { is_authorized: true, multicapture: hasMulticapture(intent) }),
  }
  return {
    data: { id, client_secret, status, ...(next_action && { next_action }), payment_method_types },
    privateData: { ...privateData },
  }
}

/** The authorized amount, including the parts that were captured or released since. */
export function authorizedAmount(intent: Stripe.PaymentIntent): Money {
  const { amount, amount_capturable, amount_received, currency } = intent
  return fromStripeAmount(isClosed(intent) ? amount : amount_capturable + amount_received, currency)
}

export function capturedAmount({ amount_received, currency }: Stripe.PaymentIntent): Money {
  return fromStripeAmount(amount_received, currency)
}

/** The outcome of a call that created or changed an open intent. */
export function openOutcome(intent: Stripe.PaymentIntent): ProviderOutcome {
  const authorization = authorizationOf(intent)
  const returned = toReturnedData(intent)
  switch (authorization.status) {
    case "authorized":
      return { outcome: "succeeded", ...moved(intent), ...returned }
    case "canceled":
      return otherState()
    case "failed":
      // The failure belongs to an earlier attempt.
      return { outcome: "pending", ...returned }
    case "requires_more":
      return { outcome: "requires_more", ...returned }
    case "pending":
      return { outcome: "pending", asynchronous: authorization.asynchronous, ...returned }
  }
}

/** The outcome of an authorization. */
export function authorizationOutcome(intent: Stripe.PaymentIntent): ProviderOutcome {
  return intent.status === "requires_payment_method" && intent.last_payment_error
    ? failureOf(intent.last_payment_error)
    : openOutcome(intent)
}

/** The outcome if the shopper authorized before the call arrived; undefined while nothing is authorized. */
export function alreadyAuthorized(intent: Stripe.PaymentIntent): AlreadyAuthorized | undefined {
  return authorizedBy(intent)
    ? { outcome: "already_authorized", ...moved(intent), ...toReturnedData(intent) }
    : undefined
}

/** Whether money was refunded or disputed before our records have the payment, which an outcome cannot report. */
export function hasMoreToRecord({ latest_charge: charge }: Stripe.PaymentIntent): boolean {
  return typeof charge === "object" && charge !== null && (charge.amount_refunded > 0 || charge.disputed)
}

/** The state of the shopper's authorization. */
export function authorizationOf(intent: Stripe.PaymentIntent): PaymentState["authorization"] {
  const { status, last_payment_error } = intent
  if (authorizedBy(intent)) {
    return { status: "authorized", amount: authorizedAmount(intent), captured: capturedAmount(intent) }
  }
  switch (status) {
    case "requires_payment_method":
      return last_payment_error ? { status: "failed" } : { status: "pending" }
    case "requires_confirmation":
      return { status: "pending" }
    case "requires_action":
      return { status: "requires_more" }
    case "processing":
      return { status: "pending", asynchronous: true }
    case "canceled":
      return { status: "canceled" }
    default:
      // A later version of the API may have more states. Nothing counts as authorized before Stripe reports a state known here.
      logger.warn(
        `Stripe reports the status '${String(status)}' of a payment intent, which this service does not know.`,
      )
      return { status: "pending" }
  }
}

/** Whether nothing more can be captured. */
export function isClosed({ status }: Stripe.PaymentIntent): boolean {
  return status === "succeeded" || status === "canceled"
}

export function idOf(reference: string | { readonly id: string } | null): string | undefined {
  return typeof reference === "string" ? reference : reference?.id
}

/** A partially captured intent counts as authorized, even if the rest was released. */
function authorizedBy({ status, amount_received }: Stripe.PaymentIntent): boolean {
  return status === "requires_capture" || status === "succeeded" || (status === "canceled" && amount_received > 0)
}

function moved(intent: Stripe.PaymentIntent): Pick<AlreadyAuthorized, "amount" | "captured" | "isClosed"> & Deadline {
  return {
    amount: authorizedAmount(intent),
    captured: capturedAmount(intent),
    isClosed: isClosed(intent),
    ...deadlineOf(intent),
  }
}

type Deadline = Pick<PaymentState, "captureBefore">

/** When Stripe releases what is not captured, if there is anything. @param intent with its latest charge */
export function deadlineOf(intent: Stripe.PaymentIntent): Deadline {
  const seconds = cardOf(intent)?.capture_before
  return intent.status === "requires_capture" && seconds !== undefined
    ? { captureBefore: new Date(seconds * 1000) }
    : {}
}

/** @param intent with its latest charge */
function hasMulticapture(intent: Stripe.PaymentIntent): boolean {
  return cardOf(intent)?.multicapture?.status === "available"
}

function cardOf({ latest_charge }: Stripe.PaymentIntent): Stripe.Charge.PaymentMethodDetails.Card | undefined {
  const details = typeof latest_charge === "object" ? latest_charge?.payment_method_details : undefined
  return details?.card ?? undefined
}

function failureOf({ type, ...error }: Stripe.PaymentIntent.LastPaymentError): Declined {
  // Stripe's message is for shoppers if the error is about their card, and for developers otherwise.
  return type === "card_error" ? declineOf(error) : failedAttempt(error)
}
