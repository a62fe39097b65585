import type { BankAccount, FakeBank } from "../support/fake-bank.js"
import { SYSTEM } from "./commands.js"
import { differences } from "./row-rules.js"
import { unsettledOf, type Rows, type SessionRow } from "./rows.js"

// Our books beside the bank's. Amounts are minor units.

/**
 * What is wrong between our books and the bank's, for every collection of which no call is open.
 * @param finished sessions that the bank authorized by itself, which nobody has asked it about since
 */
export function bookProblems(rows: Rows, bank: FakeBank, finished: ReadonlySet<string>): string[] {
  const busy = new Set(unsettledOf(rows).map(({ payment_collection_id }) => payment_collection_id))
  const known = new Set(rows.sessions.map(({ id }) => id))
  return [
    ...[...bank.books.keys()].filter((id) => !known.has(id)).map((id) => `the bank knows ${id}, which we do not`),
    ...rows.sessions
      .filter(({ payment_collection_id, provider_id }) => !busy.has(payment_collection_id) && provider_id !== SYSTEM)
      .flatMap((session) => accountProblems(rows, session, bank.books.get(session.id), finished.has(session.id))),
  ]
}

function accountProblems(
  { payments }: Rows,
  session: SessionRow,
  account: BankAccount | undefined,
  isFinished: boolean,
): string[] {
  const { id, status, deleted_at, currency_code } = session
  const payment = payments.find(({ payment_session_id }) => payment_session_id === id)
  if (payment) {
    const ours = {
      authorized: payment.authorized_amount,
      captured: payment.captured_amount,
      refunded: payment.refunded_amount,
      currency: payment.currency_code,
      canceled: payment.canceled_at !== null,
    }
    return differences(`${payment.id} beside the bank`, ours, account ? standingOf(account, ours) : NOTHING)
  }
  // One that failed, and cannot be changed any more, is left to the bank.
  if (deleted_at !== null && status === "error") return []
  if (deleted_at !== null) return !account || account.canceled ? [] : [`${id} is gone here, and open at the bank`]
  if (!account) return [`${id} is open here, and unknown to the bank`]
  return [
    ...(account.canceled ? [`${id} is open here, and canceled at the bank`] : []),
    ...(account.currency === currency_code ? [] : [`${id} is in ${currency_code}, at the bank in ${account.currency}`]),
    ...(isFor(session, account) ? [] : [`${id} is for ${session.amount}, at the bank for ${account.amount}`]),
    ...(account.authorized > 0n && !isFinished ? [`${id} is authorized at the bank, and we do not know`] : []),
  ]
}

/** A payment as the bank has it. What it captured in part, and then gave up, is what it holds. */
function standingOf(account: BankAccount, ours: { canceled: boolean }) {
  const captured = Number(account.captured)
  const authorized = Number(account.authorized)
  return {
    authorized: account.canceled ? captured : authorized,
    captured,
    refunded: Number(account.refunded),
    currency: account.currency,
    // A bank that captures once says of no payment that it was canceled.
    canceled: account.canceled || (ours.canceled && captured > 0 && authorized === captured),
  }
}

const NOTHING = { authorized: 0, captured: 0, refunded: 0, currency: "none", canceled: false }

/** A bank may ask the shopper for one unit less, and say so only once it is authorized. */
function isFor({ amount }: SessionRow, account: BankAccount): boolean {
  return account.amount === BigInt(amount) || account.amount === BigInt(amount) - 1n
}
