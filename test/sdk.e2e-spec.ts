import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { SYSTEM_PROVIDER } from "./support/api.js"
import { newCollection, newPaidCollection, putCart } from "./support/factories.js"
import { newSdk, type Sdk } from "./support/sdk.js"
import { REGION, TestService } from "./support/service.js"

let service: TestService
let store: Sdk
let admin: Sdk
beforeAll(async () => {
  service = await TestService.start()
  store = newSdk({ baseUrl: service.url, publishableKey: service.publishableKey })
  admin = newSdk({ baseUrl: service.url, apiKey: service.secretKey })
})
afterAll(() => service.close())

/** What `sdk.store.payment.initiatePaymentSession` posts first for a cart that has no collection yet. */
const create = (sdk: Sdk, cartId: string, query?: Record<string, unknown>): Promise<any> =>
  sdk.client.fetch("/store/payment-collections", { method: "POST", body: { cart_id: cartId }, query })

/** A FetchError of the sdk. */
const refusal = (status: number, message: unknown) => expect.objectContaining({ status, message })

describe("sdk.store.payment", () => {
  it("lists the payment providers of a region", async () => {
    expect(await store.store.payment.listPaymentProviders({ region_id: REGION })).toEqual({
      payment_providers: [{ id: "pp_system_default", is_enabled: true }],
      count: 1,
      offset: 0,
      limit: 20,
    })
  })

  it("lists none for a region that was never configured", async () => {
    const page = await store.store.payment.listPaymentProviders({ region_id: "reg_nowhere" })
    expect(page).toMatchObject({ payment_providers: [], count: 0 })
  })

  it("takes paging and fields", async () => {
    const query = { region_id: REGION, limit: 5, offset: 1, fields: "id" }
    expect(await store.store.payment.listPaymentProviders(query)).toEqual({
      payment_providers: [],
      count: 1,
      offset: 1,
      limit: 5,
    })
  })
})

describe("the first step of sdk.store.payment.initiatePaymentSession", () => {
  it("creates the collection of the cart, and answers the same one when it is repeated", async () => {
    const cartId = await putCart(service, { total: 49.9 })
    const { payment_collection: first } = await create(store, cartId)
    expect(first).toMatchObject({ currency_code: "eur", amount: 49.9, status: "not_paid", payment_sessions: [] })
    expect((await create(store, cartId)).payment_collection.id).toBe(first.id)
  })

  it("answers the fields that the query names and no others", async () => {
    const cartId = await putCart(service)
    const named = await create(store, cartId, { fields: "id,amount,payment_sessions.id" })
    expect(named.payment_collection).toEqual({ id: expect.any(String), amount: 10, payment_sessions: [] })
    const changed = await create(store, cartId, { fields: "-payments,-metadata,*payment_providers" })
    expect(changed.payment_collection).not.toHaveProperty("payments")
    expect(changed.payment_collection).not.toHaveProperty("metadata")
    expect(changed.payment_collection.payment_providers).toEqual([{ id: "pp_system_default", is_enabled: true }])
  })

  it("is what the method itself does first", async () => {
    const cartId = await putCart(service)
    const cart = { id: cartId } as Parameters<typeof store.store.payment.initiatePaymentSession>[0]
    await store.store.payment.initiatePaymentSession(cart, { provider_id: SYSTEM_PROVIDER })
    const made = await service.admin("GET", `/admin/payment-collections?cart_id=${cartId}`)
    expect(made.body).toMatchObject({ count: 1 })
  })
})

