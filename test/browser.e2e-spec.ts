import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { hasChromium, inBrowser, launchChromium, shoot } from "./support/chromium.js"
import { putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

it("has a browser to run in where all tests have to run", () => {
  expect(hasChromium || process.env["CI"] !== "true").toBe(true)
})

inBrowser("in a browser", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  describe("the js-sdk in a page of another origin", () => {
    let shop: Site
    let stranger: Site
    let service: TestService
    let context: BrowserContext
    beforeAll(async () => {
      ;[shop, stranger] = [await Site.start(), await Site.start()]
      service = await TestService.start({ STORE_CORS: shop.origin, ADMIN_CORS: "https://admin.example.com" })
      context = await browser.newContext()
    })
    afterAll(async () => {
      await context.close()
      await Promise.all([shop.close(), stranger.close()])
      await service.close()
    })

    /** Runs in the page: a create by the sdk, and what becomes of it. */
    const create = (page: Page, config: Record<string, unknown>, cartId: string) =>
      page.evaluate(
        ([options, cart]) => {
          const { Sdk } = globalThis as unknown as { Sdk: new (options: unknown) => any }
          const path = "/store/payment-collections"
          return new Sdk(options).client
            .fetch(path, { method: "POST", body: { cart_id: cart } })
            .catch((error: Error & { status?: number }) => ({ failed: error.message, status: error.status }))
        },
        [config, cartId] as const,
      )

    const openPage = async (site: Site) => {
      const page = await context.newPage()
      await page.goto(site.origin)
      return page
    }

    const storefront = () => ({ baseUrl: service.url, publishableKey: service.publishableKey })

    it("creates a collection from the configured origin", async () => {
      const page = await openPage(shop)
      const answer = await create(page, storefront(), await putCart(service, { total: 49.9 }))
      expect(answer.payment_collection).toMatchObject({ amount: 49.9, status: "not_paid", payment_sessions: [] })
    })

    it("creates one with credentials, which a signed-in storefront sends along", async () => {
      const page = await openPage(shop)
      const config = { ...storefront(), auth: { type: "session" } }
      expect(await create(page, config, await putCart(service))).toHaveProperty("payment_collection")
    })

    it("reads the service's errors there", async () => {
      const page = await openPage(shop)
      expect(await create(page, storefront(), "cart_unknown")).toEqual({
        failed: expect.stringContaining("cart_unknown"),
        status: 404,
      })
      expect(await create(page, { baseUrl: service.url }, "cart_unknown")).toMatchObject({ status: 400 })
    })

    it("reads the request's id there", async () => {
      const page = await openPage(shop)
      const id = await page.evaluate(
        async ([url, key]) =>
          (
            await fetch(`${url}/store/payment-collections/x`, { headers: { "x-publishable-api-key": key } })
          ).headers.get("x-request-id"),
        [service.url, service.publishableKey] as const,
      )
      expect(id).toMatch(/^req_/)
    })

    it("is refused by the browser from an origin that is not configured, and nothing is created", async () => {
      const page = await openPage(stranger)
      const cartId = await putCart(service)
      expect(await create(page, storefront(), cartId)).toEqual({ failed: "Failed to fetch" })
      const made = await service.admin("GET", `/admin/payment-collections?cart_id=${cartId}`)
      expect(made.body.count).toBe(0)
    })

    it("does not reach the admin routes from the storefront's origin", async () => {
      const page = await openPage(shop)
      const failed = await page.evaluate(
        ([baseUrl, apiKey]) => {
          const { Sdk } = globalThis as unknown as { Sdk: new (options: unknown) => any }
          return new Sdk({ baseUrl, apiKey }).admin.apiKey.list().catch((error: Error) => error.message)
        },
        [service.url, service.secretKey] as const,
      )
      expect(failed).toBe("Failed to fetch")
    })
  })

  describe("Swagger UI", () => {
    let service: TestService
    let page: Page
    const problems: string[] = []
    beforeAll(async () => {
      service = await TestService.start()
      await putCart(service, { id: "cart_demo_1", total: 49.9 })
      page = await browser.newPage({ viewport: { width: 1280, height: 1600 } })
      page.setDefaultTimeout(10_000)
      page.on("pageerror", (error) => problems.push(error.message))
      page.on("console", (message) => {
        // A refused call is shown in the console too; the tests look at its status.
        if (message.type() === "error" && !message.text().includes("Failed to load resource")) {
          problems.push(message.text())
        }
      })
      await page.goto(`${service.url}/docs`)
      await page.waitForSelector(".opblock-tag")
      for (const tag of await page.locator(".opblock-tag").all()) await tag.click()
      await page.waitForSelector(".opblock")
    })
    afterAll(async () => {
      await page.close()
      await service.close()
    })

    const operation = (id: string) => page.locator(`.opblock[id$="-${id}"]`)

    /** Opens one operation, and closes what was open: many answers on one page make it slow. */
    async function open(id: string) {
      const block = operation(id)
      if (await block.locator(".execute").isVisible()) return block
      for (const opened of await page.locator(".opblock.is-open .opblock-summary-control").all()) await opened.click()
      await block.locator(".opblock-summary-control").click()
      await block.locator(".execute").waitFor()
      return block
    }

    /** Presses Execute on an operation as it stands but for some ids in its path, and reads the answer. */
    async function execute(id: string, ids: Record<string, string> = {}): Promise<{ status: string; body: any }> {
      const block = await open(id)
      for (const [name, value] of Object.entries(ids)) {
        const input = block.locator(`tr[data-param-name="${name}"][data-param-in="path"] input`)
        await input.fill(value)
        // The page takes over what was typed after a moment, or at once when the field is left.
        await input.blur()
      }
      const answer = block.locator(".live-responses-table .response")
      // The answer of an execution before would be taken for this one's.
      if (await answer.isVisible()) await block.locator(".btn-clear").click()
      await block.locator(".execute").click()
      await answer.waitFor()
      const status = await answer.locator(".response-col_status").innerText()
      const text = await answer.locator(".highlight-code code, .microlight code").first().innerText()
      return { status: status.trim().split(/\s/)[0] ?? "", body: JSON.parse(text) }
    }

    it("opens without an error, in the order of the document", async () => {
      expect(await page.title()).toBe("Payment Collections")
      const groups = await page
        .locator(".opblock-tag")
        .evaluateAll((tags) => tags.map((tag) => tag.getAttribute("data-tag")))
      expect([groups[0], groups.at(-1)]).toEqual(["Store: payment collections", "Health"])
      await shoot(page, "overview")
      expect(problems).toEqual([])
    })

    it("shows what is refused without a key", async () => {
      expect(await execute("createPaymentCollection")).toMatchObject({ status: "400", body: { type: "not_allowed" } })
    })

    it("takes both keys", async () => {
      await page.locator(".auth-wrapper > .authorize").first().click()
      const dialog = page.locator(".dialog-ux")
      await dialog.waitFor()
      await shoot(page, "authorize")
      const keys: [string, string][] = [
        ["(apiKey)", service.publishableKey],
        ["(http, Bearer)", service.secretKey],
      ]
      for (const [scheme, key] of keys) {
        const form = dialog.locator(".auth-container", { hasText: scheme })
        await form.locator("input").fill(key)
        await form.locator("button.authorize").click()
        await form
          .getByRole("button", { name: "Logout" })
          .or(form.locator("button", { hasText: "Logout" }))
          .first()
          .waitFor()
      }
      await dialog.locator(".btn-done").first().click()
      await dialog.waitFor({ state: "detached" })
    })

    it("creates a collection by the example as it stands", async () => {
      const { status, body } = await execute("createPaymentCollection")
      expect(status).toBe("200")
      expect(body.payment_collection).toMatchObject({ amount: 49.9, currency_code: "eur", status: "not_paid" })
      await shoot(operation("createPaymentCollection"), "create")
    })

    it("takes a payment through its whole life by the examples as they stand, with the ids of the answers", async () => {
      const created = (await execute("createPaymentCollection")).body.payment_collection
      const step = async (id: string, ids: Record<string, string>) => {
        const { status, body } = await execute(id, ids)
        expect([id, status]).toEqual([id, "200"])
        await shoot(operation(id), id)
        return body
      }
      const collection = { id: created.id as string }

      const opened = (await step("createPaymentSession", collection)).payment_collection
      expect(opened.payment_sessions).toMatchObject([{ status: "pending", amount: 49.9 }])
      const session = { ...collection, session_id: opened.payment_sessions[0].id as string }
      const authorized = (await step("authorizePaymentSession", session)).payment_collection
      expect(authorized).toMatchObject({ status: "authorized", authorized_amount: 49.9 })
      const payment = { id: authorized.payments[0].id as string }
      expect((await step("capturePayment", payment)).payment.captures).toMatchObject([{ amount: 20 }])
      expect((await step("refundPayment", payment)).payment.refunds).toMatchObject([
        { amount: 10, refund_reason: { code: "shipping_issue" } },
      ])
      expect((await step("cancelPayment", payment)).payment).toMatchObject({ id: payment.id, captured_at: null })
      expect((await step("getPaymentCollection", collection)).payment_collection).toMatchObject({
        status: "partially_captured",
        captured_amount: 20,
        refunded_amount: 10,
      })
      expect((await step("getPayment", payment)).payment.id).toBe(payment.id)

      const { operations } = await step("listOperations", {})
      const recorded = { id: operations[0].id as string }
      expect((await step("getOperation", recorded)).operation).toEqual(operations[0])
      expect((await step("retryOperation", recorded)).operation).toEqual(operations[0])
    })

    it("takes an order that was paid otherwise", async () => {
      const { body } = await execute("createOrderPaymentCollection")
      const collection = { id: body.payment_collection.id as string }
      const marked = await execute("markPaymentCollectionAsPaid", collection)
      expect(marked).toMatchObject({
        status: "200",
        body: { payment_collection: { ...collection, status: "completed" } },
      })
      const refused = await execute("deletePaymentCollection", collection)
      expect(refused).toMatchObject({ status: "400", body: { type: "not_allowed" } })
    })

    it.each([
      "listPaymentCollections",
      "createOrderPaymentCollection",
      "listPayments",
      "listPaymentProviders",
      "configureRegion",
      "getRegion",
      "listRegionPaymentProviders",
      "putCart",
      "getCart",
      "listRefundReasons",
      "createRefundReason",
      "listApiKeys",
      "createApiKey",
      "getLiveness",
      "getReadiness",
    ])("runs %s as it stands", async (id) => {
      expect(await execute(id)).toMatchObject({ status: "200" })
    })

    it("takes over what is changed in the example of a cart", async () => {
      const block = await open("putCart")
      const text = block.locator("textarea.body-param__text")
      await text.fill((await text.inputValue()).replace("49.9", "60.25"))
      // The page takes over what was typed after a moment, or at once when the field is left.
      await text.blur()
      expect((await execute("putCart")).body.cart.total).toBe(60.25)
    })

    it("shows no error of its own", async () => {
      await shoot(await open("listPayments"), "list")
      expect(problems).toEqual([])
    })
  })
})

