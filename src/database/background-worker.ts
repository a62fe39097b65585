import {
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from "@nestjs/common"
import { performance, type EventLoopUtilization } from "node:perf_hooks"

/** Pieces of work that one worker is at, at the same time: a slow one does not keep the others waiting. */
const SLOTS = 20

/** How many of them a look begins at most while the process is busy: its time is for the requests first. */
const BEGUN_WHEN_BUSY = 2

/** The share of its time from which on a process is busy, and the milliseconds over which that is measured, at least. */
const BUSY = 0.5
const MEASURED_OVER = 100

/** Milliseconds from the news that there is work to the look for it: what comes in between is claimed along with it. */
const WAKE_DELAY = 10
const WAKE_DELAY_WHEN_BUSY = 100

/** How often to look for work that nobody told of, in milliseconds. */
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
 * Does what lies in the database to be done, beside the requests; several processes share it. A look claims as many
 * pieces as there are free slots, fewer while the process is busy with requests, and the next look comes soon while there
 * may be more. A piece that fails is logged, and claimed again when its lease has run out.
 */
export abstract class BackgroundWorker<Piece extends string | { readonly id: string } = string>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly log = new Logger(this.constructor.name)
  private readonly underWay = new Set<Promise<void>>()
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> = Promise.resolve()
  private isLooking = false
  /** Whether the next look comes as soon as it may. */
  private isAwake = false
  /** Whether the last look, or somebody since, says that there is more. */
  private mayBeMore = false
  private isStopping = false
  private isBusy = false
  private usage: EventLoopUtilization | undefined
  private measuredAt = 0

  constructor(private readonly interval: BackgroundInterval) {}

  /** Claims work that is due: at most so many pieces. */
  protected abstract claim(limit: number): Promise<Piece[]>
  /** Does a piece of work that was claimed. */
  protected abstract handle(piece: Piece): Promise<void>

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

  /** There is work: it need not wait for the next look. */
  wake(): void {
    this.mayBeMore = true
    // A look that is near is not put off: news that keep coming would put it off for ever.
    if (this.isLooking || this.isAwake || this.underWay.size >= SLOTS) return
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
    const free = SLOTS - this.underWay.size
    const wanted = this.isBusy ? Math.min(free, BEGUN_WHEN_BUSY) : free
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

  /** How busy the process was since it was measured last. */
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
      this.underWay.delete(done)
      if (this.mayBeMore) this.wake()
    })
    this.underWay.add(done)
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
