import type { EntityManager } from "typeorm"
import { NotFound } from "../common/errors.js"
import { readAggregate, type Aggregate, type CartFigures } from "./aggregate.js"
import { LIVE_COLLECTION, PaymentCollection } from "./payment-collection.entity.js"

// The one lock of the aggregate: whoever decides anything about a collection, its sessions, payments, captures or
// refunds holds its row first, and before it the cart's row where the cart's figures are read or changed. Children are
// read by a statement of their own after the lock, never before.

/** @throws NotFound */
export async function lockCollection(tx: EntityManager, id: string): Promise<Aggregate> {
  return readAggregate(tx, await lockRow(tx, "collection.id = :id", { id }, `PaymentCollection id not found: ${id}`))
}

/** @throws NotFound */
export async function lockCollectionOfPayment(tx: EntityManager, paymentId: string): Promise<Aggregate> {
  const ofPayment = "collection.id = (SELECT payment_collection_id FROM payment WHERE id = :paymentId)"
  return readAggregate(tx, await lockRow(tx, ofPayment, { paymentId }, `Payment with id: ${paymentId} was not found`))
}

/** With the cart that it is for, where there is one. @throws NotFound */
export async function lockCollectionAndCart(tx: EntityManager, id: string): Promise<Aggregate> {
  const cart = await lockCart(tx, "(SELECT cart_id FROM payment_collection WHERE id = $1)", id)
  const collection = await lockRow(tx, "collection.id = :id", { id }, `PaymentCollection id not found: ${id}`)
  return readAggregate(tx, collection, cart)
}

/** The live collection of a cart; undefined where there is none. */
export async function lockCartAndCollection(tx: EntityManager, cartId: string): Promise<Aggregate | undefined> {
  const cart = await lockCart(tx, "$1", cartId)
  const collection = await findRow(tx, `collection.cart_id = :cartId AND ${LIVE_COLLECTION}`, { cartId })
  return collection ? readAggregate(tx, collection, cart) : undefined
}

async function lockRow(
  tx: EntityManager,
  where: string,
  parameters: Record<string, string>,
  notFound: string,
): Promise<PaymentCollection> {
  const collection = await findRow(tx, where, parameters)
  if (!collection) throw new NotFound(notFound)
  return collection
}

async function findRow(
  tx: EntityManager,
  where: string,
  parameters: Record<string, string>,
): Promise<PaymentCollection | null> {
  return tx
    .createQueryBuilder(PaymentCollection, "collection")
    .setLock("pessimistic_write")
    .where(where, parameters)
    .getOne()
}

async function lockCart(tx: EntityManager, idSql: string, parameter: string): Promise<CartFigures | undefined> {
  const [row] = await tx.query<(Omit<CartFigures, "total"> & { total: string })[]>(
    `SELECT id, currency_code, total, region_id, sales_channel_id, customer_id, email, completed_at
     FROM cart WHERE id = ${idSql} FOR UPDATE`,
    [parameter],
  )
  return row && { ...row, total: BigInt(row.total) }
}
