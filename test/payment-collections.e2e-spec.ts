import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { newCollection, newPaidCollection, newPayment, putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const create = (cartId: unknown, query = "") =>
  service.store("POST", `/store/payment-collections${query}`, { cart_id: cartId })

describe("POST /store/payment-collections", () => {
  it("answers every documented scalar and relation of a fresh collection", async () => {
    const answer = await create(await putCart(service, { total: 49.9 }))
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      payment_collection: {
        id: expect.stringMatching(/^pay_col_[0-9A-Z]{26}$/),
        currency_code: "eur",
        amount: 49.9,
        status: "not_paid",
        authorized_amount: 0,
        captured_amount: 0,
        refunded_amount: 0,
        outstanding_amount: 49.9,
        completed_at: null,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: expect.any(String),
        metadata: null,
        payment_providers: [{ id: "pp_system_default" }],
        payment_sessions: [],
        payments: [],
      },
    })
  })

  it("answers sessions, payments, captures, refunds and reasons of a paid one, and counts only what succeeded", async () => {
    const paid = await newPaidCollection(service)
    const { payment_collection } = (await create(paid.cartId)).body
    const captures = [
      expect.objectContaining({ amount: 4, status: "succeeded" }),
      expect.objectContaining({ amount: 3, status: "succeeded" }),
      expect.objectContaining({ amount: 0.5, status: "pending" }),
    ]
    const refund_reason = expect.objectContaining({ code: "late" })
    const refunds = [expect.objectContaining({ amount: 2, status: "succeeded", note: null, refund_reason })]
    const payment = expect.objectContaining({ id: paid.paymentId, amount: 10, captured_amount: 7, captures, refunds })
    expect(payment_collection).toMatchObject({
      id: paid.id,
      status: "authorized",
      captured_amount: 7,
      refunded_amount: 2,
    })
    expect(payment_collection.payment_sessions).toEqual([
      expect.objectContaining({ id: paid.sessionId, raw_amount: { value: "10", precision: 20 }, payment }),
    ])
    expect(payment_collection.payments).toEqual([payment])
  })

  it("shows a guest the customer's id and public data, and nothing private (D8)", async () => {
    const paid = await newPaidCollection(service)
    const answer = await create(paid.cartId)
    expect(answer.body.payment_collection.payment_sessions[0].context).toEqual({ customer: { id: "cus_1" } })
    expect(answer.body.payment_collection.payment_sessions[0].data).toEqual({ shown: "yes" })
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|private/)
  })
})

