import type { OnModuleDestroy } from "@nestjs/common"
import type { ClientProxy } from "@nestjs/microservices"
import { firstValueFrom, timeout, TimeoutError } from "rxjs"
import type { Messages } from "./contracts.js"
import { PaymentCollectionsError } from "./payment-collections.error.js"

type Request<M extends keyof Messages> = Messages[M]["request"]
type Answer<M extends keyof Messages> = Promise<Messages[M]["answer"]>

export interface ClientIdentity {
  /** The name of the calling service; becomes `created_by` of what it causes. */
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
    delete: (request: Request<"payment_collections.delete">) => this.send("payment_collections.delete", request),
  }

  readonly payments = {
    list: (request: Request<"payments.list"> = {}) => this.send("payments.list", request),
    retrieve: (request: Request<"payments.retrieve">) => this.send("payments.retrieve", request),
  }

  readonly carts = {
    /** Tells the state of a cart; what is left out becomes null. */
    upsert: (request: Request<"carts.upsert">) => this.send("carts.upsert", request),
  }

  readonly paymentProviders = {
    list: (request: Request<"payment_providers.list">) => this.send("payment_providers.list", request),
  }

  constructor(
    private readonly proxy: ClientProxy,
    private readonly identity: ClientIdentity,
  ) {}

  onModuleDestroy(): void {
    void this.proxy.close()
  }

  private async send<M extends keyof Messages>(pattern: M, request: Request<M>): Answer<M> {
    const { caller, token, deadline } = this.identity
    const message = { ...request, ...(caller && { caller }), ...(token && { token }) }
    try {
      return await firstValueFrom(this.proxy.send<Messages[M]["answer"]>(pattern, message).pipe(timeout(deadline)))
    } catch (error) {
      throw toClientError(error, pattern, deadline)
    }
  }
}

function toClientError(error: unknown, pattern: string, deadline: number): PaymentCollectionsError {
  if (isErrorBody(error)) return new PaymentCollectionsError(error)
  if (error instanceof TimeoutError) {
    const message = `${pattern} was not answered within ${deadline} ms. It may have happened all the same: ask before you repeat it.`
    return new PaymentCollectionsError({ type: "timeout", message }, { cause: error })
  }
  const reason = error instanceof Error ? error.message : String(error)
  const message = `${pattern} did not reach the payment service (${reason}). Check its host, port and TLS.`
  return new PaymentCollectionsError({ type: "unavailable", message }, { cause: error })
}

function isErrorBody(error: unknown): error is { type: string; message: string } {
  return (
    typeof error === "object" && error !== null && !(error instanceof Error) && "type" in error && "message" in error
  )
}
