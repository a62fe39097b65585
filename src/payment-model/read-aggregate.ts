import type { EntityManager } from "typeorm"
import { prepared } from "../database/statements/prepared.js"
import { reviveWholeRow, wholeRowJson, type Json } from "../database/statements/read-graph.js"
import { Aggregate, targetOf, type CartFigures, type CartPrice } from "./aggregate.js"
import { Capture } from "./entities/capture.entity.js"
import type { PaymentCollection } from "./entities/payment-collection.entity.js"
import { PaymentOperation } from "./entities/payment-operation.entity.js"
import { PaymentSession } from "./entities/payment-session.entity.js"
import { Payment } from "./entities/payment.entity.js"
import { Refund } from "./entities/refund.entity.js"
import { sqlList, UNRESOLVED_STATES } from "./status.js"

/** Reads the children of a collection in one statement. The caller holds the lock of the collection. */
export async function readAggregate(
  tx: EntityManager,
  collection: PaymentCollection,
  cart?: CartFigures,
): Promise<Aggregate> {
  const regionId = targetOf(collection, cart).region_id
  // An order that was placed may be paid with any provider, whatever its region offers shoppers by now.
  const mayUseAny = regionId === null || Boolean(cart?.completed_at)
  const [row] = await tx.query<ChildrenRow[]>(childrenStatement(tx), [
    collection.id,
    regionId,
    cart ? cart.region_id : collection.region_id,
    cart ? null : collection.cart_id,
  ])
  if (!row) throw new Error("A statement without FROM answers a row")
  const revived = <E extends object>(type: new () => E, rows: Json[]) =>
    rows.map((json) => Object.assign(new type(), reviveWholeRow(tx.dataSource.getMetadata(type), json)))
  return new Aggregate(
    collection,
    cart,
    revived(PaymentSession, row.sessions),
    revived(Payment, row.payments),
    revived(Capture, row.captures),
    revived(Refund, row.refunds),
    revived(PaymentOperation, row.operations),
    mayUseAny ? row.provider_ids : row.target_provider_ids,
    row.region_provider_ids,
    cart ?? (row.price && cartFiguresOf(row.price)),
  )
}

type ChildrenRow = Record<"sessions" | "payments" | "captures" | "refunds" | "operations", Json[]> & {
  provider_ids: string[]
  target_provider_ids: string[]
  region_provider_ids: string[]
  price?: CartJson<CartPrice>
}

/** A cart in the JSON of a statement. */
export type CartJson<Figures extends CartPrice> = Omit<Figures, "total" | "completed_at"> & {
  readonly total: string
  readonly completed_at: string | null
}

export function cartFiguresOf<Figures extends CartPrice>({ total, completed_at, ...cart }: CartJson<Figures>) {
  return { ...cart, total: BigInt(total), completed_at: completed_at === null ? null : new Date(completed_at) }
}

let childrenSql: string | undefined

/** $1 the collection, $2 the region of its target, $3 the region of the shopper, $4 the cart if it is not locked. */
function childrenStatement(tx: EntityManager): string {
  const list = (type: new () => object, from: string) =>
    `(SELECT coalesce(json_agg(${wholeRowJson(tx.dataSource.getMetadata(type), "child")} ORDER BY child.created_at, child.id), '[]') FROM ${from})`
  const movement = (table: string) =>
    `${table} child JOIN payment ON payment.id = child.payment_id WHERE payment.payment_collection_id = $1`
  const ofRegion = (region: string) =>
    `(SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]') FROM payment_provider provider
      JOIN region_payment_provider link ON link.payment_provider_id = provider.id
      WHERE provider.is_enabled AND link.region_id = ${region})`
  childrenSql ??= prepared`SELECT
    ${list(PaymentSession, "payment_session child WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL")} AS sessions,
    ${list(Payment, "payment child WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL")} AS payments,
    ${list(Capture, movement("capture"))} AS captures,
    ${list(Refund, movement("refund"))} AS refunds,
    ${list(PaymentOperation, `payment_operation child WHERE child.payment_collection_id = $1 AND child.state IN (${sqlList(UNRESOLVED_STATES)})`)} AS operations,
    (SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]') FROM payment_provider provider
      WHERE provider.is_enabled) AS provider_ids,
    ${ofRegion("$2")} AS target_provider_ids,
    ${ofRegion("$3")} AS region_provider_ids,
    (SELECT json_build_object('total', total::text, 'currency_code', currency_code, 'completed_at', completed_at)
      FROM cart WHERE id = $4) AS price`
  return childrenSql
}
