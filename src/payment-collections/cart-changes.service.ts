import { Injectable, Logger, type OnModuleInit } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Caller } from "../api/request-context.js"
import type { PutCartRequest } from "../carts/cart.dto.js"
import type { Cart } from "../carts/cart.entity.js"
import { CartsService } from "../carts/carts.service.js"
import { lockCollectionAndCart } from "../payment-model/lock.js"
import { LIVE_COLLECTION, PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { isSessionOperation } from "../payment-model/status.js"
import { OperationHooks } from "../payment-providers/calls/operation-hooks.js"
import { OperationRunner } from "../payment-providers/calls/operation-runner.js"
import { FollowCartService, type FollowProgress } from "../payment-sessions/follow-cart.service.js"

/** The caller in the records if a session follows its cart after an operation was resolved. */
const RECONCILER: Caller = { id: "reconciler", salesChannelIds: [] }

/**
 * A cart that changes takes its collection with it, while nothing is authorized. After that it is reported when it costs
 * more than the collection is for; only a session raises the amount. An open session is changed at its
 * provider first; where that fails, collection and session stay as they were, together, and the change is pending: the
 * next create, session or cart change tries again, and until then the old amount cannot be authorized.
 */
@Injectable()
export class CartChangesService implements OnModuleInit {
  private readonly log = new Logger(CartChangesService.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly carts: CartsService,
    private readonly operations: OperationRunner,
    private readonly sessions: FollowCartService,
    private readonly hooks: OperationHooks,
  ) {}

  onModuleInit(): void {
    this.hooks.afterResolve(async ({ kind, payment_collection_id }) => {
      // The cart may have changed while the state of the session was unknown.
      if (isSessionOperation(kind)) await this.follow(payment_collection_id, RECONCILER)
    })
  }

  /** Takes over what the cart's owner tells of it. A provider that fails does not keep the cart from being told. */
  async put(id: string, state: PutCartRequest, caller: Caller): Promise<Cart> {
    const cart = await this.carts.put(id, state)
    const collection = await this.dataSource.manager
      .createQueryBuilder(PaymentCollection, "collection")
      .select("collection.id")
      .where(`collection.cart_id = :id AND ${LIVE_COLLECTION}`, { id })
      .getOne()
    if (collection) await this.follow(collection.id, caller)
    return cart
  }

  /** Brings a collection in line with its cart, or leaves the change pending. */
  async follow(collectionId: string, caller: Caller): Promise<void> {
    const progress: FollowProgress = {}
    try {
      await this.operations.perform(
        (tx) => lockCollectionAndCart(tx, collectionId),
        (aggregate, tx) => this.sessions.followCart(aggregate, tx, progress, caller),
      )
    } catch (error) {
      this.log.warn(`Collection ${collectionId} is behind its cart: ${error instanceof Error ? error.message : "?"}`)
    }
  }
}
