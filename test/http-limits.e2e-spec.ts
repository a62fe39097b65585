import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type { FastifyInstance } from "fastify"
import { once } from "node:events"
import { connect } from "node:net"
import { createHttpAdapter } from "../src/bootstrap/http-adapter.js"
import { MAX_CONNECTIONS } from "../src/bootstrap/http-limits.js"
import { apiOf } from "./support/api.js"
import { TestService } from "./support/service.js"
import { signed, TellingAccount } from "./support/telling-account.js"
import { tellingProviders } from "./support/telling-provider.js"

const BACK_OFFICE = "https://admin.example"

let service: TestService
const { admin } = apiOf(() => service)
beforeAll(async () => {
  const env = { ADMIN_CORS: `${BACK_OFFICE}, /^https:\\/\\/[a-z]+\\.preview\\.example$/` }
  service = await TestService.start(env, { modules: [tellingProviders(new TellingAccount(), new TellingAccount())] })
})
afterAll(() => service.close())

/** Sends raw bytes, and nothing after them, and returns all that comes back until the connection is closed. */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true })
  let response = ""
  socket.on("data", (data) => (response += String(data)))
  if (bytes !== "") socket.write(bytes)
  await once(socket, "end")
  socket.destroy()
  return response
}

describe("no cache keeps a response:", () => {
  it.each([
    ["a success of the store", () => service.store("GET", "/store/payment-providers?region_id=x"), 200],
    ["a refusal of the store", () => service.store("POST", "/store/payment-collections", {}), 400],
    ["a missing key", () => service.store("POST", "/store/payment-collections", {}, { key: null }), 400],
    ["a success of the admin", () => service.admin("GET", "/admin/payments"), 200],
    ["an unknown admin route", () => service.admin("GET", "/admin/nope"), 404],
    ["an unknown route", () => service.call("GET", "/nope", undefined, {}), 404],
    ["a missing secret key", () => service.call("GET", "/admin/payments", undefined, {}), 401],
    ["a webhook", () => service.call("POST", "/hooks/payment/nobody", {}, {}), 404],
    ["health", () => service.call("GET", "/health/ready", undefined, {}), 200],
    ["the API document", () => service.call("GET", "/docs-json", undefined, {}), 200],
    ["a malformed URL", () => service.call("GET", "/%zz", undefined, {}), 400],
    ["a body that is no JSON", () => admin.createApiKey("{"), 415],
    ["a body above the limit", () => admin.createApiKey({ title: "x".repeat(110_000) }), 413],
  ] as const)("%s", async (_, call, status) => {
    const answer = await call()
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([status, "no-store"])
  })

  it("what is no HTTP", async () => {
    expect(await raw(service.url, "NOT HTTP AT ALL\r\n\r\n")).toMatch(
      /^HTTP\/1.1 400 .*\r\ncache-control: no-store\r\n/s,
    )
  })

  it("but the static files of Swagger UI may be kept", async () => {
    const { status, headers } = await service.call("GET", "/docs/swagger-ui.css", undefined, {})
    expect([status, headers.get("cache-control")]).toEqual([200, expect.stringContaining("public")])
  })
})