describe("the one collection of a cart", () => {
  it("is the same at every repeat, and takes over currency and total while nothing is authorized (D4)", async () => {
    const cartId = await putCart(service, { total: 20 })
    const first = (await create(cartId)).body.payment_collection
    expect((await create(cartId)).body.payment_collection).toEqual(first)

    await putCart(service, { id: cartId, total: 500, currency_code: "JPY" })
    const refreshed = (await create(cartId)).body.payment_collection
    expect(refreshed).toMatchObject({ id: first.id, amount: 500, currency_code: "jpy", created_at: first.created_at })
  })

  it("keeps its amount once anything is authorized", async () => {
    const paid = await newPaidCollection(service)
    await putCart(service, { id: paid.cartId, total: 99 })
    expect((await create(paid.cartId)).body.payment_collection).toMatchObject({ id: paid.id, amount: 10 })
  })

  it("is answered for a completed cart that has one; without one the cart is refused", async () => {
    const cartId = await putCart(service)
    const { id } = (await create(cartId)).body.payment_collection
    await putCart(service, { id: cartId, total: 99, completed_at: "2026-01-01T00:00:00Z" })
    expect((await create(cartId)).body.payment_collection).toMatchObject({ id, amount: 99 })

    const late = await putCart(service, { completed_at: "2026-01-01T00:00:00Z" })
    expect(await create(late)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Cart ${late} is already completed.` },
    })
  })

  it("gives way to a new one when it is canceled or deleted (D16)", async () => {
    const cartId = await putCart(service)
    const canceled = (await create(cartId)).body.payment_collection.id
    await service.dataSource.query("UPDATE payment_collection SET status = 'canceled' WHERE id = $1", [canceled])
    const next = (await create(cartId)).body.payment_collection.id
    expect(next).not.toBe(canceled)
    expect(await admin.deleteCollection(next)).toMatchObject({ status: 200 })
    expect((await create(cartId)).body.payment_collection.id).not.toBe(next)
  })

  it.each([
    ["eur", 10.1, 10.1],
    ["eur", 0.07, 0.07],
    ["eur", 12345678901.23, 12345678901.23],
    ["jpy", 500, 500],
    ["kwd", 1.234, 1.234],
    ["eur", 0, 0],
    ["eur", 10.005, 10.01],
    ["jpy", 99.5, 100],
  ])("in %s for a total of %p amounts to %p, exactly (D13)", async (currency_code, total, amount) => {
    const cartId = await putCart(service, { currency_code, total })
    expect((await create(cartId)).body.payment_collection).toMatchObject({ currency_code, amount })
  })

  it("offers the providers of its region, without a region those that move money, none of an unknown region (D7)", async () => {
    const providers = async (region_id: string | null) =>
      (await create(await putCart(service, { region_id }))).body.payment_collection.payment_providers
    expect(await providers("reg_test")).toEqual([{ id: "pp_system_default" }])
    expect(await providers(null)).toEqual([])
    expect(await providers("reg_never_configured")).toEqual([])
  })
})

describe("the body of a create", () => {
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await service.store("POST", "/store/payment-collections", body, { headers })
    return [answer.status, answer.body.type, answer.body.message]
  }
  const JSON_TYPE = { "content-type": "application/json" }
  const REQUIRED = [400, "invalid_data", "Invalid request: Field 'cart_id' is required"]

  it.each<[string, unknown, Record<string, string>]>([
    ["is an empty object", {}, {}],
    ["is missing", undefined, {}],
    ["is missing under a JSON content type, as the js-sdk sends it", undefined, JSON_TYPE],
    ["is empty under a JSON content type", "", JSON_TYPE],
  ])("wants cart_id when it %s", async (_, body, headers) => {
    expect(await post(body, headers)).toEqual(REQUIRED)
  })

  it.each<[unknown, string]>([
    [{ cart_id: null }, "Expected type: 'string' for field 'cart_id', got: 'null'"],
    [{ cart_id: 7 }, "Expected type: 'string' for field 'cart_id', got: '7'"],
    [{ cart_id: ["a", "b"] }, "Expected type: 'string' for field 'cart_id', got: 'a,b'"],
    [{ cart_id: { a: 1 } }, "Expected type: 'string' for field 'cart_id', got: 'record'"],
    [{ cart_id: "x", metadata: {} }, "Unrecognized fields: 'metadata'"],
    [{ cart_id: "x", a: 1, b: 2 }, "Unrecognized fields: 'a, b'"],
    [{ a: 1 }, "Field 'cart_id' is required; Unrecognized fields: 'a'"],
    [{ cart_id: "a\u0000b" }, "Value for field 'cart_id' contains a character that cannot be stored"],
    [{ cart_id: "\ud800" }, "Value for field 'cart_id' contains a character that cannot be stored"],
  ])("%j is refused in Medusa's words", async (body, message) => {
    expect(await post(body)).toEqual([400, "invalid_data", `Invalid request: ${message}`])
  })

  it.each(['{"cart_id": ', "{", '{"cart_id":"x",}', "[]", '[{"cart_id":"x"}]', '"x"', "null", "7", "true", "\u0000"])(
    "%j is no JSON object",
    async (raw) => {
      expect((await post(raw, JSON_TYPE)).slice(0, 2)).toEqual([400, "invalid_data"])
    },
  )

  it("is refused when it is nested without end", async () => {
    for (const depth of [60, 2_000, 40_000]) {
      const raw = `{"cart_id":${"[".repeat(depth)}${"]".repeat(depth)}}`
      expect(await post(raw, JSON_TYPE)).toEqual([
        400,
        "invalid_data",
        "Invalid request: Value for field 'cart_id' is nested deeper than 50 levels",
      ])
    }
  })

  it("does not reach into prototypes", async () => {
    expect((await post('{"__proto__": {"cart_id": "x"}}', JSON_TYPE)).slice(0, 2)).toEqual([400, "invalid_data"])
    expect(await post('{"cart_id": "x", "constructor": {"prototype": {"polluted": 1}}}', JSON_TYPE)).toEqual([
      400,
      "invalid_data",
      "Invalid request: Unrecognized fields: 'constructor'",
    ])
    expect({}).not.toHaveProperty("polluted")
  })

  it.each([
    ["text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
    ["application/json; charset=iso-8859-1", 415],
    ["application/json; charset=utf-8", 404],
    ["application/json;charset=UTF-8", 404],
  ])("as %s is answered with %p (D20)", async (type, status) => {
    const [got, kind] = await post('{"cart_id":"cart_unknown"}', { "content-type": type })
    expect([got, kind]).toEqual([status, status === 415 ? "invalid_data" : "not_found"])
  })

  it("is refused above 100 kB (D20)", async () => {
    expect((await post({ cart_id: "x".repeat(101 * 1024) })).slice(0, 2)).toEqual([413, "invalid_data"])
    expect((await post({ cart_id: "x".repeat(90 * 1024) }))[0]).toBe(404)
  })
})

describe("GET /store/payment-collections/:id", () => {
  it("answers what create answered, and selects alike", async () => {
    const created = (await create(await putCart(service))).body
    const path = `/store/payment-collections/${created.payment_collection.id}`
    expect(await service.store("GET", path)).toMatchObject({ status: 200, body: created })
    expect((await service.store("GET", `${path}?fields=amount`)).body.payment_collection).toEqual({
      id: created.payment_collection.id,
      amount: 10,
    })
  })

  it("does not know an unknown or a deleted one", async () => {
    const { id } = (await create(await putCart(service))).body.payment_collection
    await admin.deleteCollection(id)
    for (const unknown of ["pay_col_nope", id, "%00", "a%2Fb"]) {
      const answer = await store.getCollection(unknown)
      expect([400, 404]).toContain(answer.status)
      expect(answer.body).toMatchObject({
        type: expect.stringMatching(/not_found|invalid_data/),
        message: expect.any(String),
      })
    }
  })
})

describe("a key that is confined to sales channels", () => {
  it("sees carts and collections of its channels or of none, on every store route", async () => {
    const { api_key } = (await admin.createApiKey({ title: "Europe", type: "publishable" })).body
    await service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, { add: ["sc_europe"] })
    const carts = await Promise.all(
      [null, "sc_europe", "sc_asia"].map((sales_channel_id) => putCart(service, { sales_channel_id })),
    )
    const statuses = []
    for (const cartId of carts) {
      const confined = { key: api_key.token }
      const created = await store.createCollection(cartId, confined)
      const { id } = (await create(cartId)).body.payment_collection
      const repeated = await store.createCollection(cartId, confined)
      const read = await service.store("GET", `/store/payment-collections/${id}`, undefined, confined)
      statuses.push([created.status, repeated.status, read.status])
    }
    expect(statuses).toEqual([
      [200, 200, 200],
      [200, 200, 200],
      [404, 404, 404],
    ])
  })
})

describe("a cart that moves to another sales channel", () => {
  it("is seen by the keys of the channel it is in now, also when its collection follows it no more", async () => {
    const keyOf = async (channel: string) => {
      const { api_key } = (await admin.createApiKey({ title: channel, type: "publishable" })).body
      await service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, { add: [channel] })
      return api_key.token as string
    }
    const [before, after] = [await keyOf("sc_before"), await keyOf("sc_after")]
    const cartId = await putCart(service, { sales_channel_id: "sc_before" })
    const { id } = (await create(cartId)).body.payment_collection
    await service.dataSource.query("UPDATE payment_collection SET status = 'authorized' WHERE id = $1", [id])
    await putCart(service, { id: cartId, sales_channel_id: "sc_after" })
    const read = async (key: string) =>
      (await service.store("GET", `/store/payment-collections/${id}`, undefined, { key })).status
    expect([await read(before), await read(after)]).toEqual([404, 200])
  })
})

describe("/admin/payment-collections", () => {
  it("makes a collection for an order, in the order's currency once it has one here (D22)", async () => {
    const make = (body: object) => admin.createCollection(body)
    expect(await make({ order_id: "order_1", amount: 12.34 })).toMatchObject({
      status: 400,
      body: {
        type: "invalid_data",
        message:
          "Invalid request: Field 'currency_code' is required: order order_1 has no payment collection here whose " +
          "currency could be used. Send it with the request, or set DEFAULT_CURRENCY for this service.",
      },
    })
    expect((await make({ order_id: "order_1", amount: 12.34, currency_code: "eur" })).body).toEqual({
      payment_collection: {
        id: expect.stringMatching(/^pay_col_/),
        currency_code: "eur",
        amount: 12.34,
        status: "not_paid",
        authorized_amount: 0,
        captured_amount: 0,
        refunded_amount: 0,
        outstanding_amount: 12.34,
        payment_sessions: [],
        payments: [],
      },
    })
    expect((await make({ order_id: "order_1", amount: 0 })).body.payment_collection).toMatchObject({
      currency_code: "eur",
      amount: 0,
    })
  })

  it.each<[object, string]>([
    [{}, "Invalid request: Field 'order_id' is required; Field 'amount' is required"],
    [
      { order_id: "o", amount: "5", currency_code: "eur" },
      "Invalid request: Expected type: 'number' for field 'amount', got: '5'",
    ],
    [
      { order_id: "o", amount: -5, currency_code: "eur" },
      "Invalid request: Value for field 'amount' too small, expected at least: '0'",
    ],
    [{ order_id: "o", amount: 5, currency_code: "eur", x: 1 }, "Invalid request: Unrecognized fields: 'x'"],
    [
      { order_id: "o", amount: 10.005, currency_code: "eur" },
      "Value for field 'amount' has more decimals than eur allows (2), got: '10.005'",
    ],
    [
      { order_id: "o", amount: 5, currency_code: "zzz" },
      "Unknown currency 'zzz' for field 'currency_code'. Send an ISO 4217 code, such as 'eur'.",
    ],
  ])("refuses %j", async (body, message) => {
    expect(await admin.createCollection(body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message },
    })
  })

  it("deletes only what is not paid, once", async () => {
    const { id } = (await create(await putCart(service))).body.payment_collection
    const remove = (which: string) => admin.deleteCollection(which)
    expect((await remove(id)).body).toEqual({ id, object: "payment-collection", deleted: true })
    expect(await remove(id)).toMatchObject({
      status: 404,
      body: { type: "not_found", message: expect.stringContaining(id) },
    })
    const paid = await newPaidCollection(service)
    expect(await remove(paid.id)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
  })

  it("lists by filter, page and order", async () => {
    const ids: string[] = []
    for (const amount of [30, 10, 20]) {
      const body = { order_id: "order_list", amount, currency_code: "eur" }
      ids.push((await admin.createCollection(body)).body.payment_collection.id)
    }
    const list = async (query: string) => {
      const { status, body } = await service.admin("GET", `/admin/payment-collections?order_id=order_list${query}`)
      if (status !== 200) return [status, body.message]
      const found: number[] = body.payment_collections.map(({ id }: { id: string }) => ids.indexOf(id))
      // By id, that is by millisecond, unless asked otherwise; what was made in the same one is in any order.
      return [query.includes("order=") ? found : found.sort(), body.count]
    }
    expect(await list("")).toEqual([[0, 1, 2], 3])
    expect(await list("&order=-amount")).toEqual([[0, 2, 1], 3])
    expect(await list("&order=amount&limit=1&offset=1")).toEqual([[2], 3])
    expect(await list("&limit=0")).toEqual([[], 3])
    expect(await list(`&id[]=${ids[0]},${ids[2]}`)).toEqual([[0, 2], 2])
    expect(await list(`&id[$ne]=${ids[0]}`)).toEqual([[1, 2], 2])
    expect(await list(`&$or[0][id]=${ids[0]}&$or[1][id]=${ids[1]}`)).toEqual([[0, 1], 2])
    expect(await list("&status=not_paid&created_at[$gte]=2020-01-01&created_at.$lt=2099-01-01")).toEqual([[0, 1, 2], 3])
    expect(await list("&created_at[$foo]=1")).toEqual([[0, 1, 2], 3])
    expect(await list("&order=nope")).toEqual([400, "Order field nope is not valid"])
    expect(await list("&limit=-1")).toEqual([
      400,
      "Invalid request: Value for field 'limit' too small, expected at least: '0'",
    ])
    expect(await list("&limit=abc")).toEqual([
      400,
      "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'",
    ])
    expect(await list("&created_at[$gte]=never")).toEqual([
      400,
      "Invalid request: Expected type: 'date' for field 'created_at', got: 'never'",
    ])
    expect(await list("&status=nope")).toEqual([400, expect.stringContaining("Expected: 'not_paid, awaiting")])
    expect(await list("&nope=1")).toEqual([400, "Invalid request: Unrecognized fields: 'nope'"])
    expect(await list("&id[$re]=[")).toEqual([400, expect.stringContaining("Invalid request")])
    expect(await list("&id[]=%00")).toEqual([400, expect.stringContaining("cannot be stored")])
    expect(await list("&created_at=2026-11")).toEqual([400, expect.stringContaining("'created_at', got: '2026-11'")])
    expect(await list("&created_at[$gt]=2020-01-01T00:00:00%2B23:59")).toEqual([[0, 1, 2], 3])
    expect(await list("&id[$like]=pay%25\\")).toEqual([400, expect.stringContaining("Invalid request")])
    expect(await list("&$or=x")).toEqual([400, expect.any(String)])
    expect(await list("&$or[0][created_at][$gt]=x")).toEqual([400, expect.any(String)])
  })
})

describe("/admin/payments", () => {
  it("lists and gets with Medusa's defaults, and any field on request", async () => {
    const paid = await newPaidCollection(service)
    const path = `/admin/payments/${paid.paymentId}`
    const payment = {
      id: paid.paymentId,
      currency_code: "eur",
      amount: 10,
      captured_at: null,
      payment_collection_id: paid.id,
      payment_session_id: paid.sessionId,
      captures: [
        { id: expect.any(String), amount: 4, status: "succeeded" },
        { id: expect.any(String), amount: 3, status: "succeeded" },
        { id: expect.any(String), amount: 0.5, status: "pending" },
      ],
      refunds: [
        {
          id: expect.any(String),
          amount: 2,
          status: "succeeded",
          note: "sorry",
          payment_id: paid.paymentId,
          refund_reason_id: "refr_test",
          refund_reason: { id: "refr_test", label: "Late", code: "late" },
        },
      ],
    }
    expect((await service.admin("GET", path)).body).toEqual({ payment })
    expect((await service.admin("GET", `/admin/payments?payment_session_id=${paid.sessionId}`)).body).toEqual({
      payments: [payment],
      count: 1,
      offset: 0,
      limit: 20,
    })
    expect(
      (await service.admin("GET", `${path}?fields=%2Bprovider_id,-captures,*payment_collection`)).body.payment,
    ).toMatchObject({
      provider_id: "pp_system_default",
      payment_collection: { id: paid.id, captured_amount: 7 },
    })
  })

  it("does not know an unknown one (D10)", async () => {
    expect(await service.admin("GET", "/admin/payments/pay_unknown")).toMatchObject({
      status: 404,
      body: { type: "not_found", message: "Payment with id: pay_unknown was not found" },
    })
  })
})

describe("the order of a cart's collection", () => {
  const order = async (id: string) =>
    (await admin.getCollection(id, "?fields=order_id")).body.payment_collection.order_id
  const mark = (id: string, order_id: string) => admin.markAsPaid(id, { order_id })
  const eventsOf = async (id: string) =>
    service.dataSource.query<{ name: string; order_id: string | null }[]>(
      "SELECT name, data->>'order_id' AS order_id FROM outbox_event WHERE aggregate_id = $1 ORDER BY sequence",
      [id],
    )

  it("is the cart's, when the collection is made after the order", async () => {
    const cartId = await putCart(service, { order_id: "order_first" })
    const { id } = (await create(cartId)).body.payment_collection
    expect(await order(id)).toBe("order_first")
    expect(await eventsOf(id)).toEqual([{ name: "payment_collection.created", order_id: "order_first" }])
  })

  it("is the cart's as soon as that has one, whatever is paid by then, and stays when the cart leaves it out", async () => {
    const { cartId, id, paymentId } = await newPayment(service)
    await admin.capture(paymentId)
    await putCart(service, { id: cartId, order_id: "order_later", completed_at: "2026-01-01T00:00:00Z" })
    expect(await order(id)).toBe("order_later")
    expect((await eventsOf(id)).at(-1)).toEqual({ name: "payment_collection.updated", order_id: "order_later" })
    const { length } = await eventsOf(id)
    await putCart(service, { id: cartId, order_id: "order_later", completed_at: "2026-01-01T00:00:00Z" })
    await putCart(service, { id: cartId })
    expect([await order(id), (await eventsOf(id)).length]).toEqual(["order_later", length])
    await putCart(service, { id: cartId, order_id: "order_corrected" })
    expect(await order(id)).toBe("order_corrected")
  })

  it("is found by a create, when the process died after the cart was written", async () => {
    const { cartId, id } = await newPaidCollection(service)
    await service.dataSource.query("UPDATE cart SET order_id = 'order_found' WHERE id = $1", [cartId])
    expect((await create(cartId)).status).toBe(200)
    expect(await order(id)).toBe("order_found")
  })

  it("goes along when a create brings an unpaid collection up to date", async () => {
    const { cartId, id } = await newCollection(service)
    await service.dataSource.query("UPDATE cart SET order_id = 'order_found', total = 2000 WHERE id = $1", [cartId])
    expect((await create(cartId)).body.payment_collection).toMatchObject({ id, amount: 20 })
    expect(await order(id)).toBe("order_found")
  })

  it("is what mark-as-paid names, when the collection has none or the same", async () => {
    const { id } = await newCollection(service)
    expect((await mark(id, "order_marked")).status).toBe(200)
    expect(await order(id)).toBe("order_marked")
    expect((await eventsOf(id)).at(-1)).toEqual({ name: "payment_collection.completed", order_id: "order_marked" })
    const named = await newCollection(service, { order_id: "order_named" })
    expect((await mark(named.id, "order_named")).status).toBe(200)
  })

  it("stays when mark-as-paid names another one, which Medusa does not look at", async () => {
    const { id } = await newCollection(service, { order_id: "order_named" })
    expect((await mark(id, "order_other")).status).toBe(200)
    expect(await order(id)).toBe("order_named")
  })
})
