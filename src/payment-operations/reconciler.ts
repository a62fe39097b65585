import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from "@nestjs/common"
import { PaymentOperationsService } from "./payment-operations.service.js"

/** Operations that are asked about at the same time; a slow one keeps none of the others waiting. */
const SLOTS = 20

/** How often to look for operations that nobody settled, in milliseconds. */
export class ReconcilerInterval {
  constructor(readonly milliseconds: number) {}
}

/**
 * Settles what was begun and not settled: a process died, or a provider did not answer. A look claims as many as there are
 * free slots, and the next one comes at once while there may be more. One that fails is logged, and claimed again when its
 * lease has run out.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(Reconciler.name)
  private readonly underWay = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> = Promise.resolve()
  private isStopping = false

  constructor(
    private readonly operations: PaymentOperationsService,
    private readonly interval: ReconcilerInterval,
  ) {}

  onApplicationBootstrap(): void {
    this.lookAfter(this.interval.milliseconds)
  }

  /** Nothing new is begun; what is under way gets to its end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true
    clearTimeout(this.timer)
    await this.looking
    await Promise.all(this.underWay)
  }

  private lookAfter(milliseconds: number): void {
    if (this.isStopping) return
    this.timer = setTimeout(() => {
      this.looking = this.look()
    }, milliseconds).unref()
  }

  private async look(): Promise<void> {
    const free = SLOTS - this.underWay.size
    let claimed: string[] = []
    try {
      if (free > 0) claimed = await this.operations.claimDue(free)
    } catch (error) {
      this.log.error(error)
    }
    for (const id of claimed) {
      const settling = this.settle(id).finally(() => this.underWay.delete(settling))
      this.underWay.add(settling)
    }
    this.lookAfter(claimed.length === free && free > 0 ? 0 : this.interval.milliseconds)
  }

  private async settle(id: string): Promise<void> {
    try {
      await this.operations.settle(id)
    } catch (error) {
      this.log.error(`Operation ${id} could not be settled: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
