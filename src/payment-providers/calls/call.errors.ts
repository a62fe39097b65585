import { Conflict, type ErrorDocs, ServiceError } from "../../common/errors.js"
import { MISSING } from "../../payment-model/outcomes/missing-objects.js"
import { EXAMPLE } from "../../payment-model/resources/examples.js"

/** The shopper's bank declined. Nothing moved; another means of payment may help. */
export class PaymentDeclined extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "payment_declined",
    when: "The shopper's bank, or whoever pays, said no.",
    remedy: "Offer another card or provider. `code` and `decline_code` give the reason in the provider's words.",
    example: () =>
      new PaymentDeclined("The card was declined.", {
        code: "card_declined",
        declineCode: "insufficient_funds",
        operationId: EXAMPLE.operationId,
      }),
  }
  readonly kind = "payment_declined"
}

/** The payment provider refused the request itself. Nothing moved. */
export class ProviderError extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "provider_error",
    when: "The payment provider refused the request itself.",
    remedy: "Read `code`. `retryable` says whether the same request may succeed later. Nothing moved.",
    example: () =>
      new ProviderError("The payment provider did not accept the request.", {
        code: "amount_too_small",
        retryable: false,
        operationId: EXAMPLE.operationId,
      }),
  }
  readonly kind = "provider_error"
}

/** The payment provider gave no usable response to a call that moves no money. */
export class ProviderUnresponsive extends ProviderError {
  static override readonly docs: ErrorDocs = {
    name: "no_answer",
    when: "The payment provider gave no usable response to a call that moves no money, such as one for its state.",
    remedy: "Repeat the request.",
    example: () =>
      new ProviderUnresponsive(
        "The payment provider gave no usable answer in time. Nothing has changed: repeat the request.",
      ),
  }

  constructor(message: string, cause?: unknown) {
    super(message, { code: "no_answer", retryable: true, cause })
  }
}

/** The payment provider did nothing, because the present state of the payment does not allow it. */
export class StateConflict extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "state_conflict",
    when:
      "The payment provider did nothing, because the present state of the payment does not allow it, or because it does " +
      "not know the payment (`provider_payment_missing`).",
    remedy: "Read `code` and `message`. With `payment_processing`: wait, then repeat the request.",
    example: () =>
      new StateConflict("The payment is being processed at the payment provider. Wait for the end, then try again.", {
        code: "payment_processing",
        retryable: true,
        operationId: EXAMPLE.operationId,
      }),
  }
  readonly kind = "state_conflict"
}

/** The payment provider does not know the payment. */
export class ProviderPaymentMissing extends StateConflict {
  static override readonly docs: ErrorDocs = {
    name: "provider_payment_missing",
    when: "The provider does not know the payment. It was deleted there, or the service uses another account or API key.",
    remedy:
      "A session: create it again. A capture or refund: compare the API key and the provider's dashboard, then repeat the request.",
    example: () => new ProviderPaymentMissing(),
  }

  constructor() {
    super(MISSING.payment.message, { code: MISSING.payment.code, retryable: false })
  }
}

/** The payment provider does not know the customer any more. */
export class AccountHolderMissing extends StateConflict {
  static override readonly docs: ErrorDocs = {
    name: "account_holder_missing",
    when: "The provider does not know the customer any more.",
    remedy: "Repeat the request, or create the session again: the customer is created there anew.",
    example: () => new AccountHolderMissing(),
  }

  constructor() {
    super(
      "The payment provider does not know the customer any more. Repeat the request, and the customer is created anew.",
      { code: "account_holder_missing", retryable: true },
    )
  }
}

/** The state that the payment provider reports cannot be true with our records. */
export class ProviderContradiction extends StateConflict {
  static override readonly docs: ErrorDocs = {
    name: "provider_contradiction",
    when: "The provider reports what cannot be true with the service's records, such as less captured than is recorded.",
    remedy: "Compare the payment with the provider's dashboard.",
    example: () => new ProviderContradiction("The provider has captured 10 eur, but 20 eur are recorded as captured."),
  }

  /** @param contradiction what differs, as a sentence */
  constructor(contradiction: string) {
    super(`${contradiction} A person has to look at it.`, { code: "provider_contradiction" })
  }
}

/** The request depends on a call to a provider whose outcome is not known yet. */
export class OperationInProgress extends Conflict {
  static override readonly docs: ErrorDocs = {
    name: "operation_in_progress",
    when: "A call to the payment provider is not settled yet; retry after the seconds in `Retry-After`.",
    remedy: "Retry after the seconds in `Retry-After`. `operation_id` names the call.",
    example: () => new OperationInProgress(EXAMPLE.operationId),
  }

  /** @param operationId absent if the call belongs to a webhook event that is being applied */
  constructor(
    operationId: string | undefined,
    message = `Operation ${operationId} with the payment provider is not settled yet. Retry the request later.`,
  ) {
    super(message, { code: "operation_in_progress", operationId, retryAfter: 1 })
  }
}

/** Nobody knows yet whether the payment provider did what it was asked. A repeated request waits for the outcome. */
export class OutcomeUnknown extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "outcome_unknown",
    when: "The payment provider did not say whether it did it. The operation is settled later.",
    remedy:
      "Look at `GET /admin/operations/:operation_id` before you repeat the request. The money may have moved; the service asks the provider until it knows.",
    example: () => new OutcomeUnknown(EXAMPLE.operationId),
  }
  readonly kind = "outcome_unknown"

  constructor(operationId: string, cause?: unknown) {
    super(
      `Whether it happened is not known yet. Operation ${operationId} is settled as soon as that is certain; look at the state before you repeat the request.`,
      { code: "outcome_unknown", operationId, retryAfter: 5, cause },
    )
  }
}

/** The payment provider did what it was asked, but the response is too large. */
export class DoneButTooLarge extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "done_but_too_large",
    when: "The change was made, and its response would be larger than 5 MB.",
    remedy: "Do not repeat the request. Read the resource with less in `fields`.",
    example: () => new DoneButTooLarge(EXAMPLE.operationId),
  }
  readonly kind = "outcome_unknown"

  constructor(operationId: string) {
    super(
      `It was done (operation ${operationId}), but the response would be larger than 5 MB. Read it with less in 'fields'. Do not repeat the request.`,
      { code: "response_too_large", operationId },
    )
  }
}
