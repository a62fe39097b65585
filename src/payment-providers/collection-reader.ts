import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Caller } from "../api/request-context.js"
import type { Selection } from "../api/fields/fields.js"
import { readGraph, ROOT } from "../database/statements/read-graph.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { isVisibleSql } from "../payment-model/rules/visibility.rules.js"
import { PaymentProviderRegistry } from "./calls/payment-provider.registry.js"
import { collectionNotFound } from "../payment-model/not-found.js"

/** Reads a collection, with no more than the selection asks for and the providers that this process has. */
@Injectable()
export class CollectionReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
  ) {}

  async find(id: string, selection: Selection): Promise<PaymentCollection | undefined> {
    return this.read(selection, `${ROOT}.id = $1`, [id])
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<PaymentCollection> {
    return found(await this.find(id, selection), id)
  }

  /**
   * What a use case has made of a collection that it has in memory. Where that is all that the caller gets, nothing is
   * read again: what nobody has paid yet has no more to it than its sessions.
   * @throws NotFound
   */
  async reread(aggregate: Aggregate, selection: Selection): Promise<PaymentCollection> {
    const { collection, cart, sessions, payments, providerIds } = aggregate
    if (!selection.isDefault || payments.length > 0 || cart?.completed_at) return this.get(collection.id, selection)
    return this.withUsableProviders(
      Object.assign(collection, {
        outstanding_amount: aggregate.outstandingAmount,
        payment_providers: providerIds.map((id) => ({ id, is_enabled: true })),
        payment_sessions: sessions.map((session) => Object.assign(session, { payment: null })),
        payments: [],
      }),
    )
  }

  /** As a storefront sees it. @throws NotFound also when the caller's key is confined to other sales channels */
  async getVisible(id: string, { salesChannelIds }: Caller, selection: Selection): Promise<PaymentCollection> {
    if (salesChannelIds.length === 0) return this.get(id, selection)
    return found(
      await this.read(selection, `${ROOT}.id = $1 AND ${isVisibleSql(ROOT, "$2")}`, [id, salesChannelIds]),
      id,
    )
  }

  /**
   * Leaves out the providers that shoppers cannot use, whatever the database says: those that this process was not started
   * with, and, if no region names them, those that move no money.
   */
  withUsableProviders(collection: PaymentCollection): PaymentCollection {
    collection.payment_providers = collection.payment_providers?.filter(
      ({ id }) => this.registry.has(id) && (collection.region_id !== null || this.registry.movesMoney(id)),
    )
    return collection
  }

  private async read(
    selection: Selection,
    where: string,
    parameters: unknown[],
  ): Promise<PaymentCollection | undefined> {
    const { manager } = this.dataSource
    const [collection] = await readGraph<PaymentCollection>(manager, selection, { where, parameters })
    return collection && this.withUsableProviders(collection)
  }
}

function found(collection: PaymentCollection | undefined, id: string): PaymentCollection {
  if (!collection) throw collectionNotFound(id)
  return collection
}
