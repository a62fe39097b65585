import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { newCollection, newPayment, newSession, putCart } from "../support/factories.js"
import { FakeBank, fakeProviders } from "../support/fake-provider.js"
import { recordCalls, routesByFunction } from "../support/sdk-functions.js"
import { newSdk, type Sdk } from "../support/sdk.js"
import { REGION, TestService } from "../support/service.js"
import type { ServedFunction } from "./contracts.js"

const SYSTEM = "pp_system_default"
const FAKE = { provider_id: "pp_fake_default" }
const bank = new FakeBank()

let service: TestService
let store: Sdk["store"]
let admin: Sdk["admin"]
/** The names of the functions that were called since the last test. */
let called: Set<string>
beforeAll(async () => {
  service = await TestService.start({ DEFAULT_CURRENCY: "eur" }, { modules: [fakeProviders(bank)] })
  const sdk = newSdk({ baseUrl: service.url, publishableKey: service.publishableKey, apiKey: service.secretKey })
  called = recordCalls(sdk)
  ;({ store, admin } = sdk)
})
afterAll(() => service.close())
beforeEach(() => {
  called.clear()
  bank.reset()
})

/** Functions that are about payments, or stand beside those that are, and that this service does not serve. */
const NOT_SERVED: Record<string, string[]> = {
  "The shop completes carts: it authorizes the session here, then updates the cart.": ["store.cart.complete"],
  "Regions are the shop's: it makes them known with admin.region.update.": [
    "admin.region.create",
    "admin.region.list",
    "admin.region.delete",
  ],
  "Orders are the shop's.": [
    "retrieve update retrievePreview list archive cancel complete requestTransfer transferToGuest cancelTransfer",
    "createFulfillment cancelFulfillment createShipment markAsDelivered listShippingOptions listChanges listLineItems",
    "createCreditLine updateOrderChange export",
  ].flatMap((names) => names.split(" ").map((name) => `admin.order.${name}`)),
}

/** Functions that call no route when they are called with texts: a file, or nothing at all. */
const WITHOUT_ROUTE = ["admin.product.createImport", "admin.upload.create", "auth.logout", "auth.setToken_"]

const ABOUT_PAYMENTS = /pay|refund|captur|credit|account.?holder|carts?.*complete/i

type Cart = Parameters<typeof store.payment.initiatePaymentSession>[0]

const newKey = async (type: "publishable" | "secret" = "publishable") =>
  (await admin.apiKey.create({ title: "Walked", type })).api_key

const newReason = async () => (await admin.refundReason.create({ label: "Walked", code: randomUUID() })).refund_reason

const newOrderCollection = async (order_id = randomUUID()) =>
  (await admin.paymentCollection.create({ order_id, amount: 12.5 })).payment_collection

