import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { apiOf, SYSTEM_PROVIDER, collectionIn } from "./support/api.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { REGION, TestService } from "./support/service.js"

let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start()
  await service.admin("POST", "/admin/regions/reg_without", { payment_providers: [] })
})
afterAll(() => service.close())

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const sessionsOf = (id: string) => `payment-collections/${id}/payment-sessions`
const sql = (statement: string, parameters: unknown[]) => service.dataSource.query(statement, parameters)
const operationsOf = async (id: string, kind: string) =>
  (await service.admin("GET", `/admin/operations?payment_collection_id=${id}&kind=${kind}`)).body.count
/** The session that is opened now, beside those that are payments already. */
const openRest = async (id: string) =>
  collectionIn(await store.openSession(id)).payment_sessions.find(
    ({ status }: { status: string }) => status === "pending",
  )

describe("opening a session", () => {
  it("answers every documented name of collection and session to a storefront (D1)", async () => {
    const { id } = await newCollection(service, { total: 49.9, customer_id: "cus_1" })
    const answer = await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data: { note: "ring twice" } })
    expect(collectionIn(answer)).toEqual({
      id,
      currency_code: "eur",
      amount: 49.9,
      status: "not_paid",
      authorized_amount: 0,
      captured_amount: 0,
      refunded_amount: 0,
      outstanding_amount: 49.9,
      completed_at: null,
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
      metadata: null,
      payment_providers: [{ id: SYSTEM_PROVIDER }],
      payment_sessions: [
        {
          id: expect.stringMatching(/^payses_[0-9A-Z]{26}$/),
          amount: 49.9,
          raw_amount: { value: "49.9", precision: 20 },
          currency_code: "eur",
          provider_id: SYSTEM_PROVIDER,
          data: { note: "ring twice" },
          context: { customer: { id: "cus_1" } },
          status: "pending",
          authorized_at: null,
          payment_collection_id: id,
          metadata: {},
          created_at: expect.stringMatching(TIME),
          updated_at: expect.stringMatching(TIME),
          deleted_at: null,
          payment: null,
        },
      ],
      payments: [],
    })
    expect(await store.readCollection(id)).toEqual(collectionIn(answer))
  })

  it("answers Medusa's names to an operator, with all that is known of who pays (D8)", async () => {
    const { id } = await newCollection(service, { customer_id: "cus_1", email: "a@example.com" })
    const collection = collectionIn(await admin.openSession(id))
    expect(collection).toEqual({
      id,
      currency_code: "eur",
      amount: 10,
      status: "not_paid",
      authorized_amount: 0,
      captured_amount: 0,
      refunded_amount: 0,
      outstanding_amount: 10,
      payment_sessions: [expect.objectContaining({ data: {}, status: "pending", payment: null })],
      payments: [],
    })
    expect(collection.payment_sessions[0].context).toEqual({ customer: { id: "cus_1", email: "a@example.com" } })
    const seen = JSON.stringify(await store.readCollection(id))
    expect([seen.includes("cus_1"), seen.includes("a@example.com")]).toEqual([true, false])
  })

  it("shows nothing of a guest in a storefront, by whatever fields (D8)", async () => {
    const { id } = await newSession(service, { email: "guest@example.com" })
    for (const fields of ["", "*payment_sessions", "payment_sessions.context", "payment_sessions.*"]) {
      const answer = await store.getCollection(id, `?fields=${fields}`)
      expect(collectionIn(answer).payment_sessions[0].context).toEqual({})
    }
  })

  it.each<[string, object]>([
    ["an empty object", {}],
    ["null, lists and numbers", { a: null, b: [1, [2, { c: 3.5 }]], d: -1e-7, e: false, f: "", g: 12345678901.23 }],
    [
      "text of any script",
      { "\u00fc \u2603": "\u{1f6d2}", quote: `"'\\`, lines: "a\nb\tc", sql: "'; DROP TABLE payment; --" },
    ],
    ["names that a payment has, too", { id: "x", amount: 1, status: "authorized", session_id: "payses_x", data: {} }],
  ])("takes any JSON object as data and echoes it: %s", async (_, data) => {
    const { id } = await newCollection(service)
    const [session] = collectionIn(await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data })).payment_sessions
    expect([session.data, session.amount, session.status]).toEqual([data, 10, "pending"])
    expect((await store.readCollection(id)).payment_sessions[0].data).toEqual(data)
  })

  it("takes names that every object has as any others", async () => {
    const { id } = await newCollection(service)
    const data = {
      toString: "a",
      deep: { valueOf: 1, list: [{ hasOwnProperty: null, toLocaleString: {} }] },
      then: "b",
    }
    expect(
      collectionIn(await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data })).payment_sessions[0].data,
    ).toEqual(data)
  })

  it.each(["constructor", "prototype", "__proto__"])(
    "refuses %s in data by name, or echoes it; never without",
    async (name) => {
      const { id } = await newCollection(service)
      const options = { headers: { "content-type": "application/json" } }
      for (const data of [`{"${name}":"a"}`, `{"${name}":{"b":1}}`, `{"deep":[{"${name}":{"b":1}}],"c":2}`]) {
        const { status, body } = await store.openSession(
          id,
          `{"provider_id":"${SYSTEM_PROVIDER}","data":${data}}`,
          options,
        )
        const told: string =
          status === 200 ? JSON.stringify(body.payment_collection.payment_sessions[0].data) : body.message
        expect([200, 400]).toContain(status)
        expect(told).toContain(name)
      }
    },
  )

  it("again with the same data changes nothing, and asks the provider for nothing (D5)", async () => {
    const { id } = await newCollection(service)
    const request = { provider_id: SYSTEM_PROVIDER, data: { a: 1, b: { c: [2] } } }
    const first = collectionIn(await store.openSession(id, request))
    expect(
      collectionIn(await store.openSession(id, { data: { b: { c: [2] }, a: 1 }, provider_id: SYSTEM_PROVIDER })),
    ).toEqual(first)
    expect([await operationsOf(id, "initiate"), await operationsOf(id, "update")]).toEqual([1, 0])
  })

  it("again with other data changes the session in place: the id stays, the data are replaced (D5)", async () => {
    const { id } = await newCollection(service)
    const dataAfter = async (data?: object) => {
      const [session, ...others] = collectionIn(
        await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data }),
      ).payment_sessions
      expect(others).toEqual([])
      return [session.id, session.data, session.status]
    }
    const [sessionId] = await dataAfter({ a: 1, deep: { b: 2, c: 3 } })
    expect(await dataAfter({ deep: { b: 4 } })).toEqual([sessionId, { deep: { b: 4 } }, "pending"])
    expect(await dataAfter(undefined)).toEqual([sessionId, {}, "pending"])
    expect(await operationsOf(id, "update")).toBe(2)
  })

  it("by an operator changes the shopper's session, and the other way round", async () => {
    const { id, sessionId } = await newSession(service)
    const request = { provider_id: SYSTEM_PROVIDER, data: { by: "operator" } }
    expect(collectionIn(await admin.openSession(id, request)).payment_sessions).toMatchObject([
      { id: sessionId, data: request.data },
    ])
    expect(collectionIn(await store.openSession(id)).payment_sessions).toMatchObject([{ id: sessionId, data: {} }])
  })

  it("answers what `fields` selects, and does nothing when that is wrong", async () => {
    const { id } = await newCollection(service)
    const post = (fields: string) =>
      service.store("POST", `/store/${sessionsOf(id)}?fields=${fields}`, { provider_id: SYSTEM_PROVIDER })
    expect(await post("amount,nope")).toMatchObject({
      status: 400,
      body: { message: "Invalid request: Unknown names in 'fields': 'nope'" },
    })
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
    expect(collectionIn(await post("status,payment_sessions.provider_id"))).toEqual({
      id,
      status: "not_paid",
      payment_sessions: [{ id: expect.any(String), provider_id: SYSTEM_PROVIDER }],
    })
  })

  it("is for what is not authorized yet", async () => {
    const { cartId, id, paymentId } = await newPayment(service)
    await putCart(service, { id: cartId, total: 15.01 })
    const rest = await openRest(id)
    expect(rest).toMatchObject({ amount: 5.01, raw_amount: { value: "5.01" }, payment: null })
    const whole = collectionIn(await store.authorize(id, rest.id))
    expect(whole).toMatchObject({ amount: 15.01, authorized_amount: 15.01, status: "authorized" })
    expect(whole.payments.map(({ amount }: { amount: number }) => amount).sort()).toEqual([10, 5.01])

    await admin.cancel(paymentId)
    expect(await store.readCollection(id)).toMatchObject({ authorized_amount: 5.01, status: "partially_authorized" })
    const again = await openRest(id)
    expect(again.amount).toBe(10)
    expect(collectionIn(await store.authorize(id, again.id))).toMatchObject({
      authorized_amount: 15.01,
      status: "authorized",
    })
  })

  it("is for what is missing, where a part was captured and the rest given up", async () => {
    const { cartId, id, sessionId, paymentId } = await newPayment(service)
    await admin.capture(paymentId, 4.01)
    await admin.cancel(paymentId)
    const rest = await openRest(id)
    expect(rest.amount).toBe(5.99)
    // The session for what is missing follows the cart, and with it the amount.
    await putCart(service, { id: cartId, total: 99 })
    expect(await store.readCollection(id)).toMatchObject({
      status: "partially_captured",
      amount: 99,
      authorized_amount: 4.01,
    })
    await putCart(service, { id: cartId, total: 10 })
    expect(await store.readCollection(id)).toMatchObject({
      status: "partially_captured",
      amount: 10,
      authorized_amount: 4.01,
    })
    const whole = collectionIn(await store.authorize(id, rest.id))
    expect(whole).toMatchObject({ status: "authorized", authorized_amount: 10, captured_amount: 4.01 })
    expect(collectionIn(await store.authorize(id, sessionId))).toEqual(whole)
    const { id: second } = whole.payments.find(({ amount }: { amount: number }) => amount === 5.99)
    await admin.cancel(second)
    expect(await store.readCollection(id)).toMatchObject({ status: "partially_captured", authorized_amount: 4.01 })
    const last = await openRest(id)
    const { payments } = collectionIn(await store.authorize(id, last.id))
    const third = payments.find(({ canceled_at }: { canceled_at: string | null }) => canceled_at === null)
    await admin.capture(third.id)
    expect(await store.readCollection(id)).toMatchObject({
      status: "completed",
      authorized_amount: 10,
      captured_amount: 10,
    })
  })
})

