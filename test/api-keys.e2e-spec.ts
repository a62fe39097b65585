import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals"
import { KEY_TRUSTED_FOR, KeyRing } from "../src/api-keys/key-ring.js"
import { apiOf } from "./support/api.js"
import { putCart } from "./support/factories.js"
import { blocked, holding } from "./support/locks.js"
import { describeServed } from "./support/served.js"
import { TestService } from "./support/service.js"

let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const create = async (body: object) => (await admin.createApiKey(body)).body.api_key

describe("a publishable key", () => {
  const MISSING =
    "Publishable API key required in the request header: x-publishable-api-key. You can manage your keys in settings in the dashboard."
  const INVALID = "A valid publishable key is required to proceed with the request"

  it.each<[string, string | null, string]>([
    ["is missing", null, MISSING],
    ["is empty", "", MISSING],
    ["is unknown", "pk_wrong", INVALID],
    ["is no key at all", "x".repeat(5000), INVALID],
  ])("that %s is refused on every store route, before the body is looked at", async (_, key, message) => {
    for (const [method, path, body] of [
      ["POST", "/store/payment-collections", {}],
      ["GET", "/store/payment-collections/pay_col_x", undefined],
      ["GET", "/store/payment-providers", undefined],
      ["POST", "/store/nope", {}],
    ] as const) {
      expect(await service.store(method, path, body, { key })).toMatchObject({
        status: 400,
        body: { type: "not_allowed", message },
      })
    }
  })

  it("is refused once revoked, and from the moment on that a later revocation names", async () => {
    const cart_id = await putCart(service)
    const use = async (token: string) => (await store.createCollection(cart_id, { key: token })).status
    const now = await create({ title: "now", type: "publishable" })
    const later = await create({ title: "later", type: "publishable" })
    await service.admin("POST", `/admin/api-keys/${now.id}/revoke`)
    await service.admin("POST", `/admin/api-keys/${later.id}/revoke`, { revoke_in: 3600 })
    expect([await use(now.token), await use(later.token)]).toEqual([400, 200])
    await service.admin("POST", `/admin/api-keys/${later.id}/revoke`, {})
    expect(await use(later.token)).toBe(400)
  })

  it("opens no admin route, and a secret key no store route", async () => {
    const headers = { authorization: `Bearer ${service.publishableKey}` }
    expect((await service.call("GET", "/admin/payments", undefined, headers)).status).toBe(401)
    expect(
      (await service.store("GET", "/store/payment-providers?region_id=x", undefined, { key: service.secretKey }))
        .status,
    ).toBe(400)
  })

  it("is looked up once for many requests at once, and not again while it is trusted", async () => {
    const { token } = await create({ title: "lookups", type: "publishable" })
    service.statements.take()
    const list = () => service.store("GET", "/store/payment-providers?region_id=reg_test", undefined, { key: token })
    await Promise.all(Array.from({ length: 10 }, list))
    await list()
    expect(service.statements.take().filter((statement) => statement.includes("api_key"))).toHaveLength(1)
  })

  it("that another instance revoked is refused when the trust of this one ends", async () => {
    const key = await create({ title: "elsewhere", type: "publishable" })
    const list = () =>
      service.store("GET", "/store/payment-providers?region_id=reg_test", undefined, { key: key.token })
    expect((await list()).status).toBe(200)
    await service.dataSource.query("UPDATE api_key SET revoked_at = now() WHERE id = $1", [key.id])
    expect((await list()).status).toBe(200)
    const start = performance.now()
    jest.spyOn(performance, "now").mockImplementation(() => start + KEY_TRUSTED_FOR + 5_000)
    try {
      expect((await list()).status).toBe(400)
    } finally {
      jest.restoreAllMocks()
    }
  })
})

describe("a look-up that is under way", () => {
  it("answers who waits for it when the key is forgotten meanwhile, and is not trusted after", async () => {
    const ring = service.app.get(KeyRing)
    const { token } = await create({ title: "forgotten", type: "publishable" })
    const opening = ring.open("publishable", token)
    ring.forget(token)
    expect(await opening).toMatchObject({ title: "forgotten" })
    service.statements.take()
    await ring.open("publishable", token)
    expect(service.statements.take()).toHaveLength(1)
  })
})