describe("sdk.admin.apiKey", () => {
  const newKey = async (title: string, type: "publishable" | "secret" = "publishable") =>
    (await admin.admin.apiKey.create({ title, type })).api_key

  it("creates keys that work", async () => {
    const publishable = await newKey("Storefront")
    expect(publishable).toMatchObject({ title: "Storefront", type: "publishable", revoked_at: null })
    const storefront = newSdk({ baseUrl: service.url, publishableKey: publishable.token })
    expect(await storefront.store.payment.listPaymentProviders({ region_id: REGION })).toMatchObject({ count: 1 })

    const secret = await newKey("Operator", "secret")
    const operator = newSdk({ baseUrl: service.url, apiKey: secret.token })
    expect((await operator.admin.apiKey.list()).count).toBeGreaterThan(1)
  })

  it("tells the token of a secret key once", async () => {
    const { id, token } = await newKey("Told once", "secret")
    expect(token).toMatch(/^sk_/)
    expect((await admin.admin.apiKey.retrieve(id)).api_key.token).toBe("")
  })

  it("lists with filters, paging and fields", async () => {
    const { id } = await newKey("To be found")
    await newKey("To be found too")
    const found = await admin.admin.apiKey.list({ title: "To be found", type: "publishable" })
    expect(found).toMatchObject({ api_keys: [{ id, title: "To be found" }], count: 1, offset: 0, limit: 20 })
    const page = await admin.admin.apiKey.list({ q: "To be found", limit: 1, order: "-title", fields: "title" })
    expect(page).toEqual({
      api_keys: [{ id: expect.any(String), title: "To be found too" }],
      count: 2,
      offset: 0,
      limit: 1,
    })
  })

  it("retrieves and renames", async () => {
    const { id } = await newKey("Before")
    expect((await admin.admin.apiKey.update(id, { title: "After" })).api_key).toMatchObject({ id, title: "After" })
    expect((await admin.admin.apiKey.retrieve(id)).api_key).toMatchObject({ id, title: "After" })
  })

  it("confines a key to sales channels", async () => {
    const { id } = await newKey("Confined")
    const added = await admin.admin.apiKey.batchSalesChannels(id, { add: ["sc_1", "sc_2"] })
    expect(added.api_key).toMatchObject({ id, sales_channels: [{ id: "sc_1" }, { id: "sc_2" }] })
    const removed = await admin.admin.apiKey.batchSalesChannels(id, { remove: ["sc_1"] })
    expect(removed.api_key).toMatchObject({ id, sales_channels: [{ id: "sc_2" }] })
  })

  it("revokes without a body, and the key is refused from then on", async () => {
    const { id, token } = await newKey("Revoked")
    const { api_key } = await admin.admin.apiKey.revoke(id)
    expect(Date.parse(String(api_key.revoked_at))).toBeLessThanOrEqual(Date.now())
    const storefront = newSdk({ baseUrl: service.url, publishableKey: token })
    await expect(storefront.store.payment.listPaymentProviders({ region_id: REGION })).rejects.toEqual(
      refusal(400, "A valid publishable key is required to proceed with the request"),
    )
  })

  it("deletes a revoked key and refuses to delete one in use", async () => {
    const { id } = await newKey("Deleted")
    await expect(admin.admin.apiKey.delete(id)).rejects.toMatchObject({ status: 400 })
    await admin.admin.apiKey.revoke(id)
    expect(await admin.admin.apiKey.delete(id)).toEqual({ id, object: "api_key", deleted: true })
    await expect(admin.admin.apiKey.retrieve(id)).rejects.toMatchObject({ status: 404 })
  })
})

describe("sdk.admin.payment", () => {
  it("lists payments by filter", async () => {
    const { id, paymentId } = await newPaidCollection(service)
    // The types of Medusa do not know this filter.
    const ofCollection: object = { payment_collection_id: id }
    const page = await admin.admin.payment.list(ofCollection)
    expect(page).toMatchObject({ payments: [{ id: paymentId, amount: 10, payment_collection_id: id }], count: 1 })
    const { payments } = await admin.admin.payment.list({ order: "-created_at", limit: 1, fields: "id,amount" })
    expect(payments).toEqual([{ id: paymentId, amount: 10 }])
  })

  it("retrieves one with its captures and refunds", async () => {
    const { paymentId } = await newPaidCollection(service)
    const { payment } = await admin.admin.payment.retrieve(paymentId)
    expect(payment.captures).toMatchObject([
      { amount: 4, status: "succeeded" },
      { amount: 3, status: "succeeded" },
      { amount: 0.5, status: "pending" },
    ])
    expect(payment.refunds).toEqual([
      expect.objectContaining({ amount: 2, refund_reason: expect.objectContaining({ code: "late" }) }),
    ])
    const { payment: named } = await admin.admin.payment.retrieve(paymentId, { fields: "id,*payment_collection" })
    expect(Object.keys(named).sort()).toEqual(["id", "payment_collection"])
  })

  it("lists the providers that the service knows", async () => {
    expect(await admin.admin.payment.listPaymentProviders({ is_enabled: true })).toEqual({
      payment_providers: [{ id: "pp_system_default", is_enabled: true }],
      count: 1,
      offset: 0,
      limit: 20,
    })
  })
})

describe("sdk.admin.paymentCollection", () => {
  it("creates a collection for an order", async () => {
    const order = { order_id: "order_sdk", amount: 12.5, currency_code: "eur" }
    const { payment_collection } = await admin.admin.paymentCollection.create(order)
    expect(payment_collection).toMatchObject({ amount: 12.5, currency_code: "eur", status: "not_paid" })
  })

  it("deletes a collection, and the cart gets a new one", async () => {
    const { id, cartId } = await newCollection(service)
    expect(await admin.admin.paymentCollection.delete(id)).toEqual({ id, object: "payment-collection", deleted: true })
    expect((await create(store, cartId)).payment_collection.id).not.toBe(id)
  })
})

