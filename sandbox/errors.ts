import type Stripe from "stripe"

/** The `error` of Stripe's response. */
export interface StripeErrorBody {
  readonly type: "invalid_request_error" | "card_error" | "idempotency_error" | "api_error"
  readonly message: string
  readonly code?: string
  readonly param?: string
  readonly decline_code?: string
  readonly charge?: string
  readonly doc_url?: string
  readonly payment_intent?: Stripe.PaymentIntent
  readonly payment_method?: Stripe.PaymentMethod
}

/** An error response. */
export class StripeError extends Error {
  constructor(
    readonly status: number,
    readonly body: StripeErrorBody,
    /** Whether execution had started: only then is the response kept for the idempotency key. */
    readonly hasStarted: boolean,
  ) {
    super(body.message)
  }
}

const docUrl = (code: string | undefined): string | undefined =>
  code === undefined ? undefined : `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}`

type Details = Omit<Partial<StripeErrorBody>, "type" | "message" | "doc_url">

const invalidRequest = (status: number, message: string, details: Details, hasStarted: boolean): StripeError =>
  new StripeError(
    status,
    { type: "invalid_request_error", message, doc_url: docUrl(details.code), ...details },
    hasStarted,
  )

/** The parameters are wrong. */
export const badParameter = (message: string, details: Details = {}): StripeError =>
  invalidRequest(400, message, details, false)

/** The parameters are right, and the state of the object does not allow the call. */
export const notPossible = (message: string, details: Details = {}): StripeError =>
  invalidRequest(400, message, details, true)

/** How Stripe names the id in a URL: `id`, or `intent` for an intent. */
const IN_URL = ["id", "intent"]

/** 404 for an id in the URL, 400 for an id in a parameter, as public reports quote Stripe. */
export const notFound = (what: string, id: string, param = "id"): StripeError =>
  invalidRequest(
    IN_URL.includes(param) ? 404 : 400,
    `No such ${what}: '${id}'`,
    { code: "resource_missing", param },
    true,
  )

export const unauthorized = (message: string): StripeError => invalidRequest(401, message, {}, false)

export const forbidden = (message: string): StripeError => invalidRequest(403, message, {}, false)

export const unknownRoute = (method: string, path: string): StripeError =>
  invalidRequest(404, `Unrecognized request URL (${method}: ${path}).`, {}, false)

export const tooManyRequests = (): StripeError =>
  invalidRequest(429, "Too many requests in a short time. Please try again later.", { code: "rate_limit" }, false)

/** The shopper's bank declined. */
export const declined = (message: string, details: Details): StripeError =>
  new StripeError(402, { type: "card_error", message, doc_url: docUrl(details.code), ...details }, true)

export const idempotencyError = (status: 400 | 409, message: string, code?: string): StripeError =>
  new StripeError(status, { type: "idempotency_error", message, code, doc_url: docUrl(code) }, false)

export const internalError = (): StripeError =>
  new StripeError(500, { type: "api_error", message: "An unknown error occurred" }, true)

/** Something that a shopper, a bank or the Dashboard cannot do to an object in its present state. */
export class WrongState extends Error {}

export const wrongState = (message: string): WrongState => new WrongState(message)
