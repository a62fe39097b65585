/**
 * The kinds of errors, and what each is on the wire. The error filter renders them over HTTP and TCP; the API document and
 * docs/errors.md take status and type from here.
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

/** One problem of a request, for programs. */
export interface ErrorDetail {
  field: string
  message: string
  /** The accepted values, if the field has a closed set of them. */
  allowed?: readonly string[]
}

/**
 * How large an error may become. A caller decides how much is wrong with a request, and must not decide how much memory
 * and bandwidth the response takes.
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

/** Bytes reserved for type, code and ids. */
const OTHER_BYTES = 1_024

/** Shortens a caller's text, so that a message can quote it. */
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

/** The body of an error: the response over HTTP, the error over TCP. */
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

/** The description of a class of errors in the API document and docs/errors.md. */
export interface ErrorDocs {
  /** The name of the example in the API document. */
  readonly name: string
  /** When the error occurs. */
  readonly when: string
  /** How the caller reacts. */
  readonly remedy: string
  /** An error as a request gets it. Absent where the message differs from route to route. */
  readonly example?: () => ServiceError
}

/** A class of errors that the documentation describes. */
export interface DocumentedClass {
  readonly docs: ErrorDocs
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
 * The base of all errors that a caller sees. The message says what to do and contains nothing internal. Message and
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

  /** The description of errors of this class. */
  get docs(): ErrorDocs {
    return (this.constructor as typeof ServiceError & DocumentedClass).docs
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
  static readonly docs: ErrorDocs = {
    name: "invalid_data",
    when: "The request is malformed, or a value is not valid.",
    remedy: "Change the request. `details` names each field.",
    // The API document replaces the message by that of a request to the route.
    example: () => new InvalidData("Invalid request"),
  }
  readonly kind = "invalid_data"
}

/** The response to a read would be too large to be held in memory. */
export class ResponseTooLarge extends InvalidData {
  static override readonly docs: ErrorDocs = {
    name: "response_too_large",
    when: "The response to a read would be larger than 5 MB.",
    remedy: "Ask for fewer rows with `limit`, or for less of each with `fields`.",
    example: () => new ResponseTooLarge(),
  }

  constructor() {
    super(
      "The response would be larger than 5 MB. Ask for fewer rows with 'limit', or for less of each with 'fields'.",
      { code: "response_too_large" },
    )
  }
}

/** The request is well-formed, but the state or the key does not permit it. */
export class NotAllowed extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "not_allowed",
    when: "The state does not permit it.",
    remedy: "Read `message`, which names the state and what to do instead.",
  }
  readonly kind = "not_allowed"
}

/** The caller did not authenticate. */
export abstract class Unauthorized extends ServiceError {
  readonly kind = "unauthorized"
}

/** Nothing has this id, or the caller may not see it. */
export class NotFound extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "not_found",
    when: "It does not exist, or the key does not see it.",
    remedy:
      "Check the id, and the sales channels of the publishable key. An unknown route or message gets this error, too.",
  }
  readonly kind = "not_found"
}

/** Another request came first; the same request may succeed later. */
export class Conflict extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "conflict",
    when: "Another request got in between.",
    remedy: "Retry after the seconds in `Retry-After`.",
  }
  readonly kind = "conflict"
}

/** Other requests changed the same rows between two steps of this one. Nothing of it was written. */
export class ChangedMeanwhile extends Conflict {
  static override readonly docs: ErrorDocs = {
    name: "changed_meanwhile",
    when: "Another request got in between.",
    remedy: "Retry after the seconds in `Retry-After`.",
    example: () => new ChangedMeanwhile(),
  }

  constructor(
    message = "Another request changed the same data at the same time. Retry the request.",
    options: ErrorOptions = {},
  ) {
    super(message, { code: "changed_meanwhile", retryAfter: 1, ...options })
  }
}

/** Something with the same unique value exists. */
export class Duplicate extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "duplicate",
    when: "One with the same key exists.",
    remedy: "Use the existing one, or choose another value.",
  }
  readonly kind = "duplicate"
}

/** The database is lost or overloaded. Nothing was written, and no provider was called: retry. */
export class Unavailable extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "unavailable",
    when: "The database is lost or overloaded; retry after the seconds in `Retry-After`.",
    remedy: "Retry after the seconds in `Retry-After`. No money moved, and nothing is half done.",
    example: () => new Unavailable(),
  }
  readonly kind = "unavailable"

  constructor(options: ErrorOptions = {}) {
    super("The service is temporarily unavailable. Retry the request shortly.", { retryAfter: 1, ...options })
  }
}

/** A fault of the service. The cause goes to the log, never to the caller. */
export class UnknownError extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "unknown",
    when: "A fault of the service; `request_id` finds it in the log.",
    remedy: "Find `request_id` in the service's log.",
    example: () => new UnknownError(undefined),
  }
  readonly kind = "unknown"

  constructor(cause: unknown) {
    super("An unknown error occurred.", { code: "unknown_error", cause })
  }
}
