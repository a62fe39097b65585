import type { OnModuleDestroy } from "@nestjs/common"
import { catchError, defer, firstValueFrom, mergeMap, throwError, timeout } from "rxjs"
import { Connection } from "./connection.js"
import type { Messages } from "./messages.js"
import { DEFAULT_DEADLINE, type PaymentCollectionsClientOptions } from "./options.js"
import type * as requests from "./requests.js"
import { PaymentCollectionsError, type PaymentCollectionsErrorBody } from "./payment-collections.error.js"

/**
 * The payment service, for other Nest services. Every method returns what the HTTP route returns, and throws a
 * {@link PaymentCollectionsError} with the type, message and code of the service.
 */
export class PaymentCollectionsClient implements OnModuleDestroy {
  readonly paymentCollections = {
    /** Returns the one collection of a cart; creates it if there is none. */
    create: (request: requests.CreatePaymentCollectionRequest) => this.send("payment_collections.create", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("payment_collections.retrieve", request),
    list: (request: requests.ListPaymentCollectionsRequest = {}) => this.send("payment_collections.list", request),
    createForOrder: (request: requests.CreateOrderPaymentCollectionRequest) =>
      this.send("payment_collections.create_for_order", request),
    /** Changes the amount of a collection that has no cart. */
    update: (request: requests.UpdatePaymentCollectionRequest) => this.send("payment_collections.update", request),
    /** Opens a session, authorizes and captures it, for money that was paid outside the service. */
    markAsPaid: (request: requests.MarkAsPaidRequest) => this.send("payment_collections.mark_as_paid", request),
    delete: (request: requests.DeleteRequest) => this.send("payment_collections.delete", request),
  }

  readonly paymentSessions = {
    /** Returns the open session of a collection; creates it or changes it as requested. */
    create: (request: requests.CreatePaymentSessionRequest) => this.send("payment_sessions.create", request),
    /** Asks the provider for the authorization. If it succeeded, `payments` of the response has the payment. */
    authorize: (request: requests.AuthorizePaymentSessionRequest) => this.send("payment_sessions.authorize", request),
    /** Asks again about a session in `pending_authorization` whose collection belongs to the order. */
    authorizeForOrder: (request: requests.AuthorizeOrderSessionRequest) =>
      this.send("payment_sessions.authorize_for_order", request),
  }

  readonly payments = {
    list: (request: requests.ListPaymentsRequest = {}) => this.send("payments.list", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("payments.retrieve", request),
    /** Captures all that is left, or an amount. */
    capture: (request: requests.CapturePaymentRequest) => this.send("payments.capture", request),
    /** Refunds all that was captured and not refunded, or an amount. */
    refund: (request: requests.RefundPaymentRequest) => this.send("payments.refund", request),
    /** Voids what is not captured. */
    cancel: (request: requests.IdCommand) => this.send("payments.cancel", request),
    /** Fetches the payment's current state from its provider and records it. */
    refresh: (request: requests.IdCommand) => this.send("payments.refresh", request),
  }

  readonly webhookEvents = {
    list: (request: requests.ListWebhookEventsRequest = {}) => this.send("webhook_events.list", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("webhook_events.retrieve", request),
    /** Applies an event again. */
    replay: (request: requests.IdCommand) => this.send("webhook_events.replay", request),
  }

  readonly operations = {
    list: (request: requests.ListOperationsRequest = {}) => this.send("operations.list", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("operations.retrieve", request),
    /** Asks the provider now for the outcome of an operation. */
    retry: (request: requests.IdCommand) => this.send("operations.retry", request),
  }

  readonly refundReasons = {
    list: (request: requests.ListRefundReasonsRequest = {}) => this.send("refund_reasons.list", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("refund_reasons.retrieve", request),
    create: (request: requests.CreateRefundReasonRequest) => this.send("refund_reasons.create", request),
    update: (request: requests.UpdateRefundReasonRequest) => this.send("refund_reasons.update", request),
    delete: (request: requests.DeleteRequest) => this.send("refund_reasons.delete", request),
  }

  readonly accountHolders = {
    list: (request: requests.ListAccountHoldersRequest = {}) => this.send("account_holders.list", request),
    retrieve: (request: requests.RetrieveRequest) => this.send("account_holders.retrieve", request),
    /** Returns the one account holder of a customer with a provider; creates it if there is none. */
    create: (request: requests.CreateAccountHolderRequest) => this.send("account_holders.create", request),
    /** Deletes the customer at the provider too, with all saved payment methods. */
    delete: (request: requests.DeleteRequest) => this.send("account_holders.delete", request),
  }

  readonly paymentMethods = {
    list: (request: requests.ListPaymentMethodsRequest) => this.send("payment_methods.list", request),
    /** Starts to save one; `data` of the response says what the shopper does next. */
    save: (request: requests.SavePaymentMethodRequest) => this.send("payment_methods.save", request),
    delete: (request: requests.DeletePaymentMethodRequest) => this.send("payment_methods.delete", request),
  }

  readonly events = {
    /** Returns the events after one; continue with the id of the last one, immediately while `has_more`. */
    list: (request: requests.ListEventsRequest = {}) => this.send("events.list", request),
  }

  readonly carts = {
    /** Replaces the state of a cart; what is left out becomes null. */
    upsert: (request: requests.UpsertCartRequest) => this.send("carts.upsert", request),
  }

  readonly paymentProviders = {
    list: (request: requests.ListPaymentProvidersRequest) => this.send("payment_providers.list", request),
  }

  private readonly connection: Connection
  private readonly deadline: number
  private readonly identity: { caller?: string; token?: string }

  constructor({ host, port, tls, caller, token, deadline = DEFAULT_DEADLINE }: PaymentCollectionsClientOptions) {
    this.connection = new Connection({ host, port, ...(tls && { tlsOptions: tls }) }, deadline)
    this.deadline = deadline
    this.identity = { ...(caller && { caller }), ...(token && { token }) }
  }

  /** Closes the connection; Nest calls it when the application shuts down. */
  onModuleDestroy(): void {
    this.connection.close()
  }

  private send<M extends keyof Messages>(
    pattern: M,
    request: Messages[M]["request"],
  ): Promise<Messages[M]["response"]> {
    const { deadline } = this
    const message = { ...request, ...this.identity }
    let connected = false
    const call = defer(() => this.connection.connect()).pipe(
      catchError((error: unknown) => throwError(() => unavailable(pattern, error))),
      mergeMap(() => {
        connected = true
        return this.connection.send<Messages[M]["response"]>(pattern, message)
      }),
      timeout({
        each: deadline,
        with: () => throwError(() => (connected ? timedOut(pattern, deadline) : unavailable(pattern, "too slow"))),
      }),
    )
    return firstValueFrom(call).catch((error: unknown) => {
      throw toClientError(error, pattern)
    })
  }
}

function toClientError(error: unknown, pattern: string): PaymentCollectionsError {
  if (error instanceof PaymentCollectionsError) return error
  if (isErrorBody(error)) return new PaymentCollectionsError(error)
  const message = `The connection to the payment service was lost during ${pattern} (${reasonOf(error)}). ${UNCERTAIN}`
  return new PaymentCollectionsError({ type: "connection_lost", message }, { cause: error })
}

function timedOut(pattern: string, deadline: number): PaymentCollectionsError {
  const message = `${pattern} was not answered within ${deadline} ms. ${UNCERTAIN}`
  return new PaymentCollectionsError({ type: "timeout", message })
}

function unavailable(pattern: string, cause: unknown): PaymentCollectionsError {
  const message = `${pattern} did not reach the payment service (${reasonOf(cause)}). Check its host, port and TLS.`
  return new PaymentCollectionsError({ type: "unavailable", message }, { cause })
}

const UNCERTAIN = "It may have happened all the same: ask before you repeat it."

function reasonOf(error: unknown): string {
  // Node reports a name with several addresses as one error without a message of its own.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
  return first instanceof Error ? first.message : String(first)
}

function isErrorBody(error: unknown): error is PaymentCollectionsErrorBody {
  return (
    typeof error === "object" && error !== null && !(error instanceof Error) && "type" in error && "message" in error
  )
}
