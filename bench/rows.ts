import type { Audience } from "../src/api/fields/fields.js"
import { ulidOf } from "./copies.js"
import { paidEvent, signatureOf, STRIPE } from "./stripe.js"

/** What is sent, but for the headers that all requests of a row share. */
export interface BenchRequest {
  method: "GET" | "POST"
  path: string
  body?: string
  headers?: Record<string, string>
}

/** A cart, and what was made for it so far. */
export type Ids = Partial<Record<"cart" | "collection" | "session" | "payment", string>>

/** One kind of request, which is measured on states of its own. */
export interface Row {
  /** Whose key it needs; absent where the body is signed instead. */
  audience?: Audience
  request(ids: Ids): BenchRequest
  /** The headers by which whoever gets the body knows that it is genuine. */
  sign?(body: string): Record<string, string>
  /** An id that shows that the answer is right, and is not that of any other request of its kind; else nothing. */
  proof(answer: string, request: BenchRequest): string | undefined
  /** How many states there are, where the requests are all the same; else it is one for each. */
  states?: number
  /** Whose sessions the states have; else they are of {@link PROVIDER}. */
  provider?: string
  /** The table in which every request leaves a row, where the answer does not prove it. */
  leavesRowIn?: string
}

/** What the proofs look at; there is no more to it than what an answer has. */
export interface Answer {
  payment_collection?: { id?: string; payment_sessions?: { id?: string }[]; payments?: { id?: string }[] }
  payment?: Payment
  payments?: Payment[]
}

interface Payment {
  payment_collection_id?: string
  id?: string
  captured_at?: string | null
  captures?: { id?: string }[]
  refunds?: { id?: string }[]
}

/** The provider that calls no network. */
export const PROVIDER = "pp_system_default"

/** Payments that a list answers at once. */
export const PAGE = 50

const create = {
  audience: "store",
  request: ({ cart }) => post("/store/payment-collections", { cart_id: cart }),
  proof: inJson(({ payment_collection }) => payment_collection?.id),
} as const satisfies Row

/** In the order of a purchase: each one's state is what the ones before leave. */
export const ROWS = {
  create,
  repeat: create,
  session: {
    audience: "store",
    request: ({ collection }) =>
      post(`/store/payment-collections/${collection}/payment-sessions`, { provider_id: PROVIDER }),
    proof: inJson(({ payment_collection }) => only(payment_collection?.payment_sessions)?.id),
  },
  webhook: {
    request: ({ session = "" }) => ({
      method: "POST",
      path: `/hooks/payment/${STRIPE}`,
      body: paidEvent(ulidOf(session)),
    }),
    sign: signatureOf,
    proof: (answer, { body }) => (answer === "OK" ? body : undefined),
    provider: STRIPE,
    leavesRowIn: "webhook_event",
  },
  authorize: {
    audience: "store",
    request: ({ collection, session }) =>
      post(`/store/payment-collections/${collection}/payment-sessions/${session}/authorize`),
    proof: inJson(({ payment_collection }) => only(payment_collection?.payments)?.id),
  },
  capture: {
    audience: "admin",
    request: ({ payment }) => post(`/admin/payments/${payment}/capture`),
    proof: inJson(({ payment }) => (payment?.captured_at ? only(payment.captures)?.id : undefined)),
  },
  refund: {
    audience: "admin",
    request: ({ payment }) => post(`/admin/payments/${payment}/refund`, { amount: 0.01 }),
    proof: inJson(({ payment }) => payment?.refunds?.[0]?.id),
  },
  list: {
    audience: "admin",
    request: () => ({ method: "GET", path: `/admin/payments?limit=${PAGE}` }),
    proof: inJson(({ payments = [] }) =>
      payments.length === PAGE && payments.every(isRefunded) ? payments.map(({ id }) => id).join() : undefined,
    ),
    states: 1000,
  },
} as const satisfies Record<string, Row>

export type RowName = keyof typeof ROWS

export const ROW_NAMES = Object.keys(ROWS) as RowName[]

/** A request with all that it needs beside a key. */
export function signed(name: RowName, request: BenchRequest): BenchRequest {
  const row: Row = ROWS[name]
  return row.sign ? { ...request, headers: row.sign(request.body ?? "") } : request
}

export function isRefunded({ captures = [], refunds = [] }: Payment): boolean {
  return captures.length > 0 && refunds.length > 0
}

function inJson(proof: (answer: Answer) => string | undefined): Row["proof"] {
  return (answer) => proof(JSON.parse(answer) as Answer)
}

function post(path: string, body: object = {}): BenchRequest {
  return { method: "POST", path, body: JSON.stringify(body) }
}

function only<T>(values: readonly T[] = []): T | undefined {
  return values.length === 1 ? values[0] : undefined
}
