import { Injectable } from "@nestjs/common"
import { BackgroundInterval, BackgroundWorker } from "../common/background-worker.js"
import { PaymentOperationsService } from "./payment-operations.service.js"

/** Settles what was begun and not settled: a process died, or a provider did not answer. */
@Injectable()
export class Reconciler extends BackgroundWorker {
  constructor(
    private readonly operations: PaymentOperationsService,
    interval: BackgroundInterval,
  ) {
    super(interval)
  }

  protected async claim(limit: number): Promise<string[]> {
    return this.operations.claimDue(limit)
  }

  protected async handle(id: string): Promise<void> {
    await this.operations.settle(id)
  }
}
