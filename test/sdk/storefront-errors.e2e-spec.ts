import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { build } from "esbuild"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { newSession, putCart } from "../support/factories.js"
import { FakeBank, fakeProviders } from "../support/fake-provider.js"
import { newSdk, type Sdk } from "../support/sdk.js"
import { REGION, TestService } from "../support/service.js"

/** The two blocks of docs/api.md: the transport, and a checkout that uses it. The docs spec compiles them. */
const STOREFRONT = codeBelow("## Errors in a storefront").join("\n")

const FAKE = { provider_id: "pp_fake_default" }
const bank = new FakeBank()
const folder = mkdtempSync(join(tmpdir(), "storefront-errors-"))

let service: TestService
let payments: Sdk
let PaymentError: new () => Error
let authorize: (collectionId: string, sessionId: string) => Promise<string>
beforeAll(async () => {
  service = await TestService.start({}, { modules: [fakeProviders(bank)] })
  ;({ payments, PaymentError, authorize } = await load(service.url, service.publishableKey))
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  bank.reset()
})

function codeBelow(heading: string): string[] {
  const [, section = ""] = readFileSync("docs/api.md", "utf8").split(`${heading}\n`)
  const [own = ""] = section.split("\n## ")
  return [...own.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code)
}

/** Bundles the transport as a storefront does, for a service at an address, and loads it. */
async function load(baseUrl: string, key: string): Promise<any> {
  const contents = STOREFRONT.replace("http://localhost:9000", baseUrl).replace("pk_...", key)
  const stdin = { contents, loader: "ts", resolveDir: process.cwd() } as const
  const { outputFiles } = await build({ stdin, bundle: true, format: "esm", platform: "browser", write: false })
  const file = join(folder, `transport-${new URL(baseUrl).port}.mjs`)
  writeFileSync(file, outputFiles[0]?.text ?? "")
  return import(pathToFileURL(file).href)
}

const authorizePath = (id: string, sessionId: string) =>
  `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`

type Cart = Parameters<Sdk["store"]["payment"]["initiatePaymentSession"]>[0]

/** What a call of a storefront throws. */
async function errorOf(call: Promise<unknown>): Promise<any> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe("the js-sdk as it is", () => {
  it("keeps the status and the message of an error, and nothing else", async () => {
    const sdk = newSdk({ baseUrl: service.url, publishableKey: service.publishableKey })
    const { id, sessionId } = await newSession(service, {}, FAKE)
    // Not even when the response itself is asked for.
    for (const accept of ["application/json", "text/plain"]) {
      bank.script("authorize", "decline")
      const headers = { accept }
      const error = await errorOf(sdk.client.fetch(authorizePath(id, sessionId), { method: "POST", headers }))
      expect({ ...error, message: error.message }).toEqual({
        status: 422,
        statusText: "Unprocessable Entity",
        message: "The card was declined.",
      })
    }
  })
})

describe("the transport of docs/api.md", () => {
  it("gives what the bank said", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "decline")
    const error = await errorOf(payments.client.fetch(authorizePath(id, sessionId), { method: "POST" }))
    expect(error).toBeInstanceOf(PaymentError)
    expect(error).toMatchObject({
      status: 422,
      statusText: "Unprocessable Entity",
      message: "The card was declined.",
      body: { type: "payment_authorization_error", code: "card_declined", decline_code: "insufficient_funds" },
    })
  })

  it("gives the code of a conflict", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    await service.dataSource.query("UPDATE cart SET total = 2000 WHERE id = $1", [cartId])
    const error = await errorOf(payments.client.fetch(authorizePath(id, sessionId), { method: "POST" }))
    expect(error).toMatchObject({ status: 409, body: { type: "conflict", code: "amount_changed" } })
    expect(await authorize(id, sessionId)).toBe("Your cart has changed. Please look at the new total.")
  })

  it("says what comes next", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "decline")
    expect(await authorize(id, sessionId)).toBe("Please use another card.")
    expect(await authorize(id, sessionId)).toBe("Thank you.")
    expect(await authorize(id, "payses_none")).toBe("PaymentSession id not found: payses_none")
  })

  it("serves the functions of the sdk, with bodies and queries, and gives the details of what they refuse", async () => {
    const { store } = payments
    const page = await store.payment.listPaymentProviders({ region_id: REGION, limit: 1, fields: "id" })
    expect(page).toEqual({ payment_providers: [{ id: "pp_fake_default" }], count: 3, offset: 0, limit: 1 })
    const cart = { id: await putCart(service) } as Cart
    const request = { ...FAKE, data: { token: "tok_1" } }
    const { payment_collection } = await store.payment.initiatePaymentSession(cart, request)
    expect(payment_collection.payment_sessions).toMatchObject([{ amount: 10, status: "pending" }])
    const refused = { ...FAKE, data: { capture_method: "manual" } }
    expect(await errorOf(store.payment.initiatePaymentSession(cart, refused))).toMatchObject({
      status: 400,
      message: "Invalid request: Unrecognized fields: 'data.capture_method'",
      body: { details: [{ field: "data.capture_method", allowed: ["token", "note"] }] },
    })
    const query = { fields: "nonsense" }
    expect(await errorOf(store.payment.initiatePaymentSession(cart, FAKE, query))).toMatchObject({
      body: { details: [{ field: "fields", allowed: expect.arrayContaining(["payment_sessions.id"]) }] },
    })
  })

  it("takes what a proxy sends instead of JSON", async () => {
    const proxy = createServer((_, response) => response.writeHead(502).end("<html></html>")).listen(0, "127.0.0.1")
    await once(proxy, "listening")
    const behind = await load(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, "pk_1")
    const error = await errorOf(behind.payments.client.fetch("/store/payment-collections/x"))
    expect(error).toMatchObject({ status: 502, message: "Bad Gateway", body: { type: "unknown_error" } })
    proxy.close()
  })
})
