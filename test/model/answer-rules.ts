import type { Answer } from "../support/service.js"
import type { Fault } from "./faults.js"
import { DIGITS, type Currency } from "./commands.js"
import { OPEN_STATUSES } from "./oracle.js"
import type { CollectionRow, MovementRow, PaymentRow, Rows } from "./rows.js"

// What leaves the service: its answers to commands, and the collection as it shows it to storefronts.

/** What only service and bank know begins with this, and the shopper's address with that. */
const INTENT = "fi_payses_"
export const PRIVATE_ADDRESS = "model-buyer@example.com"

const STATUSES = [200, 400, 404, 409, 422, 502, 504]
/** Conflicts with the state of things: the same request would meet them again. */
const STATE_CONFLICTS = ["amount_changed", "session_ended"]
const CONFLICTS = [...STATE_CONFLICTS, "operation_in_progress", "changed_meanwhile", "idempotency_key_in_use"]

/** What is wrong with the answer to a command. @param caused what the bank did since the step began */
export function answerProblems(answer: Answer, caused: readonly Fault[]): string[] {
  const { status, body, headers } = answer
  const text = JSON.stringify(body)
  const said = `${status} ${text.slice(0, 300)}`
  // The provider refused for the payment's state, which the provider did not report then.
  const isOfState = status === 409 && typeof body.retryable === "boolean" && Boolean(body.operation_id)
  const isOdd =
    (status === 409 && !isOfState && !CONFLICTS.includes(body.code)) ||
    (status === 409 && !isOfState && !STATE_CONFLICTS.includes(body.code) && !headers.get("retry-after")) ||
    (status === 504 && (body.code !== "outcome_unknown" || !body.operation_id)) ||
    (status === 422 && body.type !== "payment_authorization_error") ||
    (status === 502 && body.type !== "payment_provider_error")
  return [
    ...(STATUSES.includes(status) ? [] : [`an answer that is not documented: ${said}`]),
    ...(isOdd ? [`an answer that is not as documented: ${said}`] : []),
    ...(status === 504 && caused.length === 0 ? [`an unknown outcome without a call: ${said}`] : []),
    ...(text.includes(INTENT) || text.includes("private_data") ? [`private data in ${said}`] : []),
  ]
}

/** What is wrong with a collection that is answered, by itself: whatever goes on meanwhile, it is of one moment. */
export function selfProblems({ status, body }: Answer): string[] {
  const collection = body.payment_collection
  if (status !== 200 || !collection?.payments?.every(({ captures }: any) => captures)) return []
  const inCurrency = collection.payments.filter((payment: any) => payment.currency_code === collection.currency_code)
  const [authorized, captured, refunded] = sumsOf(inCurrency)
  const totals = [collection.authorized_amount, collection.captured_amount, collection.refunded_amount]
  const open = collection.payment_sessions.filter((session: any) => OPEN_STATUSES.includes(session.status))
  const isWhole = totals.every((total, index) => total.toFixed(3) === [authorized, captured, refunded][index])
  return [
    ...(isWhole ? [] : [`totals beside other payments: ${JSON.stringify(collection)}`]),
    ...(open.length > 1 ? [`several open sessions: ${JSON.stringify(collection.payment_sessions)}`] : []),
  ]
}

/** What is wrong with a collection as a storefront sees it, beside the rows. */
export function viewProblems(answer: Answer, rows: Rows, row: CollectionRow): string[] {
  const text = JSON.stringify(answer.body)
  if (row.deleted_at !== null) return answer.status === 404 ? [] : [`${row.id} is deleted and answered: ${text}`]
  if (answer.status !== 200) return [`${row.id} is answered ${answer.status}: ${text}`]
  const [shown, expected] = [shownOf(answer.body.payment_collection), expectedOf(rows, row)].map((view) =>
    JSON.stringify(view),
  )
  return [
    ...(shown === expected ? [] : [`${row.id} is shown as\n  ${shown}\n  and is\n  ${expected}`]),
    ...(text.includes(INTENT) || text.includes("private_data") || text.includes(PRIVATE_ADDRESS)
      ? [`private data in ${text}`]
      : []),
  ]
}

/** Minor units as the number that the API takes and answers. */
export function majorOf(minor: number, currency: string): number {
  const digits = DIGITS[currency as Currency]
  return Number(`${minor}e-${digits}`)
}