describe("the whole life of a payment, by the methods of the sdk as they are", () => {
  type Cart = Parameters<typeof store.store.payment.initiatePaymentSession>[0]

  it("is opened, authorized, captured, refunded and given up", async () => {
    const { payment, refundReason } = admin.admin
    const cart = { id: await putCart(service, { total: 49.9, customer_id: "cus_1" }) } as Cart
    const opened = await store.store.payment.initiatePaymentSession(cart, {
      provider_id: SYSTEM_PROVIDER,
      data: { note: "a" },
    })
    const collection = opened.payment_collection
    expect(collection).toMatchObject({ amount: 49.9, status: "not_paid", payment_providers: [{ id: SYSTEM_PROVIDER }] })
    const [session] = collection.payment_sessions ?? []
    expect(session).toMatchObject({
      amount: 49.9,
      status: "pending",
      data: { note: "a" },
      provider_id: SYSTEM_PROVIDER,
    })

    // With the collection that the cart has by then the sdk leaves out its first step.
    const withCollection = { ...cart, payment_collection: { id: collection.id } } as Cart
    const query = { fields: "id,*payment_sessions" }
    const again = await store.store.payment.initiatePaymentSession(
      withCollection,
      { provider_id: SYSTEM_PROVIDER },
      query,
    )
    expect(again.payment_collection).toEqual({
      id: collection.id,
      payment_sessions: [expect.objectContaining({ id: session?.id, data: {} })],
    })

    const path = `/store/payment-collections/${collection.id}`
    const authorized: any = await store.client.fetch(`${path}/payment-sessions/${session?.id}/authorize`, {
      method: "POST",
    })
    expect(authorized.payment_collection).toMatchObject({ status: "authorized", authorized_amount: 49.9 })
    const { id } = authorized.payment_collection.payments[0] as { id: string }

    const listed = await payment.list({ payment_session_id: session?.id, limit: 5 })
    expect(listed).toMatchObject({ payments: [{ id, amount: 49.9, captured_at: null }], count: 1, offset: 0, limit: 5 })
    expect((await payment.retrieve(id, { fields: "*payment_session" })).payment.payment_session?.id).toBe(session?.id)

    expect((await payment.capture(id, { amount: 20 })).payment.captures).toMatchObject([{ amount: 20 }])
    const { refund_reason } = await refundReason.create({ label: "Late", code: "late_by_sdk" })
    const refund = { amount: 5, refund_reason_id: refund_reason.id, note: "A week late" }
    expect((await payment.refund(id, refund)).payment.refunds).toMatchObject([
      { amount: 5, note: "A week late", refund_reason: { id: refund_reason.id, code: "late_by_sdk" } },
    ])
    const selected = await payment.capture(id, {}, { fields: "captured_amount,captured_at" })
    expect(selected.payment).toEqual({ id, captured_amount: 49.9, captured_at: expect.any(String) })
    // Medusa's dashboard sends the amount with every click.
    expect((await payment.capture(id, { amount: 49.9 })).payment.captures).toHaveLength(2)
    expect((await payment.refund(id, {}, { fields: "refunded_amount" })).payment).toEqual({ id, refunded_amount: 49.9 })

    const done: any = await store.client.fetch(path)
    expect(done.payment_collection).toMatchObject({ status: "completed", captured_amount: 49.9, refunded_amount: 49.9 })
    const { payment_providers } = await payment.listPaymentProviders({ is_enabled: true })
    expect(payment_providers).toEqual([{ id: SYSTEM_PROVIDER, is_enabled: true }])
  })

  it("is that of an order, by an operator alone", async () => {
    const { paymentCollection, payment } = admin.admin
    // Medusa takes the currency from its own order; orders are not known here.
    const order = { order_id: "order_of_the_sdk", amount: 12.5, currency_code: "eur" }
    const { id } = (await paymentCollection.create(order)).payment_collection
    const opened = await paymentCollection.createPaymentSession(id, {
      provider_id: SYSTEM_PROVIDER,
      data: { by: "operator" },
    })
    expect(opened.payment_collection.payment_sessions).toMatchObject([{ amount: 12.5, data: { by: "operator" } }])
    const marked = await paymentCollection.markAsPaid(id, { order_id: order.order_id })
    expect(marked.payment_collection).toMatchObject({ id, status: "completed", captured_amount: 12.5 })
    const page = await payment.list({ payment_session_id: [opened.payment_collection.payment_sessions?.[0]?.id ?? ""] })
    expect(page.payments).toMatchObject([{ amount: 12.5, captured_at: expect.any(String) }])
    await expect(paymentCollection.markAsPaid(id, { order_id: order.order_id })).rejects.toEqual(
      refusal(400, "Can only mark 'not_paid' payment collection as paid"),
    )
    await expect(paymentCollection.delete(id)).rejects.toEqual(
      refusal(400, "Can only delete payment collections where status is not_paid"),
    )
    const next = (await paymentCollection.create({ order_id: order.order_id, amount: 1 })).payment_collection
    expect(await paymentCollection.delete(next.id)).toMatchObject({ id: next.id, deleted: true })
  })

  it("refuses as the sdk can tell", async () => {
    const cart = { id: await putCart(service) } as Cart
    const { payment_collection } = await store.store.payment.initiatePaymentSession(cart, {
      provider_id: SYSTEM_PROVIDER,
    })
    const unknown = store.store.payment.initiatePaymentSession(cart, { provider_id: "pp_unknown_default" })
    await expect(unknown).rejects.toEqual(refusal(400, expect.stringContaining("pp_unknown_default is not enabled")))
    const nowhere = { id: cart.id, payment_collection: { id: "pay_col_unknown" } } as Cart
    await expect(store.store.payment.initiatePaymentSession(nowhere, { provider_id: SYSTEM_PROVIDER })).rejects.toEqual(
      refusal(404, "PaymentCollection id not found: pay_col_unknown"),
    )
    const sessionId = payment_collection.payment_sessions?.[0]?.id
    const path = `/store/payment-collections/${payment_collection.id}/payment-sessions/${sessionId}/authorize`
    const { payments }: any = ((await store.client.fetch(path, { method: "POST" })) as any).payment_collection
    const over = admin.admin.payment.capture(payments[0].id, { amount: 10.01 })
    await expect(over).rejects.toEqual(
      refusal(400, "You cannot capture more than the authorized amount substracted by what is already captured."),
    )
    await expect(admin.admin.payment.refund(payments[0].id, { amount: 0 })).rejects.toEqual(
      refusal(400, "Invalid request: Value for field 'amount' too small, expected at least: '0'"),
    )
  })
})

