import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import type { PaymentCollectionsClientOptions } from "../../src/client/index.js"
import { builtService } from "./built.js"

/** What came of a call in the other process. */
export interface Outcome {
  answer?: any
  error?: any
}

/** A folder in which `payment-collections` is installed as a dependency, as another service has it. */
export async function consumerFolder(): Promise<string> {
  const built = await builtService()
  const folder = mkdtempSync(join(process.env["TEST_RUN_DIR"] ?? "", "consumer-"))
  const installed = join(folder, "node_modules", "payment-collections")
  mkdirSync(installed, { recursive: true })
  copyFileSync("package.json", join(installed, "package.json"))
  symlinkSync(built, join(installed, "dist"))
  for (const name of ["@nestjs", "@types", "reflect-metadata", "rxjs"]) {
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name))
  }
  return folder
}

/** Another Nest application that uses the typed client, in a process of its own. */
export class ClientProcess {
  private calls = 0

  private constructor(private readonly child: ChildProcess) {}

  static async start(folder: string, options: PaymentCollectionsClientOptions): Promise<ClientProcess> {
    const script = join(folder, "client-app.mjs")
    copyFileSync("test/support/client-app.mjs", script)
    const child = fork(script, [JSON.stringify(options)], { cwd: folder, execArgv: [] })
    const [message] = await Promise.race([once(child, "message"), once(child, "exit")])
    if (!message?.ready) throw new Error(`The client application ended with ${message}`)
    return new ClientProcess(child)
  }

  /** Calls `client.<group>.<method>(request)` there. */
  async call(group: string, method: string, request?: unknown): Promise<Outcome> {
    const id = this.calls++
    return new Promise((answered) => {
      const listen = (message: Outcome & { id: number }) => {
        if (message.id !== id) return
        this.child.off("message", listen)
        answered(message)
      }
      this.child.on("message", listen)
      this.child.send({ id, group, method, request })
    })
  }

  /** Closes the application there; gives the exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode
    const deadline = setTimeout(() => this.child.kill("SIGKILL"), 10_000)
    this.child.kill("SIGTERM")
    await once(this.child, "exit")
    clearTimeout(deadline)
    return this.child.exitCode
  }
}
