import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { Module } from "@nestjs/common"
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { builtService, builtSupport } from "./support/built.js"
import { compile, STOCK_OPTIONS } from "./support/client-package.js"
import { consumerFolder } from "./support/client-process.js"
import { docBlocks, docFiles } from "./support/doc-blocks.js"
import { newToken } from "../src/api-keys/api-key.rules.js"
import { newDataFolder } from "./support/database.js"
import { FakeBank, FakePaymentProvider, LineInside, serveBank } from "./support/fake-provider.js"
import { serveGiftCards } from "./support/gift-card-service.js"
import { ServiceProcess } from "./support/process.js"
import { TestService } from "./support/service.js"

const run = promisify(execFile)
const PUBLISHABLE = newToken("publishable")
const SECRET = newToken("secret")

let folder: string
const running: ServiceProcess[] = []
beforeAll(async () => {
  folder = await providerFolder()
}, 180_000)
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL")
})

/** A folder in which a provider is developed: what docs/providers.md shows, compiled against the installed package. */
async function providerFolder(): Promise<string> {
  const consumer = await consumerFolder()
  // A copy, not a link: a provider that comes with a copy of its own has to be found all the same.
  const dist = join(consumer, "node_modules", "payment-collections", "dist")
  const built = realpathSync(dist)
  rmSync(dist)
  mkdirSync(dist)
  cpSync(join(built, "src"), join(dist, "src"), { recursive: true })
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ type: "module" }))
  const files = docFiles(docBlocks(["docs/providers.md"]))
  expect([...files.keys()]).toEqual(["src/gift-cards.ts", "src/gift-cards.test.ts"])
  mkdirSync(join(consumer, "src"))
  for (const [name, code] of files) writeFileSync(join(consumer, name), code)
  await compile(consumer, { compilerOptions: STOCK_OPTIONS, include: ["src"] })
  return consumer
}

/** A service of its own, and how it is asked: with the keys of a storefront and of an operator at once. */
async function start(env: Record<string, string>) {
  const service = await ServiceProcess.spawn("main", {
    PORT: "0",
    TCP_PORT: "0",
    LOG_LEVEL: "warn",
    DATA_DIR: newDataFolder(),
    BOOTSTRAP_SECRET_KEY: SECRET,
    BOOTSTRAP_PUBLISHABLE_KEY: PUBLISHABLE,
    ...env,
  })
  running.push(service)
  return service
}

async function startListening(env: Record<string, string>) {
  const service = await start(env)
  const { url } = await service.started()
  const call = async (method: string, path: string, body?: object): Promise<any> => {
    const keys = { authorization: `Bearer ${SECRET}`, "x-publishable-api-key": PUBLISHABLE }
    const headers = { ...keys, "content-type": "application/json" }
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
    return response.json()
  }
  return { service, call }
}

type Call = Awaited<ReturnType<typeof startListening>>["call"]

/** A payment of 25 eur with a provider, up to its authorization. */
async function pay(call: Call, provider_id: string, data: object) {
  await call("POST", "/admin/regions/reg_1", { payment_providers: [provider_id] })
  await call("PUT", "/admin/carts/cart_1", { currency_code: "eur", total: 25, region_id: "reg_1" })
  const created = await call("POST", "/store/payment-collections", { cart_id: "cart_1" })
  const collection = `/store/payment-collections/${created.payment_collection.id}`
  const opened = await call("POST", `${collection}/payment-sessions`, { provider_id, data })
  const [session] = opened.payment_collection.payment_sessions
  const authorized = await call("POST", `${collection}/payment-sessions/${session.id}/authorize`)
  const [payment] = authorized.payment_collection.payments
  return { session, payment: `/admin/payments/${payment.id}`, answers: JSON.stringify([opened, authorized]) }
}

describe("the provider of docs/providers.md", () => {
  const bank = new FakeBank()
  let giftCards: Awaited<ReturnType<typeof serveGiftCards>>
  beforeAll(async () => {
    giftCards = await serveGiftCards(bank)
  })
  afterAll(() => {
    giftCards.close()
  })

  it("passes the kit as the page runs it", async () => {
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", "dist/gift-cards.test.js"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...giftCards.env },
    })
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(25)
  })

  it("takes part in a service that is started with it", async () => {
    const path = relative(await builtService(), join(folder, "dist/gift-cards.js"))
    const { call } = await startListening({ ...giftCards.env, PROVIDER_MODULES: path })
    const { session, payment, answers } = await pay(call, "pp_giftcard_acme", { code: "GIFT-4000-1234" })
    expect(session.data).toEqual({ card_ending: "1234" })
    expect(answers).not.toMatch(/GIFT-4000|order_/)
    await call("POST", `${payment}/capture`, { amount: 12.34 })
    await call("POST", `${payment}/refund`, { amount: 2.34 })
    expect(bank.books.get(session.id)).toMatchObject({ authorized: 2500n, captured: 1234n, refunded: 234n })
  })
})