/** What of an answer has to agree; its totals also with its own children. */
function shownOf(collection: any) {
  return {
    amounts: amountsOf(collection),
    outstanding: collection.outstanding_amount,
    sums: sumsOf(collection.payments),
    currency: collection.currency_code,
    status: collection.status,
    completed: timeOf(collection.completed_at),
    sessions: byId(collection.payment_sessions, (session) => [
      session.status,
      session.amount,
      session.currency_code,
      session.provider_id,
      session.payment?.id ?? null,
    ]),
    payments: byId(collection.payments, (payment) => [
      ...amountsOf(payment),
      timeOf(payment.captured_at),
      timeOf(payment.canceled_at),
      byId(payment.captures, ({ amount, status }) => [amount, status]),
      byId(payment.refunds, ({ amount, status }) => [amount, status]),
    ]),
  }
}

function expectedOf(rows: Rows, row: CollectionRow): ReturnType<typeof shownOf> {
  const payments = rows.payments
    .filter((payment) => payment.payment_collection_id === row.id)
    .map((payment) => ({
      ...inMajor(payment),
      captures: movementsOf(rows.captures, payment),
      refunds: movementsOf(rows.refunds, payment),
    }))
  const sessions = rows.sessions
    .filter((session) => session.payment_collection_id === row.id && session.deleted_at === null)
    .map((session) => ({
      ...inMajor(session),
      payment: payments.find(({ payment_session_id }) => payment_session_id === session.id),
    }))
  const outstanding_amount = majorOf(outstandingOf(rows, row), row.currency_code)
  return shownOf({ ...inMajor(row), outstanding_amount, payment_sessions: sessions, payments })
}

/** What the cart costs, or the amount where the cart is in another currency, beyond what is authorized. */
function outstandingOf({ carts, payments }: Rows, { id, cart_id, amount, currency_code }: CollectionRow): number {
  const cart = carts.find((candidate) => candidate.id === cart_id)
  const price = cart?.currency_code === currency_code ? cart.total : amount
  const authorized = payments
    .filter((payment) => payment.payment_collection_id === id && payment.currency_code === currency_code)
    .filter(({ is_surplus }) => !is_surplus)
    .reduce((sum, payment) => sum + payment.authorized_amount, 0)
  return Math.max(0, price - authorized)
}

function movementsOf(movements: readonly MovementRow[], { id, currency_code }: PaymentRow) {
  return movements
    .filter(({ payment_id, status }) => payment_id === id && status !== "superseded")
    .map((movement) => ({
      id: movement.id,
      amount: majorOf(movement.amount, currency_code),
      status: SHOWN[movement.status],
    }))
}

/** How the API shows what the database says of a capture or refund. */
const SHOWN: Readonly<Record<string, string>> = {
  pending: "pending",
  unknown: "pending",
  succeeded: "succeeded",
  declined: "failed",
  failed: "failed",
}

/** A row with its amounts as the API answers them. */
function inMajor<R extends { amount: number; currency_code: string }>(row: R): R {
  const amounts = Object.entries<any>(row).filter(([name]) => name === "amount" || name.endsWith("_amount"))
  return { ...row, ...Object.fromEntries(amounts.map(([name, minor]) => [name, majorOf(minor, row.currency_code)])) }
}

function amountsOf({ amount, authorized_amount, captured_amount, refunded_amount }: any): number[] {
  return [amount, authorized_amount, captured_amount, refunded_amount]
}

/** The sums of the payments, and of the captures and refunds below them. */
function sumsOf(payments: any[]): string[] {
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0).toFixed(3)
  return [
    sum(payments.map((payment) => payment.authorized_amount)),
    sum(payments.flatMap(({ captures }) => succeededOf(captures))),
    sum(payments.flatMap(({ refunds }) => succeededOf(refunds))),
  ]
}

/** Only what succeeded counts. */
function succeededOf(movements: any[]): number[] {
  return movements.filter(({ status }) => status === "succeeded").map(({ amount }) => amount)
}

function byId(list: any[], view: (element: any) => unknown[]): unknown[] {
  return list.map((element) => [element.id, ...view(element)]).sort(([left], [right]) => (left < right ? -1 : 1))
}

/** The database writes a time otherwise than the API. */
function timeOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time)
}