describe("a browser's request to /admin", () => {
  const PREVIEW = "https://a.preview.example"
  const SHOP = "https://shop.example"
  const request = async (path: string, site?: string, origin?: string, method = "GET") => {
    const headers = { ...(site && { "sec-fetch-site": site }), ...(origin && { origin }) }
    const { status, body } = await service.admin(method, path, undefined, { headers })
    return [status, body.type]
  }
  const refused = [400, "not_allowed"]

  it.each([
    ["cross-site", BACK_OFFICE],
    ["cross-site", PREVIEW],
    ["same-site", BACK_OFFICE],
    ["same-origin", undefined],
    ["same-origin", SHOP],
    ["none", undefined],
    [undefined, SHOP],
    [undefined, undefined],
  ])("passes with sec-fetch-site %p and the origin %p", async (site, origin) => {
    expect(await request("/admin/payments", site, origin)).toEqual([200, undefined])
  })

  it.each([
    ["cross-site", SHOP],
    ["cross-site", "null"],
    ["cross-site", "https://admin.example.evil"],
    ["cross-site", undefined],
    ["same-site", SHOP],
    ["same-site", undefined],
    ["anything", undefined],
    ["same-origin, cross-site", undefined],
  ])("is refused with sec-fetch-site %p and the origin %p", async (site, origin) => {
    expect(await request("/admin/payments", site, origin)).toEqual(refused)
    expect(await request("/%61dmin/payments", site, origin)).toEqual(refused)
    expect(await request("/admin/nope", site, origin)).toEqual(refused)
    expect(await request("/admin/payments/pay_x/cancel", site, origin, "POST")).toEqual(refused)
  })

  it("is refused before its key is looked at, with what to do", async () => {
    const { status, body } = await service.call("GET", "/admin/payments", undefined, { "sec-fetch-site": "cross-site" })
    expect([status, body.message]).toEqual([400, expect.stringContaining("Add the page's origin to ADMIN_CORS")])
  })

  it("may ask in a preflight, whatever it says of its site", async () => {
    const { status, headers } = await service.call("OPTIONS", "/admin/payments", undefined, {
      "sec-fetch-site": "cross-site",
      origin: BACK_OFFICE,
      "access-control-request-method": "GET",
    })
    expect([status, headers.get("access-control-allow-origin")]).toEqual([204, BACK_OFFICE])
  })

  it.each(["/%61dmin/payments", "//admin/payments", "/ADMIN/payments", "/store/../admin/payments"])(
    "gets no allowed origin if its path is written otherwise: %s",
    async (path) => {
      const headers = `host: x\r\nconnection: close\r\norigin: ${BACK_OFFICE}\r\naccess-control-request-method: GET`
      const answer = await raw(service.url, `OPTIONS ${path} HTTP/1.1\r\n${headers}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 204/)
      expect(answer).not.toContain("access-control-allow-origin")
    },
  )

  it("is not refused elsewhere", async () => {
    const headers = { "sec-fetch-site": "cross-site" }
    const path = "/store/payment-providers?region_id=x"
    expect((await service.store("GET", path, undefined, { headers })).status).toBe(200)
    expect((await service.call("GET", "/health/live", undefined, headers)).status).toBe(200)
  })
})

describe("a request that does not arrive whole", () => {
  let fastify: FastifyInstance
  let url: string
  beforeAll(async () => {
    fastify = createHttpAdapter(
      { docs: true },
      { requestTimeout: 200, checkInterval: 50 },
    ).getInstance<FastifyInstance>()
    fastify.post("/", () => "done")
    url = await fastify.listen({ port: 0, host: "127.0.0.1" })
  })
  afterAll(() => fastify.close())

  it.each([
    ["half of its headers", "POST / HTTP/1.1\r\nhost: x\r\nconte"],
    [
      "half of its body",
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"a',
    ],
    ["nothing at all", ""],
  ])("ends with 408 in the one error body: %s", async (_, bytes) => {
    expect(await raw(url, bytes)).toMatch(
      /^HTTP\/1.1 408 Request Timeout\r\n.*cache-control: no-store\r\n.*\{"type":"invalid_data","message":"The request did not arrive whole in time\. Send it again on a new connection\.","request_id":"req_[0-9A-Z]{26}"\}$/s,
    )
  })

  it("leaves a whole one on the same server alone", async () => {
    expect(await (await fetch(url, { method: "POST" })).text()).toBe("done")
  })
})

describe("connections", () => {
  it("are closed above the limit as they come, and taken again below it", async () => {
    const server = service.app.getHttpServer()
    expect(server.maxConnections).toBe(MAX_CONNECTIONS)
    server.closeIdleConnections()
    const port = Number(new URL(service.url).port)
    const open = connect(port, "127.0.0.1")
    await once(open, "connect")
    server.maxConnections = 1
    const dropped = connect(port, "127.0.0.1")
    dropped.on("error", () => {})
    dropped.resume()
    await once(dropped, "close")
    open.destroy()
    server.maxConnections = MAX_CONNECTIONS
    expect((await service.call("GET", "/health/live", undefined, {})).status).toBe(200)
  })
})

describe("a webhook's bytes are handed over by the route that takes it,", () => {
  const send = (path: string) => {
    const body = JSON.stringify({ id: `evt_${path}`, type: "any", reference: "tp_none" })
    return service.call("POST", path, body, { "content-type": "application/json", ...signed(body) })
  }

  it.each([
    "/hooks/payment/telling_default",
    "/hooks/paymen%74/telling_default",
    "/%68ooks/payment/telling_default/",
    "/hooks/payment/telling_default?a=b",
  ])("however its path is written: %s", async (path) => {
    expect(await send(path)).toMatchObject({ status: 200, body: "OK" })
  })

  it.each(["//hooks/payment/telling_default", "/Hooks/payment/telling_default", "/hooks%2Fpayment/telling_default"])(
    "and what the router does not take there is no webhook: %s",
    async (path) => {
      expect(await send(path)).toMatchObject({ status: 404 })
    },
  )
})
