import { afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { promisify } from "node:util"
import { newToken } from "../src/api-keys/api-key.rules.js"
import { createEmptyServed, newDataFolder, TEST_DATABASE_URL } from "./support/database.js"
import { describeServed, onEmbedded } from "./support/served.js"
import { builtService } from "./support/built.js"
import { ServiceProcess } from "./support/process.js"

const shell = promisify(execFile)
const running: ServiceProcess[] = []
beforeAll(builtService, 180_000)
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})

const ANY_PORT = { PORT: "0", TCP_PORT: "0", LOG_LEVEL: "warn" }

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn("main", { ...ANY_PORT, ...env })
  running.push(service)
  return service
}

/** Starts on a data folder, waits until it listens and gives what it says. */
async function startEmbedded(DATA_DIR: string) {
  const service = await start({ DATA_DIR })
  const { url, demo } = await service.started()
  return {
    service,
    url,
    curl: demo?.curl ?? "",
    publishable: demo?.publishable_key ?? "",
    secret: demo?.secret_key ?? "",
  }
}

const post = (url: string, key: string, cart_id: string) =>
  fetch(`${url}/store/payment-collections`, {
    method: "POST",
    headers: { "x-publishable-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ cart_id }),
  })

const putCart = (url: string, secret: string, id: string) =>
  fetch(`${url}/admin/carts/${id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ currency_code: "eur", total: 10 }),
  })

onEmbedded("the embedded service", () => {
  it("prints a curl line that answers 200 when pasted, and the same keys at every start", async () => {
    const folder = newDataFolder()
    const first = await startEmbedded(folder)
    const { stdout } = await shell("sh", ["-c", `${first.curl} -w ' %{http_code}'`])
    expect(stdout).toMatch(/^\{"payment_collection":\{"id":"pay_col_.*"amount":49.9.*\} 200$/)
    expect(statSync(`${folder}/keys.json`).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect((await fetch(`${first.url}/docs`)).status).toBe(200)
    expect((await fetch(`${first.url}/docs-json`)).status).toBe(200)
    for (const [cart, currency, amount] of [
      ["cart_demo_2", "usd", 120],
      ["cart_demo_3", "jpy", 5000],
    ] as const) {
      const answer = (await (await post(first.url, first.publishable, cart)).json()) as { payment_collection: object }
      expect(answer.payment_collection).toMatchObject({ currency_code: currency, amount })
    }
    expect(await first.service.kill("SIGTERM")).toBe(0)

    const second = await startEmbedded(folder)
    expect([second.publishable, second.secret]).toEqual([first.publishable, first.secret])
    expect((await post(second.url, second.publishable, "cart_demo_1")).status).toBe(200)
  })

  it("loses no acknowledged collection to a kill -9 under load", async () => {
    const folder = newDataFolder()
    const first = await startEmbedded(folder)
    const acknowledged = new Map<string, string>()
    let number = 0
    const client = async () => {
      for (;;) {
        const cart = `cart_load_${number++}`
        await putCart(first.url, first.secret, cart)
        const answer = await post(first.url, first.publishable, cart)
        const { payment_collection } = (await answer.json()) as { payment_collection: { id: string } }
        acknowledged.set(cart, payment_collection.id)
        if (acknowledged.size === 60) void first.service.kill("SIGKILL")
      }
    }
    await Promise.allSettled(Array.from({ length: 8 }, client))
    await first.service.ends()
    expect(acknowledged.size).toBeGreaterThanOrEqual(60)

    const second = await startEmbedded(folder)
    for (const [cart, id] of acknowledged) {
      const answer = (await (await post(second.url, second.publishable, cart)).json()) as {
        payment_collection: { id: string }
      }
      expect(answer.payment_collection.id).toBe(id)
    }
  })

  it("refuses a folder that another process has, and leaves that one alone", async () => {
    const folder = newDataFolder()
    const first = await startEmbedded(folder)
    const second = await start({ DATA_DIR: folder })
    expect(await second.ends()).toBe(1)
    expect(second.output).toMatch(
      /^The data folder .* is in use by process \d+\. Stop it, or set DATA_DIR to another folder\.\n$/,
    )
    expect((await post(first.url, first.publishable, "cart_demo_1")).status).toBe(200)
  })

  it("says in one line that a folder cannot be written", async () => {
    const folder = newDataFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/file`, "")
    chmodSync(`${folder}/file`, 0o400)
    const service = await start({ DATA_DIR: `${folder}/file/below` })
    expect(await service.ends()).toBe(1)
    expect(service.output).toMatch(
      /^The data folder .* cannot be written \(\w+\)\. Set DATA_DIR to one that can, or DATABASE_URL to a PostgreSQL\.\n$/,
    )
  })

  it.each(["PORT", "TCP_PORT"])("says in one line that %s is in use", async (name) => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const service = await start({ DATA_DIR: newDataFolder(), [name]: String(port) })
    expect(await service.ends()).toBe(1)
    server.close()
    expect(service.output.trim()).toMatch(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. [^\\n]*$`))
  })

  it("works in a folder whose name is too long for a socket", async () => {
    const folder = `${newDataFolder()}/${"long".repeat(30)}`
    const { service, url, publishable } = await startEmbedded(folder)
    expect((await post(url, publishable, "cart_demo_1")).status).toBe(200)
    // A process that is killed cannot remove its temporary folder.
    expect(await service.kill("SIGTERM")).toBe(0)
  })
})

describe("a DATABASE_URL", () => {
  it.each([
    ["mysql://x", "DATABASE_URL must look like postgres://user:password@host:5432/database."],
    [
      "postgres://nobody@127.0.0.1:1/x",
      "The database at DATABASE_URL refuses connections. Is PostgreSQL running there, and are host and port right?",
    ],
    [
      "postgres://nobody@no-such-host.invalid/x",
      "The database at DATABASE_URL has a host name that cannot be found. Check the host.",
    ],
  ])("that is wrong (%s) ends the start with one line", async (DATABASE_URL, line) => {
    const service = await start({ DATABASE_URL })
    expect(await service.ends()).toBe(1)
    expect(service.output).toBe(`${line}\n`)
  })
})

const onServed = describeServed("starting on a real PostgreSQL, several instances at once")

onServed("on a real PostgreSQL", () => {
  it("says that a database does not exist", async () => {
    const url = new URL(TEST_DATABASE_URL ?? "")
    url.pathname = "/no_such_database"
    const service = await start({ DATABASE_URL: url.toString() })
    expect(await service.ends()).toBe(1)
    expect(service.output).toBe(
      "The database at DATABASE_URL is a server without that database. Create it, or name another.\n",
    )
  })

  it("several instances start on one empty database at once; nothing is seeded but the keys of the environment", async () => {
    const database = await createEmptyServed(TEST_DATABASE_URL ?? "")
    const secret = newToken("secret")
    const env = { DATABASE_URL: database.connection.url ?? "", BOOTSTRAP_SECRET_KEY: secret }
    const services = await Promise.all([start(env), start(env), start(env)])
    const lines = await Promise.all(services.map(async (service) => service.started()))
    const urls = lines.map(({ url }) => url)
    for (const url of urls) {
      const carts = await fetch(`${url}/admin/carts/cart_demo_1`, { headers: { authorization: `Bearer ${secret}` } })
      expect(carts.status).toBe(404)
      const keys = await fetch(`${url}/admin/api-keys`, { headers: { authorization: `Bearer ${secret}` } })
      expect(await keys.json()).toMatchObject({
        count: 1,
        api_keys: [{ title: "Bootstrap", type: "secret", token: "" }],
      })
    }
    for (const service of services) expect(service.output).not.toMatch(/[sp]k_/)
    for (const line of lines) expect(line).toMatchObject({ tcp: null, database: { kind: "postgres" } })
    for (const service of services) expect(await service.kill("SIGTERM")).toBe(0)
    await database.drop()
  })
})

onEmbedded("a start with keys named by the environment", () => {
  it("makes them where they are absent, and once", async () => {
    const folder = newDataFolder()
    const publishable = newToken("publishable")
    for (let i = 0; i < 2; i++) {
      const service = await start({ DATA_DIR: folder, BOOTSTRAP_PUBLISHABLE_KEY: publishable })
      const { url } = await service.started()
      expect((await post(url, publishable, "cart_demo_1")).status).toBe(200)
      expect(readFileSync(`${folder}/keys.json`, "utf8")).not.toContain(publishable)
      await service.kill("SIGTERM")
    }
  })
})