/** Calls each function as an application does, with a selection if it takes one. */
const walk: Record<ServedFunction, () => Promise<void>> = {
  "store.payment.listPaymentProviders": async () => {
    const page = await store.payment.listPaymentProviders({ region_id: REGION, limit: 1, offset: 1, fields: "id" })
    expect(page).toEqual({ payment_providers: [{ id: "pp_fake_single" }], count: 3, offset: 1, limit: 1 })
  },
  "store.payment.initiatePaymentSession": async () => {
    const cart = { id: await putCart(service, { total: 49.9 }) } as Cart
    const { payment_collection } = await store.payment.initiatePaymentSession(cart, { provider_id: SYSTEM })
    expect(payment_collection).toMatchObject({ amount: 49.9, payment_sessions: [{ provider_id: SYSTEM }] })
    const known = { ...cart, payment_collection } as Cart
    const fields = "payment_sessions.data"
    const again = await store.payment.initiatePaymentSession(known, { provider_id: SYSTEM, data: { a: 1 } }, { fields })
    const [session] = payment_collection.payment_sessions ?? []
    expect(again).toEqual({
      payment_collection: { id: payment_collection.id, payment_sessions: [{ id: session?.id, data: { a: 1 } }] },
    })
  },
  "admin.payment.list": async () => {
    const { paymentId: id, sessionId } = await newPayment(service)
    const query = { payment_session_id: [sessionId], order: "-created_at", fields: "amount" }
    expect(await admin.payment.list(query)).toEqual({ payments: [{ id, amount: 10 }], count: 1, offset: 0, limit: 20 })
    expect((await admin.payment.list({ created_at: { $gt: new Date().toISOString() } })).payments).toEqual([])
    expect((await admin.payment.list({ $or: [{ id }, { id: "pay_unknown" }] })).count).toBe(1)
  },
  "admin.payment.listPaymentProviders": async () => {
    const { payment_providers } = await admin.payment.listPaymentProviders({ id: [SYSTEM], is_enabled: true })
    expect(payment_providers).toEqual([{ id: SYSTEM, is_enabled: true }])
  },
  "admin.payment.retrieve": async () => {
    const { id: collectionId, paymentId: id } = await newPayment(service)
    expect(await admin.payment.retrieve(id, { fields: "amount,payment_collection.status" })).toEqual({
      payment: { id, amount: 10, payment_collection: { id: collectionId, status: "authorized" } },
    })
  },
  "admin.payment.capture": async () => {
    const { paymentId } = await newPayment(service)
    const { payment } = await admin.payment.capture(paymentId, { amount: 4 })
    expect(payment).toMatchObject({ id: paymentId, captured_at: null, captures: [{ amount: 4 }] })
    const rest = await admin.payment.capture(paymentId, {}, { fields: "captured_amount" })
    expect(rest).toEqual({ payment: { id: paymentId, captured_amount: 10 } })
  },
  "admin.payment.refund": async () => {
    const { paymentId } = await newPayment(service)
    await admin.payment.capture(paymentId, {})
    const { id: refund_reason_id } = await newReason()
    const { payment } = await admin.payment.refund(paymentId, { amount: 4, refund_reason_id, note: "Late" })
    expect(payment.refunds).toMatchObject([{ amount: 4, note: "Late", refund_reason: { id: refund_reason_id } }])
    const rest = await admin.payment.refund(paymentId, {}, { fields: "refunded_amount" })
    expect(rest).toEqual({ payment: { id: paymentId, refunded_amount: 10 } })
  },
  "admin.paymentCollection.create": async () => {
    const order = { order_id: randomUUID(), amount: 12.5 }
    const { payment_collection } = await admin.paymentCollection.create(order, { fields: "+order_id" })
    expect(payment_collection).toMatchObject({ ...order, currency_code: "eur", status: "not_paid", payments: [] })
  },
  "admin.paymentCollection.createPaymentSession": async () => {
    const { id } = await newOrderCollection()
    const request = { provider_id: SYSTEM, data: { by: "operator" } }
    const fields = "payment_sessions.amount,payment_sessions.data"
    const { payment_collection } = await admin.paymentCollection.createPaymentSession(id, request, { fields })
    expect(payment_collection).toEqual({
      id,
      payment_sessions: [{ id: expect.stringMatching(/^payses_/), amount: 12.5, data: { by: "operator" } }],
    })
  },
  "admin.paymentCollection.markAsPaid": async () => {
    const order_id = randomUUID()
    const { id } = await newOrderCollection(order_id)
    const query = { fields: "status,captured_amount" }
    expect(await admin.paymentCollection.markAsPaid(id, { order_id, provider_id: SYSTEM }, query)).toEqual({
      payment_collection: { id, status: "completed", captured_amount: 12.5 },
    })
  },
  "admin.paymentCollection.delete": async () => {
    const { id } = await newCollection(service)
    expect(await admin.paymentCollection.delete(id)).toEqual({ id, object: "payment-collection", deleted: true })
    expect((await service.store("GET", `/store/payment-collections/${id}`)).status).toBe(404)
  },
  "admin.order.authorizePaymentSession": async () => {
    const order_id = randomUUID()
    const { id, sessionId } = await newSession(service, { order_id }, FAKE)
    bank.script("authorize", "pending_async")
    await service.store("POST", `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
    expect(await admin.order.authorizePaymentSession(order_id, sessionId)).toMatchObject({
      order: { id: order_id, payment_status: "awaiting", payment_collections: [{ id, status: "awaiting" }] },
      is_authorized: false,
    })
    for (const key of bank.unfinished) bank.finish(key)
    const query = { fields: "payment_collections.authorized_amount" }
    expect(await admin.order.authorizePaymentSession(order_id, sessionId, query)).toEqual({
      order: { id: order_id, payment_collections: [{ id, authorized_amount: 10 }] },
      is_authorized: true,
    })
    await expect(admin.order.authorizePaymentSession(order_id, sessionId)).rejects.toMatchObject({
      status: 400,
      message: `Payment session ${sessionId} is not in pending_authorization status`,
    })
    await expect(admin.order.authorizePaymentSession(order_id, "payses_unknown")).rejects.toMatchObject({
      status: 404,
      message: "PaymentSession id not found: payses_unknown",
    })
  },
  "admin.region.update": async () => {
    const { region } = await admin.region.update("reg_walked", { payment_providers: [SYSTEM] })
    expect(region).toEqual({ id: "reg_walked", payment_providers: [{ id: SYSTEM }] })
    expect((await store.payment.listPaymentProviders({ region_id: "reg_walked" })).count).toBe(1)
  },
  "admin.region.retrieve": async () => {
    await admin.region.update("reg_read", { payment_providers: [] })
    expect(await admin.region.retrieve("reg_read")).toEqual({ region: { id: "reg_read", payment_providers: [] } })
  },
  "admin.refundReason.list": async () => {
    const { id, code } = await newReason()
    const page = await admin.refundReason.list({ q: code, limit: 5, fields: "code" })
    expect(page).toEqual({ refund_reasons: [{ id, code }], count: 1, offset: 0, limit: 5 })
  },
  "admin.refundReason.retrieve": async () => {
    const reason = await newReason()
    expect(await admin.refundReason.retrieve(reason.id)).toEqual({ refund_reason: reason })
    expect(await admin.refundReason.retrieve(reason.id, { fields: "label" })).toEqual({
      refund_reason: { id: reason.id, label: "Walked" },
    })
  },
  "admin.refundReason.create": async () => {
    const reason = { label: "Late", code: randomUUID(), description: "It came late" }
    expect((await admin.refundReason.create(reason)).refund_reason).toMatchObject(reason)
    await expect(admin.refundReason.create(reason)).rejects.toMatchObject({ status: 422 })
  },
  "admin.refundReason.update": async () => {
    const { id, code } = await newReason()
    const { refund_reason } = await admin.refundReason.update(id, { label: "Changed" })
    expect(refund_reason).toMatchObject({ id, code, label: "Changed" })
  },
  "admin.refundReason.delete": async () => {
    const { id } = await newReason()
    expect(await admin.refundReason.delete(id)).toEqual({ id, object: "refund_reason", deleted: true })
    await expect(admin.refundReason.retrieve(id)).rejects.toMatchObject({ status: 404 })
  },
  "admin.apiKey.list": async () => {
    const { id } = await newKey()
    const { api_keys, count } = await admin.apiKey.list({ id, fields: "title" })
    expect([api_keys, count]).toEqual([[{ id, title: "Walked" }], 1])
  },
  "admin.apiKey.create": async () => {
    const { token } = await newKey("secret")
    const other = newSdk({ baseUrl: service.url, apiKey: token })
    expect((await other.admin.refundReason.list({ limit: 1 })).refund_reasons).toHaveLength(1)
  },
  "admin.apiKey.retrieve": async () => {
    const { id } = await newKey("secret")
    expect((await admin.apiKey.retrieve(id)).api_key).toMatchObject({ id, type: "secret", token: "" })
  },
  "admin.apiKey.update": async () => {
    const { id } = await newKey()
    expect((await admin.apiKey.update(id, { title: "Renamed" })).api_key).toMatchObject({ id, title: "Renamed" })
  },
  "admin.apiKey.revoke": async () => {
    const { id } = await newKey()
    expect((await admin.apiKey.revoke(id)).api_key.revoked_at).toEqual(expect.any(String))
  },
  "admin.apiKey.delete": async () => {
    const { id } = await newKey()
    await admin.apiKey.revoke(id)
    expect(await admin.apiKey.delete(id)).toEqual({ id, object: "api_key", deleted: true })
  },
  "admin.apiKey.batchSalesChannels": async () => {
    const { id } = await newKey()
    const { api_key } = await admin.apiKey.batchSalesChannels(id, { add: ["sc_1"] })
    expect(api_key).toMatchObject({ id, sales_channels: [{ id: "sc_1" }] })
  },
}

describe("the unmodified js-sdk", () => {
  it.each(Object.entries(walk))("%s works as an application calls it", async (name, call) => {
    await call()
    expect(called).toContain(name)
  })
})

describe("every function of the js-sdk", () => {
  /** The routes that this service serves, with the id that the functions were called with. */
  const servedRoutes = async () => {
    const { paths } = (await service.call("GET", "/docs-json", undefined, {})).body
    return new Set(
      Object.entries<object>(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, ":id")}`),
      ),
    )
  }
  const namespaceOf = (name: string) => name.slice(0, name.lastIndexOf("."))

  it("is walked if this service serves a route that it calls, and no other is", async () => {
    const [served, routes] = [await servedRoutes(), await routesByFunction()]
    const expected = [...routes].filter(([, each]) => each.some((route) => served.has(route))).map(([name]) => name)
    expect(expected.length).toBeGreaterThan(20)
    expect(Object.keys(walk).sort()).toEqual(expected.sort())
  })

  it("is walked, or listed with a reason, if it is about payments or stands beside one that is walked", async () => {
    const namespaces = new Set(Object.keys(walk).map(namespaceOf))
    const concerned = [...(await routesByFunction())]
      .filter(([name, routes]) => namespaces.has(namespaceOf(name)) || ABOUT_PAYMENTS.test([name, ...routes].join(" ")))
      .map(([name]) => name)
    const listed = Object.values(NOT_SERVED).flat()
    expect([...Object.keys(walk), ...listed].sort()).toEqual(concerned.sort())
  })

  it("calls a route when it is called with texts, except for those that are listed", async () => {
    const without = [...(await routesByFunction())].filter(([, routes]) => routes.length === 0).map(([name]) => name)
    expect(without.sort()).toEqual(WITHOUT_ROUTE)
  })
})
