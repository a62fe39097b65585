import { afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { DataSource } from "typeorm"
import { newToken } from "../src/api-keys/api-key.rules.js"
import { ApiKey } from "../src/api-keys/api-key.entity.js"
import { ApiKeysService } from "../src/api-keys/api-keys.service.js"
import { KeyRing } from "../src/api-keys/key-ring.js"
import { dataSourceOptions } from "../src/database/data-source-options.js"
import { EmbeddedPostgres } from "../src/database/embedded/embedded-postgres.js"
import { migrate } from "../src/database/migrate.js"
import { entities } from "../src/bootstrap/entities.js"
import { builtService } from "./support/built.js"
import { ClientProcess, consumerFolder } from "./support/client-process.js"
import { newDataFolder } from "./support/database.js"
import { freePort } from "./support/free-port.js"
import { ServiceProcess } from "./support/process.js"
import { TcpConnection } from "./support/tcp.js"
import { onEmbedded } from "./support/served.js"

const HOW_TO = "set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA"

const running: ServiceProcess[] = []
const clients: ClientProcess[] = []
beforeAll(builtService, 180_000)
afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop()
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})

async function spawn(env: Record<string, string>, script = "main", args: string[] = []): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn(script, { PORT: "0", TCP_PORT: "0", ...env }, args)
  running.push(service)
  return service
}

/** Starts the embedded service in production, and waits until it listens. */
async function startInProduction(env: Record<string, string> = {}) {
  const DATA_DIR = env["DATA_DIR"] ?? newDataFolder()
  const tcpPort = await freePort()
  const service = await spawn({ NODE_ENV: "production", DATA_DIR, TCP_PORT: String(tcpPort), ...env })
  const line = await service.started()
  return { service, line, url: line.url, tcpPort, folder: DATA_DIR }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1")
  const outcome = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return outcome
}

