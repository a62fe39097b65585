import type { EntityManager } from "typeorm"
import { PaymentCollection } from "./payment-collection.entity.js"

/**
 * The one lock of the aggregate: whoever decides anything about a collection, its sessions, payments, captures or
 * refunds holds its row first. Read the children by a statement of their own after this, never before.
 */
export async function lockCollection(tx: EntityManager, id: string): Promise<PaymentCollection | null> {
  return tx.findOne(PaymentCollection, { where: { id }, lock: { mode: "pessimistic_write" } })
}
