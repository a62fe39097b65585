/** One problem of a request. */
export interface PaymentCollectionsErrorDetail {
  field: string
  message: string
  /** The accepted values, if that is a closed set. */
  allowed?: readonly string[]
}

/** An error as the service sends it, over HTTP and TCP. */
export interface PaymentCollectionsErrorBody {
  type: string
  message: string
  code?: string
  request_id?: string
  details?: readonly PaymentCollectionsErrorDetail[]
  decline_code?: string
  retryable?: boolean
  operation_id?: string
}

/** Every method of the client throws this error. It has the fields of the HTTP error body and the caller's stack. */
export class PaymentCollectionsError extends Error {
  override readonly name = "PaymentCollectionsError"
  /**
   * The kind of error: `not_found`, `invalid_data` and so on. Three types come from the client itself: after `unavailable` nothing
   * was done; after `timeout` and `connection_lost` the request may have taken effect.
   */
  readonly type: string
  readonly code?: string
  /** The id of the message in the service's log. */
  readonly requestId?: string
  readonly details?: readonly PaymentCollectionsErrorDetail[]
  /** Why the shopper's bank declined. */
  readonly declineCode?: string
  /** Whether the same request may succeed later, if a payment provider refused it. */
  readonly retryable?: boolean
  /** The operation that the error is about. */
  readonly operationId?: string

  constructor(error: PaymentCollectionsErrorBody, options?: ErrorOptions) {
    super(error.message, options)
    this.type = error.type
    this.code = error.code
    this.requestId = error.request_id
    this.details = error.details
    this.declineCode = error.decline_code
    this.retryable = error.retryable
    this.operationId = error.operation_id
  }
}