onEmbedded("a start in production with nothing configured", () => {
  it("has no TCP, no CORS, no demo shop and no key, and says how to get TCP and a key", async () => {
    const { service, line, url, tcpPort, folder } = await startInProduction()
    expect(await isOpen(tcpPort)).toBe(false)
    await service.says(new RegExp(`"msg":"TCP is off\\. To turn it on, ${HOW_TO}\\."`))
    expect(line).toMatchObject({ tcp: null, docs: `${url}/docs`, database: { kind: "embedded", folder } })
    expect(line).not.toHaveProperty("demo")
    expect(service.output).not.toMatch(/[sp]k_|curl/)
    expect(existsSync(join(folder, "keys.json"))).toBe(false)
    expect((await fetch(`${url}/docs-json`)).status).toBe(200)

    const command = await spawn({ DATA_DIR: folder }, "cli/keys", ["create", "--type", "secret", "--title", "ops"])
    expect(await command.ends()).toBe(0)
    const headers = { authorization: `Bearer ${command.stdout.trim()}`, origin: "http://localhost:5173" }
    const get = (path: string) => fetch(`${url}/admin/${path}`, { headers })
    expect(await (await get("api-keys")).json()).toMatchObject({ count: 1, api_keys: [{ title: "ops" }] })
    const cart = await get("carts/cart_demo_1")
    expect([cart.status, cart.headers.get("access-control-allow-origin")]).toEqual([404, null])
    expect(service.output).not.toContain("sk_")
  })

  it("warns of the demo shop that a start in development left, and does not print its keys", async () => {
    const DATA_DIR = newDataFolder()
    const development = await spawn({ DATA_DIR, LOG_LEVEL: "warn" })
    await development.started()
    expect(development.output).not.toContain("keys.json")
    await development.kill("SIGTERM")
    const { service } = await startInProduction({ DATA_DIR, LOG_LEVEL: "warn" })
    await service.says(/"msg":"The database has the keys of the demo shop, .*keys\.json shows them\. Revoke/)
    expect(service.output).not.toMatch(/[sp]k_[0-9a-f]/)
  })
})

onEmbedded("a start in production", () => {
  it("has TCP with a TCP_TOKEN, and with DOCS=off no API document", async () => {
    const token = newToken("secret")
    const { service, line, url, tcpPort } = await startInProduction({ TCP_TOKEN: token, DOCS: "off" })
    expect(line).toMatchObject({ tcp: { address: `127.0.0.1:${tcpPort}`, tls: false }, docs: null })
    expect(service.output).not.toContain("TCP is off")
    const connection = await TcpConnection.open(tcpPort)
    const list = { limit: 1 }
    expect((await connection.ask("payments.list", { ...list, token })).response).toMatchObject({ count: 0 })
    expect((await connection.ask("payments.list", list)).err).toMatchObject({ type: "unauthorized" })
    connection.close()

    for (const path of ["/docs", "/docs/", "/docs-json", "/docs-yaml", "/docs/swagger-ui.css", "/nope"]) {
      const answer = await fetch(url + path)
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({
        type: "not_found",
        message: expect.stringMatching(new RegExp(`^Cannot GET ${path}\\.$`)),
      })
    }
  })

  it("has no TCP with a certificate of its own alone, and with a CA TCP for the clients of that CA", async () => {
    const folder = await consumerFolder()
    const path = (name: string) => join(folder, name)
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" })
    const newKey = (name: string) =>
      `-nodes -newkey rsa:2048 -subj /CN=${name} -keyout ${name}.key`.split(" ").concat("-out")
    for (const name of ["ca", "other", "server"]) {
      const extra = name === "server" ? ["-addext", "subjectAltName=IP:127.0.0.1"] : []
      openssl("req", "-x509", "-days", "1", ...newKey(name), `${name}.pem`, ...extra)
    }
    for (const [name, ca] of [
      ["friend", "ca"],
      ["stranger", "other"],
    ] as const) {
      openssl("req", ...newKey(name), `${name}.csr`)
      const issuer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial"]
      openssl("x509", "-req", "-days", "1", "-in", `${name}.csr`, ...issuer, "-out", `${name}.pem`)
    }
    const server = { TCP_TLS_CERT: path("server.pem"), TCP_TLS_KEY: path("server.key"), LOG_LEVEL: "info" }
    const alone = await startInProduction(server)
    expect(await isOpen(alone.tcpPort)).toBe(false)
    await alone.service.says(/"msg":"TCP is off\./)
    await alone.service.kill("SIGTERM")

    const { tcpPort: port } = await startInProduction({ ...server, TCP_TLS_CA: path("ca.pem") })
    const read = (name: string) => readFileSync(path(name), "utf8")
    const call = async (name?: string) => {
      const certificate = name === undefined ? {} : { cert: read(`${name}.pem`), key: read(`${name}.key`) }
      const tls = { ca: read("server.pem"), ...certificate }
      const client = await ClientProcess.start(folder, { host: "127.0.0.1", port, tls })
      clients.push(client)
      return client.call("payments", "list")
    }
    expect((await call("friend")).answer).toMatchObject({ count: 0 })
    for (const name of [undefined, "stranger"]) {
      expect((await call(name)).error?.type).toMatch(/^(connection_lost|unavailable)$/)
    }
    expect((await call("friend")).answer).toMatchObject({ count: 0 })
  })
})

describe("a key of the environment that others could guess", () => {
  const weak = `sk_${"hunter2".repeat(10)}`

  it("is not created: the start fails in one line that does not show it", async () => {
    const service = await spawn({ DATA_DIR: newDataFolder(), BOOTSTRAP_SECRET_KEY: weak })
    expect(await service.ends()).toBe(1)
    expect(service.output).toBe(
      "BOOTSTRAP_SECRET_KEY must have at least 32 characters, 12 of them different; openssl rand -hex 32 makes random ones.\n",
    )
  })

  it("keeps working, with a warning, if the database has it already", async () => {
    const DATA_DIR = newDataFolder()
    const embedded = await EmbeddedPostgres.start(DATA_DIR)
    const options = dataSourceOptions(embedded.connection, entities)
    await migrate(options)
    const dataSource = await new DataSource(options).initialize()
    const keys = dataSource.getRepository(ApiKey)
    await new ApiKeysService(keys, new KeyRing(keys)).ensure("secret", "Bootstrap", weak)
    await dataSource.destroy()
    await embedded.stop()

    const env = { DATA_DIR, BOOTSTRAP_SECRET_KEY: weak, BOOTSTRAP_PUBLISHABLE_KEY: newToken("publishable") }
    const { service, url } = await startInProduction({ ...env, LOG_LEVEL: "warn" })
    await service.says(/"msg":"BOOTSTRAP_SECRET_KEY is a key that others could guess\./)
    expect(service.output).not.toContain("BOOTSTRAP_PUBLISHABLE_KEY")
    expect(service.output).not.toContain("hunter2")
    const answer = await fetch(`${url}/admin/api-keys`, { headers: { authorization: `Bearer ${weak}` } })
    expect(answer.status).toBe(200)
  })
})
