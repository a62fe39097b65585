import { majorOf } from "../../model/answer-rules.js"
import { admin, store, type Request } from "../../model/requests.js"
import { unsettledOf, type CollectionRow, type PaymentRow, type Rows } from "../../model/rows.js"
import { openSessionOf } from "../../model/world.js"
import { amountOf, pick, type Account } from "./account.js"
import type { Act, Elsewhere, ProviderName, Requested, Sent } from "./acts.js"

const REQUESTED: readonly string[] = [
  "create",
  "open",
  "authorize",
  "capture",
  "refund",
  "cancel",
  "mark",
  "delete",
  "retry",
] satisfies Requested["do"][]

export function isRequested(act: Requested | Elsewhere): act is Requested {
  return REQUESTED.includes(act.do)
}

type Advance = Extract<Act, { do: "advance" }>

const RETURN_URL = "https://shop.example/return"

const SENT: Readonly<Record<Sent, Record<string, string>>> = {
  nothing: {},
  return: { return_url: RETURN_URL },
  ok: { payment_method: "pm_card_visa" },
  declined: { payment_method: "pm_card_chargeDeclined" },
  challenge: { payment_method: "pm_card_threeDSecure2Required", return_url: RETURN_URL },
}

/** Aims an act at what the rows say there is; where there is nothing, at something that nobody knows. */
export function aim(act: Requested, rows: Rows, cartId: string, account: Account): Request {
  const id = collectionFor(rows, "old" in act && act.old)?.id ?? "pay_col_unknown"
  const ofCollection = `/store/payment-collections/${id}/payment-sessions`
  switch (act.do) {
    case "create":
      return store("/store/payment-collections", { cart_id: cartId })
    case "open": {
      // Other means of payment are chosen on Stripe's page.
      const data = act.provider === "cards" ? SENT[act.sent] : {}
      return store(ofCollection, { provider_id: providerId(act.provider, account), data })
    }
    case "authorize":
      return store(`${ofCollection}/${sessionFor(rows, id, act.session)}/authorize`)
    case "capture":
    case "refund": {
      const payment = pick([...rows.payments].reverse(), act.payment)
      const amount = payment && amountOf(leftOf(payment, act.do), act.amount)
      return admin(`/admin/payments/${payment?.id ?? "pay_unknown"}/${act.do}`, {
        ...(payment && amount !== undefined && { amount: majorOf(amount, payment.currency_code) }),
      })
    }
    case "cancel":
      return admin(`/admin/payments/${pick([...rows.payments].reverse(), act.payment)?.id ?? "pay_unknown"}/cancel`)
    case "mark":
      return admin(`/admin/payment-collections/${id}/mark-as-paid`, { order_id: "order_model" })
    case "delete":
      return { audience: "admin", method: "DELETE", path: `/admin/payment-collections/${id}` }
    case "retry":
      return admin(`/admin/operations/${pick(rows.operations, act.operation)?.id ?? "op_unknown"}/retry`)
  }
}

/** What brings the cart on by one step. */
export function nextAct({ provider, card, amount }: Advance, rows: Rows, account: Account): Act {
  const collection = collectionFor(rows, false)
  // Whatever is open keeps everybody waiting.
  if (unsettledOf(rows).length > 0) return { do: "look" }
  if (collection?.deleted_at !== null || collection.status === "canceled") return { do: "create" }
  const session = openSessionOf(rows, collection)
  const intent = account.intents.find(({ metadata }) => metadata["session_id"] === session?.id)
  if (session) {
    switch (intent?.status) {
      case "requires_payment_method":
      case "requires_confirmation":
        return { do: "pay", intent: 0, card }
      case "requires_action":
        return card === "bank_transfer" ? { do: "settle", succeeds: true } : { do: "challenge", passes: true }
      case "processing":
        return { do: "settle", succeeds: true }
      case "canceled":
        return { do: "open", provider, sent: "nothing", old: false }
      default:
        return { do: "authorize", session: 0 }
    }
  }
  if (["not_paid", "partially_authorized", "partially_captured"].includes(collection.status)) {
    return { do: "open", provider, sent: "nothing", old: false }
  }
  const isHeld = rows.payments.some((payment) => leftOf(payment, "capture") > 0)
  return { do: isHeld ? "capture" : "refund", payment: 0, amount }
}

function providerId(name: ProviderName, account: Account): string {
  switch (name) {
    case "cards":
      return `pp_stripe_${account.name}`
    case "ideal":
      return `pp_stripe-ideal_${account.name}`
    case "system":
      return "pp_system_default"
  }
}

function collectionFor({ collections }: Rows, isOld: boolean): CollectionRow | undefined {
  return isOld ? (collections.at(-2) ?? collections.at(-1)) : collections.at(-1)
}

function sessionFor({ sessions }: Rows, collectionId: string, nth: number): string {
  const latest = sessions.filter(({ payment_collection_id }) => payment_collection_id === collectionId).reverse()
  return pick(latest, nth)?.id ?? "payses_unknown"
}

function leftOf({ authorized_amount, captured_amount, refunded_amount }: PaymentRow, what: "capture" | "refund") {
  return what === "capture" ? authorized_amount - captured_amount : captured_amount - refunded_amount
}