describe("the provider of a session", () => {
  const refusal = (message: string) => ({ status: 400, body: { type: "invalid_data", message } })
  const notEnabled = (provider: string, wayOut: string, place = "") =>
    refusal(`Payment provider ${provider} is not enabled${place}. ${wayOut}`)
  const CHOOSE = "Choose one of the region's providers."
  const NAME =
    "The region has no enabled payment provider: the operator has to name its providers with POST /admin/regions/:id."
  const ENABLE =
    "None is enabled that could be used without a region: the operator has to enable one with POST /admin/payments/payment-providers/:id, or to report the cart's region with PUT /admin/carts/:id."
  const enable = (is_enabled: boolean) =>
    service.admin("POST", `/admin/payments/payment-providers/${SYSTEM_PROVIDER}`, { is_enabled })

  it.each([
    ["a region that offers none, which names the operator's way out", "reg_without", SYSTEM_PROVIDER, NAME],
    ["a region that was never configured, likewise", "reg_never_configured", SYSTEM_PROVIDER, NAME],
    ["any region, when nobody knows it", REGION, "pp_unknown_default", CHOOSE],
    ["any region, when it has no name", REGION, "", CHOOSE],
  ])("is refused in %s", async (_, region_id, provider_id, wayOut) => {
    const { id } = await newCollection(service, { region_id })
    for (const answer of [await store.openSession(id, { provider_id }), await admin.openSession(id, { provider_id })]) {
      expect(answer).toMatchObject(notEnabled(provider_id, wayOut, ` in the cart's region ${region_id}`))
    }
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
  })

  it("is any enabled one where there is no region", async () => {
    const { id } = await newCollection(service, { region_id: null })
    for (const collection of [id, await admin.newOrderCollection()]) {
      expect(await admin.openSession(collection, { provider_id: "pp_unknown_default" })).toMatchObject(
        notEnabled("pp_unknown_default", "Choose one that is enabled."),
      )
      expect(collectionIn(await admin.openSession(collection)).payment_sessions).toHaveLength(1)
    }
  })

  it("is refused everywhere while an operator has disabled it, changes in place included (D23)", async () => {
    const [opened, { id: plain }, { id: regionless }] = [
      await newSession(service),
      await newCollection(service),
      await newCollection(service, { region_id: null }),
    ]
    await enable(false)
    try {
      const inRegion = notEnabled(SYSTEM_PROVIDER, NAME, ` in the cart's region ${REGION}`)
      expect(await store.openSession(plain)).toMatchObject(inRegion)
      expect(await store.openSession(regionless)).toMatchObject(notEnabled(SYSTEM_PROVIDER, ENABLE))
      expect(
        await store.openSession(opened.id, { provider_id: SYSTEM_PROVIDER, data: { other: "data" } }),
      ).toMatchObject(inRegion)
    } finally {
      await enable(true)
    }
    expect(collectionIn(await store.openSession(plain)).payment_sessions).toHaveLength(1)
  })

  it("has to be offered when the session is authorized, else the session is voided; what is authorized stays so", async () => {
    const [moved, disabled, authorized] = [
      await newSession(service),
      await newSession(service),
      await newPayment(service),
    ]
    await putCart(service, { id: moved.cartId, region_id: "reg_without" })
    await putCart(service, { id: authorized.cartId, region_id: "reg_without" })
    const gone = ({ sessionId }: typeof moved) => ({
      status: 404,
      body: { message: `PaymentSession id not found: ${sessionId}` },
    })
    expect(await store.authorize(moved.id, moved.sessionId)).toMatchObject(gone(moved))
    await enable(false)
    try {
      const inRegion = notEnabled(SYSTEM_PROVIDER, NAME, ` in the cart's region ${REGION}`)
      expect(await store.authorize(disabled.id, disabled.sessionId)).toMatchObject(inRegion)
      expect(await store.authorize(disabled.id, disabled.sessionId)).toMatchObject(gone(disabled))
      expect((await store.authorize(authorized.id, authorized.sessionId)).status).toBe(200)
    } finally {
      await enable(true)
    }
    await putCart(service, { id: moved.cartId })
    for (const { id } of [moved, disabled]) {
      const [session] = collectionIn(await store.openSession(id)).payment_sessions
      expect(collectionIn(await store.authorize(id, session.id)).status).toBe("authorized")
    }
  })

  it("is that of the region in which the cart is now", async () => {
    const { cartId, id } = await newCollection(service)
    await putCart(service, { id: cartId, region_id: "reg_without" })
    expect(await store.openSession(id)).toMatchObject(
      notEnabled(SYSTEM_PROVIDER, NAME, " in the cart's region reg_without"),
    )
    await putCart(service, { id: cartId })
    expect((await store.openSession(id)).status).toBe(200)
  })

  it("is that of the cart's region, also when the collection has not followed yet", async () => {
    const { cartId, id } = await newCollection(service)
    await sql("UPDATE cart SET region_id = 'reg_without' WHERE id = $1", [cartId])
    expect(await store.openSession(id)).toMatchObject(
      notEnabled(SYSTEM_PROVIDER, NAME, " in the cart's region reg_without"),
    )
  })
})

