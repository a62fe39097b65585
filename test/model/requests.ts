import type { Answer, TestService } from "../support/service.js"
import { REGION } from "../support/service.js"
import { majorOf, PRIVATE_ADDRESS } from "./answer-rules.js"
import { SYSTEM, type Action, type AmountChoice, type Provider } from "./commands.js"
import { openSessionOf } from "./world.js"
import type { Intent } from "./prediction.js"
import type { CollectionRow, PaymentRow, Rows } from "./rows.js"

/** A request as it goes out, as often as wanted. */
export interface Request {
  readonly audience: "store" | "admin"
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly body?: unknown
  readonly key?: string
}

/** An action about what there is, and what the model is told of it. */
export interface Aimed {
  readonly intent: Intent
  readonly request: Request
}

/** The actions that are one request. */
export type Requested = Exclude<Action, { do: "retry" | "reconcile" | "finish" | "repeat" }>

/** @param keys has the keys that the caller uses, whichever instance it talks to */
export async function send(instance: TestService, keys: TestService, request: Request): Promise<Answer> {
  const { audience, method, path, body, key } = request
  return instance.call(method, path, body, {
    ...(audience === "store" && { "x-publishable-api-key": keys.publishableKey }),
    ...(audience === "admin" && { authorization: `Bearer ${keys.secretKey}` }),
    ...(key !== undefined && { "idempotency-key": key }),
  })
}

/** Aims an action at what the rows say there is; where there is nothing, at something that nobody knows. */
export function aim(action: Requested, rows: Rows, cartIds: readonly string[], customerId: string): Aimed {
  const cartId = cartIds[action.cart] ?? ""
  const collection = collectionFor(rows, cartId, "old" in action && action.old)
  const id = collection?.id ?? "pay_col_unknown"
  switch (action.do) {
    case "advance":
      return aim(nextAction(action, rows, collection), rows, cartIds, customerId)
    case "cart": {
      const { cart, currency, total } = action
      return {
        intent: { act: "cart", cart, currency, total },
        request: putCart(cartId, currency, total, customerId),
      }
    }
    case "create":
      return {
        intent: { act: "create", cart: action.cart },
        request: store("/store/payment-collections", { cart_id: cartId }),
      }
    case "open": {
      const { provider } = action
      const data = action.note === 0 ? {} : { note: "to the door" }
      return {
        intent: { act: "open", collection: id, provider, data: JSON.stringify(data) },
        request: store(`/store/payment-collections/${id}/payment-sessions`, { provider_id: provider, data }),
      }
    }
    case "authorize": {
      const session = sessionFor(rows, collection, action.which)
      return {
        intent: { act: "authorize", collection: id, session },
        request: store(`/store/payment-collections/${id}/payment-sessions/${session}/authorize`),
      }
    }
    case "capture":
    case "refund": {
      const payment = paymentFor(rows, cartId, action.payment)
      const amount = payment && amountFor(payment, action.do, action.amount)
      return {
        intent: { act: action.do, payment: payment?.id ?? "pay_unknown", amount },
        request: admin(`/admin/payments/${payment?.id ?? "pay_unknown"}/${action.do}`, {
          ...(payment && amount !== undefined && { amount: majorOf(amount, payment.currency_code) }),
        }),
      }
    }
    case "cancel": {
      const payment = paymentFor(rows, cartId, action.payment)?.id ?? "pay_unknown"
      return { intent: { act: "cancel", payment }, request: admin(`/admin/payments/${payment}/cancel`) }
    }
    case "mark": {
      const { provider } = action
      const body = { order_id: "order_model", ...(provider !== SYSTEM && { provider_id: provider }) }
      return {
        intent: { act: "mark", collection: id, provider },
        request: admin(`/admin/payment-collections/${id}/mark-as-paid`, body),
      }
    }
    case "read":
      return { intent: { act: "read", collection: id }, request: read(id) }
    case "delete":
      return {
        intent: { act: "delete", collection: id },
        request: { audience: "admin", method: "DELETE", path: `/admin/payment-collections/${id}` },
      }
  }
}

