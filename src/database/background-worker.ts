import {
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from "@nestjs/common"
import { performance, type EventLoopUtilization } from "node:perf_hooks"

/** Pieces of work that one worker does at the same time: a slow one does not delay the others. */
const SLOTS = 20

/** How many of them one look starts at most while the process is busy, because requests come first. */
const STARTED_WHEN_BUSY = 2

/** A process is busy from this share of its time on. It is measured over at least so many milliseconds. */
const BUSY = 0.5
const MEASURED_OVER = 100

/** Milliseconds from `wake` to the look for work: work that arrives in between is claimed by the same statement. */
const WAKE_DELAY = 10
const WAKE_DELAY_WHEN_BUSY = 100

/** Milliseconds between two looks for work that no `wake` has announced. */
export class BackgroundInterval {
  constructor(readonly milliseconds: number) {}
}

@Module({})
export class BackgroundModule {
  /** @param interval milliseconds between two looks */
  static register(interval: number): DynamicModule {
    const provider = { provide: BackgroundInterval, useValue: new BackgroundInterval(interval) }
    return { module: BackgroundModule, global: true, providers: [provider], exports: [provider] }
  }
}

/**
 * Works on rows of the database in the background; several processes share the work. A look claims as many pieces as
 * there are free slots, or fewer while the process is busy with requests. While there may be more, the next look comes
 * soon. A piece that fails is logged, and claimed again when its lease has ended.
 */
export abstract class BackgroundWorker<Piece extends string | { readonly id: string } = string>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly log = new Logger(this.constructor.name)
  private readonly inProgress = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> = Promise.resolve()
  private isLooking = false
  /** Whether the next look is scheduled for soon. */
  private isAwake = false
  /** Whether there may be more work, by the last look or a `wake` since. */
  private mayBeMore = false
  private isStopping = false
  private isBusy = false
  private usage: EventLoopUtilization | undefined
  private measuredAt = 0

  constructor(private readonly interval: BackgroundInterval) {}

  /** Claims at most `limit` pieces of work that are due. */
  protected abstract claim(limit: number): Promise<Piece[]>
  /** Works on a claimed piece. */
  protected abstract handle(piece: Piece): Promise<void>

  onApplicationBootstrap(): void {
    this.lookAfter(this.interval.milliseconds)
  }

  /** Starts nothing new, and waits for the pieces in progress. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true
    clearTimeout(this.timer)
    await this.looking
    await Promise.all(this.inProgress)
  }

  /** Announces work, so that it does not wait for the next regular look. */
  wake(): void {
    this.mayBeMore = true
    // A look that is scheduled for soon is not postponed: repeated calls would postpone it for ever.
    if (this.isLooking || this.isAwake || this.inProgress.size >= SLOTS) return
    this.isAwake = true
    this.lookAfter(this.isBusy ? WAKE_DELAY_WHEN_BUSY : WAKE_DELAY)
  }

  private lookAfter(milliseconds: number): void {
    if (this.isStopping) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.looking = this.look()
    }, milliseconds).unref()
  }

  private async look(): Promise<void> {
    this.measure()
    const free = SLOTS - this.inProgress.size
    const wanted = this.isBusy ? Math.min(free, STARTED_WHEN_BUSY) : free
    this.isLooking = true
    this.isAwake = false
    this.mayBeMore = false
    try {
      const claimed = wanted > 0 ? await this.claim(wanted) : []
      for (const piece of claimed) this.start(piece)
      if (claimed.length === wanted) this.mayBeMore = true
    } catch (error) {
      this.log.error(error)
    }
    this.isLooking = false
    this.lookAfter(this.interval.milliseconds)
    if (this.mayBeMore) this.wake()
  }

  /** Measures how busy the process was since the last measurement. */
  private measure(): void {
    const now = Date.now()
    if (now - this.measuredAt < MEASURED_OVER) return
    const usage = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(usage, this.usage)
    this.isBusy = utilization > BUSY
    this.usage = usage
    this.measuredAt = now
  }

  private start(piece: Piece): void {
    const done = this.done(piece).finally(() => {
      this.inProgress.delete(done)
      if (this.mayBeMore) this.wake()
    })
    this.inProgress.add(done)
  }

  private async done(piece: Piece): Promise<void> {
    try {
      await this.handle(piece)
    } catch (error) {
      const id = typeof piece === "string" ? piece : piece.id
      this.log.error(`${id} could not be handled: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
