import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import type { Selection } from "../api/fields/fields.js"
import { LeasedWork } from "../database/leased-work.js"
import { Leases, type Lease } from "../database/leases.js"
import { readGraph, ROOT } from "../database/statements/read-graph.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import { sqlList, UNRESOLVED_STATES } from "../payment-model/status.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { OperationHooks } from "../payment-providers/calls/operation-hooks.js"
import { OperationWaiting } from "../payment-providers/calls/wait-for-operation.js"
import { OperationRunner } from "../payment-providers/calls/operation-runner.js"
import { OPERATION_FILTERS, type ListOperationsQuery } from "./operation.dto.js"
import { operationNotFound } from "../payment-model/not-found.js"

/** The outcome of the call is not known. */
const UNRESOLVED = `state IN (${sqlList(UNRESOLVED_STATES)})`

/** Lists the calls to providers, and asks for the outcome of unresolved ones. */
@Injectable()
export class PaymentOperationsService {
  private readonly work: LeasedWork

  constructor(
    private readonly dataSource: DataSource,
    private readonly operations: OperationRunner,
    private readonly registry: PaymentProviderRegistry,
    private readonly waiting: OperationWaiting,
    private readonly hooks: OperationHooks,
    private readonly leases: Leases,
  ) {
    this.work = new LeasedWork(dataSource, leases, "payment_operation", UNRESOLVED)
  }

  async list(query: ListOperationsQuery, selection: Selection): Promise<PageOf<PaymentOperation>> {
    return readList<PaymentOperation>(this.dataSource.manager, selection, OPERATION_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<PaymentOperation> {
    const query = { where: `${ROOT}.id = $1`, parameters: [id] }
    const [operation] = await readGraph<PaymentOperation>(this.dataSource.manager, selection, query)
    if (!operation) throw operationNotFound(id)
    return operation
  }

  /**
   * Asks the provider now, also about an operation that is stuck. A resolved one stays as it is. If
   * another process is asking, this waits for it.
   *
   * @throws NotFound
   * @throws Conflict `operation_in_progress` when the other process is not done in time
   */
  async retry(id: string, selection: Selection): Promise<PaymentOperation> {
    const { resolved_at, provider_id } = await this.get(id, selection)
    if (resolved_at === null) {
      this.registry.get(provider_id)
      await this.resolveNow(id)
    }
    return this.get(id, selection)
  }

  /**
   * Asks the provider now about an unresolved operation, or waits for the process that does.
   * @throws Conflict `operation_in_progress` when the other process is not done in time
   */
  async resolveNow(id: string): Promise<void> {
    const claimed = await this.work.claimWaiting(id)
    await (claimed ? this.resolve(claimed) : this.waiting.untilResolved(id))
  }

  /** Claims operations that are due; at most so many. Several instances share the work. */
  async claimDue(limit: number): Promise<Lease[]> {
    return this.work.claimDue(this.registry.ids, limit)
  }

  /** Asks the provider of a claimed operation how it ended, and records it. */
  async resolve(lease: Lease): Promise<void> {
    await this.leases.whileHeld(lease, () => this.resolveHeld(lease))
  }

  private async resolveHeld(lease: Lease): Promise<void> {
    const operation = await this.operations.getOperation(lease.id)
    if (operation.resolved_at !== null) return
    const resolved = await this.operations.reconcile(operation, lease)
    if (!resolved) return
    if (resolved.failure?.state_differs && this.registry.canInspect(operation.provider_id)) {
      await this.operations.refresh(operation)
    }
    await this.hooks.notifyResolved(operation)
  }
}