describe("no session is opened", () => {
  it.each<[string, string, (paymentId: string) => Promise<unknown>]>([
    ["authorized", "The payment collection is authorized in full. Nothing is left to pay.", () => Promise.resolve()],
    [
      "authorized",
      "The payment collection is authorized in full. Nothing is left to pay.",
      (id) => admin.capture(id, 4),
    ],
    ["completed", "The payment collection is paid in full. Nothing is left to pay.", (id) => admin.capture(id)],
    [
      "completed",
      "The payment collection is paid in full. Nothing is left to pay.",
      async (id) => {
        await admin.capture(id)
        await admin.refund(id)
      },
    ],
    ["canceled", "The payment collection has been canceled. Create a new one for the cart.", (id) => admin.cancel(id)],
  ])("once the collection is %s, and nothing changes: %s (D6)", async (status, message, prepare) => {
    const { id, paymentId } = await newPayment(service)
    await prepare(paymentId)
    const before = await store.readCollection(id)
    expect(before.status).toBe(status)
    for (const answer of [
      await store.openSession(id),
      await admin.openSession(id),
      await store.openSession(id, { provider_id: "pp_unknown_default" }),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { type: "not_allowed", message } })
    }
    expect(await store.readCollection(id)).toEqual(before)
  })

  it("for a collection that is unknown or deleted (D6)", async () => {
    const { id } = await newSession(service)
    await admin.deleteCollection(id)
    for (const unknown of ["pay_col_unknown", id]) {
      const refusal = {
        status: 404,
        body: { type: "not_found", message: `PaymentCollection id not found: ${unknown}` },
      }
      expect(await store.openSession(unknown)).toMatchObject(refusal)
      expect(await admin.openSession(unknown)).toMatchObject(refusal)
    }
  })

  it("nor authorized by a key that is confined to other sales channels, or by none", async () => {
    const { api_key } = (await admin.createApiKey({ title: "Europe", type: "publishable" })).body
    await service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, { add: ["sc_europe"] })
    const confined = { key: api_key.token as string }
    const statuses = []
    for (const sales_channel_id of [null, "sc_europe", "sc_asia"]) {
      const { id, sessionId } = await newSession(service, { sales_channel_id })
      const before = await store.readCollection(id)
      const opened = await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data: { by: "Europe" } }, confined)
      const authorized = await store.authorize(id, sessionId, undefined, confined)
      statuses.push([opened.status, authorized.status])
      if (sales_channel_id !== "sc_asia") continue
      for (const { body } of [opened, authorized]) {
        expect(body).toMatchObject({ type: "not_found", message: `PaymentCollection id not found: ${id}` })
      }
      expect(await store.readCollection(id)).toEqual(before)
      expect(await store.openSession(id, undefined, { key: null })).toMatchObject({
        status: 400,
        body: { type: "not_allowed" },
      })
      expect(await store.authorize(id, sessionId, undefined, { key: null })).toMatchObject({
        status: 400,
        body: { type: "not_allowed" },
      })
    }
    expect(statuses).toEqual([
      [200, 200],
      [200, 200],
      [404, 404],
    ])
  })
})

