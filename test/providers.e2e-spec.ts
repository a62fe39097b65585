import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

let service: TestService
const { store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start()
  // A provider that an earlier version of the service was started with.
  await service.dataSource.query("INSERT INTO payment_provider (id) VALUES ('pp_removed_default')")
  await service.dataSource.query("INSERT INTO region (id) VALUES ('reg_old')")
  await service.dataSource.query(
    "INSERT INTO region_payment_provider VALUES ('reg_old', 'pp_removed_default'), ('reg_old', 'pp_system_default')",
  )
})
afterAll(() => service.close())

const list = (query: string) => service.store("GET", `/store/payment-providers?${query}`)
const configure = (id: string, payment_providers: unknown) =>
  service.admin("POST", `/admin/regions/${id}`, { payment_providers })
const SYSTEM = { id: "pp_system_default", is_enabled: true }

describe("GET /store/payment-providers", () => {
  it("lists what the region offers, in pages", async () => {
    expect((await list("region_id=reg_test")).body).toEqual({
      payment_providers: [SYSTEM],
      count: 1,
      offset: 0,
      limit: 20,
    })
    expect((await list("region_id=reg_test&limit=1&offset=1")).body).toEqual({
      payment_providers: [],
      count: 1,
      offset: 1,
      limit: 1,
    })
    expect((await list("region_id=reg_test&limit=0")).body).toMatchObject({ payment_providers: [], count: 1 })
    expect((await list("region_id=reg_test&fields=id&order=-id")).body.payment_providers).toEqual([{ id: SYSTEM.id }])
  })

  it("lists nothing for a region that was never configured", async () => {
    expect((await list("region_id=reg_nope")).body).toEqual({ payment_providers: [], count: 0, offset: 0, limit: 20 })
  })

  it("leaves out what this process was not started with (W37)", async () => {
    expect((await list("region_id=reg_old")).body.payment_providers).toEqual([SYSTEM])
    const cart_id = await putCart(service, { region_id: "reg_old" })
    const { payment_collection } = (await store.createCollection(cart_id)).body
    expect(payment_collection.payment_providers).toEqual([{ id: SYSTEM.id }])
  })

  it.each([
    ["", 400, "invalid_data", "Invalid request: Field 'region_id' is required"],
    ["region_id=", 400, "not_allowed", "You must provide the region_id to list payment providers"],
    [
      "region_id=x&limit=abc",
      400,
      "invalid_data",
      "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'",
    ],
    ["region_id=x&x=1", 400, "invalid_data", "Invalid request: Unrecognized fields: 'x'"],
    ["region_id=x&is_enabled=true", 400, "invalid_data", "Invalid request: Unrecognized fields: 'is_enabled'"],
    ["region_id[]=x", 400, "invalid_data", "Invalid request: Expected type: 'string' for field 'region_id', got: 'x'"],
    ["region_id=x&order=created_at", 400, "invalid_data", "Order field created_at is not valid"],
    ["region_id=x&fields=nope", 400, "invalid_data", "Invalid request: Unknown names in 'fields': 'nope'"],
  ])("%p is refused", async (query, status, type, message) => {
    expect(await list(query)).toMatchObject({ status, body: { type, message } })
  })
})

describe("POST /admin/regions/:id", () => {
  it("makes a region known, replaces its set, and answers it", async () => {
    const region = { id: "reg_new", payment_providers: [{ id: SYSTEM.id }] }
    expect((await configure("reg_new", [SYSTEM.id, SYSTEM.id])).body).toEqual({ region })
    expect((await service.admin("GET", "/admin/regions/reg_new")).body).toEqual({ region })
    expect((await configure("reg_new", [])).body.region.payment_providers).toEqual([])
    expect((await list("region_id=reg_new")).body.count).toBe(0)
  })

  it("refuses providers that are unknown or not enabled, and changes nothing", async () => {
    expect(await configure("reg_test", ["pp_bad", SYSTEM.id, "pp_removed_default"])).toMatchObject({
      status: 404,
      body: {
        type: "not_found",
        message: "Payment providers with ids pp_bad, pp_removed_default not found or not enabled",
        details: [{ field: "payment_providers", message: expect.any(String), allowed: [SYSTEM.id] }],
      },
    })
    expect((await list("region_id=reg_test")).body.count).toBe(1)
    expect(await service.admin("GET", "/admin/regions/reg_nope")).toMatchObject({
      status: 404,
      body: { message: "Region id not found: reg_nope. Make it known with POST /admin/regions/:id." },
    })
  })

  it.each([
    [undefined, "Invalid request: Field 'payment_providers' is required"],
    [
      "pp_system_default",
      "Invalid request: Expected type: 'array' for field 'payment_providers', got: 'pp_system_default'",
    ],
    [[1], "Invalid request: Expected type: 'string' for field 'payment_providers', got: '1'"],
  ])("refuses %j", async (providers, message) => {
    expect(await configure("reg_test", providers)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message },
    })
  })

  it("leaves one whole set when many configure at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => configure("reg_race", i % 2 ? [SYSTEM.id] : [])),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe("a provider that an operator disabled (D23)", () => {
  it("is told as such, offered to no collection, and stays disabled over a restart", async () => {
    const enable = (is_enabled: boolean) =>
      service.admin("POST", `/admin/payments/payment-providers/${SYSTEM.id}`, { is_enabled })
    expect((await enable(false)).body).toEqual({ payment_provider: { ...SYSTEM, is_enabled: false } })
    expect((await list("region_id=reg_test")).body.payment_providers).toEqual([{ ...SYSTEM, is_enabled: false }])
    const cart_id = await putCart(service)
    expect((await store.createCollection(cart_id)).body.payment_collection.payment_providers).toEqual([])

    const restarted = await TestService.startOn(service.connection)
    const known = await restarted.admin("GET", "/admin/payments/payment-providers")
    await restarted.close()
    expect(known.body).toEqual({
      payment_providers: [{ ...SYSTEM, is_enabled: false }],
      count: 1,
      offset: 0,
      limit: 20,
    })
    await enable(true)
    expect((await service.admin("GET", "/admin/payments/payment-providers?is_enabled=true")).body.count).toBe(1)
    expect(
      (await service.admin("POST", "/admin/payments/payment-providers/pp_nope", { is_enabled: true })).status,
    ).toBe(404)
  })
})
