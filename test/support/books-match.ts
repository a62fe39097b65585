import type { FakeBank } from "./fake-bank.js"
import { FAKE_PROVIDER_IDS } from "./fake-provider.js"
import type { TestService } from "./service.js"

/**
 * Compares what the service believes with the books of the bank, session by session; to be asked once every call is
 * settled. What differs comes back, one line each.
 */
export async function booksMatch(
  service: Pick<TestService, "dataSource">,
  bank: Books,
  providerIds = FAKE_PROVIDER_IDS,
): Promise<string[]> {
  const rows = await service.dataSource.query<Row[]>(
    `SELECT session.id, session.currency_code, session.amount::text, session.status, session.deleted_at IS NOT NULL AS is_gone,
       coalesce(sum(CASE WHEN payment.canceled_at IS NULL THEN payment.authorized_amount ELSE payment.captured_amount END), 0)::text AS authorized,
       coalesce(sum(payment.captured_amount), 0)::text AS captured, coalesce(sum(payment.refunded_amount), 0)::text AS refunded
     FROM payment_session session LEFT JOIN payment ON payment.payment_session_id = session.id
     WHERE session.provider_id = ANY($1) GROUP BY session.id ORDER BY session.id`,
    [providerIds],
  )
  const known = new Set(rows.map(({ id }) => id))
  const strangers = [...bank.books.keys()].filter((id) => !known.has(id))
  return [...rows.flatMap((row) => differencesOf(row, bank)), ...strangers.map((id) => `${id}: at the bank alone`)]
}

type Books = Pick<FakeBank, "books">

/** Amounts are text. */
interface Row {
  id: string
  currency_code: string
  amount: string
  status: string
  is_gone: boolean
  authorized: string
  captured: string
  refunded: string
}

function differencesOf(row: Row, bank: Books): string[] {
  const account = bank.books.get(row.id)
  if (!account) return row.is_gone ? [] : [`${row.id}: ${row.status}, and unknown at the bank`]
  const isOpen = account.authorized === 0n && !account.canceled
  const pairs = [
    ["currency", row.currency_code, account.currency],
    ["authorized", row.authorized, String(account.canceled ? account.captured : account.authorized)],
    ["captured", row.captured, String(account.captured)],
    ["refunded", row.refunded, String(account.refunded)],
    ...(isOpen && !row.is_gone ? [["amount", row.amount, String(account.amount)] as const] : []),
  ] as const
  const differences = pairs
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([name, ours, theirs]) => `${row.id}: ${name} is ${ours} here and ${theirs} at the bank`)
  return isOpen && row.is_gone ? [...differences, `${row.id}: given up here, and open at the bank`] : differences
}
