/** A refusal of the service, as the caller gets it: the fields of the HTTP error body, and a real stack. */
export class PaymentCollectionsError extends Error {
  override readonly name = "PaymentCollectionsError"
  /** What kind of error it is: `not_found`, `invalid_data`, `timeout` ... */
  readonly type: string
  readonly code?: string
  readonly details?: readonly unknown[]

  constructor(
    error: { type: string; message: string; code?: string; details?: readonly unknown[] },
    options?: ErrorOptions,
  ) {
    super(error.message, options)
    this.type = error.type
    this.code = error.code
    this.details = error.details
  }
}
