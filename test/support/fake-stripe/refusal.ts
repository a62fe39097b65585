import type Stripe from "stripe"

/** The `error` of Stripe's answer. */
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

/** A request that is answered with an error. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: StripeErrorBody,
    /** Whether execution had begun: only then is the answer kept for the idempotency key. */
    readonly hasBegun: boolean,
  ) {
    super(body.message)
  }
}

const docUrl = (code: string | undefined): string | undefined =>
  code === undefined ? undefined : `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}`

type Details = Omit<Partial<StripeErrorBody>, "type" | "message" | "doc_url">

const invalidRequest = (status: number, message: string, details: Details, hasBegun: boolean): Refusal =>
  new Refusal(status, { type: "invalid_request_error", message, doc_url: docUrl(details.code), ...details }, hasBegun)

/** The parameters are wrong, whatever the state of things. */
export const badParameter = (message: string, details: Details = {}): Refusal =>
  invalidRequest(400, message, details, false)

/** The parameters are right, and the state of things does not allow it. */
export const notPossible = (message: string, details: Details = {}): Refusal =>
  invalidRequest(400, message, details, true)

/** What a URL names by its id; Stripe calls that parameter `id`, and `intent` of an intent. */
const IN_URL = ["id", "intent"]

/** 404 for what the URL names, 400 for what another parameter names: so public reports quote Stripe. */
export const notFound = (what: string, id: string, param = "id"): Refusal =>
  invalidRequest(
    IN_URL.includes(param) ? 404 : 400,
    `No such ${what}: '${id}'`,
    { code: "resource_missing", param },
    true,
  )

export const unauthorized = (message: string): Refusal => invalidRequest(401, message, {}, false)

export const forbidden = (message: string): Refusal => invalidRequest(403, message, {}, false)

export const unknownRoute = (method: string, path: string): Refusal =>
  invalidRequest(404, `Unrecognized request URL (${method}: ${path}).`, {}, false)

export const tooManyRequests = (): Refusal =>
  invalidRequest(429, "Too many requests in a short time. Please try again later.", { code: "rate_limit" }, false)

/** The shopper's bank has said no. */
export const declined = (message: string, details: Details): Refusal =>
  new Refusal(402, { type: "card_error", message, doc_url: docUrl(details.code), ...details }, true)

export const idempotencyError = (status: 400 | 409, message: string, code?: string): Refusal =>
  new Refusal(status, { type: "idempotency_error", message, code, doc_url: docUrl(code) }, false)

export const internalError = (): Refusal =>
  new Refusal(500, { type: "api_error", message: "An unknown error occurred" }, true)
