import type { DataSource } from "typeorm"
import { booksMatch } from "./books-match.js"
import { FAKE_PROVIDER_IDS, type FakeBank } from "./fake-provider.js"

type Database = Pick<DataSource, "query">

/** Where a collection stands, in one line: what there is to pay, authorized/captured/refunded, and the open session. */
export interface Standing {
  line: string
  /** How many calls to providers were begun for it. */
  operations: number
  isDeleted: boolean
}

export async function standings(database: Database, ids: string[]): Promise<Map<string, Standing>> {
  const rows = await database.query<(Standing & { id: string })[]>(
    `SELECT collection.id,
       concat_ws(' ', collection.status, collection.amount, concat_ws('/', authorized_amount, captured_amount, refunded_amount),
         (SELECT concat_ws(' ', 'open', provider_id, amount, client_data->>'token') FROM payment_session session
          WHERE session.payment_collection_id = collection.id AND session.deleted_at IS NULL
            AND session.status NOT IN ('authorized', 'captured', 'canceled')),
         CASE WHEN collection.deleted_at IS NOT NULL THEN 'deleted' END) AS line,
       (SELECT count(*)::int FROM payment_operation operation WHERE operation.payment_collection_id = collection.id) AS operations,
       collection.deleted_at IS NOT NULL AS "isDeleted"
     FROM payment_collection collection WHERE collection.id = ANY($1)`,
    [ids],
  )
  return new Map(rows.map(({ id, ...standing }) => [id, standing]))
}

/** Whatever a process had claimed that is dead: its calls are due, and its requests may be taken up. */
export async function freeClaims(database: Database): Promise<void> {
  await database.query("UPDATE idempotency_key SET claimed_until = NULL WHERE claimed_until IS NOT NULL")
  await database.query(
    "UPDATE payment_operation SET next_attempt_at = now(), claimed_until = NULL WHERE settled_at IS NULL",
  )
}

/** Calls of these collections that nobody knows the end of. */
export async function unsettled(database: Database, ids: string[]): Promise<string[]> {
  const rows = await database.query<{ line: string }[]>(
    `SELECT concat_ws(' ', kind, id, state, last_error) AS line FROM payment_operation
     WHERE settled_at IS NULL AND payment_collection_id = ANY($1)`,
    [ids],
  )
  return rows.map(({ line }) => line)
}

/**
 * What is wrong with these collections once every call is settled, one line each: the books of the bank say something
 * else, totals are not the sums of their parts, a row differs from the call that made it, a fact was told twice or never,
 * or the bank was asked for what nobody wrote down.
 */
export async function problems(database: Database, bank: FakeBank, ids: string[]): Promise<string[]> {
  const lines = await Promise.all(
    [SUMS, MOVEMENTS, EVENTS].map((sql) => database.query<{ line: string }[]>(sql, [ids])),
  )
  return [
    ...(await unsettled(database, ids)),
    ...(await booksOf(database, bank, ids)),
    ...lines.flat().map(({ line }) => line),
    ...(await strangeCalls(database, bank, ids)),
  ]
}

async function booksOf(database: Database, bank: FakeBank, ids: string[]): Promise<string[]> {
  const differences = await booksMatch({ dataSource: database as DataSource }, bank)
  const rows = await database.query<{ id: string }[]>(
    "SELECT id FROM payment_session WHERE payment_collection_id <> ALL($1)",
    [ids],
  )
  const others = new Set(rows.map(({ id }) => id))
  return differences.filter((line) => !others.has(line.split(":")[0] ?? ""))
}

/** Every call that the bank got has the key of an operation, and every operation reached the bank under one key. */
async function strangeCalls(database: Database, bank: FakeBank, ids: string[]): Promise<string[]> {
  const rows = await database.query<{ id: string; session: string }[]>(
    `SELECT id, payment_session_id AS session FROM payment_operation
     WHERE payment_collection_id = ANY($1) AND provider_id = ANY($2)`,
    [ids, FAKE_PROVIDER_IDS],
  )
  const sessions = new Set(rows.map(({ session }) => session))
  const asked = new Set(
    bank.calls
      .filter(({ kind, sessionId }) => kind !== "lookUp" && sessions.has(sessionId))
      .map(({ idempotencyKey }) => idempotencyKey),
  )
  const begun = new Set(rows.map(({ id }) => id))
  return [
    ...[...asked].filter((key) => !begun.has(key)).map((key) => `${key}: the bank was asked, and nothing says so`),
    ...[...begun].filter((id) => !asked.has(id)).map((id) => `${id}: the bank was never asked`),
  ]
}

