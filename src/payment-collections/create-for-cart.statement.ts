import type { EntityManager } from "typeorm"
import type { Selection } from "../api/fields/fields.js"
import { newId } from "../common/ids.js"
import { prepared } from "../database/statements/prepared.js"
import { revive, rowJson, type Json } from "../database/statements/read-graph.js"
import { FOLLOWING_STATUSES } from "../payment-model/rules/collection.rules.js"
import { COLLECTION_EVENT_AMOUNTS, COLLECTION_EVENT_TEXTS } from "../payment-model/events.js"
import { LIVE_COLLECTION, type PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { OPEN_SESSION_STATUSES, sqlList, UNRESOLVED_STATES } from "../payment-model/status.js"
import { isInChannelsSql } from "../payment-model/rules/visibility.rules.js"

// The SQL of "create". It decides by the same rules as the model, in SQL, because create has one statement: lists come
// from the rules, and test/create-for-cart.e2e-spec.ts proves the verdicts equal over random carts and collections.

/** The columns of a collection that follow its cart while nothing is authorized. */
const FOLLOWS_CART = ["amount", "currency_code", "region_id", "sales_channel_id"]
const CART_FIGURES = ["total", "currency_code", "region_id", "sales_channel_id"]

const figures = (alias: string, names: string[]) => `(${names.map((name) => `${alias}.${name}`).join(", ")})`

/** The collection may follow its cart, see `mayFollowCart`, and differs from it. */
const outdated = (collection: string, cart: string, cartFigures: string[]) =>
  `${collection}.authorized_amount = 0 AND ${collection}.status IN (${sqlList(FOLLOWING_STATUSES)}) AND ` +
  `${figures(collection, FOLLOWS_CART)} IS DISTINCT FROM ${figures(cart, cartFigures)}`

/** A session's amount cannot change without a call to its provider. */
const HAS_OPEN_SESSION = `EXISTS (SELECT 1 FROM payment_session session WHERE session.payment_collection_id = collection.id
        AND session.deleted_at IS NULL AND session.status IN (${sqlList(OPEN_SESSION_STATUSES)}))
      OR EXISTS (SELECT 1 FROM payment_operation operation WHERE operation.payment_collection_id = collection.id
        AND operation.state IN (${sqlList(UNRESOLVED_STATES)}))`

/** The region whose providers count: the cart's, or the collection's own once something is authorized. */
const REGION = "CASE WHEN collection.authorized_amount = 0 THEN cart.region_id ELSE collection.region_id END"

/** See `FollowCartService.followCart`: the open session belongs to another customer, or its provider is not offered. */
const HAS_OUTDATED_SESSION = `cart.completed_at IS NULL AND EXISTS (SELECT 1 FROM payment_session session
        WHERE session.payment_collection_id = collection.id AND session.deleted_at IS NULL
        AND session.status IN (${sqlList(OPEN_SESSION_STATUSES)})
        AND (session.context->'customer'->>'id' IS DISTINCT FROM cart.customer_id
          OR NOT EXISTS (SELECT 1 FROM payment_provider provider
            WHERE provider.id = session.provider_id AND provider.is_enabled AND (${REGION} IS NULL
              OR EXISTS (SELECT 1 FROM region_payment_provider link
                WHERE link.region_id = ${REGION} AND link.payment_provider_id = provider.id)))))`
/**
 * Changes that need the lock: a session that has to be replaced, an order that the cart has got, and, once something is
 * authorized, a total that the collection does not cover or need any more. `followCart` in payment-sessions makes them.
 */
const NEEDS_LOCK = `(${HAS_OUTDATED_SESSION}) OR (cart.order_id IS NOT NULL AND collection.order_id IS DISTINCT FROM cart.order_id)
          OR (collection.authorized_amount > 0 AND collection.currency_code = cart.currency_code AND (
            (cart.completed_at IS NULL AND cart.total > greatest(collection.amount, collection.authorized_amount)
              AND collection.outgrown_total IS DISTINCT FROM cart.total)
            OR (collection.outgrown_total IS NOT NULL AND cart.total <= collection.amount)
            OR (collection.status IN ('partially_authorized', 'partially_captured')
              AND collection.amount > greatest(cart.total, collection.authorized_amount))
            OR (collection.status IN ('partially_authorized', 'partially_captured')
              AND collection.amount < cart.total AND (${HAS_OPEN_SESSION}))))`

/** See `isOutgrown` in payment-model/collection.rules.ts. */
const OUTGROWN = "(collection.status = 'completed' AND collection.amount = 0 AND cart.total > 0)"

/** A key that is confined to sales channels ($2) sees a cart of theirs, or of none. */
const VISIBLE_CART = `cart.id = $1 AND ($2::text[] IS NULL OR ${isInChannelsSql("cart.sales_channel_id", "$2")})`

/** The data of `collectionEvent` for the written row. */
const EVENT_DATA = [
  ...COLLECTION_EVENT_TEXTS.map((name) => `'${name}', written.${name}`),
  ...COLLECTION_EVENT_AMOUNTS.map((name) => `'${name}', written.${name}::text`),
].join(", ")

/**
 * All of "create" in one statement. `seen` reads the current state in one snapshot. Only if something has to be written
 * does `locked` lock the cart's row and `written` write the collection, with the figures that the cart has after the wait
 * for its lock: a create that races with a cart change ends at the newer total. The unique index decides between
 * parallel creates. The condition of the update is checked on the newest version of the row: a collection that has changed
 * since the snapshot, for example because a session was opened, is left alone. The event is written with its row.
 *
 * $1 cart id, $2 sales channels or null, $3 id for a new collection, $4 id for the event.
 */
export function createStatement(writtenRow: string): string {
  return `
    WITH seen AS (
      SELECT cart.completed_at, collection.id AS collection_id, collection.version,
        collection.id IS NOT NULL AND cart.completed_at IS NULL
          AND (${outdated("collection", "cart", CART_FIGURES)} OR ${OUTGROWN}) AS is_outdated,
        collection.id IS NOT NULL AND (${HAS_OPEN_SESSION}) AS has_session,
        collection.id IS NOT NULL AND (${NEEDS_LOCK}) AS needs_lock
      FROM cart LEFT JOIN payment_collection collection
        ON collection.cart_id = cart.id AND collection.deleted_at IS NULL AND collection.status <> 'canceled'
      WHERE ${VISIBLE_CART}
    ), locked AS (
      SELECT cart.* FROM cart
      WHERE ${VISIBLE_CART} AND cart.completed_at IS NULL
        AND (SELECT collection_id IS NULL OR (is_outdated AND NOT has_session) FROM seen)
      FOR UPDATE
    ), written AS (
      INSERT INTO payment_collection (id, cart_id, order_id, ${FOLLOWS_CART.join(", ")})
      SELECT $3, locked.id, locked.order_id, ${CART_FIGURES.map((name) => `locked.${name}`).join(", ")} FROM locked
      ON CONFLICT (cart_id) WHERE ${LIVE_COLLECTION} DO UPDATE SET
        ${FOLLOWS_CART.map((name) => `${name} = excluded.${name}`).join(", ")},
        order_id = coalesce(excluded.order_id, payment_collection.order_id), outgrown_total = NULL,
        updated_at = now(), version = payment_collection.version + 1
      WHERE ${outdated("payment_collection", "excluded", FOLLOWS_CART)}
        AND payment_collection.version = (SELECT version FROM seen)
      RETURNING *
    ), event AS (
      INSERT INTO outbox_event (id, name, aggregate_id, data)
      SELECT $4, CASE WHEN written.id = $3 THEN 'payment_collection.created' ELSE 'payment_collection.updated' END,
        written.id, jsonb_build_object(${EVENT_DATA})
      FROM written
    )
    SELECT seen.collection_id, seen.completed_at IS NOT NULL AS completed, written.id AS written_id,
      (seen.is_outdated OR seen.needs_lock) AND written.id IS NULL AS is_behind,
      CASE WHEN written.id = $3 THEN ${writtenRow} END AS created
    FROM seen LEFT JOIN written ON true`
}

/** How a create ended. */
export type CreateOutcome =
  | { outcome: "created"; collection: PaymentCollection }
  /** It exists and agrees with the cart. */
  | { outcome: "exists"; id: string }
  /** It exists, and has to follow its cart under the lock, or to give way to a new collection. */
  | { outcome: "behind"; id: string }
  | { outcome: "cart_not_found" }
  | { outcome: "cart_completed" }
  /** Another request was first. A new attempt sees what it did. */
  | { outcome: "raced" }

/** Creates the collection of a cart, or updates the one that it has. */
export async function createForCart(
  tx: EntityManager,
  cartId: string,
  salesChannelIds: readonly string[],
  selection: Selection,
): Promise<CreateOutcome> {
  const { fresh, statement } = statementFor(tx, selection)
  const channels = salesChannelIds.length > 0 ? salesChannelIds : null
  const [row] = await tx.query<CreateRow[]>(statement, [cartId, channels, newId("pay_col"), newId("evt")])
  if (!row) return { outcome: "cart_not_found" }
  if (row.created)
    return { outcome: "created", collection: withNothingPaid(revive(tx, fresh, row.created) as PaymentCollection) }
  const id = row.written_id ?? row.collection_id
  if (id) return { outcome: row.is_behind ? "behind" : "exists", id }
  return row.completed ? { outcome: "cart_completed" } : { outcome: "raced" }
}

interface CreateRow {
  collection_id: string | null
  completed: boolean
  written_id: string | null
  is_behind: boolean
  created: Json | null
}
interface CreateStatement {
  /** The fields to return of a new collection. */
  fresh: Selection
  statement: string
}

/** The default selection comes with almost every request, so that its statement is composed once. */
const statements = new WeakMap<Selection, CreateStatement>()

function statementFor(tx: EntityManager, selection: Selection): CreateStatement {
  let known = statements.get(selection)
  if (!known) {
    const fresh = ofNewCollection(selection)
    const statement = createStatement(rowJson(tx, fresh, "written"))
    known = { fresh, statement: selection.isDefault ? prepared`${statement}` : statement }
    statements.set(selection, known)
  }
  return known
}

/**
 * A new collection has no sessions and payments to read, and its outstanding amount is its amount. That amount is not read,
 * because the snapshot of the statement may show an older cart than the one whose lock was waited for.
 */
function ofNewCollection(selection: Selection): Selection {
  const providers = selection.relations.get("payment_providers")
  const scalars = new Set([...selection.scalars].filter((name) => name !== "outstanding_amount"))
  return { ...selection, scalars, relations: new Map(providers ? [["payment_providers", providers]] : []) }
}

function withNothingPaid(collection: PaymentCollection): PaymentCollection {
  return Object.assign(collection, {
    outstanding_amount: collection.amount,
    payment_sessions: [],
    payments: [],
  })
}
