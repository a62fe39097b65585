export interface PaymentCollectionsErrorBody {
  type: string
  message: string
  code?: string
  request_id?: string
  details?: readonly unknown[]
  decline_code?: string
  retryable?: boolean
  operation_id?: string
}

/** A refusal of the service, as the caller gets it: the fields of the HTTP error body, and a real stack. */
export class PaymentCollectionsError extends Error {
  override readonly name = "PaymentCollectionsError"
  /**
   * What kind of error it is: `not_found`, `invalid_data` ... `unavailable` means that nothing was done; after
   * `timeout` and `connection_lost`, which the client says itself, it may have been done.
   */
  readonly type: string
  readonly code?: string
  /** The id of the message in the service's log. */
  readonly requestId?: string
  readonly details?: readonly unknown[]
  /** Why the shopper's bank said no. */
  readonly declineCode?: string
  /** Whether the same request may succeed later, where a payment provider refused it. */
  readonly retryable?: boolean
  /** The call to the payment provider that this is about. */
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