describe("PROVIDER_MODULES", () => {
  const module = (name: string, code: string) => {
    writeFileSync(join(folder, name), code)
    return join(folder, name)
  }

  it.each([
    ["@acme/nothing", () => "@acme/nothing", /^PROVIDER_MODULES names '@acme\/nothing', which cannot be imported: .*$/],
    ["a path", () => "./nothing.js", /^PROVIDER_MODULES names '.\/nothing.js', which cannot be imported: .*$/],
    [
      "no module",
      () => module("plain.js", "export default class Plain {}"),
      /whose default export is no Nest module\.$/,
    ],
    ["nothing", () => module("empty.js", "export const x = 1"), /whose default export is no Nest module\.$/],
    ["broken code", () => module("broken.js", "export default class {"), /which cannot be imported: .*$/],
    [
      "a provider without its settings",
      () => join(folder, "dist/gift-cards.js"),
      /^The service did not start: GIFT_CARDS_URL is not set\.$/,
    ],
  ])("that names %s ends the start with one line", async (_, specifier, line) => {
    const service = await start({ PROVIDER_MODULES: specifier() })
    expect(await service.ends()).toBe(1)
    expect(service.output.trimEnd()).toMatch(line)
    expect(service.output.trimEnd()).not.toContain("\n")
  })
})

@Module({})
class MadeModule {}

describe("a service that is given modules", () => {
  const moduleOf = (...ids: string[]) => {
    const make = (id: string) => Object.assign(new FakePaymentProvider(new LineInside(new FakeBank())), { id })
    // Made by hand, as a provider with settings of its own may be.
    return { module: MadeModule, providers: ids.map((id) => ({ provide: id, useFactory: () => make(id) })) }
  }

  it("has their providers, and knows them in its database", async () => {
    const service = await TestService.start({}, { modules: [moduleOf("pp_made_one"), moduleOf("pp_made_two")] })
    const { body } = await service.admin("GET", "/admin/payments/payment-providers?order=id")
    await service.close()
    const ids = body.payment_providers.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(["pp_made_one", "pp_made_two", "pp_system_default"])
  })

  it.each([
    [["gift-cards"], "A payment provider has the id 'gift-cards', which is not of the form pp_{identifier}_{id}"],
    [["pp_made_one", "pp_system_default"], "Two payment providers have the id pp_system_default"],
  ])("does not start with the ids %j", async (ids, message) => {
    await expect(TestService.start({}, { modules: [moduleOf(...ids)] })).rejects.toThrow(message)
  })
})

describe("the fake providers in a process of its own", () => {
  it("die with it in the middle of a call; the next start finds out what became of it", async () => {
    const bank = new FakeBank()
    const served = await serveBank(bank)
    const modules = await builtSupport("fake-bank", "fake-provider", "fake-provider.module")
    const env = {
      DATA_DIR: newDataFolder(),
      FAKE_BANK_URL: served.url,
      PROVIDER_MODULES: join(modules, "fake-provider.module.js"),
      PROVIDER_TIMEOUT: "500",
      RECONCILER_INTERVAL: "100",
    }
    const first = await startListening(env)
    const { session, payment } = await pay(first.call, "pp_fake_default", { token: "tok_visa" })
    bank.script("capture", "die_after")
    await expect(first.call("POST", `${payment}/capture`)).rejects.toThrow("fetch failed")
    expect(await first.service.ends()).toBeNull()
    expect(bank.books.get(session.id)).toMatchObject({ captured: 2500n })

    const second = await startListening(env)
    const captures = async () => (await second.call("GET", payment)).payment.captures
    // It is listed as pending until the look-up has found out.
    while ((await captures())[0]?.status === "pending") await sleep(100)
    expect(await captures()).toMatchObject([{ amount: 25, status: "succeeded" }])
    expect(bank.calls.map(({ kind }) => kind)).toEqual(["initiate", "authorize", "capture", "lookUp"])
    await served.close()
  })
})
