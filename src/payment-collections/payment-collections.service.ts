import { Injectable } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import type { Caller } from "../api-keys/caller.js"
import { Conflict, InvalidData, NotAllowed, NotFound } from "../common/errors.js"
import type { Selection } from "../common/fields.js"
import { newId } from "../common/ids.js"
import { moneyFromMajor, parseCurrency } from "../common/money.js"
import { readGraph, ROOT } from "../database/read-graph.js"
import { readPage, type PageOf } from "../database/read-page.js"
import { lockCollection } from "../payment-model/collection-lock.js"
import { PaymentCollection } from "../payment-model/payment-collection.entity.js"
import { PaymentProviderRegistry } from "../payment-providers/payment-provider.registry.js"
import { createForCart } from "./collection-for-cart.js"
import {
  COLLECTION_FILTERS,
  type CreateOrderCollectionRequest,
  type ListPaymentCollectionsQuery,
} from "./payment-collection.dto.js"

/** How often a create that was overtaken looks again. Each time another request got on. */
const CREATE_ATTEMPTS = 3

/** The use cases of a payment collection. Reads load no more than the selection asks for. */
@Injectable()
export class PaymentCollectionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
  ) {}

  /**
   * The collection of a cart: made at the first call, the same ever after, with the cart's currency and total while
   * nothing is authorized. Any number of parallel calls get the same one.
   *
   * @throws NotFound when the cart is unknown, or the caller's key does not see it
   * @throws InvalidData when the cart is completed and never had a collection
   */
  async create(cartId: string, caller: Caller, selection: Selection): Promise<PaymentCollection> {
    const { manager } = this.dataSource
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
      const result = await createForCart(manager, cartId, caller.salesChannelIds, newId("pay_col"), selection)
      switch (result.outcome) {
        case "created":
          return this.withUsableProviders(result.collection)
        case "exists": {
          const collection = await this.find(manager, result.id, selection)
          if (collection) return collection
          continue
        }
        case "cart_not_found":
          throw new NotFound(`Cart id not found: ${cartId}`)
        case "cart_completed":
          throw new InvalidData(`Cart ${cartId} is already completed.`)
        case "raced":
          continue
      }
    }
    throw new Conflict(`The payment collection of cart ${cartId} is changing. Retry the request.`, {
      code: "changed_meanwhile",
      retryAfter: 1,
    })
  }

  /**
   * A collection for an order of the caller's.
   * @throws InvalidData when the amount is too precise, or the currency neither given nor known from the order
   */
  async createForOrder(request: CreateOrderCollectionRequest, selection: Selection): Promise<PaymentCollection> {
    const { manager } = this.dataSource
    const { order_id, amount } = request
    const currency = parseCurrency(request.currency_code ?? (await currencyOfOrder(manager, order_id)))
    const id = newId("pay_col")
    await manager.insert(PaymentCollection, {
      id,
      order_id,
      currency_code: currency,
      amount: moneyFromMajor(amount, currency).minor,
    })
    return this.get(id, selection)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<PaymentCollection> {
    const collection = await this.find(this.dataSource.manager, id, selection)
    if (!collection) throw notFound(id)
    return collection
  }

  /** As a storefront sees it. @throws NotFound also when the caller's key is confined to other sales channels */
  async getVisible(id: string, { salesChannelIds }: Caller, selection: Selection): Promise<PaymentCollection> {
    if (salesChannelIds.length === 0) return this.get(id, selection)
    const collection = await this.find(this.dataSource.manager, id, selection, salesChannelIds)
    if (!collection) throw notFound(id)
    return collection
  }

  async list(query: ListPaymentCollectionsQuery, selection: Selection): Promise<PageOf<PaymentCollection>> {
    const page = await readPage<PaymentCollection>(this.dataSource.manager, selection, COLLECTION_FILTERS, query)
    return { ...page, rows: page.rows.map((collection) => this.withUsableProviders(collection)) }
  }

  /** @throws NotFound, NotAllowed when anything was authorized or paid */
  async delete(id: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const collection = await lockCollection(tx, id)
      if (!collection) throw notFound(id)
      if (collection.status !== "not_paid") {
        throw new NotAllowed("Can only delete payment collections where status is not_paid")
      }
      await tx.softDelete(PaymentCollection, { id })
    })
  }

  private async find(
    tx: EntityManager,
    id: string,
    selection: Selection,
    salesChannelIds?: readonly string[],
  ): Promise<PaymentCollection | undefined> {
    const query = salesChannelIds
      ? { where: `${ROOT}.id = $1 AND ${ofChannels("$2")}`, parameters: [id, salesChannelIds] }
      : { where: `${ROOT}.id = $1`, parameters: [id] }
    const [collection] = await readGraph<PaymentCollection>(tx, selection, query)
    return collection && this.withUsableProviders(collection)
  }

  /** A provider that this process was not started with cannot be used, whatever the database says. */
  private withUsableProviders(collection: PaymentCollection): PaymentCollection {
    collection.payment_providers = collection.payment_providers?.filter(({ id }) => this.registry.has(id))
    return collection
  }
}

/** The cart says where it belongs now; the collection's own note counts where there is no cart. None belongs to all. */
function ofChannels(channels: string): string {
  const ofCart = `(SELECT coalesce(cart.sales_channel_id, '') FROM cart WHERE cart.id = ${ROOT}.cart_id)`
  const channel = `coalesce(${ofCart}, ${ROOT}.sales_channel_id, '')`
  return `(${channel} = '' OR ${channel} = ANY(${channels}::text[]))`
}

function notFound(id: string): NotFound {
  return new NotFound(`PaymentCollection id not found: ${id}`)
}

async function currencyOfOrder(tx: EntityManager, orderId: string): Promise<string> {
  const known = await tx.findOne(PaymentCollection, { where: { order_id: orderId }, order: { created_at: "ASC" } })
  if (known) return known.currency_code
  throw new InvalidData("Invalid request: Field 'currency_code' is required", {
    details: [
      { field: "currency_code", message: "The order has no collection here yet whose currency could be taken." },
    ],
  })
}
