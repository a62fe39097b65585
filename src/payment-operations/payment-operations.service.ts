import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Caller } from "../api-keys/caller.js"
import { NotFound } from "../common/errors.js"
import type { Selection } from "../common/fields.js"
import { readGraph, ROOT } from "../database/read-graph.js"
import { readPage, type PageOf } from "../database/read-page.js"
import { CartChangesService } from "../payment-collections/cart-changes.service.js"
import { PaymentOperation } from "../payment-model/payment-operation.entity.js"
import { SESSION_OPERATION_KINDS, sqlList, UNSETTLED_STATES, type OperationKind } from "../payment-model/status.js"
import { PaymentProviderRegistry } from "../payment-providers/payment-provider.registry.js"
import { ProviderOperations } from "../payment-providers/provider-operations.js"
import { OPERATION_FILTERS, type ListOperationsQuery } from "./operation.dto.js"
import { SETTLERS } from "./settlers.js"

/** Nobody is at it: it was never claimed, or whoever claimed it has died. */
const FREE = `state IN (${sqlList(UNSETTLED_STATES)}) AND (claimed_until IS NULL OR claimed_until <= now())`

/** Whose doing it is that a session follows its cart after all. */
const RECONCILER: Caller = { id: "reconciler", salesChannelIds: [] }

function isAboutSession({ kind }: PaymentOperation): boolean {
  return (SESSION_OPERATION_KINDS as readonly OperationKind[]).includes(kind)
}

/** Calls to providers: what became of them, and asking again where nobody knows. */
@Injectable()
export class PaymentOperationsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly operations: ProviderOperations,
    private readonly registry: PaymentProviderRegistry,
    private readonly carts: CartChangesService,
  ) {}

  async list(query: ListOperationsQuery, selection: Selection): Promise<PageOf<PaymentOperation>> {
    return readPage<PaymentOperation>(this.dataSource.manager, selection, OPERATION_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<PaymentOperation> {
    const query = { where: `${ROOT}.id = $1`, parameters: [id] }
    const [operation] = await readGraph<PaymentOperation>(this.dataSource.manager, selection, query)
    if (!operation) throw new NotFound(`Operation id not found: ${id}`)
    return operation
  }

  /**
   * Asks the provider now, also about an operation that is stuck. A settled one stays as it is; one that is being asked
   * about is waited for.
   *
   * @throws NotFound
   * @throws Conflict `operation_in_progress` when whoever is at it does not get through in time
   */
  async retry(id: string, selection: Selection): Promise<PaymentOperation> {
    const { settled_at, provider_id } = await this.get(id, selection)
    if (settled_at === null) {
      this.registry.get(provider_id)
      await this.settleNow(id)
    }
    return this.get(id, selection)
  }

  /**
   * Asks the provider now about an operation that is not settled, or waits for whoever does.
   * @throws Conflict `operation_in_progress` when whoever is at it does not get through in time
   */
  async settleNow(id: string): Promise<void> {
    const [claimed] = await this.claim("id = $2", [id])
    await (claimed ? this.settle(claimed) : this.operations.settled(id))
  }

  /** Claims operations that are due; at most so many. Several instances share the work. */
  async claimDue(limit: number): Promise<string[]> {
    return this.claim(
      `id = ANY(ARRAY(SELECT id FROM payment_operation WHERE ${FREE} AND next_attempt_at <= now()
        AND provider_id = ANY($2) ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED))`,
      [this.registry.ids, limit],
    )
  }

  /** Asks the provider of a claimed operation how it ended, and records it. */
  async settle(id: string): Promise<void> {
    const operation = await this.operations.find(id)
    if (operation.settled_at !== null) return
    const { failure } = await this.operations.reconcile(operation, SETTLERS[operation.kind])
    if (failure?.state_differs && this.registry.canInspect(operation.provider_id)) {
      await this.operations.refresh(operation)
    }
    // The cart may have moved on while nobody knew where the session stood.
    if (isAboutSession(operation)) await this.carts.follow(operation.payment_collection_id, RECONCILER)
  }

  /** A claim is a lease: whoever has it calls the provider outside of any transaction, and may die of it. */
  private async claim(where: string, parameters: unknown[]): Promise<string[]> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      `UPDATE payment_operation SET claimed_until = now() + $1 * interval '1 millisecond',
        next_attempt_at = now() + $1 * interval '1 millisecond', attempts = attempts + 1, updated_at = now() WHERE ${where} AND ${FREE} RETURNING id`,
      [this.operations.lease, ...parameters],
    )
    return rows.map(({ id }) => id)
  }
}
