import type { FakeBank } from "../support/fake-bank.js"
import type { Currency, Provider } from "./commands.js"
import { isPaid, OPEN_STATUSES, statusOf, totalsOf } from "./oracle.js"
import type { CollectionRow, PaymentRow, Rows, SessionRow } from "./rows.js"

// The model's picture of what there is: as few figures as decide about the next command. Amounts are minor units.

export interface Cart {
  currency: Currency
  total: number
}

/** What the bank knows of an open session. */
export interface BankSession {
  asked: number
  authorized: number
  /** Whether it has taken an authorization on that it did not finish. */
  isWaiting: boolean
}

export interface Session {
  id: string
  provider: Provider
  currency: Currency
  amount: number
  data: string
  status: string
  bank: BankSession
}

export interface Payment {
  id: string
  sessionId: string
  provider: Provider
  currency: Currency
  amount: number
  authorized: number
  captured: number
  refunded: number
  isCanceled: boolean
}

export interface Collection {
  id: string
  cart: number
  isDeleted: boolean
  currency: Currency
  amount: number
  /** The total of the cart that was last reported as larger than the amount. */
  reported: number | null
  /** Whether somebody began to mark it as paid. */
  isMarked: boolean
  isCompleted: boolean
  isGivenUp: boolean
  session?: Session
  payments: Payment[]
}

export interface World {
  carts: Cart[]
  collections: Collection[]
}

export function statusIn(collection: Collection): string {
  return statusOf(standingOf(collection))
}

/** To be called after every change: what was paid once stays paid. */
export function settleStatus(collection: Collection): void {
  collection.isCompleted = isPaid(standingOf(collection))
}

function standingOf({ amount, isCompleted, isGivenUp, session, payments }: Collection) {
  return { amount, wasCompleted: isCompleted, isGivenUp, session: session?.status, payments }
}

/** What is left to capture or refund of a payment, whatever is reserved of it. */
export function restOf(
  payment: Pick<PaymentRow, "authorized_amount" | "captured_amount" | "refunded_amount">,
  act: "capture" | "refund",
): number {
  const { authorized_amount, captured_amount, refunded_amount } = payment
  return act === "capture" ? authorized_amount - captured_amount : captured_amount - refunded_amount
}

/** The world as database and bank have it. */
export function worldOf(rows: Rows, bank: FakeBank): World {
  const waiting = new Set(
    bank.unfinished.map((key) => rows.operations.find(({ id }) => id === key)?.payment_session_id),
  )
  const carts = rows.carts.map(({ id, currency_code, total }) => ({ id, currency: currency_code as Currency, total }))
  return {
    carts: carts.map(({ currency, total }) => ({ currency, total })),
    collections: rows.collections.map((row) => {
      const session = openSessionOf(rows, row)
      return {
        id: row.id,
        cart: carts.findIndex(({ id }) => id === row.cart_id),
        isDeleted: row.deleted_at !== null,
        currency: row.currency_code as Currency,
        amount: row.amount,
        reported: row.outgrown_total,
        isMarked: row.marking_paid_at !== null,
        isCompleted: row.completed_at !== null,
        isGivenUp: row.status === "canceled",
        session: session && toSession(session, bank, waiting.has(session.id)),
        payments: rows.payments.filter((payment) => payment.payment_collection_id === row.id).map(toPayment),
      }
    }),
  }
}

export function openSessionOf(rows: Rows, collection: CollectionRow): SessionRow | undefined {
  return rows.sessions.find(
    ({ payment_collection_id, deleted_at, status }) =>
      payment_collection_id === collection.id && deleted_at === null && OPEN_STATUSES.includes(status),
  )
}

function toSession(row: SessionRow, bank: FakeBank, isWaiting: boolean): Session {
  const account = bank.books.get(row.id)
  return {
    id: row.id,
    provider: row.provider_id as Provider,
    currency: row.currency_code as Currency,
    amount: row.amount,
    data: JSON.stringify(row.client_data),
    status: row.status,
    bank: {
      asked: Number(account?.amount ?? row.amount),
      authorized: Number(account?.authorized ?? 0),
      isWaiting,
    },
  }
}

function toPayment(row: PaymentRow): Payment {
  return {
    id: row.id,
    sessionId: row.payment_session_id,
    provider: row.provider_id as Provider,
    currency: row.currency_code as Currency,
    amount: row.amount,
    authorized: row.authorized_amount,
    captured: row.captured_amount,
    refunded: row.refunded_amount,
    isCanceled: row.canceled_at !== null,
  }
}

/** A world in words that can be compared: without the ids that only the service can know, and without the bank. */
export function wordsOfWorld({ carts, collections }: World): string[] {
  return [
    ...carts.map(({ currency, total }, index) => `cart ${index}: ${total} ${currency}`),
    ...collections.flatMap((collection, index) => collectionWords(collection, index)),
  ]
}

function collectionWords(collection: Collection, index: number): string[] {
  const { cart, isDeleted, amount, currency, reported, session, payments } = collection
  const { authorized, captured, refunded } = totalsOf(payments)
  const name = `collection ${index}`
  return [
    `${name}: of cart ${cart}, ${isDeleted ? "deleted, " : ""}${statusIn(collection)}, ` +
      `${amount} ${currency}, ${authorized} authorized, ${captured} captured, ${refunded} refunded` +
      (reported === null ? "" : `, outgrown by a cart of ${reported}`),
    ...(session
      ? [
          `${name} session: ${session.provider}, ${session.amount} ${session.currency}, ${session.status}, ${session.data}`,
        ]
      : []),
    ...payments.map(
      (payment) =>
        `${name} payment: ${payment.provider}, ${payment.amount} ${payment.currency}, ${payment.authorized} authorized, ` +
        `${payment.captured} captured, ${payment.refunded} refunded${payment.isCanceled ? ", canceled" : ""}`,
    ),
  ]
}
