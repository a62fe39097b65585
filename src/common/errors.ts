/**
 * Every refusal of this service, free of any transport. One table says what a kind is on the wire; the filter renders
 * it over HTTP and TCP alike, and the API document takes its error responses from the same table.
 */
export const ERROR_KINDS = {
  invalid_data: { status: 400, type: "invalid_data" },
  not_allowed: { status: 400, type: "not_allowed" },
  unauthorized: { status: 401, type: "unauthorized" },
  not_found: { status: 404, type: "not_found" },
  conflict: { status: 409, type: "conflict" },
  state_conflict: { status: 409, type: "conflict" },
  too_large: { status: 413, type: "invalid_data" },
  unsupported_media_type: { status: 415, type: "invalid_data" },
  duplicate: { status: 422, type: "duplicate_error" },
  payment_declined: { status: 422, type: "payment_authorization_error" },
  idempotency_mismatch: { status: 422, type: "invalid_data" },
  provider_error: { status: 502, type: "payment_provider_error" },
  outcome_unknown: { status: 504, type: "payment_provider_error" },
  unavailable: { status: 503, type: "unavailable" },
  unknown: { status: 500, type: "unknown_error" },
} as const satisfies Record<string, { status: number; type: string }>

export type ErrorKind = keyof typeof ERROR_KINDS

/** One thing that is wrong, for machines: which field, and what it may be. */
export interface ErrorDetail {
  field: string
  message: string
  /** What the field accepts, where that is a closed set. */
  allowed?: readonly string[]
}

/**
 * How large a refusal may become, whatever it has to say: a caller decides how much is wrong with a request, and must not
 * decide how much memory and bandwidth the response takes.
 */
export const REFUSAL_LIMITS = {
  /** Details; a list of allowed values counts as one. */
  details: 50,
  /** Characters of one thing that the caller sent. */
  quoted: 200,
  /** Characters of a message. */
  message: 1_000,
  /** Bytes of the whole body, as JSON. */
  bytes: 16 * 1024,
} as const

/** Bytes that are kept for what is neither message nor details: type, code, ids. */
const OTHER_BYTES = 1_024

/** What a caller sent, short enough to be quoted in a message. */
export function excerpt(value: unknown): string {
  return clip(String(value), REFUSAL_LIMITS.quoted)
}

