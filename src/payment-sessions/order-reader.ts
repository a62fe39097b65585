import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import { excerpt, NotFound } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { readGraph, ROOT } from "../database/statements/read-graph.js"
import { derivePaymentStatus, type Order } from "../payment-model/rules/order.rules.js"
import { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"

/** Collections of one order that are read at most: whatever references callers choose, a response stays bounded. */
const MAX_COLLECTIONS = 1_000

/** Reads what is known of an order: it has no row of its own, only collections. */
@Injectable()
export class OrderReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly collections: CollectionReader,
  ) {}

  /**
   * @param collectionId the collection that the order's own fields come from; it is listed first
   * @throws NotFound when it is not, or no longer, the order's
   */
  async get(id: string, collectionId: string, selection: Selection): Promise<Order> {
    const { manager } = this.dataSource
    const parts = await manager
      .createQueryBuilder(PaymentCollection, ROOT)
      .where(`${ROOT}.order_id = :order_id`, { order_id: id })
      .orderBy(`${ROOT}.id = :collection_id`, "DESC")
      .setParameter("collection_id", collectionId)
      .addOrderBy(`${ROOT}.created_at`, "DESC")
      .limit(MAX_COLLECTIONS)
      .getMany()
    const [own] = parts
    if (own?.id !== collectionId) throw new NotFound(`Order id not found: ${excerpt(id)}`)
    return {
      id,
      currency_code: own.currency_code,
      region_id: own.region_id,
      sales_channel_id: own.sales_channel_id,
      payment_status: derivePaymentStatus(parts),
      payment_collections: await this.read(id, collectionId, selection.relations.get("payment_collections")),
    }
  }

  private async read(id: string, collectionId: string, selection?: Selection): Promise<PaymentCollection[]> {
    if (!selection) return []
    const rows = await readGraph<PaymentCollection>(this.dataSource.manager, selection, {
      where: `${ROOT}.order_id = $1`,
      parameters: [id, collectionId],
      orderBy: `${ROOT}.id = $2 DESC, ${ROOT}.created_at DESC, ${ROOT}.id DESC`,
      limit: MAX_COLLECTIONS,
    })
    return rows.map((collection) => this.collections.withUsableProviders(collection))
  }
}