/** $1 the collections, in each of these. */
const SUMS = `
  SELECT concat_ws(' ', payment.id, 'is not the sum of its parts') AS line FROM payment
  WHERE payment_collection_id = ANY($1) AND (
    captured_amount <> (SELECT coalesce(sum(amount), 0) FROM capture WHERE payment_id = payment.id AND status = 'succeeded')
    OR refunded_amount <> (SELECT coalesce(sum(amount), 0) FROM refund WHERE payment_id = payment.id AND status = 'succeeded')
    OR (canceled_at IS NOT NULL AND authorized_amount <> captured_amount))
  UNION ALL
  SELECT concat_ws(' ', collection.id, 'is not the sum of its payments') FROM payment_collection collection,
    LATERAL (SELECT coalesce(sum(payment.authorized_amount), 0) AS authorized, coalesce(sum(payment.captured_amount), 0) AS captured,
      coalesce(sum(payment.refunded_amount), 0) AS refunded FROM payment WHERE payment.payment_collection_id = collection.id) paid
  WHERE id = ANY($1) AND (authorized_amount, captured_amount, refunded_amount) <> (authorized, captured, refunded)`

const MOVEMENTS = `
  SELECT concat_ws(' ', coalesce(movement.id, operation.id), movement.status, movement.amount, 'is not', operation.state, operation.amount) AS line
  FROM (SELECT id, payment_id, status, amount FROM capture UNION ALL SELECT id, payment_id, status, amount FROM refund) movement
  FULL JOIN (SELECT * FROM payment_operation WHERE kind IN ('capture', 'refund')) operation
    ON movement.id = coalesce(operation.capture_id, operation.refund_id)
  LEFT JOIN payment ON payment.id = coalesce(movement.payment_id, operation.payment_id)
  WHERE payment.payment_collection_id = ANY($1)
    AND (movement.status, movement.amount) IS DISTINCT FROM (operation.state, operation.amount)`

const EVENTS = `
  WITH fact (name, id, collection) AS (
    SELECT 'payment_collection.created', id, id FROM payment_collection
    UNION ALL SELECT 'payment_collection.completed', id, id FROM payment_collection WHERE completed_at IS NOT NULL
    UNION ALL SELECT 'payment_collection.canceled', id, id FROM payment_collection WHERE status = 'canceled'
    UNION ALL SELECT 'payment_collection.deleted', id, id FROM payment_collection WHERE deleted_at IS NOT NULL
    UNION ALL SELECT CASE kind WHEN 'initiate' THEN 'payment_session.created' ELSE 'payment_session.updated' END,
      payment_session_id, payment_collection_id FROM payment_operation WHERE kind IN ('initiate', 'update') AND state = 'succeeded'
    UNION ALL SELECT 'payment_session.canceled', id, payment_collection_id FROM payment_session WHERE status = 'canceled'
    UNION ALL SELECT 'payment_session.authorized', payment_session_id, payment_collection_id FROM payment
    UNION ALL SELECT 'payment.authorized', id, payment_collection_id FROM payment
    UNION ALL SELECT 'payment.canceled', id, payment_collection_id FROM payment WHERE canceled_at IS NOT NULL
    UNION ALL SELECT 'payment.captured', capture.id, payment_collection_id
      FROM capture JOIN payment ON payment.id = payment_id WHERE capture.status = 'succeeded'
    UNION ALL SELECT 'payment.refunded', refund.id, payment_collection_id
      FROM refund JOIN payment ON payment.id = payment_id WHERE refund.status = 'succeeded'
  ), told AS (
    SELECT name, coalesce(data->>'capture_id', data->>'refund_id', data->>'id') AS id, aggregate_id AS collection
    FROM outbox_event WHERE name <> 'payment_collection.updated'
  )
  SELECT concat_ws(' ', name, id, 'happened', sum(happened), 'times and was told', sum(times)) AS line
  FROM (SELECT *, 1 AS happened, 0 AS times FROM fact UNION ALL SELECT *, 0, 1 FROM told) each
  WHERE collection = ANY($1) GROUP BY name, id HAVING sum(happened) <> sum(times)`
