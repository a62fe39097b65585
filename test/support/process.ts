import { spawn, type ChildProcess } from "node:child_process"
import { EventEmitter, once } from "node:events"
import { builtService } from "./built.js"

/** What a start without a terminal logs. */
export interface StartLine {
  url: string
  version: string
  node: string
  tcp: { address: string; tls: boolean } | null
  docs: string | null
  database: Record<string, unknown>
  migrations: { count: number; last: string }
  providers: string[]
  demo?: { publishable_key: string; secret_key: string; curl: string }
}

/** The built service as a process of its own, as an operator starts it. */
export class ServiceProcess {
  /** Standard output and standard error together, as they come. */
  output = ""
  stdout = ""
  private readonly events = new EventEmitter()

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on("data", (data) => (this.stdout += String(data)))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data) => {
        this.output += String(data)
        this.events.emit("data")
      })
    }
  }

  /** @param env is all that it gets of an environment, besides PATH */
  static async spawn(script: string, env: Record<string, string>, args: string[] = []): Promise<ServiceProcess> {
    const folder = await builtService()
    const child = spawn(process.execPath, [`${folder}/src/${script}.js`, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    })
    return new ServiceProcess(child)
  }

  /** Waits until the output matches; fails with the output when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match) return match
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`It ended, saying: ${this.output}`)
      await Promise.race([once(this.events, "data"), once(this.child, "close")])
    }
  }

  /** Waits until it listens; gives the line of its log that says so. */
  async started(): Promise<StartLine> {
    const [line] = await this.says(/^\{.*"msg":"started"\}$/m)
    return JSON.parse(line) as StartLine
  }

  /** Waits for its end and gives the exit code; null after a signal. */
  async ends(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close")
    return this.child.exitCode
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return this.ends()
  }
}
