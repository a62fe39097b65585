import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { REFUSAL_LIMITS } from "../src/common/errors.js"
import { newId } from "../src/common/ids.js"
import { apiOf } from "./support/api.js"
import { TEST_DATABASE_URL } from "./support/database.js"
import { newCollection, newPayment } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { patternsOf } from "./support/patterns.js"
import { TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

const LONG = "L".repeat(50_000)
const WORDS = "a word ".repeat(10_000)
/** What fits into a body of 100 kB, and makes the most of it. */
const many = (count: number, make: (index: number) => [string, unknown]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)))

let service: TestService
const { admin, store } = apiOf(() => service)
let connection: TcpConnection
let patterns: string[]
beforeAll(async () => {
  service = await TestService.start({}, { modules: [fakeProviders(new FakeBank())] })
  connection = await TcpConnection.open(service.tcpPort)
  patterns = patternsOf(service.app)
  expect(patterns.length).toBeGreaterThan(30)
})
afterAll(async () => {
  connection.close()
  await service.close()
})

/** A refusal, within its bounds. */
function expectBounded(body: any): void {
  expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(REFUSAL_LIMITS.bytes)
  expect(body.message.length).toBeLessThanOrEqual(REFUSAL_LIMITS.message)
  expect(body.details?.length ?? 0).toBeLessThanOrEqual(REFUSAL_LIMITS.details)
  for (const { field } of body.details ?? []) expect(field.length).toBeLessThanOrEqual(REFUSAL_LIMITS.quoted)
}

function expectRefused({ status, body }: Answer): void {
  expect([status >= 400 && status < 500, status]).toEqual([true, status])
  expectBounded(body)
}

/** Bodies of which everything is wrong. JSON text, because a literal with `__proto__` would set the prototype. */
const BODIES: [string, string][] = [
  ["names that reach into prototypes", `{"cart_id":"x","${LONG}":[${'{"__proto__":1},'.repeat(2_900)}1]}`],
  ["prototypes at every depth", `{"cart_id":${'{"a":'.repeat(49)}{"__proto__":1,"constructor":2}${"}".repeat(49)}}`],
  ["unknown fields", JSON.stringify(many(10_000, (index) => [`x${index}`, 1]))],
  ["one unknown field", JSON.stringify({ [LONG]: 1 })],
  [
    "unknown fields of control characters",
    JSON.stringify(many(1_000, (index) => [`${"\u0001".repeat(10)}${index}`, 1])),
  ],
  ["a long text where none belongs", JSON.stringify({ cart_id: [LONG], provider_id: 5, amount: LONG, limit: LONG })],
  [
    "a long text as everything",
    JSON.stringify({ cart_id: LONG, provider_id: LONG, currency_code: LONG, order_id: LONG }),
  ],
  ["words as everything", JSON.stringify({ cart_id: WORDS, provider_id: WORDS, amount: 1, order_id: "o" })],
  ["a long unknown name beside what cannot be stored", `{"${LONG}":"\\u0000"}`],
  ["a number beyond all", `{"${LONG}":1e999}`],
]