describe("errors, as the sdk throws them", () => {
  it.each([
    ["no publishable key", undefined, "Publishable API key required in the request header: x-publishable-api-key"],
    ["an unknown one", "pk_wrong", "A valid publishable key is required to proceed with the request"],
  ])("tells that the storefront sends %s", async (_, publishableKey, message) => {
    const sdk = newSdk({ baseUrl: service.url, publishableKey })
    await expect(create(sdk, "cart_1")).rejects.toEqual(refusal(400, expect.stringContaining(message)))
  })

  it("tells that the secret key is wrong", async () => {
    const sdk = newSdk({ baseUrl: service.url, apiKey: "sk_wrong" })
    await expect(sdk.admin.apiKey.list()).rejects.toEqual(refusal(401, expect.stringContaining("Unauthorized")))
  })

  it("tells that the cart is unknown", async () => {
    await expect(create(store, "cart_unknown")).rejects.toEqual(refusal(404, expect.stringContaining("cart_unknown")))
  })

  it("tells that a payment is unknown", async () => {
    await expect(admin.admin.payment.retrieve("pay_unknown")).rejects.toEqual(
      refusal(404, expect.stringContaining("pay_unknown")),
    )
  })

  it("tells what is wrong with a body", async () => {
    await expect(create(store, 5 as never)).rejects.toEqual(
      refusal(400, "Invalid request: Expected type: 'string' for field 'cart_id', got: '5'"),
    )
  })

  it("counts a POST without a body as an empty object", async () => {
    const sent = store.client.fetch("/store/payment-collections", { method: "POST" })
    await expect(sent).rejects.toEqual(refusal(400, "Invalid request: Field 'cart_id' is required"))
  })
})

describe("sdk.admin.refundReason", () => {
  it("creates, lists, reads, changes and deletes", async () => {
    const reasons = admin.admin.refundReason
    const { refund_reason } = await reasons.create({ label: "Of the sdk", code: "of_the_sdk" })
    expect((await reasons.list({ q: "of the sdk" })).refund_reasons).toEqual([refund_reason])
    expect((await reasons.retrieve(refund_reason.id)).refund_reason).toEqual(refund_reason)
    const changed = await reasons.update(refund_reason.id, { label: "Changed" })
    expect(changed.refund_reason).toMatchObject({ label: "Changed", code: "of_the_sdk" })
    expect(await reasons.delete(refund_reason.id)).toEqual({
      id: refund_reason.id,
      object: "refund_reason",
      deleted: true,
    })
    await expect(reasons.retrieve(refund_reason.id)).rejects.toEqual(refusal(404, expect.stringContaining("not found")))
  })
})
