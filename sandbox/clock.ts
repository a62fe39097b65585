/** The longest delay that `setTimeout` takes, in milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

interface Task {
  /** Milliseconds since the epoch, on this clock. */
  readonly at: number
  readonly run: () => void
}

/**
 * The sandbox's clock: it runs with the real one, and can be moved forward. Everything that falls due later, such as the
 * end of an authorization, is a task of the clock, so it happens at its time and in its order whether the time passes or
 * is skipped.
 */
export class Clock {
  private skipped = 0
  private tasks: Task[] = []
  private timer?: NodeJS.Timeout
  private isStopped = false

  /** Unix seconds, as in Stripe's objects. */
  now(): number {
    return Math.floor(this.milliseconds() / 1000)
  }

  /** Runs a task once, this many seconds from now. */
  after(seconds: number, run: () => void): void {
    if (this.isStopped) return
    const task = { at: this.milliseconds() + seconds * 1000, run }
    this.tasks.splice(this.tasks.findLastIndex(({ at }) => at <= task.at) + 1, 0, task)
    this.wakeUp()
  }

  /** Moves the clock forward. Each task that falls due runs at its own time, also the tasks that it adds on the way. */
  advance(seconds: number): void {
    const until = this.milliseconds() + seconds * 1000
    for (let task = this.tasks[0]; task && task.at <= until; task = this.tasks[0]) {
      this.skipTo(task.at)
      this.runDue()
    }
    this.skipTo(until)
    this.wakeUp()
  }

  /** Drops every task: nothing happens by itself any more. */
  stop(): void {
    this.isStopped = true
    this.tasks = []
    clearTimeout(this.timer)
  }

  private milliseconds(): number {
    return Date.now() + this.skipped
  }

  private skipTo(time: number): void {
    this.skipped += Math.max(0, time - this.milliseconds())
  }

  private runDue(): void {
    for (let task = this.tasks[0]; task && task.at <= this.milliseconds(); task = this.tasks[0]) {
      this.tasks.shift()
      task.run()
    }
  }

  private wakeUp(): void {
    clearTimeout(this.timer)
    const [next] = this.tasks
    if (!next) return
    const delay = Math.min(Math.max(0, next.at - this.milliseconds()), LONGEST_TIMEOUT)
    this.timer = setTimeout(() => {
      this.runDue()
      this.wakeUp()
    }, delay)
    // A task that is due in days does not keep a process alive.
    this.timer.unref()
  }
}