export function putCart(cartId: string, currency: string, total: number, customerId: string): Request {
  return {
    audience: "admin",
    method: "PUT",
    path: `/admin/carts/${cartId}`,
    body: {
      currency_code: currency,
      total: majorOf(total, currency),
      region_id: REGION,
      customer_id: customerId,
      email: PRIVATE_ADDRESS,
    },
  }
}

export function read(collectionId: string): Request {
  return { audience: "store", method: "GET", path: `/store/payment-collections/${collectionId}` }
}

export function store(path: string, body?: unknown): Request {
  return { audience: "store", method: "POST", path, body }
}

export function admin(path: string, body?: unknown): Request {
  return { audience: "admin", method: "POST", path, body }
}

function collectionFor(rows: Rows, cartId: string, isOld: boolean): CollectionRow | undefined {
  const [latest, previous] = rows.collections.filter(({ cart_id }) => cart_id === cartId).reverse()
  return isOld ? (previous ?? latest) : latest
}

/** What brings a collection on by one step. */
function nextAction(
  { cart, provider, amount }: Extract<Action, { do: "advance" }>,
  rows: Rows,
  collection: CollectionRow | undefined,
): Requested {
  if (collection?.deleted_at !== null || collection.status === "canceled") return { do: "create", cart }
  const session = openSessionOf(rows, collection)
  // After a refusal a shopper tries again: the same card, or from the start.
  if (session?.status === "error" && amount !== "part") {
    return { do: "open", cart, provider: session.provider_id as Provider, note: 0, old: false }
  }
  if (session) return { do: "authorize", cart, which: "current", old: false }
  const cartRow = rows.carts.find(({ id }) => id === collection.cart_id)
  const isOutgrown = cartRow?.currency_code === collection.currency_code && cartRow.total > collection.amount
  const isOpenable = ["not_paid", "partially_authorized", "partially_captured"].includes(collection.status)
  if (isOpenable || (collection.status === "authorized" && isOutgrown)) {
    return { do: "open", cart, provider, note: 0, old: false }
  }
  const isHeld = rows.payments.some(
    (payment) => payment.payment_collection_id === collection.id && payment.captured_amount < payment.authorized_amount,
  )
  return { do: isHeld ? "capture" : "refund", cart, payment: 0, amount }
}

/** The open session, else the last that was authorized; or one that is gone. */
function sessionFor(rows: Rows, collection: CollectionRow | undefined, which: "current" | "gone"): string {
  const sessions = rows.sessions.filter(({ payment_collection_id }) => payment_collection_id === collection?.id)
  const gone = sessions.filter(({ deleted_at }) => deleted_at !== null).at(-1)
  const current =
    (collection && openSessionOf(rows, collection)) ?? sessions.filter(({ deleted_at }) => deleted_at === null).at(-1)
  return (which === "current" ? (current ?? gone) : gone)?.id ?? "payses_unknown"
}

/** The payments of a cart, the newest first. */
function paymentFor(rows: Rows, cartId: string, index: number): PaymentRow | undefined {
  const ids = rows.collections.filter(({ cart_id }) => cart_id === cartId).map(({ id }) => id)
  const payments = rows.payments.filter(({ payment_collection_id }) => ids.includes(payment_collection_id)).reverse()
  return payments[index % payments.length]
}

function amountFor(payment: PaymentRow, what: "capture" | "refund", choice: AmountChoice): number | undefined {
  const { authorized_amount, captured_amount, refunded_amount } = payment
  const rest = what === "capture" ? authorized_amount - captured_amount : captured_amount - refunded_amount
  switch (choice) {
    case "part":
      return Math.max(1, Math.floor(rest / 2))
    case "rest":
      return Math.max(1, rest)
    case "too_much":
      return rest + 1
    case "unit":
      return 1
    case "none":
      return undefined
  }
}
