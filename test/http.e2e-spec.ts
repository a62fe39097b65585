import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { request, type IncomingMessage } from "node:http"
import { connect } from "node:net"
import { putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

const SHOP = "https://shop.example"
const BACK_OFFICE = "https://admin.example"

let service: TestService
beforeAll(async () => {
  service = await TestService.start({
    STORE_CORS: `${SHOP}, /^https:\\/\\/[a-z]+\\.preview\\.example$/`,
    ADMIN_CORS: BACK_OFFICE,
  })
})
afterAll(() => service.close())

describe("browsers", () => {
  const preflight = async (path: string, origin: string) => {
    const answer = await service.call("OPTIONS", path, undefined, {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-publishable-api-key,x-medusa-locale,authorization",
    })
    return [answer.status, answer.headers.get("access-control-allow-origin")]
  }

  it("may call the store from its origins and the admin from its own, and nothing from elsewhere", async () => {
    expect(await preflight("/store/payment-collections", SHOP)).toEqual([204, SHOP])
    expect(await preflight("/store/payment-collections", "https://a.preview.example")).toEqual([
      204,
      "https://a.preview.example",
    ])
    expect(await preflight("/admin/payments", BACK_OFFICE)).toEqual([204, BACK_OFFICE])
    for (const [path, origin] of [
      ["/store/payment-collections", BACK_OFFICE],
      ["/admin/payments", SHOP],
      ["/store/payment-collections", "https://shop.example.evil"],
      ["/store/payment-collections", "https://a.preview.example.evil"],
      ["/store/payment-collections", "https://evil.example/#https://a.preview.example"],
    ] as const) {
      expect((await preflight(path, origin))[1]).toBeNull()
    }
  })

  it("get credentials, the js-sdk's headers and the request id allowed", async () => {
    const { headers } = await service.call("OPTIONS", "/store/payment-collections", undefined, {
      origin: SHOP,
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-publishable-api-key,x-medusa-locale",
    })
    expect(headers.get("access-control-allow-credentials")).toBe("true")
    expect(headers.get("access-control-allow-headers")).toContain("x-medusa-locale")
    expect(headers.get("access-control-allow-methods")).toContain("DELETE")
    const answer = await service.store("GET", "/store/payment-providers?region_id=x", undefined, {
      headers: { origin: SHOP },
    })
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id")
  })

  it("get the CORS headers on refusals too, so that a page can read them", async () => {
    const answer = await service.store(
      "POST",
      "/store/payment-collections",
      {},
      { key: null, headers: { origin: SHOP } },
    )
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([400, SHOP])
  })
})

describe("every answer", () => {
  it("carries security headers", async () => {
    const { headers } = await service.store("GET", "/store/payment-providers?region_id=x")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("content-security-policy")).toContain("default-src 'self'")
    expect(headers.get("x-powered-by")).toBeNull()
  })

  it("carries a request id, the caller's where it looks like one, and an error repeats it", async () => {
    const withId = (id: string) => service.store("GET", "/store/nope", undefined, { headers: { "x-request-id": id } })
    const given = await withId("trace-123")
    expect([given.headers.get("x-request-id"), given.body.request_id]).toEqual(["trace-123", "trace-123"])
    const strange = await withId("a b<script>")
    expect(strange.headers.get("x-request-id")).toMatch(/^req_[0-9A-Z]{26}$/)
    expect(strange.body.request_id).toBe(strange.headers.get("x-request-id"))
  })
})

describe("unknown routes and methods (D20)", () => {
  it.each([
    ["GET", "/store/nope"],
    ["GET", "/store/payment-collections"],
    ["PUT", "/store/payment-collections"],
    ["DELETE", "/store/payment-collections"],
    ["PATCH", "/store/payment-collections/x"],
  ])("%s %s is 404 in JSON", async (method, path) => {
    expect(await service.store(method, path)).toMatchObject({
      status: 404,
      body: { type: "not_found", message: `Cannot ${method} ${path}. See /docs for the routes of this service.` },
    })
  })

  it("are told to operators, and outside of both areas to all", async () => {
    expect(await service.admin("GET", "/admin/nope")).toMatchObject({ status: 404, body: { type: "not_found" } })
    expect(await service.call("GET", "/nope", undefined, {})).toMatchObject({
      status: 404,
      body: { type: "not_found" },
    })
    expect(await service.call("GET", "/%zz", undefined, {})).toMatchObject({
      status: 400,
      body: { type: "invalid_data" },
    })
  })
})