/** A shop's pages on an origin of their own, with the js-sdk as a bundler would put it there. */
class Site {
  private constructor(
    readonly origin: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<Site> {
    const page = '<!doctype html><meta charset="utf-8"><title>Shop</title><script src="/sdk.js"></script>'
    const server = createServer((request, response) => {
      const isScript = request.url === "/sdk.js"
      response.setHeader("content-type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8")
      response.end(isScript ? bundledSdk() : page)
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return new Site(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server)
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** The js-sdk's own files and those of its dependencies, as one script that sets `Sdk`. */
function bundledSdk(): string {
  const start = createRequire(import.meta.url).resolve("@medusajs/js-sdk")
  const modules = new Map<string, string>()
  const add = (path: string): void => {
    if (modules.has(path)) return
    modules.set(path, "")
    const { resolve } = createRequire(path)
    const source = readFileSync(path, "utf8")
    const targets: Record<string, string> = {}
    for (const [, name = ""] of source.matchAll(/\brequire\(["']([^"']+)["']\)/g)) {
      const target = resolve(name)
      // What Node brings along itself is not there in a page.
      if (target === name) continue
      targets[name] = target
      add(target)
    }
    modules.set(path, `[function (module, exports, require) {${source}\n}, ${JSON.stringify(targets)}]`)
  }
  add(start)
  const table = [...modules].map(([path, code]) => `${JSON.stringify(path)}: ${code}`).join(",\n")
  return `(() => {
const modules = {${table}}
const loaded = {}
const absent = { inspect: {} }
function load(path) {
  if (loaded[path]) return loaded[path].exports
  const module = (loaded[path] = { exports: {} })
  const [run, targets] = modules[path]
  run.call(module.exports, module, module.exports, (name) => (name in targets ? load(targets[name]) : absent))
  return module.exports
}
globalThis.Sdk = load(${JSON.stringify(start)}).default
})()`
}
