import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { load } from "js-yaml"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, type AddressInfo, type Server } from "node:net"
import { readConfig } from "../src/config.js"
import { readStripeAccounts } from "../src/payment-providers/stripe/stripe.config.js"
import { checkSettingNames, recordReads } from "../src/bootstrap/unknown-settings.js"
import { builtService } from "./support/built.js"
import { ServiceProcess } from "./support/process.js"

interface Compose {
  services: Record<
    "payments" | "postgres",
    { environment: Record<string, string>; ports: string[]; env_file?: object[] }
  >
}

/** compose.yaml with a shell's variables in it, as Compose interpolates them: `${A}`, `${A:-default}`, `${A:?error}`. */
function compose(shell: Record<string, string>): Compose {
  const resolved = (text: string) =>
    text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, operator?: string, rest = "") => {
      const value = shell[name] ?? ""
      if (value !== "" || operator === undefined) return value
      if (operator === "?") throw new Error(`required variable ${name} is missing a value: ${rest}`)
      return rest as string
    })
  const visit = (node: unknown): unknown => {
    if (typeof node === "string") return resolved(node)
    if (Array.isArray(node)) return node.map(visit)
    if (typeof node !== "object" || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, visit(value)]))
  }
  return visit(load(readFileSync("compose.yaml", "utf8"))) as Compose
}

const PASSWORD = `p@s:s/w#r?d%20&"'+ä`
const SHELL = {
  POSTGRES_PASSWORD: PASSWORD,
  BOOTSTRAP_SECRET_KEY: `sk_${"0123456789abcdef".repeat(4)}`,
  BOOTSTRAP_PUBLISHABLE_KEY: `pk_${"0123456789abcdef".repeat(4)}`,
}

describe("compose.yaml", () => {
  it.each(Object.keys(SHELL))("needs %s", (name) => {
    expect(() => compose({ ...SHELL, [name]: "" })).toThrow(`required variable ${name} is missing a value`)
  })

  it("sets the service up with TCP off and without Stripe, and with names that are settings", () => {
    const { environment } = compose(SHELL).services.payments
    const recorded = recordReads(environment)
    expect(readConfig(recorded.env)).toMatchObject({
      isServed: true,
      tcp: { isOn: false },
      cors: { store: [], admin: [] },
    })
    expect(readStripeAccounts(recorded.env)).toEqual([])
    expect(checkSettingNames(recorded, environment)).toEqual([])
    expect(Object.keys(environment).filter((name) => !recorded.names.has(name))).toEqual(["PGPASSWORD"])
  })

  it("passes TCP and Stripe on", () => {
    const token = "0123456789abcdef".repeat(2)
    const stripe = { STRIPE_API_KEY: "sk_test_1", STRIPE_WEBHOOK_SECRET: "whsec_1", STRIPE_CAPTURE: "automatic" }
    const { environment, ports } = compose({ ...SHELL, ...stripe, TCP_TOKEN: token, TCP_HOST: "0.0.0.0" }).services
      .payments
    expect(readConfig(environment).tcp).toMatchObject({ isOn: true, host: "0.0.0.0", port: 9001, token })
    expect(ports).toContain("127.0.0.1:9001:9001")
    expect(readStripeAccounts(environment)).toMatchObject([
      { apiKey: "sk_test_1", webhookSecrets: ["whsec_1"], captureMethod: "automatic" },
    ])
  })

  it("takes every other setting from .env, which cannot hide the service", () => {
    const { environment, env_file } = compose(SHELL).services.payments
    expect(env_file).toEqual([{ path: ".env", required: false }])
    const copied = { HOST: "127.0.0.1", PORT: "9000", STRIPE_ACCOUNTS: "eu", STRIPE_EU_API_KEY: "sk_test_eu" }
    expect(readConfig({ ...copied, ...environment }).http).toEqual({ host: "0.0.0.0", port: 9000 })
    expect(Object.keys(environment).filter((name) => name.includes("ACCOUNTS"))).toEqual([])
  })

  it("gives service and database the same password", () => {
    const { payments, postgres } = compose(SHELL).services
    expect(payments.environment["PGPASSWORD"]).toBe(PASSWORD)
    expect(postgres.environment["POSTGRES_PASSWORD"]).toBe(PASSWORD)
  })
})

describe("a password of any characters in PGPASSWORD", () => {
  let server: Server
  const passwords: string[] = []
  beforeAll(async () => {
    await builtService()
    // As much of PostgreSQL as asks for a password: a startup message, then 'p' and the password.
    server = createServer((socket) => {
      socket.once("data", () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])))
      socket.on("error", () => socket.destroy())
      socket.on("data", (data) => {
        if (data[0] !== 0x70) return
        passwords.push(data.subarray(5, -1).toString())
        socket.destroy()
      })
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
  }, 180_000)
  afterAll(() => {
    server.close()
  })

  it("reaches the database as it is", async () => {
    const { environment } = compose(SHELL).services.payments
    const { port } = server.address() as AddressInfo
    const DATABASE_URL = environment["DATABASE_URL"]?.replace("postgres:5432", `127.0.0.1:${port}`) ?? ""
    const service = await ServiceProcess.spawn("main", { ...environment, DATABASE_URL, PORT: "0", TCP_PORT: "0" })
    expect(await service.ends()).toBe(1)
    expect(passwords[0]).toBe(PASSWORD)
    expect(service.output).not.toContain(PASSWORD)
  })
})