describe("a cart change", () => {
  it("takes amount and currency of collection and open session along, and the session stays the same one", async () => {
    const { cartId, id, sessionId } = await newSession(
      service,
      {},
      { provider_id: SYSTEM_PROVIDER, data: { kept: "yes" } },
    )
    for (const [currency_code, total, value] of [
      ["eur", 20.5, "20.5"],
      ["JPY", 500, "500"],
      ["kwd", 1.234, "1.234"],
      ["eur", 0, "0"],
      ["eur", 10.005, "10.01"],
    ] as const) {
      await putCart(service, { id: cartId, currency_code, total })
      const figures = { amount: Number(value), currency_code: currency_code.toLowerCase() }
      expect(await store.readCollection(id)).toMatchObject({
        ...figures,
        status: "not_paid",
        payment_sessions: [
          { ...figures, id: sessionId, raw_amount: { value, precision: 20 }, status: "pending", data: { kept: "yes" } },
        ],
      })
    }
    expect((await store.readCollection(id)).payment_sessions).toHaveLength(1)
  })

  it("that leaves the figures alone leaves the session alone, and an older one changes nothing", async () => {
    const { cartId, id } = await newSession(service)
    const before = await store.readCollection(id)
    await putCart(service, { id: cartId, email: "other@example.com" })
    await putCart(service, { id: cartId, total: 99, updated_at: "2020-01-01T00:00:00Z" })
    expect((await store.readCollection(id)).payment_sessions).toEqual(before.payment_sessions)
    expect(await operationsOf(id, "update")).toBe(0)
  })

  it("that nobody followed is made up for by the next create or session", async () => {
    for (const next of [
      (cartId: string) => store.createCollection(cartId),
      (_: string, id: string) => store.openSession(id),
    ]) {
      const { cartId, id, sessionId } = await newSession(service)
      await sql("UPDATE cart SET total = 2550 WHERE id = $1", [cartId])
      expect(collectionIn(await next(cartId, id))).toMatchObject({
        amount: 25.5,
        payment_sessions: [{ id: sessionId, amount: 25.5 }],
      })
    }
  })

  it.each<[string, (paymentId: string) => Promise<unknown>]>([
    ["authorized", () => Promise.resolve()],
    ["captured in part", (id) => admin.capture(id, 4)],
    ["captured in full", (id) => admin.capture(id)],
    ["canceled", (id) => admin.cancel(id)],
  ])("changes nothing of a collection that is %s", async (_, prepare) => {
    const { cartId, id, sessionId, paymentId } = await newPayment(service)
    await prepare(paymentId)
    const before = await store.readCollection(id)
    await putCart(service, { id: cartId, total: 99, currency_code: "jpy" })
    expect(await store.readCollection(id)).toEqual(before)
    if (before.status !== "canceled") expect(collectionIn(await store.authorize(id, sessionId))).toEqual(before)
  })

  it("that completes the cart is followed too; operators open a session wherever the cart was", async () => {
    const { cartId, id, sessionId } = await newSession(service)
    const completed = { total: 99, region_id: "reg_without", completed_at: "2026-01-01T00:00:00Z" }
    await putCart(service, { id: cartId, ...completed })
    expect(await store.readCollection(id)).toMatchObject({
      amount: 99,
      payment_sessions: [{ id: sessionId, amount: 99 }],
    })
    const request = { provider_id: SYSTEM_PROVIDER, data: { late: true } }
    const opened = collectionIn(await admin.openSession(id, request))
    expect(opened.payment_sessions).toMatchObject([{ id: sessionId, amount: 99, data: { late: true } }])
    expect((await store.authorize(id, sessionId)).status).toBe(400)
    await putCart(service, { ...completed, id: cartId, region_id: REGION })
    expect(collectionIn(await store.authorize(id, sessionId))).toMatchObject({
      status: "authorized",
      authorized_amount: 99,
    })
  })

  it("that tells who the shopper is reaches the session with its next change", async () => {
    const { cartId, id } = await newSession(service)
    await putCart(service, { id: cartId, total: 20, customer_id: "cus_late" })
    expect((await store.readCollection(id)).payment_sessions[0].context).toEqual({ customer: { id: "cus_late" } })
  })
})