describe("garbage", () => {
  const SILLY = [
    "/store/payment-collections?fields=" + "a.".repeat(2000),
    "/store/payment-collections?fields=" + "*,".repeat(3000),
    "/store/payment-providers?region_id[a][b][c][d][e][f]=x",
    "/store/payment-providers?region_id=%00",
    "/store/payment-providers?region_id=x&order=__proto__",
    "/store/payment-providers?region_id=x&limit=1e9",
    "/store/payment-providers?region_id=x&limit=99999999999999999999",
    "/store/payment-providers?region_id=x&offset=999999999999999",
    "/store/payment-providers?" + "region_id=x&".repeat(1200),
    "/store/payment-providers?region_id[]=x&region_id[]=y",
    "/store/payment-providers?region_id=x&order=id;drop table cart",
    "/store/payment-collections/" + "x".repeat(3000),
  ]

  it.each(SILLY)("%.60p is never a fault of ours", async (path) => {
    const answer = await service.store("GET", path)
    expect(answer.status).toBeLessThan(500)
    if (answer.status !== 200)
      expect(answer.body).toMatchObject({ type: expect.any(String), message: expect.any(String) })
  })

  it("in admin filters is never a fault of ours", async () => {
    for (const query of [
      "created_at=x",
      "created_at[$gt]=",
      "created_at[$in][]=x",
      "created_at[$in]=2026-01-01,x",
      "id[$like][a]=b",
      "id[$gt][]=a",
      "$and[0][id][$re]=(",
      "$and[0]=x",
      "$or=",
      "id[$in][0][a]=b",
      "status[$ne]=paid",
      "order=-",
      "order[]=id",
      "offset=-5",
      "created_at=2026-13-45",
      "created_at[$gte]=9999999-01-01",
      "id[$re]=(a+)%2B$",
      "limit=",
      "fields[a]=b",
      "id[$eq][]=a",
      "q=%25",
    ]) {
      const answer = await service.admin("GET", `/admin/payment-collections?${query}`)
      expect([query, answer.status < 500]).toEqual([query, true])
    }
  })

  it("below HTTP does not end the service", async () => {
    const { port } = new URL(service.url)
    for (const bytes of [
      "\0\0\0\0",
      "GET / HTTP/9.9\r\n\r\n",
      "POST /store/payment-collections HTTP/1.1\r\ncontent-length: 99\r\n\r\n{",
    ]) {
      await new Promise<void>((closed) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes, () => socket.destroy()))
        socket.on("close", () => {
          closed()
        })
        socket.on("error", () => {})
      })
    }
    expect((await service.call("GET", "/health/live", undefined, {})).status).toBe(200)
  })
})

describe("what breaks below the routes (D20)", () => {
  /** Sends raw bytes and gives all that comes back. */
  async function raw(bytes: string): Promise<string> {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1")
    let answer = ""
    socket.on("data", (data) => (answer += String(data)))
    socket.write(bytes)
    await once(socket, "close")
    return answer
  }

  it("is told in the one error body, with a request id", async () => {
    const malformed = await raw("NOT HTTP AT ALL\r\n\r\n")
    expect(malformed).toMatch(
      /^HTTP\/1.1 400 .*"type":"invalid_data","message":"The request is not valid HTTP\.","request_id":"req_/s,
    )
    const large = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`)
    expect(large).toMatch(/^HTTP\/1.1 431 .*"type":"invalid_data"/s)
  })

  it("leaves an OPTIONS that is no preflight to the routes", async () => {
    const answer = await service.call("OPTIONS", "/store/payment-collections", undefined, { origin: SHOP })
    expect(answer.status).toBeLessThan(500)
    expect(answer.headers.get("content-type") ?? "application/json").toMatch(/^application\/json/)
  })

  it("takes a locale along as Medusa does, and refuses compressed bodies and broken UTF-8", async () => {
    expect((await service.store("GET", "/store/payment-providers?region_id=x&locale=en")).status).toBe(200)
    const post = (body: Buffer, headers = {}) =>
      service.store("POST", "/store/payment-collections", body, {
        headers: { "content-type": "application/json", ...headers },
      })
    expect((await post(Buffer.from("{}"), { "content-encoding": "gzip" })).status).toBe(415)
    const broken = Buffer.concat([Buffer.from('{"cart_id":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(await post(broken)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
  })
})

describe("health", () => {
  it("tells which version runs and whether the database answers", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
    expect(await service.call("GET", "/health/live", undefined, {})).toMatchObject({
      status: 200,
      body: { status: "ok", version },
    })
    expect(await service.call("GET", "/health/ready", undefined, {})).toMatchObject({
      status: 200,
      body: { status: "ok" },
    })
  })
})

describe("a lost database (D28)", () => {
  it("is 503 with Retry-After, told by readiness too, and tells nothing internal", async () => {
    const broken = await TestService.start()
    const cart = await putCart(broken)
    await broken.dataSource.destroy()
    const answers = [
      await broken.store("POST", "/store/payment-collections", { cart_id: cart }),
      await broken.call("GET", "/health/ready", undefined, {}),
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: { type: "unavailable" } })
      expect(answer.headers.get("retry-after")).toBe("1")
      expect(JSON.stringify(answer.body)).not.toMatch(/postgres|pool|socket|driver|typeorm/i)
    }
    expect((await broken.call("GET", "/health/live", undefined, {})).status).toBe(200)
    await broken.close()
  })
})

describe("a fault of ours", () => {
  it("is 500 without detail", async () => {
    const faulty = await TestService.start()
    await faulty.dataSource.query("ALTER TABLE cart RENAME TO somewhere_else")
    const answer = await faulty.admin("GET", "/admin/carts/x")
    expect(answer.status).toBe(500)
    expect(answer.body).toEqual({
      code: "unknown_error",
      type: "unknown_error",
      message: "An unknown error occurred.",
      request_id: expect.any(String),
    })
    await faulty.close()
  })
})

describe("shutting down", () => {
  it("answers the request that is under way, then closes what is left open", async () => {
    const stopping = await TestService.start()
    const idle = connect(Number(new URL(stopping.url).port), "127.0.0.1")
    await once(idle, "connect")
    const slow = request(`${stopping.url}/store/payment-collections`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": 2,
        "x-publishable-api-key": stopping.publishableKey,
      },
    })
    const arrived = once(stopping.app.getHttpServer(), "request")
    slow.write("{")
    await arrived
    const closing = stopping.close()
    const idleClosed = once(idle, "close")
    slow.end("}")
    const [response] = (await once(slow, "response")) as [IncomingMessage]
    expect(response.statusCode).toBe(400)
    response.resume()
    await Promise.all([idleClosed, closing])
  })
})
