import type { OnModuleDestroy } from "@nestjs/common"
import { catchError, defer, firstValueFrom, mergeMap, throwError, timeout } from "rxjs"
import type { Connection } from "./connection.js"
import type { Messages } from "./contracts.js"
import { PaymentCollectionsError, type PaymentCollectionsErrorBody } from "./payment-collections.error.js"

type Request<M extends keyof Messages> = Messages[M]["request"]
type Answer<M extends keyof Messages> = Promise<Messages[M]["answer"]>

export interface ClientIdentity {
  /** The name of the calling service; `created_by` of what it causes is `tcp:` and this name. */
  caller?: string
  /** The token of the service, where its operator set one (TCP_TOKEN). */
  token?: string
  /** Milliseconds after which a call is given up. What it asked for may have happened all the same. */
  deadline: number
}

/**
 * The service, for other Nest services. Every method answers what the HTTP route answers, and throws a
 * {@link PaymentCollectionsError} with the service's type, message and code.
 */
export class PaymentCollectionsClient implements OnModuleDestroy {
  readonly paymentCollections = {
    /** The one collection of a cart, made where there is none. */
    create: (request: Request<"payment_collections.create">) => this.send("payment_collections.create", request),
    retrieve: (request: Request<"payment_collections.retrieve">) => this.send("payment_collections.retrieve", request),
    list: (request: Request<"payment_collections.list"> = {}) => this.send("payment_collections.list", request),
    createForOrder: (request: Request<"payment_collections.create_for_order">) =>
      this.send("payment_collections.create_for_order", request),
    /** Changes the amount of a collection that has no cart. */
    update: (request: Request<"payment_collections.update">) => this.send("payment_collections.update", request),
    /** Opens a session, authorizes and captures it, for money that came in otherwise. */
    markAsPaid: (request: Request<"payment_collections.mark_as_paid">) =>
      this.send("payment_collections.mark_as_paid", request),
    delete: (request: Request<"payment_collections.delete">) => this.send("payment_collections.delete", request),
  }

  readonly paymentSessions = {
    /** The open session of a collection, made or changed as asked for. */
    create: (request: Request<"payment_sessions.create">) => this.send("payment_sessions.create", request),
    authorize: (request: Request<"payment_sessions.authorize">) => this.send("payment_sessions.authorize", request),
    /** Asks again about a session in `pending_authorization` whose collection belongs to the order. */
    authorizeForOrder: (request: Request<"payment_sessions.authorize_for_order">) =>
      this.send("payment_sessions.authorize_for_order", request),
  }

  readonly payments = {
    list: (request: Request<"payments.list"> = {}) => this.send("payments.list", request),
    retrieve: (request: Request<"payments.retrieve">) => this.send("payments.retrieve", request),
    /** All that is left, or an amount. */
    capture: (request: Request<"payments.capture">) => this.send("payments.capture", request),
    /** All that was captured and not given back, or an amount. */
    refund: (request: Request<"payments.refund">) => this.send("payments.refund", request),
    cancel: (request: Request<"payments.cancel">) => this.send("payments.cancel", request),
    /** Fetches the payment's current state from its provider and records it. */
    refresh: (request: Request<"payments.refresh">) => this.send("payments.refresh", request),
  }

  readonly webhookEvents = {
    list: (request: Request<"webhook_events.list"> = {}) => this.send("webhook_events.list", request),
    retrieve: (request: Request<"webhook_events.retrieve">) => this.send("webhook_events.retrieve", request),
    /** Applies what a provider told, again or after all. */
    replay: (request: Request<"webhook_events.replay">) => this.send("webhook_events.replay", request),
  }

  readonly operations = {
    list: (request: Request<"operations.list"> = {}) => this.send("operations.list", request),
    retrieve: (request: Request<"operations.retrieve">) => this.send("operations.retrieve", request),
    /** Asks the provider now what became of an operation. */
    retry: (request: Request<"operations.retry">) => this.send("operations.retry", request),
  }

  readonly refundReasons = {
    list: (request: Request<"refund_reasons.list"> = {}) => this.send("refund_reasons.list", request),
    retrieve: (request: Request<"refund_reasons.retrieve">) => this.send("refund_reasons.retrieve", request),
    create: (request: Request<"refund_reasons.create">) => this.send("refund_reasons.create", request),
    update: (request: Request<"refund_reasons.update">) => this.send("refund_reasons.update", request),
    delete: (request: Request<"refund_reasons.delete">) => this.send("refund_reasons.delete", request),
  }

  readonly accountHolders = {
    list: (request: Request<"account_holders.list"> = {}) => this.send("account_holders.list", request),
    retrieve: (request: Request<"account_holders.retrieve">) => this.send("account_holders.retrieve", request),
    /** The one account holder of a customer with a provider, made where there is none. */
    create: (request: Request<"account_holders.create">) => this.send("account_holders.create", request),
    /** At the provider too, with all that was saved there. */
    delete: (request: Request<"account_holders.delete">) => this.send("account_holders.delete", request),
  }

  readonly paymentMethods = {
    list: (request: Request<"payment_methods.list">) => this.send("payment_methods.list", request),
    /** Begins to save one; `data` says what the shopper does next. */
    save: (request: Request<"payment_methods.save">) => this.send("payment_methods.save", request),
    delete: (request: Request<"payment_methods.delete">) => this.send("payment_methods.delete", request),
  }

  readonly events = {
    /** The feed after an event; go on with the last one's id, at once while `has_more`. */
    list: (request: Request<"events.list"> = {}) => this.send("events.list", request),
  }

  readonly carts = {
    /** Tells the state of a cart; what is left out becomes null. */
    upsert: (request: Request<"carts.upsert">) => this.send("carts.upsert", request),
  }

  readonly paymentProviders = {
    list: (request: Request<"payment_providers.list">) => this.send("payment_providers.list", request),
  }

  constructor(
    private readonly connection: Connection,
    private readonly identity: ClientIdentity,
  ) {}

  onModuleDestroy(): void {
    this.connection.close()
  }

  private send<M extends keyof Messages>(pattern: M, request: Request<M>): Answer<M> {
    const { caller, token, deadline } = this.identity
    const message = { ...request, ...(caller && { caller }), ...(token && { token }) }
    let connected = false
    const call = defer(() => this.connection.connect()).pipe(
      catchError((error: unknown) => throwError(() => unavailable(pattern, error))),
      mergeMap(() => {
        connected = true
        return this.connection.send<Messages[M]["answer"]>(pattern, message)
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