describe("authorizing a session", () => {
  it("makes it a payment, and answers both in full", async () => {
    const { id, sessionId } = await newSession(
      service,
      { total: 49.9, customer_id: "cus_1" },
      { provider_id: SYSTEM_PROVIDER, data: { note: "x" } },
    )
    const collection = collectionIn(await store.authorize(id, sessionId))
    const payment = {
      id: expect.stringMatching(/^pay_[0-9A-Z]{26}$/),
      amount: 49.9,
      currency_code: "eur",
      provider_id: SYSTEM_PROVIDER,
      authorized_amount: 49.9,
      captured_amount: 0,
      refunded_amount: 0,
      data: { note: "x" },
      metadata: null,
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
      captured_at: null,
      canceled_at: null,
      capture_before: null,
      payment_collection_id: id,
      payment_session_id: sessionId,
      captures: [],
      refunds: [],
    }
    expect(collection).toMatchObject({
      status: "authorized",
      amount: 49.9,
      authorized_amount: 49.9,
      captured_amount: 0,
      completed_at: null,
    })
    expect(collection.payments).toEqual([payment])
    expect(collection.payment_sessions).toEqual([
      expect.objectContaining({
        id: sessionId,
        status: "authorized",
        authorized_at: expect.stringMatching(TIME),
        context: { customer: { id: "cus_1" } },
        payment,
      }),
    ])
    expect(collection.payments[0]).toEqual(collection.payment_sessions[0].payment)
  })

  it("again answers the same payment, also by another key and after it was captured", async () => {
    const { id, sessionId } = await newSession(service)
    const first = collectionIn(await store.authorize(id, sessionId))
    const { api_key } = (await admin.createApiKey({ title: "Other", type: "publishable" })).body
    expect(collectionIn(await store.authorize(id, sessionId, undefined, { key: api_key.token }))).toEqual(first)
    await admin.capture(first.payments[0].id)
    const completed = await store.readCollection(id)
    expect(collectionIn(await store.authorize(id, sessionId))).toEqual(completed)
    expect(completed.payment_sessions[0].authorized_at).toBe(first.payment_sessions[0].authorized_at)
    expect([completed.status, await operationsOf(id, "authorize")]).toEqual(["completed", 1])
  })

  it("does not know a session that is unknown, another collection's, or over", async () => {
    const [one, other] = [await newSession(service), await newSession(service)]
    const over = await newPayment(service)
    await admin.cancel(over.paymentId)
    for (const [id, sessionId] of [
      [one.id, "payses_unknown"],
      [one.id, other.sessionId],
      [over.id, over.sessionId],
    ] as const) {
      expect(await store.authorize(id, sessionId)).toMatchObject({
        status: 404,
        body: { type: "not_found", message: `PaymentSession id not found: ${sessionId}` },
      })
    }
    expect(await store.authorize("pay_col_unknown", one.sessionId)).toMatchObject({
      status: 404,
      body: { type: "not_found", message: "PaymentCollection id not found: pay_col_unknown" },
    })
    expect(await store.authorize(one.id, "payses%00")).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect((await store.readCollection(one.id)).status).toBe("not_paid")
  })

  it.each([
    ["total = 1234", "12.34 eur", { amount: 12.34, currency_code: "eur" }],
    ["total = 0", "0 eur", { amount: 0, currency_code: "eur" }],
    ["currency_code = 'usd'", "10 usd", { amount: 10, currency_code: "usd" }],
    ["currency_code = 'jpy'", "1000 jpy", { amount: 1000, currency_code: "jpy" }],
  ])(
    "is refused with amount_changed when the cart moved on to %s, until the session is opened again (D28)",
    async (change, now, figures) => {
      const { cartId, id, sessionId } = await newSession(service)
      await sql(`UPDATE cart SET ${change} WHERE id = $1`, [cartId])
      const before = await store.readCollection(id)
      expect(await store.authorize(id, sessionId)).toMatchObject({
        status: 409,
        body: {
          type: "conflict",
          code: "amount_changed",
          message: `The session is for 10 eur, but ${now} is to be paid by now. Create the payment session again, then authorize it.`,
        },
      })
      expect(await store.readCollection(id)).toEqual(before)
      expect(collectionIn(await store.openSession(id))).toMatchObject({
        ...figures,
        payment_sessions: [{ ...figures, id: sessionId }],
      })
      expect(collectionIn(await store.authorize(id, sessionId))).toMatchObject({
        ...figures,
        authorized_amount: figures.amount,
        payments: [figures],
      })
    },
  )

  it("is refused with amount_changed when another payment was given up meanwhile", async () => {
    const { cartId, id, paymentId } = await newPayment(service)
    await putCart(service, { id: cartId, total: 15 })
    const rest = await openRest(id)
    await admin.cancel(paymentId)
    expect(await store.readCollection(id)).toMatchObject({
      status: "not_paid",
      authorized_amount: 0,
      outstanding_amount: 15,
    })
    expect(await store.authorize(id, rest.id)).toMatchObject({ status: 409, body: { code: "amount_changed" } })
    // Nothing is authorized, so the session is for all that the cart costs again.
    expect(await openRest(id)).toMatchObject({ id: rest.id, amount: 15 })
    expect(collectionIn(await store.authorize(id, rest.id))).toMatchObject({
      status: "authorized",
      amount: 15,
      authorized_amount: 15,
    })
  })

  it("of nothing completes the collection, without a capture (D16)", async () => {
    const { cartId, id, sessionId } = await newSession(service, { total: 0 })
    const collection = collectionIn(await store.authorize(id, sessionId))
    expect(collection).toMatchObject({
      status: "completed",
      completed_at: expect.stringMatching(TIME),
      amount: 0,
      authorized_amount: 0,
      captured_amount: 0,
      payments: [{ amount: 0, authorized_amount: 0, captured_amount: 0, captures: [], refunds: [] }],
    })
    const paymentId = collection.payments[0].id as string
    expect((await admin.capture(paymentId)).status).toBe(200)
    expect((await admin.capture(paymentId, 0.01)).status).toBe(400)
    expect((await admin.refund(paymentId)).status).toBe(400)
    expect((await admin.cancel(paymentId)).status).toBe(400)
    expect(await store.readCollection(id)).toEqual(collection)

    // A cart that costs something after all is not paid by it.
    await putCart(service, { id: cartId, total: 99 })
    const next = collectionIn(await store.createCollection(cartId))
    expect(next).toMatchObject({ amount: 99, status: "not_paid", payments: [] })
    expect(next.id).not.toBe(id)
  })

  it.each<[string, unknown, Record<string, string>]>([
    ["no body", undefined, {}],
    ["no body under a JSON content type, as the js-sdk sends it", undefined, { "content-type": "application/json" }],
    ["an empty object", {}, {}],
  ])("takes %s", async (_, body, headers) => {
    const { id, sessionId } = await newSession(service)
    const answer = await service.store("POST", `/store/${sessionsOf(id)}/${sessionId}/authorize`, body, { headers })
    expect(collectionIn(answer).status).toBe("authorized")
  })

  it.each<[unknown, string]>([
    [{ amount: 5 }, "Unrecognized fields: 'amount'"],
    [{ data: {}, provider_id: SYSTEM_PROVIDER }, "Unrecognized fields: 'data, provider_id'"],
    [[1], "Field '' is required"],
  ])("takes nothing: %j is refused", async (body, message) => {
    const { id, sessionId } = await newSession(service)
    expect(await service.store("POST", `/store/${sessionsOf(id)}/${sessionId}/authorize`, body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Invalid request: ${message}` },
    })
    expect((await store.readCollection(id)).status).toBe("not_paid")
  })

  it("answers what `fields` selects, and does nothing when that is wrong", async () => {
    const { id, sessionId } = await newSession(service)
    const post = (query: string) => service.store("POST", `/store/${sessionsOf(id)}/${sessionId}/authorize?${query}`)
    for (const wrong of ["fields=nope", "fields=payments.private_data", "limit=1"]) {
      expect(await post(wrong)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    }
    expect((await store.readCollection(id)).status).toBe("not_paid")
    expect(collectionIn(await post("fields=status,payments.amount"))).toEqual({
      id,
      status: "authorized",
      payments: [{ id: expect.any(String), amount: 10 }],
    })
  })
})

describe("the body of a session", () => {
  const JSON_TYPE = { headers: { "content-type": "application/json" } }
  let id: string
  beforeAll(async () => {
    ;({ id } = await newCollection(service))
  })

  it.each<[unknown, string]>([
    [undefined, "Field 'provider_id' is required"],
    [{}, "Field 'provider_id' is required"],
    [{ data: {} }, "Field 'provider_id' is required"],
    [{ provider_id: null }, "Expected type: 'string' for field 'provider_id', got: 'null'"],
    [{ provider_id: 5 }, "Expected type: 'string' for field 'provider_id', got: '5'"],
    [{ provider_id: [SYSTEM_PROVIDER] }, `Expected type: 'string' for field 'provider_id', got: '${SYSTEM_PROVIDER}'`],
    [{ provider_id: { $ne: null } }, "Expected type: 'string' for field 'provider_id', got: 'record'"],
    [{ provider_id: SYSTEM_PROVIDER, data: null }, "Expected type: 'record' for field 'data', got: 'null'"],
    [{ provider_id: SYSTEM_PROVIDER, data: "x" }, "Expected type: 'record' for field 'data', got: 'x'"],
    [{ provider_id: SYSTEM_PROVIDER, data: 5 }, "Expected type: 'record' for field 'data', got: '5'"],
    [{ provider_id: SYSTEM_PROVIDER, data: [] }, "Expected type: 'record' for field 'data', got: ''"],
    [
      { provider_id: SYSTEM_PROVIDER, data: [{ a: 1 }] },
      "Expected type: 'record' for field 'data', got: '[object Object]'",
    ],
    [{ provider_id: SYSTEM_PROVIDER, amount: 1 }, "Unrecognized fields: 'amount'"],
    [
      { provider_id: SYSTEM_PROVIDER, context: {}, customer_id: "cus_1" },
      "Unrecognized fields: 'context, customer_id'",
    ],
    [{ provider_id: SYSTEM_PROVIDER, constructor: 1 }, "Unrecognized fields: 'constructor'"],
    [{ provider_id: "pp\0" }, "Value for field 'provider_id' contains a character that cannot be stored"],
    [
      { provider_id: SYSTEM_PROVIDER, data: { a: ["\0"] } },
      "Value for field 'data.a.0' contains a character that cannot be stored",
    ],
    [
      { provider_id: SYSTEM_PROVIDER, data: { "a\0": 1 } },
      "Value for field 'data.a\0' contains a character that cannot be stored",
    ],
    [
      { provider_id: SYSTEM_PROVIDER, data: { a: "\ud800" } },
      "Value for field 'data.a' contains a character that cannot be stored",
    ],
  ])("%j is refused in Medusa's words, to shoppers and operators alike", async (body, message) => {
    for (const audience of ["store", "admin"] as const) {
      const { status, body: error } = await service[audience]("POST", `/${audience}/${sessionsOf(id)}`, body)
      expect([status, error.type, error.message]).toEqual([400, "invalid_data", `Invalid request: ${message}`])
    }
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
  })

  it.each(["{", "[]", "null", "7", '"x"', "\u0000"])("%j is no JSON object", async (raw) => {
    expect(await store.openSession(id, raw, JSON_TYPE)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
  })

  it("is refused when it is nested without end, and taken up to fifty levels", async () => {
    const nested = (depth: number) =>
      `{"provider_id":"${SYSTEM_PROVIDER}","data":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`
    for (const depth of [60, 2_000, 15_000]) {
      expect(await store.openSession(id, nested(depth), JSON_TYPE)).toMatchObject({
        status: 400,
        body: {
          type: "invalid_data",
          message: "Invalid request: Value for field 'data' is nested deeper than 50 levels",
        },
      })
    }
    expect((await store.openSession(id, nested(49), JSON_TYPE)).status).toBe(200)
  })

  it("is refused above 100 kB", async () => {
    const answer = await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data: { x: "x".repeat(101 * 1024) } })
    expect(answer).toMatchObject({ status: 413, body: { type: "invalid_data" } })
  })

  it("has data of 16 kB at most", async () => {
    expect(
      await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data: { x: "x".repeat(17 * 1024) } }),
    ).toMatchObject({
      status: 400,
      body: { message: "Invalid request: Value for field 'data' is larger than 16 kB as JSON" },
    })
    expect(
      (await store.openSession(id, { provider_id: SYSTEM_PROVIDER, data: { x: "x".repeat(16_000) } })).status,
    ).toBe(200)
  })
})