describe("a refusal", () => {
  const routes = (id: string, paymentId: string) => [
    "/store/payment-collections",
    `/store/payment-collections/${id}/payment-sessions`,
    "/admin/payment-collections",
    `/admin/payment-collections/${id}/payment-sessions`,
    `/admin/payment-collections/${id}/mark-as-paid`,
    `/admin/payments/${paymentId}/capture`,
    `/admin/payments/${paymentId}/refund`,
    "/admin/api-keys",
    "/admin/refund-reasons",
    "/admin/account-holders",
    "/admin/regions/reg_x",
  ]

  it.each(BODIES)("stays small for %s, in every body", async (_, body) => {
    const { id, paymentId } = await newPayment(service)
    const headers = { "content-type": "application/json" }
    for (const path of routes(id, paymentId)) {
      const send = path.startsWith("/store") ? service.store.bind(service) : service.admin.bind(service)
      expectRefused(await send("POST", path, body, { headers }))
    }
    expectRefused(await service.admin("PUT", "/admin/carts/cart_x", body, { headers }))
  })

  it.each(BODIES)("stays small for %s, in every message", async (_, body) => {
    for (const pattern of patterns) {
      const { err } = await connection.ask(pattern, JSON.parse(body))
      expect([pattern, typeof err?.type]).toEqual([pattern, "string"])
      expectBounded(err)
    }
  })

  it("stays small for fields that a provider does not take, also when it is repeated from memory", async () => {
    const { id } = await newCollection(service)
    const data = many(700, (index) => [`field${index}`, 1])
    const open = () =>
      store.openSession(
        id,
        { provider_id: "pp_fake_default", data: { ...data, [LONG.slice(0, 2_000)]: 1 } },
        { headers: { "idempotency-key": newId("idem") } },
      )
    const key = newId("idem")
    for (let times = 0; times < 2; times++) {
      expectRefused(await store.openSession(id, { [LONG]: 1 }, { headers: { "idempotency-key": key } }))
    }
    const refused = await open()
    expectRefused(refused)
    expect(refused.body.details[0]).toMatchObject({ field: "data.field0", allowed: expect.any(Array) })
  })

  it.each([LONG, WORDS])("quotes a little of an id, wherever one is asked for", async (text) => {
    for (const pattern of patterns) {
      const message = {
        id: text,
        cart_id: text,
        payment_collection_id: text,
        provider_id: text,
        region_id: text,
        after: text,
      }
      const { err } = await connection.ask(pattern, message)
      expectBounded(err)
      const quoted = /(?:L{2,}|(?:a word ){2,})/.exec(err.message)?.[0] ?? ""
      expect([pattern, quoted.length <= REFUSAL_LIMITS.quoted]).toEqual([pattern, true])
    }
  })

  it.each(["fields", "order", "created_at", "limit", "nope"])("stays small for a long %s of a query", async (name) => {
    for (const value of [LONG.slice(0, 8_000), "x,".repeat(4_000), "a.b,".repeat(2_000)]) {
      for (const path of ["/admin/payments", "/admin/payment-collections", "/admin/api-keys", "/admin/events"]) {
        expectRefused(await service.admin("GET", `${path}?${name}=${value}`))
      }
    }
    const { err } = await connection.ask("payments.list", { [name]: "x,".repeat(40_000) })
    expectBounded(err)
  })
})

it("a refusal quotes little of a URL without a route, also without a key", async () => {
  for (const path of [`/${"a".repeat(15_000)}`, `/store/%%E0${"a".repeat(10_000)}`]) {
    const { body } = await service.call("GET", path, undefined, {})
    expect(body.message.length).toBeLessThanOrEqual(REFUSAL_LIMITS.quoted + 100)
  }
})

