import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { CartNotFound } from "../carts/cart-not-found.js"
import { ChangedMeanwhile, excerpt, InvalidData, NotAllowed } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { newId } from "../common/ids.js"
import { moneyFromMajor, parseCurrency } from "../common/money.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import { prepared } from "../database/statements/prepared.js"
import { writeRows } from "../database/statements/unit-of-work.js"
import { outboxWrites } from "../outbox/outbox-event.entity.js"
import { Changes } from "../payment-model/changes.js"
import { lockCollection } from "../payment-model/lock.js"
import { assertAmountChangeable } from "../payment-model/rules/collection.rules.js"
import { collectionEvent } from "../payment-model/events.js"
import { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { OperationRunner } from "../payment-providers/calls/operation-runner.js"
import { FollowCartService } from "../payment-sessions/follow-cart.service.js"
import { cancelOpenSession } from "../payment-sessions/session-operations.js"
import { CartChangesService } from "./cart-changes.service.js"
import { createForCart } from "./create-for-cart.statement.js"
import { DefaultCurrency } from "./default-currency.js"
import {
  COLLECTION_FILTERS,
  type CreateOrderCollectionRequest,
  type ListPaymentCollectionsQuery,
  type UpdateCollectionRequest,
} from "./payment-collection.dto.js"
import type { CollectionStatus } from "../payment-model/status.js"

/** How often a create that was overtaken looks again. Each time another request got on. */
const CREATE_ATTEMPTS = 3

/** The use cases of a payment collection. Reads load no more than the selection asks for. */
@Injectable()
export class PaymentCollectionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: CollectionReader,
    private readonly operations: OperationRunner,
    private readonly sessions: FollowCartService,
    private readonly carts: CartChangesService,
    private readonly defaultCurrency: DefaultCurrency,
  ) {}

  /**
   * The collection of a cart: made at the first call, the same ever after, with the cart's currency and total while
   * nothing is authorized. Any number of parallel calls get the same one.
   *
   * @throws NotFound when the cart is unknown, or the caller's key does not see it
   * @throws InvalidData when the cart is completed and never had a collection
   */
  async create(cartId: string, caller: Caller, selection: Selection): Promise<PaymentCollection> {
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
      const result = await createForCart(this.dataSource.manager, cartId, caller.salesChannelIds, selection)
      switch (result.outcome) {
        case "created":
          return this.reader.withUsableProviders(result.collection)
        case "behind":
        case "exists": {
          if (result.outcome === "behind") await this.carts.follow(result.id, caller)
          const collection = await this.reader.find(result.id, selection)
          if (collection) return collection
          continue
        }
        case "cart_not_found":
          throw new CartNotFound(cartId, "cart_id")
        case "cart_completed":
          throw new InvalidData(`Cart ${excerpt(cartId)} is already completed.`)
        case "raced":
          continue
      }
    }
    throw new ChangedMeanwhile(`The payment collection of cart ${excerpt(cartId)} is changing. Retry the request.`)
  }

  /**
   * A collection for an order of the caller's. Its currency is the one of the request, else that of the order's earlier
   * collections, else the default of the configuration.
   * @throws InvalidData when the amount is too precise, or none of these names a currency
   */
  async createForOrder(
    request: CreateOrderCollectionRequest,
    { requestKey }: Caller,
    selection: Selection,
  ): Promise<PaymentCollection> {
    const { manager } = this.dataSource
    const made = requestKey && (await manager.findOneBy(PaymentCollection, { request_key: requestKey }))
    if (made) return this.reader.get(made.id, selection)
    const { order_id, amount } = request
    const currency = parseCurrency(request.currency_code ?? (await this.currencyOfOrder(order_id)))
    const changes = new Changes()
    const collection = changes.insert(PaymentCollection, {
      id: newId("pay_col"),
      cart_id: null,
      order_id,
      request_key: requestKey ?? null,
      status: "not_paid",
      currency_code: currency,
      amount: moneyFromMajor(amount, currency).minor,
      authorized_amount: 0n,
      captured_amount: 0n,
      refunded_amount: 0n,
    })
    changes.recordEvent(() => collectionEvent("payment_collection.created", collection))
    await writeRows(manager, [...changes.writes, ...outboxWrites(changes.events)])
    return this.reader.get(collection.id, selection)
  }

  /**
   * Changes the amount of a collection that has no cart. Its open session is changed at the provider first.
   * @throws NotFound
   * @throws NotAllowed when the collection follows a cart, or is completed or canceled
   * @throws InvalidData when the amount is too precise, or below what is authorized
   */
  async update(
    id: string,
    { amount }: UpdateCollectionRequest,
    caller: Caller,
    selection: Selection,
  ): Promise<PaymentCollection> {
    return this.operations.performAndRead(
      (tx) => lockCollection(tx, id),
      (aggregate, tx) => {
        const { collection, authorizedAmount } = aggregate
        const { minor } = moneyFromMajor(amount, collection.currency_code)
        assertAmountChangeable(collection, authorizedAmount, minor)
        return this.sessions.followAmount(aggregate, tx, minor, caller)
      },
      () => this.reader.get(id, selection),
    )
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<PaymentCollection> {
    return this.reader.get(id, selection)
  }

  /** As a storefront sees it. @throws NotFound also when the caller's key is confined to other sales channels */
  async getVisible(id: string, caller: Caller, selection: Selection): Promise<PaymentCollection> {
    return this.reader.getVisible(id, caller, selection)
  }

  async list(query: ListPaymentCollectionsQuery, selection: Selection): Promise<PageOf<PaymentCollection>> {
    const page = await readList<PaymentCollection>(this.dataSource.manager, selection, COLLECTION_FILTERS, query)
    return { ...page, rows: page.rows.map((collection) => this.reader.withUsableProviders(collection)) }
  }

  /**
   * Deletes a collection, and cancels its open session at the provider first.
   * @throws NotFound, NotAllowed when anything was authorized or paid, and what {@link OperationRunner} throws
   */
  async delete(id: string, caller: Caller): Promise<void> {
    await this.operations.perform(
      (tx) => lockCollection(tx, id),
      (aggregate) => {
        const { collection } = aggregate
        if (collection.status !== "not_paid") {
          throw notDeletable(aggregate.collection.status)
        }
        const canceling = cancelOpenSession(aggregate, caller)
        if (canceling) return canceling
        aggregate.updateCollection({ deleted_at: new Date() })
        aggregate.changes.recordEvent(() => collectionEvent("payment_collection.deleted", collection))
        return { kind: "done" }
      },
    )
  }

  /** That of the order's newest collection; a canceled one counts only if there is no other. */
  private async currencyOfOrder(orderId: string): Promise<string> {
    const [known] = await this.dataSource.query<{ currency_code: string }[]>(
      prepared`SELECT currency_code FROM payment_collection WHERE order_id = $1 AND deleted_at IS NULL
      ORDER BY status = 'canceled', created_at DESC, id DESC LIMIT 1`,
      [orderId],
    )
    const currency = known?.currency_code ?? this.defaultCurrency.code
    if (currency !== undefined) return currency
    const message =
      `Field 'currency_code' is required: order ${excerpt(orderId)} has no payment collection here whose currency could ` +
      "be used. Send it with the request, or set DEFAULT_CURRENCY for this service."
    throw new InvalidData(`Invalid request: ${message}`, { details: [{ field: "currency_code", message }] })
  }
}

export function notDeletable(status: CollectionStatus): NotAllowed {
  return new NotAllowed("Can only delete payment collections where status is not_paid", {
    details: [{ field: "id", message: `The payment collection is ${status}. Cancel or refund its payments instead.` }],
  })
}
