import { Injectable } from "@nestjs/common"
import { setTimeout as sleep } from "node:timers/promises"
import { DataSource, type EntityManager } from "typeorm"
import { IS_ABANDONED_SQL } from "../../database/leases.js"
import { prepared } from "../../database/statements/prepared.js"
import { PaymentOperation } from "../../payment-model/entities/payment-operation.entity.js"
import { OperationInProgress } from "./call.errors.js"
import { OperationHooks } from "./operation-hooks.js"
import { ProviderDeadline } from "./provider-deadline.js"

/** Milliseconds between two reads of an operation that another request started; doubled up to the last. */
const FIRST_DELAY = 10
const LAST_DELAY = 200

/** The state of an operation that another request started. */
interface Progress {
  readonly isResolved: boolean
  readonly isStuck: boolean
  /** The process that worked on it died, or cannot reach the database. */
  readonly isAbandoned: boolean
}

/** Waits for operations that another request or process is working on. */
@Injectable()
export class OperationWaiting {
  constructor(
    private readonly dataSource: DataSource,
    private readonly deadline: ProviderDeadline,
    private readonly hooks: OperationHooks,
  ) {}

  /** Waits until an operation is resolved. @throws Conflict at the deadline */
  async untilResolved(
    operationId: string,
    deadline = Date.now() + this.deadline.milliseconds,
  ): Promise<PaymentOperation> {
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 2, LAST_DELAY)) {
      const { isResolved, isStuck, isAbandoned } = await this.progressOf(operationId)
      if (isResolved) return findOperation(this.dataSource.manager, operationId)
      if (isAbandoned) this.hooks.notifyAbandoned()
      if (isStuck || Date.now() + delay >= deadline) throw new OperationInProgress(operationId)
      await sleep(delay)
    }
  }

  private async progressOf(operationId: string): Promise<Progress> {
    const [progress] = await this.dataSource.query<Progress[]>(
      prepared`SELECT resolved_at IS NOT NULL AS "isResolved", is_stuck AS "isStuck", ${IS_ABANDONED_SQL} AS "isAbandoned"
      FROM payment_operation WHERE id = $1`,
      [operationId],
    )
    if (!progress) throw new Error(`Operation id not found: ${operationId}`)
    return progress
  }
}

/** Reads an operation with its private columns. */
export async function findOperation(tx: EntityManager, id: string): Promise<PaymentOperation> {
  return tx
    .createQueryBuilder(PaymentOperation, "operation")
    .addSelect(["operation.request", "operation.failure", "operation.request_key"])
    .where("operation.id = :id", { id })
    .getOneOrFail()
}
