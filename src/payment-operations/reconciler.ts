import { Injectable, type OnModuleInit } from "@nestjs/common"
import { BackgroundInterval, BackgroundWorker } from "../database/background-worker.js"
import type { Lease } from "../database/leases.js"
import { OperationHooks } from "../payment-providers/calls/operation-hooks.js"
import { PaymentOperationsService } from "./payment-operations.service.js"

/** Resolves operations without an outcome: a process died, or a provider did not respond. */
@Injectable()
export class Reconciler extends BackgroundWorker<Lease> implements OnModuleInit {
  constructor(
    private readonly operations: PaymentOperationsService,
    private readonly hooks: OperationHooks,
    interval: BackgroundInterval,
  ) {
    super(interval)
  }

  onModuleInit(): void {
    this.hooks.onAbandoned(() => {
      this.wake()
    })
  }

  protected async claim(limit: number): Promise<Lease[]> {
    return this.operations.claimDue(limit)
  }

  protected async handle(lease: Lease): Promise<void> {
    await this.operations.resolve(lease)
  }
}
