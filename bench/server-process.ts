import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** Milliseconds that a server may take until it is ready. */
const START_DEADLINE = 30_000

/** A Node process that serves HTTP on a port that was free. It is ready when `/health/ready` answers 200. */
export class ServerProcess {
  private constructor(
    readonly baseUrl: string,
    readonly pid: number,
    private readonly child: ChildProcess,
  ) {}

  /**
   * @param script to run with `PORT` in its environment; what it prints is dropped, what it complains of is shown
   * @param input what it can read from its standard input
   */
  static async start(script: string, env: Record<string, string>, input: string): Promise<ServerProcess> {
    const port = await freePort()
    const child = spawn(process.execPath, [script], {
      env: { PATH: process.env["PATH"], NODE_ENV: "production", PORT: String(port), ...env },
      stdio: ["pipe", "ignore", "inherit"],
    })
    child.stdin.end(input)
    const baseUrl = `http://127.0.0.1:${port}`
    if (child.pid === undefined) throw new Error(`${script} could not be started`)
    const server = new ServerProcess(baseUrl, child.pid, child)
    try {
      await server.untilReady(script)
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, "exit")
    this.child.kill("SIGTERM")
    await exited
  }

  private async untilReady(script: string): Promise<void> {
    const deadline = Date.now() + START_DEADLINE
    while (Date.now() < deadline) {
      if (this.child.exitCode !== null) throw new Error(`${script} ended with code ${this.child.exitCode}`)
      const status = await fetch(`${this.baseUrl}/health/ready`).then(
        (answer) => answer.status,
        () => undefined,
      )
      if (status === 200) return
      await sleep(100)
    }
    throw new Error(`${script} was not ready within ${START_DEADLINE} ms`)
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
