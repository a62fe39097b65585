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

/** The base of all refusals. The message is shown to the caller: it says what to do and tells nothing internal. */
export abstract class ServiceError extends Error {
  abstract readonly kind: ErrorKind
  readonly code?: string
  readonly details?: readonly ErrorDetail[]
  readonly retryAfter?: number
  readonly declineCode?: string
  readonly retryable?: boolean
  readonly operationId?: string

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.details = options.details
    this.retryAfter = options.retryAfter
    this.declineCode = options.declineCode
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
}

export class UnsupportedMediaType extends ServiceError {
  readonly kind = "unsupported_media_type"
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
