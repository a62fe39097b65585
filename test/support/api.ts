import { expect } from "@jest/globals"
import type { Answer, CallOptions, TestService } from "./service.js"

// The requests of the HTTP API by name, so that a test reads as what a shopper and an operator do.

export const SYSTEM_PROVIDER = "pp_system_default"
export const SYSTEM = { provider_id: SYSTEM_PROVIDER }
export const FAKE = { provider_id: "pp_fake_default" }

/** The amount of a capture or refund; or its body, also one that the service refuses; or nothing, for all that is left. */
type Movement = unknown

export interface Order {
  order_id: string
  amount: number
  currency_code: string
}

/** What a storefront and an operator send to the service that a test is about at that time. */
export function apiOf(current: () => TestService): { store: StoreApi; admin: AdminApi } {
  return { store: new StoreApi(current), admin: new AdminApi(current) }
}

/** The requests of a storefront, with its publishable key. */
export class StoreApi {
  constructor(private readonly current: () => TestService) {}

  createCollection(cartId: string, options?: CallOptions): Promise<Answer> {
    return this.send("POST", "/payment-collections", { cart_id: cartId }, options)
  }

  getCollection(id: string, query = ""): Promise<Answer> {
    return this.send("GET", `/payment-collections/${id}${query}`)
  }

  /** The collection as the storefront sees it now. */
  async readCollection(id: string, query = "") {
    return collectionIn(await this.getCollection(id, query))
  }

  openSession(id: string, request: unknown = SYSTEM, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/payment-collections/${id}/payment-sessions`, request, options)
  }

  authorize(id: string, sessionId: string, body?: object, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/payment-collections/${id}/payment-sessions/${sessionId}/authorize`, body, options)
  }

  private send(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    return this.current().store(method, `/store${path}`, body, options)
  }
}

/** The requests of an operator, with a secret key. */
export class AdminApi {
  constructor(private readonly current: () => TestService) {}

  putCart(id: string, cart: unknown): Promise<Answer> {
    return this.send("PUT", `/carts/${id}`, cart)
  }

  getCart(id: string): Promise<Answer> {
    return this.send("GET", `/carts/${id}`)
  }

  createCollection(order: unknown, options?: CallOptions): Promise<Answer> {
    return this.send("POST", "/payment-collections", order, options)
  }

  /** The id of a new collection for an order. */
  async newOrderCollection(amount = 10, currency_code = "eur", order_id = "order_1"): Promise<string> {
    const order: Order = { order_id, amount, currency_code }
    return collectionIn(await this.createCollection(order)).id as string
  }

  getCollection(id: string, query = ""): Promise<Answer> {
    return this.send("GET", `/payment-collections/${id}${query}`)
  }

  /** The collection as an operator sees it now. */
  async readCollection(id: string, query = "") {
    return collectionIn(await this.getCollection(id, query))
  }

  changeAmount(id: string, amount: unknown, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/payment-collections/${id}`, { amount }, options)
  }

  deleteCollection(id: string, options?: CallOptions): Promise<Answer> {
    return this.send("DELETE", `/payment-collections/${id}`, undefined, options)
  }

  markAsPaid(id: string, body: unknown = { order_id: "order_1" }, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/payment-collections/${id}/mark-as-paid`, body, options)
  }

  openSession(id: string, request: unknown = SYSTEM, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/payment-collections/${id}/payment-sessions`, request, options)
  }

  capture(paymentId: string, movement?: Movement, options?: CallOptions): Promise<Answer> {
    return this.requestOn(paymentId, "capture", movement, options)
  }

  refund(paymentId: string, movement?: Movement, options?: CallOptions): Promise<Answer> {
    return this.requestOn(paymentId, "refund", movement, options)
  }

  cancel(paymentId: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    return this.requestOn(paymentId, "cancel", body, options)
  }

  refresh(paymentId: string, body?: object, options?: CallOptions): Promise<Answer> {
    return this.requestOn(paymentId, "refresh", body, options)
  }

  /** A capture, refund, cancellation or refresh, for tests that treat them alike. */
  requestOn(paymentId: string, action: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    const sent = typeof body === "number" ? { amount: body } : body
    return this.send("POST", `/payments/${paymentId}/${action}`, sent, options)
  }

  getPayment(id: string, query = ""): Promise<Answer> {
    return this.send("GET", `/payments/${id}${query}`)
  }

  /** The payment as it is now, with its captures and refunds unless other fields are selected. */
  async readPayment(id: string, fields = "*,captures,refunds,refunds.refund_reason") {
    const response = await this.getPayment(id, `?fields=${fields}`)
    expectOk(response)
    return response.body.payment
  }

  /** Asks the provider once more for the outcome of an operation. */
  retryOperation(id: string, body?: object, options?: CallOptions): Promise<Answer> {
    return this.send("POST", `/operations/${id}/retry`, body, options)
  }

  createRefundReason(reason: unknown, options?: CallOptions): Promise<Answer> {
    return this.send("POST", "/refund-reasons", reason, options)
  }

  /** The id of a new refund reason. */
  async newRefundReason(code: string): Promise<string> {
    const response = await this.createRefundReason({ label: `Label of ${code}`, code })
    expectOk(response)
    return response.body.refund_reason.id as string
  }

  createApiKey(key: unknown, options?: CallOptions): Promise<Answer> {
    return this.send("POST", "/api-keys", key, options)
  }

  private send(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    return this.current().admin(method, `/admin${path}`, body, options)
  }
}

/** Fails with the body of the response unless the service did what it was asked for. */
export function expectOk({ status, body }: Answer): void {
  expect([status, body]).toEqual([200, expect.any(Object)])
}

/** The collection that a response returns. */
export function collectionIn(response: Answer) {
  expectOk(response)
  return response.body.payment_collection
}

/** The session of a collection that waits for the shopper, beside those that are payments already. */
export function openSessionIn(collection: { payment_sessions: { id: string; status: string }[] }) {
  return collection.payment_sessions.find(({ status }) => status === "pending") as any
}

/** The payment that a session of the collection became. */
export function paymentIn(collection: { payments: { payment_session_id: string }[] }, sessionId: string) {
  return collection.payments.find(({ payment_session_id }) => payment_session_id === sessionId) as any
}

/** An error response, to compare another one with. */
export function refusal(status: number, type: string, message: unknown) {
  return { status, body: { type, message } }
}

export function withKey(key: string): CallOptions {
  return { headers: { "idempotency-key": key } }
}

/** The same request several times in parallel. */
export function times<T>(count: number, request: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => request(index)))
}

export function statuses(responses: readonly { status: number }[]): number[] {
  return responses.map(({ status }) => status)
}

/** Amounts in ascending order. */
export function amountsOf(rows: readonly { amount: number }[]): number[] {
  return rows.map(({ amount }) => amount).sort((a, b) => a - b)
}

export interface RecordedEvent {
  name: string
  data: Record<string, string | null>
}

/** The events of a collection, oldest first. */
export function eventsOf(service: TestService, id: string): Promise<RecordedEvent[]> {
  return service.dataSource.query("SELECT name, data FROM outbox_event WHERE aggregate_id = $1 ORDER BY sequence", [id])
}

export async function eventNamesOf(service: TestService, id: string): Promise<string[]> {
  return (await eventsOf(service, id)).map(({ name }) => name)
}