describe("a key that was revoked at once", () => {
  it("does not come back to life by a revocation that lies ahead", async () => {
    const { id } = await create({ title: "revoked", type: "publishable" })
    const revoke = (body: object) => service.admin("POST", `/admin/api-keys/${id}/revoke`, body)
    const answers = await Promise.all([revoke({}), revoke({ revoke_in: 3600 })])
    const { revoked_at } = (await service.admin("GET", `/admin/api-keys/${id}`)).body.api_key
    expect(answers.map(({ status }) => status)).toContain(200)
    expect(await revoke({ revoke_in: 3600 })).toMatchObject({ status: 400 })
    expect(new Date(revoked_at as string).getTime()).toBeLessThanOrEqual(Date.now())
    expect(await revoke({ revoke_in: 1e300 })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("too large") },
    })
  })
})

describeServed("two revocations of one key at once")("a key that is revoked while another revocation waits", () => {
  it("does not come back to life by the one that waited and lies ahead", async () => {
    const { id } = await create({ title: "raced", type: "publishable" })
    const late = await holding(service, "SELECT FROM api_key WHERE id = $1 FOR UPDATE", [id], async (release) => {
      const waiting = service.admin("POST", `/admin/api-keys/${id}/revoke`, { revoke_in: 3600 })
      await blocked(service, 1)
      await release("UPDATE api_key SET revoked_at = clock_timestamp() WHERE id = $1")
      return waiting
    })
    expect(late).toMatchObject({ status: 400, body: { message: `The API key ${id} is already revoked.` } })
    const { revoked_at } = (await service.admin("GET", `/admin/api-keys/${id}`)).body.api_key
    expect(new Date(revoked_at as string).getTime()).toBeLessThanOrEqual(Date.now())
  })
})

