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
  too_large: { status: 413, type: "invalid_data" },
  unsupported_media_type: { status: 415, type: "invalid_data" },
  duplicate: { status: 422, type: "duplicate_error" },
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
}

export interface ErrorOptions {
  code?: string
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

  constructor(message: string, { code, details, retryAfter, cause }: ErrorOptions = {}) {
    super(message, { cause })
    this.name = new.target.name
    this.code = code
    this.details = details
    this.retryAfter = retryAfter
  }

  toBody(requestId?: string): ErrorBody {
    const { type } = ERROR_KINDS[this.kind]
    return {
      ...(this.code && { code: this.code }),
      type,
      message: this.message,
      ...(requestId && { request_id: requestId }),
      ...(this.details && { details: this.details }),
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

export class Duplicate extends ServiceError {
  readonly kind = "duplicate"
}

export class BodyTooLarge extends ServiceError {
  readonly kind = "too_large"
}

export class UnsupportedMediaType extends ServiceError {
  readonly kind = "unsupported_media_type"
}

/** The database is lost or overloaded: nothing was done, retry. */
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
