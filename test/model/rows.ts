import type { DataSource } from "typeorm"
import { prepared } from "../../src/database/statements/prepared.js"

// What the database holds of the carts of one sequence, column by column. Amounts are minor units, times are text.

interface Row {
  id: string
  created_at: string
}

export interface CartRow extends Row {
  currency_code: string
  total: number
}

export interface CollectionRow extends Row {
  cart_id: string
  currency_code: string
  amount: number
  authorized_amount: number
  captured_amount: number
  refunded_amount: number
  outgrown_total: number | null
  status: string
  version: number
  marking_paid_at: string | null
  completed_at: string | null
  deleted_at: string | null
}

export interface SessionRow extends Row {
  payment_collection_id: string
  provider_id: string
  currency_code: string
  amount: number
  status: string
  client_data: Record<string, unknown>
  authorized_at: string | null
  deleted_at: string | null
}

export interface PaymentRow extends Row {
  payment_collection_id: string
  payment_session_id: string
  provider_id: string
  currency_code: string
  amount: number
  authorized_amount: number
  captured_amount: number
  refunded_amount: number
  captured_at: string | null
  canceled_at: string | null
  is_surplus: boolean
}

export interface MovementRow extends Row {
  payment_id: string
  amount: number
  status: string
  /** Who asked for it; a provider where it was made there by other means. */
  created_by: string | null
}

export interface OperationRow extends Row {
  kind: string
  payment_collection_id: string
  payment_session_id: string
  payment_id: string | null
  capture_id: string | null
  refund_id: string | null
  provider_id: string
  currency_code: string
  amount: number
  state: string
  is_stuck: boolean
  /** Whether a provider has said that it works on it. */
  is_accepted: boolean
  last_error: string | null
  resolved_at: string | null
}

export interface EventRow {
  name: string
  aggregate_id: string
  data: Record<string, string | null>
}

export interface Rows {
  carts: CartRow[]
  collections: CollectionRow[]
  sessions: SessionRow[]
  payments: PaymentRow[]
  captures: MovementRow[]
  refunds: MovementRow[]
  operations: OperationRow[]
  events: EventRow[]
}

const list = (from: string, order = "entry.created_at, entry.id") =>
  `(SELECT coalesce(json_agg(entry ORDER BY ${order}), '[]') FROM ${from})`
const ofMine = "entry.payment_collection_id IN (SELECT id FROM mine)"
const ofMyPayments = `entry.payment_id IN (SELECT entry.id FROM payment entry WHERE ${ofMine})`

const STATEMENT = prepared`WITH mine AS (SELECT id FROM payment_collection WHERE cart_id = ANY($1))
  SELECT ${list("cart entry WHERE entry.id = ANY($1)", "array_position($1, entry.id)")} AS carts,
    ${list("payment_collection entry WHERE entry.cart_id = ANY($1)")} AS collections,
    ${list(`payment_session entry WHERE ${ofMine}`)} AS sessions,
    ${list(`payment entry WHERE ${ofMine}`)} AS payments,
    ${list(`capture entry WHERE ${ofMyPayments}`)} AS captures,
    ${list(`refund entry WHERE ${ofMyPayments}`)} AS refunds,
    ${list(`payment_operation entry WHERE ${ofMine}`)} AS operations,
    ${list("outbox_event entry WHERE entry.aggregate_id IN (SELECT id FROM mine)", "entry.sequence")} AS events`

/** What there is of some carts, in one snapshot. */
export async function readRows(dataSource: DataSource, cartIds: readonly string[]): Promise<Rows> {
  const [rows] = await dataSource.query<Rows[]>(STATEMENT, [cartIds])
  if (!rows) throw new Error("A statement without FROM answers a row")
  return rows
}

/** The service never looks things up this way; without them every look would read the tables of all sequences. */
export async function prepareLooks(dataSource: DataSource): Promise<void> {
  await dataSource.query("CREATE INDEX model_events ON outbox_event (aggregate_id)")
  await dataSource.query("CREATE INDEX model_collections ON payment_collection (cart_id)")
}

export function unsettledOf(rows: Rows): OperationRow[] {
  return rows.operations.filter(({ resolved_at }) => resolved_at === null)
}
