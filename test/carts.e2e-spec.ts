import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const put = (id: string, body: unknown) => service.admin("PUT", `/admin/carts/${id}`, body)
const get = (id: string) => service.admin("GET", `/admin/carts/${id}`)

describe("PUT /admin/carts/:id", () => {
  it("makes a cart known and answers it", async () => {
    const cart = {
      currency_code: "EUR",
      total: 49.9,
      region_id: "reg_test",
      email: "a@example.com",
      customer_id: "cus_1",
      sales_channel_id: "sc_1",
      order_id: "order_1",
      completed_at: "2026-01-02T03:04:05.678Z",
      updated_at: "2026-01-02T03:04:06Z",
    }
    const answer = await put("cart_whole", cart)
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toEqual({
      cart: {
        ...cart,
        id: "cart_whole",
        currency_code: "eur",
        created_at: expect.any(String),
        updated_at: "2026-01-02T03:04:06.000Z",
      },
    })
    expect((await get("cart_whole")).body).toEqual(answer.body)
  })

  it("replaces all: what is left out is null", async () => {
    await put("cart_replaced", { currency_code: "eur", total: 1, region_id: "reg_test", email: "a@example.com" })
    const { cart } = (await put("cart_replaced", { currency_code: "usd", total: 2 })).body
    expect(cart).toMatchObject({
      currency_code: "usd",
      total: 2,
      region_id: null,
      email: null,
      customer_id: null,
      order_id: null,
      completed_at: null,
    })
  })

  it("takes an empty id or address as none, over both transports", async () => {
    const empty = { region_id: "", email: "", customer_id: "", sales_channel_id: "" }
    const none = { region_id: null, email: null, customer_id: null, sales_channel_id: null }
    const state = { currency_code: "eur", total: 1 }
    expect((await put("cart_empty", { ...state, ...empty })).body.cart).toMatchObject(none)
    const tcp = await TcpConnection.open(service.tcpPort)
    const { response } = await tcp.ask("carts.upsert", { id: "cart_empty_tcp", ...state, ...empty })
    tcp.close()
    expect(response.cart).toMatchObject(none)
  })

  it("shows a cart with an empty channel to every key, and takes an empty region for none", async () => {
    const { api_key } = (await service.admin("POST", "/admin/api-keys", { title: "x", type: "publishable" })).body
    await service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, { add: ["sc_europe"] })
    const cart_id = await putCart(service, { sales_channel_id: "", region_id: "" })
    const store = (path: string, body: object) => service.store("POST", path, body, { key: api_key.token })
    const created = await store("/store/payment-collections", { cart_id })
    expect(created.status).toBe(200)
    const path = `/store/payment-collections/${created.body.payment_collection.id}/payment-sessions`
    const { body } = await store(path, { provider_id: "pp_system_default" })
    expect(body.message).toMatch(/^Payment provider pp_system_default moves no money/)
  })

  it("knows no cart without an id", async () => {
    expect((await put("", { currency_code: "eur", total: 1 })).status).toBe(404)
    const tcp = await TcpConnection.open(service.tcpPort)
    const { err } = await tcp.ask("carts.upsert", { id: "", currency_code: "eur", total: 1 })
    tcp.close()
    expect(err).toMatchObject({ type: "invalid_data", message: "A cart's id has 1 to 255 characters." })
  })

  it("rounds a total with more decimals than its currency half-up, once", async () => {
    expect((await put("cart_rounded", { currency_code: "eur", total: 10.005 })).body.cart.total).toBe(10.01)
  })

  it("does not let an older state overwrite a newer one; of equal ones the last wins, and absent means now", async () => {
    const at = (total: number, updated_at?: string) => put("cart_order", { currency_code: "eur", total, updated_at })
    expect((await at(1, "2026-01-01T00:00:01Z")).body.cart.total).toBe(1)
    expect((await at(2, "2026-01-01T00:00:00Z")).body.cart.total).toBe(1)
    expect((await at(3, "2026-01-01T00:00:01Z")).body.cart.total).toBe(3)
    expect((await at(4)).body.cart.total).toBe(4)
    expect((await at(5, "2026-01-01T00:00:02Z")).body.cart).toMatchObject({ total: 4 })
    expect((await at(6)).body.cart.total).toBe(6)
  })

  it("refuses a time more than a day ahead, which would keep out all changes until then", async () => {
    const answer = await put("cart_future", { currency_code: "eur", total: 1, updated_at: "9999-01-01T00:00:00Z" })
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("'updated_at' lies more than a day ahead") },
    })
  })

  it("takes times in any zone, and refuses days that no calendar has", async () => {
    const at = async (updated_at: string) => {
      const { status, body } = await put("cart_zones", { currency_code: "eur", total: 1, updated_at })
      return status === 200 ? body.cart.updated_at : status
    }
    expect(await at("2026-11-22T10:00:00+23:59")).toBe("2026-11-21T10:01:00.000Z")
    expect([await at("2026-02-30T00:00:00Z"), await at("0000-01-01T00:00:00Z")]).toEqual([400, 400])
  })

  it("ends at the newest of states that arrive all at once", async () => {
    const times = Array.from({ length: 20 }, (_, i) => i)
    const put20 = times.map((second) =>
      put("cart_race", {
        currency_code: "eur",
        total: second,
        updated_at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
      }),
    )
    await Promise.all(put20.sort(() => Math.random() - 0.5))
    expect((await get("cart_race")).body.cart.total).toBe(19)
  })

  it.each<[object, string]>([
    [{}, "Invalid request: Field 'currency_code' is required; Field 'total' is required"],
    [{ currency_code: "eur" }, "Invalid request: Field 'total' is required"],
    [{ currency_code: "eur", total: "5" }, "Invalid request: Expected type: 'number' for field 'total', got: '5'"],
    [{ currency_code: "eur", total: -1 }, "Invalid request: Value for field 'total' too small, expected at least: '0'"],
    [
      { currency_code: "euro", total: 1 },
      "Unknown currency 'euro' for field 'currency_code'. Send an ISO 4217 code, such as 'eur'.",
    ],
    [{ currency_code: "eur", total: 1e15 }, "Value for field 'total' too large, expected at most: '9999999999999.99'"],
    [
      { currency_code: "eur", total: 1, completed_at: "yesterday" },
      "Invalid request: Expected type: 'date' for field 'completed_at', got: 'yesterday'",
    ],
    [
      { currency_code: "eur", total: 1, updated_at: "2026-01-01" },
      "Invalid request: Expected type: 'date' for field 'updated_at', got: '2026-01-01'",
    ],
    [
      { currency_code: "eur", total: 1, order_id: "" },
      "Invalid request: order_id must be longer than or equal to 1 characters",
    ],
    [{ currency_code: "eur", total: 1, items: [] }, "Invalid request: Unrecognized fields: 'items'"],
    [
      { currency_code: "eur", total: 1, email: "a\u0000" },
      "Invalid request: Value for field 'email' contains a character that cannot be stored",
    ],
  ])("refuses %j", async (body, message) => {
    expect(await put("cart_bad", body)).toMatchObject({ status: 400, body: { type: "invalid_data", message } })
    expect((await get("cart_bad")).status).toBe(404)
  })

  it("does not know a cart that nobody told of", async () => {
    expect(await get("cart_nope")).toMatchObject({
      status: 404,
      body: {
        type: "not_found",
        message: "Cart id not found: cart_nope",
        details: [{ field: "id", message: expect.stringContaining("PUT /admin/carts/:id") }],
      },
    })
  })

  it("answers carts of every kind of id", async () => {
    const id = await putCart(service, { id: encodeURIComponent("ünï/codé ☃") })
    expect((await get(id)).body.cart.id).toBe("ünï/codé ☃")
  })
})
