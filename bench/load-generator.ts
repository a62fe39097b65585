import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { LoadOrder, LoadResult } from "./load.js"

/** The process that sends the requests. */
export class LoadGenerator {
  private readonly child: ChildProcess = fork(fileURLToPath(new URL("./load.js", import.meta.url)))
  private readonly died = once(this.child, "exit").then(() => {
    throw new Error("The load generator died")
  })

  constructor() {
    // Told by the run that waits for it; between runs nobody does.
    this.died.catch(() => undefined)
  }

  /** @throws Error when any answer is not what it should be */
  async run(order: LoadOrder): Promise<LoadResult> {
    const answered = once(this.child, "message") as Promise<[LoadResult]>
    this.child.send(order)
    const [result] = await Promise.race([answered, this.died])
    const { faults } = result
    if (faults.length > 0)
      throw new Error(`${order.row} at ${order.baseUrl}: ${faults.length} faults, the first: ${faults[0]}`)
    return result
  }

  stop(): void {
    this.child.kill()
  }
}
