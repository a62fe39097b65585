import type { DataSource } from "typeorm"
import type { Processor } from "./processor.js"

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
         (SELECT concat_ws(' ', 'open', provider_id, amount, (SELECT string_agg(value, ' ') FROM jsonb_each_text(client_data))) FROM payment_session session
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

/** Whatever a process had claimed that is dead: its calls and webhooks are due, and its requests may be taken up. */
export async function freeClaims(database: Database): Promise<void> {
  await database.query("UPDATE idempotency_key SET claimed_until = NULL WHERE claimed_until IS NOT NULL")
  await database.query(
    "UPDATE payment_operation SET next_attempt_at = now(), claimed_until = NULL WHERE resolved_at IS NULL",
  )
  await database.query(
    "UPDATE webhook_event SET next_attempt_at = now(), claimed_until = NULL WHERE next_attempt_at IS NOT NULL",
  )
}

/** Calls of these collections that nobody knows the end of. */
export async function unsettled(database: Database, ids: string[]): Promise<string[]> {
  const rows = await database.query<{ line: string }[]>(
    `SELECT concat_ws(' ', kind, id, state, last_error) AS line FROM payment_operation
     WHERE resolved_at IS NULL AND payment_collection_id = ANY($1)`,
    [ids],
  )
  return rows.map(({ line }) => line)
}

/**
 * What is wrong with these collections once every call is settled, one line each: the processor's books say something
 * else, totals are not the sums of their parts, a row differs from the call that made it, a fact was told twice or never,
 * or the processor was asked for what nobody wrote down.
 */
export async function problems(database: Database, processor: Processor, ids: string[]): Promise<string[]> {
  const lines = await Promise.all(
    [SUMS, MOVEMENTS, EVENTS].map((sql) => database.query<{ line: string }[]>(sql, [ids])),
  )
  return [
    ...(await unsettled(database, ids)),
    ...(await processor.differences(database, ids)),
    ...lines.flat().map(({ line }) => line),
    ...(await strangeCalls(database, processor, ids)),
  ]
}

/** Every call that arrived has the key of an operation, and every operation arrived under one key. */
async function strangeCalls(database: Database, processor: Processor, ids: string[]): Promise<string[]> {
  const rows = await database.query<{ id: string; kind: string; session: string }[]>(
    `SELECT id, kind, payment_session_id AS session FROM payment_operation
     WHERE payment_collection_id = ANY($1) AND provider_id = ANY($2)`,
    [ids, Object.values(processor.providers)],
  )
  const asked = processor.keysOf(new Set(rows.map(({ session }) => session)))
  const begun = new Set(rows.map(({ id }) => id))
  const keyless: readonly string[] = processor.keyless
  const unasked = rows.filter(({ id, kind }) => !asked.has(id) && !keyless.includes(kind))
  return [
    ...[...asked].filter((key) => !begun.has(key)).map((key) => `${key}: it was asked for, and nothing says so`),
    ...unasked.map(({ id }) => `${id}: it was never asked for`),
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
  FROM (SELECT id, payment_id, status, amount, created_by FROM capture
    -- The shopper's bank may send a refund back that was done.
    UNION ALL SELECT id, payment_id, replace(status, 'failed', 'succeeded'), amount, created_by FROM refund) movement
  FULL JOIN (SELECT * FROM payment_operation WHERE kind IN ('capture', 'refund')) operation
    ON movement.id = coalesce(operation.capture_id, operation.refund_id)
  LEFT JOIN payment ON payment.id = coalesce(movement.payment_id, operation.payment_id)
  WHERE payment.payment_collection_id = ANY($1)
    -- What was done with the provider directly was no call.
    AND (operation.id IS NOT NULL OR movement.created_by IS NULL OR NOT starts_with(movement.created_by, 'pp_'))
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
    UNION ALL SELECT 'payment_session.failed', payment_session_id, payment_collection_id FROM payment_operation
      WHERE kind IN ('initiate', 'authorize') AND state = 'declined'
    -- One that had failed, and could not be changed either, is dropped.
    UNION ALL SELECT 'payment_session.failed', id, payment_collection_id FROM payment_session session
      WHERE status = 'error' AND deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM payment_operation
        WHERE payment_session_id = session.id AND kind = 'initiate' AND state = 'declined')
    UNION ALL SELECT 'payment_session.authorized', payment_session_id, payment_collection_id FROM payment
    UNION ALL SELECT 'payment.authorized', id, payment_collection_id FROM payment
    UNION ALL SELECT 'payment.canceled', id, payment_collection_id FROM payment WHERE canceled_at IS NOT NULL
    UNION ALL SELECT 'payment.captured', capture.id, payment_collection_id
      FROM capture JOIN payment ON payment.id = payment_id WHERE capture.status = 'succeeded'
    UNION ALL SELECT 'payment.refunded', refund.id, payment_collection_id
      FROM refund JOIN payment ON payment.id = payment_id WHERE refund.status IN ('succeeded', 'failed')
    UNION ALL SELECT 'payment.refund_pending', refund_id, payment_collection_id
      FROM payment_operation WHERE kind = 'refund' AND is_accepted
    UNION ALL SELECT 'payment.refund_failed', refund.id, payment_collection_id
      FROM refund JOIN payment ON payment.id = payment_id WHERE refund.status = 'failed'
        OR (refund.status = 'declined' AND EXISTS (SELECT FROM payment_operation
          WHERE refund_id = refund.id AND is_accepted))
  ), told AS (
    SELECT name, coalesce(data->>'capture_id', data->>'refund_id', data->>'id') AS id, aggregate_id AS collection
    FROM outbox_event WHERE name <> 'payment_collection.updated'
  )
  SELECT concat_ws(' ', name, id, 'happened', sum(happened), 'times and was told', sum(times)) AS line
  FROM (SELECT *, 1 AS happened, 0 AS times FROM fact UNION ALL SELECT *, 0, 1 FROM told) each
  WHERE collection = ANY($1) GROUP BY name, id HAVING sum(happened) <> sum(times)`
