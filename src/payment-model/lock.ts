import type { EntityManager } from "typeorm"
import type { NotFound } from "../common/errors.js"
import { reviveWholeRow, wholeRowJson, type Json } from "../database/statements/read-graph.js"
import { prepared } from "../database/statements/prepared.js"
import type { Aggregate, CartFigures } from "./aggregate.js"
import { cartFiguresOf, readAggregate, type CartJson } from "./read-aggregate.js"
import { collectionNotFound, operationNotFound, paymentNotFound } from "./not-found.js"
import { PaymentCollection } from "./entities/payment-collection.entity.js"

// The one lock of the aggregate: whoever decides anything about a collection, its sessions, payments, captures or
// refunds holds its row first, and before it the cart's row where the cart's figures are read or changed. Children are
// read by a statement of their own after the lock, never before.

/** What is settled is recorded also in a collection that is deleted by then. */
interface LockOptions {
  readonly withDeleted?: boolean
}

interface InternalOptions extends LockOptions {
  readonly cartFirst?: string
  /** Locks the operation after the collection, in the order in which requests write them. */
  readonly withOperation?: boolean
}

/** @throws NotFound */
export async function lockCollection(tx: EntityManager, id: string, options?: LockOptions): Promise<Aggregate> {
  return lock(tx, "collection.id = $1", id, collectionNotFound, options)
}

/** Also a deleted one: what was paid into it late can be given back. @throws NotFound */
export async function lockCollectionOfPayment(tx: EntityManager, paymentId: string): Promise<Aggregate> {
  const ofPayment = "collection.id = (SELECT payment_collection_id FROM payment WHERE id = $1)"
  return lock(tx, ofPayment, paymentId, paymentNotFound, { withDeleted: true })
}

/**
 * With the row of the operation: no other process claims it until the outcome is recorded. Also of a deleted collection.
 * @throws NotFound
 */
export async function lockCollectionOfOperation(tx: EntityManager, operationId: string): Promise<Aggregate> {
  const ofOperation = "operation.id = $1 AND collection.id = operation.payment_collection_id"
  const options = { withDeleted: true, withOperation: true }
  return lock(tx, ofOperation, operationId, operationNotFound, options)
}

/** With the cart that it is for, where there is one. @throws NotFound */
export async function lockCollectionAndCart(tx: EntityManager, id: string): Promise<Aggregate> {
  return lock(tx, "collection.id = $1", id, collectionNotFound, { cartFirst: CART_FIRST })
}

/**
 * Locks the cart's row on the way to the collection's: the join has read it, and so waited for its lock, before the
 * collection's row is locked. What is answered of it is what it holds after the wait.
 */
const CART_FIRST = `WITH cart AS MATERIALIZED (
    SELECT id, currency_code, total::text, region_id, sales_channel_id, customer_id, email, order_id, completed_at FROM cart
    WHERE id = (SELECT cart_id FROM payment_collection WHERE id = $1) FOR UPDATE
  ) `

async function lock(
  tx: EntityManager,
  where: string,
  id: string,
  notFound: (id: string) => NotFound,
  { cartFirst = "", withDeleted = false, withOperation = false }: InternalOptions = {},
): Promise<Aggregate> {
  const metadata = tx.dataSource.getMetadata(PaymentCollection)
  const cart = cartFirst && ", to_json(cart) AS cart"
  const [row] = await tx.query<{ collection: Json; cart?: CartJson<CartFigures> | null }[]>(
    prepared`${cartFirst}SELECT ${wholeRowJson(metadata, "collection")} AS collection${cart}
    FROM payment_collection collection ${cartFirst && "LEFT JOIN cart ON true"}${withOperation ? "CROSS JOIN payment_operation operation" : ""}
    WHERE ${where} ${withDeleted ? "" : "AND collection.deleted_at IS NULL"}
    FOR UPDATE OF collection${withOperation ? ", operation" : ""}`,
    [id],
  )
  if (!row) throw notFound(id)
  const collection = Object.assign(new PaymentCollection(), reviveWholeRow(metadata, row.collection))
  return readAggregate(tx, collection, row.cart ? cartFiguresOf(row.cart) : undefined)
}