describe("a secret key", () => {
  it.each([
    ["is missing", {}],
    ["is wrong", { authorization: "Bearer sk_wrong" }],
    ["is wrong as Basic", { authorization: `Basic ${Buffer.from("sk_wrong:").toString("base64")}` }],
    ["comes in a scheme of its own", { authorization: "Digest x" }],
  ])("that %s is 401 on every admin route, known or not (D20)", async (_, headers: Record<string, string>) => {
    for (const path of ["/admin/payments", "/admin/carts/x", "/admin/api-keys", "/admin/nope"]) {
      expect(await service.call("GET", path, undefined, headers)).toMatchObject({
        status: 401,
        body: { type: "unauthorized", message: expect.stringContaining("Send a secret API key") },
      })
    }
  })

  it("is taken as Bearer and as Basic, plain or in base64 (D25)", async () => {
    const basic = Buffer.from(`${service.secretKey}:`).toString("base64")
    for (const authorization of [`Bearer ${service.secretKey}`, `Basic ${basic}`, `Basic ${service.secretKey}`]) {
      expect((await service.call("GET", "/admin/payments", undefined, { authorization })).status).toBe(200)
    }
  })

  it("is told once, kept as a hash, and its use is noted", async () => {
    const { token, id } = await create({ title: "ops", type: "secret" })
    expect(token).toMatch(/^sk_[0-9a-f]{64}$/)
    await service.call("GET", "/admin/payments", undefined, { authorization: `Bearer ${token}` })
    const read = async () => (await service.admin("GET", `/admin/api-keys/${id}`)).body.api_key
    // Noted beside the request, not in its way.
    while ((await read()).last_used_at === null);
    expect(await read()).toMatchObject({
      token: "",
      redacted: `${token.slice(0, 6)}***${token.slice(-3)}`,
      last_used_at: expect.any(String),
    })
    const rows = await service.dataSource.query("SELECT * FROM api_key WHERE id = $1", [id])
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})

describe("/admin/api-keys", () => {
  it("creates in Medusa's shape, naming the creator", async () => {
    expect(await create({ title: "Storefront", type: "publishable" })).toEqual({
      id: expect.stringMatching(/^apk_/),
      token: expect.stringMatching(/^pk_[0-9a-f]{64}$/),
      redacted: expect.stringMatching(/^pk_[0-9a-f]{3}\*\*\*[0-9a-f]{3}$/),
      title: "Storefront",
      type: "publishable",
      last_used_at: null,
      created_by: expect.stringMatching(/^apk_/),
      revoked_by: null,
      revoked_at: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      deleted_at: null,
      sales_channels: [],
    })
  })

  it("lists by type and text, with selected fields", async () => {
    await create({ title: "Findable one", type: "publishable" })
    const answer = await service.admin("GET", "/admin/api-keys?type=publishable&q=findable&fields=title")
    expect(answer.body).toEqual({
      api_keys: [{ id: expect.any(String), title: "Findable one" }],
      count: 1,
      offset: 0,
      limit: 20,
    })
  })

  it("renames, revokes, and deletes only what is revoked", async () => {
    const { id } = await create({ title: "old", type: "secret" })
    const path = `/admin/api-keys/${id}`
    expect((await service.admin("POST", path, { title: "new" })).body.api_key.title).toBe("new")
    expect(await service.admin("DELETE", path)).toMatchObject({
      status: 400,
      body: { type: "not_allowed", message: `Cannot delete api keys that are not revoked - ${id}` },
    })
    const { api_key } = (await service.admin("POST", `${path}/revoke`)).body
    expect(api_key).toMatchObject({ revoked_at: expect.any(String), revoked_by: expect.stringMatching(/^apk_/) })
    expect(await service.admin("POST", `${path}/revoke`)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect((await service.admin("DELETE", path)).body).toEqual({ id, object: "api_key", deleted: true })
    for (const method of ["GET", "DELETE"]) expect((await service.admin(method, path)).status).toBe(404)
  })

  it("adds and removes sales channels of a publishable key", async () => {
    const { id } = await create({ title: "channels", type: "publishable" })
    const change = async (body: object) =>
      (await service.admin("POST", `/admin/api-keys/${id}/sales-channels`, body)).body.api_key.sales_channels
    expect(await change({ add: ["sc_b", "sc_a", "sc_a"] })).toEqual([{ id: "sc_a" }, { id: "sc_b" }])
    expect(await change({ remove: ["sc_b"], add: ["sc_c"] })).toEqual([{ id: "sc_a" }, { id: "sc_c" }])
    const secret = await create({ title: "s", type: "secret" })
    expect((await service.admin("POST", `/admin/api-keys/${secret.id}/sales-channels`, { add: ["x"] })).status).toBe(
      400,
    )
  })

  it("takes no empty sales channel, which would confine a key to carts of no channel, but removes one", async () => {
    const { id } = await create({ title: "channels", type: "publishable" })
    const change = (body: object) => service.admin("POST", `/admin/api-keys/${id}/sales-channels`, body)
    expect(await change({ add: ["sc_a", ""] })).toMatchObject({
      status: 400,
      body: {
        type: "invalid_data",
        message: "Invalid request: Value for field 'add' has an empty id; leave it out",
        details: [{ field: "add" }],
      },
    })
    await service.dataSource.query("UPDATE api_key SET sales_channel_ids = '{\"\"}' WHERE id = $1", [id])
    expect((await change({ remove: [""] })).body.api_key.sales_channels).toEqual([])
  })

  it.each<[object, string]>([
    [{}, "Invalid request: Field 'title' is required; Field 'type' is required"],
    [{ title: "x", type: "foo" }, "Invalid request: Expected: 'publishable, secret' for field 'type', but got: 'foo'"],
    [{ title: 1, type: "secret" }, "Invalid request: Expected type: 'string' for field 'title', got: '1'"],
  ])("refuses %j", async (body, message) => {
    expect(await admin.createApiKey(body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message },
    })
  })
})
