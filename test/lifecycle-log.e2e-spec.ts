import { afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { migrations } from "../src/database/migrations/index.js"
import { builtService } from "./support/built.js"
import { createEmptyServed, newDataFolder, TEST_DATABASE_URL } from "./support/database.js"
import { ServiceProcess } from "./support/process.js"
import { describeServed, onEmbedded } from "./support/served.js"

const shell = promisify(execFile)
const running: { kill: (signal: NodeJS.Signals) => unknown }[] = []
beforeAll(builtService, 180_000)
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn("main", { PORT: "0", TCP_PORT: "0", ...env })
  running.push(service)
  return service
}

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
const MIGRATIONS = { count: migrations.length, last: migrations.at(-1)?.name }
const KEY = /^[sp]k_[0-9a-f]{64}$/

/** Every line of the output, as JSON. */
const linesOf = ({ output }: ServiceProcess) =>
  output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

onEmbedded("the log of a service without a terminal", () => {
  it.each(["info", "fatal"])("is JSON only, from the start to the stop, at level %s", async (LOG_LEVEL) => {
    const DATA_DIR = newDataFolder()
    const service = await start({ DATA_DIR, LOG_LEVEL })
    const line = await service.started()
    expect(line).toMatchObject({
      level: "info",
      service: "payment-collections",
      version,
      node: process.version,
      tcp: { address: "127.0.0.1:0", tls: false },
      docs: `${line.url}/docs`,
      database: { kind: "embedded", folder: DATA_DIR },
      migrations: MIGRATIONS,
      providers: ["pp_system_default"],
      demo: { publishable_key: expect.stringMatching(KEY), secret_key: expect.stringMatching(KEY) },
    })
    expect((await fetch(`${line.url}/health/live`)).status).toBe(200)
    expect(await service.kill("SIGINT")).toBe(0)
    const lines = linesOf(service)
    expect(lines.filter(({ msg }) => msg === "started")).toHaveLength(1)
    expect(lines.at(-1)).toMatchObject({ level: "info", msg: "stopped", reason: "SIGINT", version })
    expect(lines.some(({ msg }) => msg === "request")).toBe(LOG_LEVEL === "info")
  })

  it("is empty at level silent, and a signal during the start ends it", async () => {
    const folder = newDataFolder()
    const service = await start({ DATA_DIR: folder, LOG_LEVEL: "silent" })
    while (!existsSync(join(folder, "keys.json"))) await sleep(20)
    await service.kill("SIGTERM")
    expect(service.output).toBe("")
  })

  it("has no key in production, though the demo shop is in the database", async () => {
    const DATA_DIR = newDataFolder()
    const development = await start({ DATA_DIR })
    const { demo } = await development.started()
    await development.kill("SIGTERM")
    const service = await start({ DATA_DIR, NODE_ENV: "production" })
    const line = await service.started()
    expect(line.demo).toBeUndefined()
    for (const key of [demo?.publishable_key, demo?.secret_key]) expect(service.output).not.toContain(key)
  })
})

describeServed("the log of a start on a real PostgreSQL")("the log of a start on a real PostgreSQL", () => {
  it("names host and database, and no password", async () => {
    const database = await createEmptyServed(TEST_DATABASE_URL ?? "")
    const url = new URL(database.connection.url ?? "")
    url.password = "hunter2"
    const service = await start({ DATABASE_URL: url.toString() })
    const line = await service.started()
    expect(line.database).toEqual({
      kind: "postgres",
      host: url.hostname,
      port: Number(url.port),
      database: url.pathname.slice(1),
    })
    expect(line.migrations).toEqual(MIGRATIONS)
    expect(line.demo).toBeUndefined()
    await service.kill("SIGTERM")
    expect(service.output).not.toContain("hunter2")
    await database.drop()
  })
})

const SCRIPT = "/usr/bin/script"
if (!existsSync(SCRIPT)) console.warn(`LEFT OUT: the banner, because ${SCRIPT} is what makes a terminal for it.`)

/** Runs the service on a terminal, in the folder that has its data folder. */
async function startOnTerminal(folder: string, env: Record<string, string>) {
  const main = join(await builtService(), "src/main.js")
  const child: ChildProcess = spawn(SCRIPT, ["-qefc", `exec ${process.execPath} ${main}`, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], PORT: "0", TCP_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  })
  running.push(child)
  let output = ""
  child.stdout?.on("data", (data) => (output += String(data).replaceAll("\r\n", "\n")))
  while (!output.endsWith("\n\n")) await once(child.stdout ?? child, "data")
  return { child, output: () => output }
}

;(existsSync(SCRIPT) ? describe : describe.skip)("the service on a terminal", () => {
  it("prints a banner with the absolute data folder, keys and a request that works when pasted", async () => {
    const folder = newDataFolder()
    mkdirSync(folder, { recursive: true })
    const { output } = await startOnTerminal(folder, { DATA_DIR: "data", LOG_LEVEL: "warn" })
    expect(output()).toMatch(
      new RegExp(
        [
          "^",
          `  Payment Collections ${version.replaceAll(".", "\\.")}`,
          "",
          "  HTTP         (http://127\\.0\\.0\\.1:\\d+)",
          "  TCP          127\\.0\\.0\\.1:0",
          "  Swagger UI   \\1/docs",
          `  Database     embedded, in /.*/${basename(folder)}/data`,
          "  Publishable  (pk_[0-9a-f]{64})",
          "  Secret       sk_[0-9a-f]{64}",
          "",
          "  Try it:",
          "",
          "  curl -s \\1/store/payment-collections -H 'x-publishable-api-key: \\2' .*\n\n$",
        ].join("\n"),
      ),
    )
    const [, curl = ""] = /^ {2}(curl .*)$/m.exec(output()) ?? []
    const { stdout } = await shell("sh", ["-c", `${curl} -w ' %{http_code}'`])
    expect(stdout).toMatch(/"amount":49.9.* 200$/)
  })

  it("prints how to get TCP and keys in production, and no key", async () => {
    const folder = newDataFolder()
    mkdirSync(folder, { recursive: true })
    const { output } = await startOnTerminal(folder, { NODE_ENV: "production", DOCS: "off", LOG_LEVEL: "warn" })
    expect(output()).toContain(
      "\n  TCP          off: set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA\n" +
        "  Swagger UI   off (DOCS)\n",
    )
    expect(output()).toContain("\n  Secret keys  npm run keys -- create --type secret --title ops\n")
    expect(output()).not.toMatch(/[sp]k_/)
  })
})