describe("a read", () => {
  it("has at most a thousand rows of what grows with business", async () => {
    const growing = ["payment-collections", "payments", "account-holders", "api-keys", "operations", "webhook-events"]
    for (const name of growing) {
      expect((await service.admin("GET", `/admin/${name}?limit=1000`)).status).toBe(200)
      expect(await service.admin("GET", `/admin/${name}?limit=1001`)).toMatchObject({
        status: 400,
        body: { type: "invalid_data", message: expect.stringContaining("'limit' too large, expected at most: '1000'") },
      })
    }
    for (const path of ["refund-reasons", "payments/payment-providers"]) {
      expect((await service.admin("GET", `/admin/${path}?limit=5000`)).status).toBe(200)
    }
    expect((await connection.ask("payments.list", { limit: 1001 })).err).toMatchObject({ type: "invalid_data" })
  })

  it("of more than 5 MB is refused before it is in memory, and says what to do", async () => {
    const { id, paymentId } = await newPayment(service)
    await service.dataSource.query(
      `INSERT INTO refund (id, payment_id, amount, status, note)
      SELECT 'ref_large_' || n, $1, 1, 'failed', repeat('x', 100000) FROM generate_series(1, 50) n`,
      [paymentId],
    )
    const tooLarge = { type: "invalid_data", code: "response_too_large", message: expect.stringContaining("5 MB") }
    for (const path of [`payments/${paymentId}?fields=refunds`, `payments?id=${paymentId}&fields=refunds`]) {
      expect(await service.admin("GET", `/admin/${path}`)).toMatchObject({ status: 400, body: tooLarge })
    }
    expect((await connection.ask("payments.retrieve", { id: paymentId, fields: "refunds" })).err).toMatchObject(
      tooLarge,
    )
    expect((await service.admin("GET", `/admin/payments/${paymentId}?fields=id`)).status).toBe(200)
    const captured = await service.admin("POST", `/admin/payments/${paymentId}/capture?fields=refunds`)
    expect(captured).toMatchObject({
      status: 504,
      body: { code: "response_too_large", operation_id: expect.any(String) },
    })
    expect((await admin.getCollection(id, "?fields=status")).body).toMatchObject({
      payment_collection: { status: "completed" },
    })
  })

  it("searches for a few short texts only, and combines a few conditions", async () => {
    const list = (query: string) => service.admin("GET", `/admin/payment-collections?limit=0&${query}`)
    const many = (count: number, operator: string) =>
      Array.from({ length: count }, (_, index) => `$or[${index}][order_id][${operator}]=%25${index}`).join("&")
    expect((await list(many(5, "$ilike"))).status).toBe(200)
    expect((await list(many(50, "$ne"))).status).toBe(200)
    expect(await list(many(6, "$ilike"))).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect(await list(many(51, "$ne"))).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect((await list(`order_id[$like]=${"a".repeat(256)}`)).status).toBe(400)
    for (const path of ["api-keys", "refund-reasons"]) {
      expect((await service.admin("GET", `/admin/${path}?q=${"a".repeat(255)}`)).status).toBe(200)
      expectRefused(await service.admin("GET", `/admin/${path}?q=${"a".repeat(256)}`))
    }
    const $or = Array.from({ length: 1_000 }, (_, index) => ({ order_id: { $ilike: `%${index}` } }))
    expectBounded((await connection.ask("payment_collections.list", { $or })).err)
  })

  it("is not blocked by what one shopper sent with a session", async () => {
    const { id } = await newCollection(service)
    const open = (data: object) =>
      store.openSession(id, {
        provider_id: "pp_system_default",
        data,
      })
    for (const data of [
      { a: Array.from({ length: 1_900 }, () => 1e308) },
      { a: 1e-300 },
      { a: "x".repeat(17_000) },
      { a: Array.from({ length: 2_001 }, () => 1) },
    ]) {
      expectRefused(await open(data))
    }
    expect((await open({ a: [1e20, 1e-15, 0, -0.1], text: "x".repeat(16_000) })).status).toBe(200)
    expect((await service.admin("GET", "/admin/payment-collections?order=-created_at")).status).toBe(200)
  })

  it("takes at most 500 sales channels of a key, and texts of a bounded length", async () => {
    const { api_key } = (await admin.createApiKey({ title: "x", type: "publishable" })).body
    const change = (body: object) => service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, body)
    const channels = (from: number, count: number) => Array.from({ length: count }, (_, index) => `sc_${from + index}`)
    expect((await change({ add: channels(0, 500) })).status).toBe(200)
    expectRefused(await change({ add: ["sc_one_more"] }))
    expectRefused(await change({ add: channels(0, 501) }))
    expect((await change({ add: ["sc_other"], remove: ["sc_0"] })).body.api_key.sales_channels).toHaveLength(500)
    expectRefused(await admin.createApiKey({ title: "x".repeat(256), type: "secret" }))
    expectRefused(await admin.createRefundReason({ label: "x", code: "x".repeat(256) }))
  })

  it("filters by no regular expression on the embedded database, which cannot be interrupted", async () => {
    const freezing = encodeURIComponent("(.{0,255}){0,255}(.{0,255}){0,255}")
    const ask = (query: string) => service.admin("GET", `/admin/payment-collections?${query}`)
    const queries = [`order_id[$re]=${freezing}`, `$or[0][id][$re]=${freezing}`, `$and[0][order_id][$re]=${freezing}`]
    if (TEST_DATABASE_URL) {
      expect((await ask("id[$re]=^pay_col_")).status).toBe(200)
      return
    }
    for (const query of queries) {
      expect(await ask(query)).toMatchObject({
        status: 400,
        body: { type: "invalid_data", message: expect.stringContaining("$ilike") },
      })
    }
    const { err } = await connection.ask("payment_collections.list", { id: { $re: "a" } })
    expect(err).toMatchObject({ type: "invalid_data", message: expect.stringContaining("$ilike") })
  })
})
