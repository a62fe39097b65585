import { execFile } from "node:child_process"
import { copyFileSync, mkdtempSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { builtService } from "./built.js"
import { newDataFolder } from "./database.js"
import { freePort } from "./free-port.js"
import { ServiceProcess } from "./process.js"

const execute = promisify(execFile)

interface Response {
  status: number
  body: any
}

/** The service as `npm start` starts it, with the demo shop, for what the documentation does with it. */
export class DocService {
  private constructor(
    private readonly process: ServiceProcess,
    readonly url: string,
    private readonly tcpPort: string,
    private readonly publishable: string,
    private readonly secret: string,
    private readonly dataDir: string,
  ) {}

  static async start(env: Record<string, string>): Promise<DocService> {
    const dataDir = newDataFolder()
    // The start reports the port that was set, so it has to be a real one.
    const tcpPort = String(await freePort())
    const settings = { PORT: "0", TCP_PORT: tcpPort, LOG_LEVEL: "warn", DATA_DIR: dataDir }
    const service = await ServiceProcess.spawn("main", { ...settings, ...env })
    const { url, demo } = await service.started()
    if (!demo) throw new Error("The demo shop is off")
    return new DocService(service, url, tcpPort, demo.publishable_key, demo.secret_key, dataDir)
  }

  async stop(): Promise<void> {
    await this.process.kill("SIGTERM")
  }

  /** A text of the documentation with the addresses and the keys of this service. */
  addressed(text: string): string {
    return text
      .replaceAll("http://127.0.0.1:9000", this.url)
      .replaceAll("port: 9001", `port: ${this.tcpPort}`)
      .replaceAll(/(?<![a-z_])pk_\.\.\./g, this.publishable)
      .replaceAll(/(?<![a-z_])sk_\.\.\./g, this.secret)
  }

  /** Runs a command of the documentation in a folder like a built clone of this repository. */
  async run(command: string): Promise<{ stdout: string; stderr: string }> {
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DATA_DIR: this.dataDir }
    return execute("sh", ["-ec", this.addressed(command)], { cwd: await builtClone(), env })
  }

  /** Runs a `curl` of the documentation, and returns the JSON of the response. @throws Error if it is no success */
  async sh<Body>(command: string): Promise<Body> {
    const { stdout } = await this.run(`${command.trimEnd()} --fail-with-body --silent`)
    return JSON.parse(stdout) as Body
  }

  async get(path: string, key = this.secret): Promise<Response> {
    return toResponse(await fetch(this.url + path, { headers: { authorization: `Bearer ${key}` } }))
  }

  async post(path: string, body: object): Promise<Response> {
    const headers = { "x-publishable-api-key": this.publishable, "content-type": "application/json" }
    return toResponse(await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) }))
  }

  /** The OpenAPI document. */
  async document(): Promise<any> {
    return (await this.get("/docs-json")).body
  }
}

async function toResponse(response: globalThis.Response): Promise<Response> {
  return { status: response.status, body: await response.json() }
}

async function builtClone(): Promise<string> {
  const folder = mkdtempSync(join(process.env["TEST_RUN_DIR"] ?? "", "clone-"))
  for (const file of ["package.json", "launch.mjs"]) copyFileSync(file, join(folder, file))
  symlinkSync(await builtService(), join(folder, "dist"))
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
  return folder
}