function clip(text: string, length: number): string {
  // A surrogate pair that is cut in half would be no text any more.
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** As many details as fit into a refusal. */
function bounded(details: readonly ErrorDetail[], bytes: number): ErrorDetail[] {
  const fitting: ErrorDetail[] = []
  let [count, left] = [REFUSAL_LIMITS.details as number, bytes]
  for (const { field, message, allowed } of details) {
    const detail = { field: excerpt(field), message: clip(message, REFUSAL_LIMITS.message) }
    left -= sizeOf(detail)
    if (count-- <= 0 || left < 0) break
    const hasRoom = allowed !== undefined && count > 0 && sizeOf(allowed) <= left
    if (hasRoom) [count, left] = [count - 1, left - sizeOf(allowed)]
    fitting.push({ ...detail, ...(hasRoom && { allowed }) })
  }
  return fitting
}

/** What a client gets, over HTTP as the body and over TCP as the error. */
export interface ErrorBody {
  type: string
  message: string
  code?: string
  request_id?: string
  details?: readonly ErrorDetail[]
  /** The reason that a bank or provider gave, in its own code. */
  decline_code?: string
  /** Whether the same request may succeed later, where a provider refused it. */
  retryable?: boolean
  /** The call to a provider that this is about; operators find it by this id. */
  operation_id?: string
}

export interface ErrorOptions {
  code?: string
  declineCode?: string
  retryable?: boolean
  operationId?: string
  details?: readonly ErrorDetail[]
  /** Seconds after which the same request may succeed; becomes `Retry-After`. */
  retryAfter?: number
  cause?: unknown
}

/**
 * The base of all refusals. The message is shown to the caller: it says what to do and tells nothing internal. Message and
 * details are bounded here, see {@link REFUSAL_LIMITS}; code that collects them stops at the same bounds.
 */
export abstract class ServiceError extends Error {
  abstract readonly kind: ErrorKind
  readonly code?: string
  readonly details?: readonly ErrorDetail[]
  readonly retryAfter?: number
  readonly declineCode?: string
  readonly retryable?: boolean
  readonly operationId?: string

  constructor(message: string, options: ErrorOptions = {}) {
    const text = clip(message, REFUSAL_LIMITS.message)
    super(text, { cause: options.cause })
    this.name = new.target.name
    this.code = options.code && excerpt(options.code)
    this.details = options.details && bounded(options.details, REFUSAL_LIMITS.bytes - OTHER_BYTES - sizeOf(text))
    this.retryAfter = options.retryAfter
    this.declineCode = options.declineCode && excerpt(options.declineCode)
    this.retryable = options.retryable
    this.operationId = options.operationId
  }

  toBody(requestId?: string): ErrorBody {
    const { type } = ERROR_KINDS[this.kind]
    return {
      ...(this.code && { code: this.code }),
      type,
      message: this.message,
      ...(requestId && { request_id: requestId }),
      ...(this.details && { details: this.details }),
      ...(this.declineCode && { decline_code: this.declineCode }),
      ...(this.retryable !== undefined && { retryable: this.retryable }),
      ...(this.operationId && { operation_id: this.operationId }),
    }
  }
}

/** The request is malformed: change it before sending it again. */
export class InvalidData extends ServiceError {
  readonly kind = "invalid_data"
}

/** The request is fine, but its response would be too large to be held in memory. */
export class ResponseTooLarge extends InvalidData {
  constructor() {
    super(
      "The response would be larger than 5 MB. Ask for fewer rows with 'limit', or for less of each with 'fields'.",
      {
        code: "response_too_large",
      },
    )
  }
}

/** The request is well-formed but the state, or the key, does not permit it. */
export class NotAllowed extends ServiceError {
  readonly kind = "not_allowed"
}

export class Unauthorized extends ServiceError {
  readonly kind = "unauthorized"
}

export class NotFound extends ServiceError {
  readonly kind = "not_found"
}

/** Another request got in between; the same one may succeed later. */
export class Conflict extends ServiceError {
  readonly kind = "conflict"
}

/** The payment provider did nothing, because the present state of the payment does not allow it. */
export class StateConflict extends ServiceError {
  readonly kind = "state_conflict"
}

export class Duplicate extends ServiceError {
  readonly kind = "duplicate"
}

export class BodyTooLarge extends ServiceError {
  readonly kind = "too_large"

  constructor(message = "The body is larger than the limit of 100 kB. Send less in one request.") {
    super(message)
  }
}

export class UnsupportedMediaType extends ServiceError {
  readonly kind = "unsupported_media_type"

  constructor() {
    super("Send the body as uncompressed JSON in UTF-8, with the header 'content-type: application/json'.")
  }
}

/** The shopper's bank said no: another means of payment may help. Nothing moved. */
export class PaymentDeclined extends ServiceError {
  readonly kind = "payment_declined"
}

/** An idempotency key came again with another request. */
export class IdempotencyMismatch extends ServiceError {
  readonly kind = "idempotency_mismatch"
}

/** The payment provider refused the request itself. Nothing moved. */
export class ProviderError extends ServiceError {
  readonly kind = "provider_error"
}

/**
 * The payment provider did not say whether it did what it was asked. The operation is settled later; a repeated request
 * joins it.
 */
export class OutcomeUnknown extends ServiceError {
  readonly kind = "outcome_unknown"

  constructor(operationId: string, cause?: unknown) {
    super(
      `Whether it happened is not known yet. Operation ${operationId} is settled as soon as that is certain; look at the state before you repeat the request.`,
      { code: "outcome_unknown", operationId, retryAfter: 5, cause },
    )
  }
}

/** The payment provider did what it was asked, and only the response is missing. */
export class DoneButTooLarge extends ServiceError {
  readonly kind = "outcome_unknown"

  constructor(operationId: string) {
    super(
      `It was done (operation ${operationId}), but the response would be larger than 5 MB. Read it with less in 'fields'. Do not repeat the request.`,
      { code: "response_too_large", operationId },
    )
  }
}

/** The database is lost or overloaded. No provider was asked for anything: retry. */
export class Unavailable extends ServiceError {
  readonly kind = "unavailable"

  constructor(options: ErrorOptions = {}) {
    super("The service is temporarily unavailable. Retry the request shortly.", { retryAfter: 1, ...options })
  }
}

/** A fault of ours. The cause goes to the log, never to the caller. */
export class UnknownError extends ServiceError {
  readonly kind = "unknown"

  constructor(cause: unknown) {
    super("An unknown error occurred.", { code: "unknown_error", cause })
  }
}
