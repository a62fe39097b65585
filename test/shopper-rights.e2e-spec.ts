import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { PaymentProvidersService } from "../src/payment-providers/payment-providers.service.js"
import { apiOf, SYSTEM } from "./support/api.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { REGION, TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const path = (id: string, rest = "") => `/store/payment-collections/${id}${rest}`
const sessionIn = ({ body }: Answer) => body.payment_collection.payment_sessions[0]
const REFUSED = {
  status: 400,
  body: { type: "invalid_data", message: expect.stringContaining("POST /admin/regions/:id") },
}

async function orderCollection(): Promise<string> {
  const request = { order_id: "order_1", amount: 499.9, currency_code: "eur" }
  const { body } = await admin.createCollection(request)
  return body.payment_collection.id as string
}

describe("a provider that moves no money", () => {
  it("is not for shoppers on a cart without a region, nor on a collection for an order", async () => {
    const { id } = await newCollection(service, { region_id: null })
    for (const collection of [id, await orderCollection()]) {
      expect(await store.openSession(collection)).toMatchObject(REFUSED)
      expect((await service.store("GET", path(collection))).body.payment_collection).toMatchObject({
        status: "not_paid",
        payment_providers: [],
        payment_sessions: [],
      })
    }
  })

  it("is not for shoppers on an order that was placed in another region, though operators may use it", async () => {
    const { cartId, id } = await newCollection(service)
    const placed = { id: cartId, completed_at: "2026-01-01T00:00:00Z" }
    await putCart(service, { ...placed, region_id: "reg_none" })
    expect(await store.openSession(id)).toMatchObject(REFUSED)
    expect((await admin.openSession(id)).status).toBe(200)
  })

  it.each([null, "", "reg_none"])(
    "is not for shoppers once the cart is in region %p, though a part is authorized",
    async (region_id) => {
      const { cartId, id } = await newPayment(service)
      await putCart(service, { id: cartId, total: 1000 })
      const session = (await store.openSession(id)).body.payment_collection.payment_sessions.find(
        ({ status }: any) => status === "pending",
      )
      expect(session).toMatchObject({ amount: 990 })
      await putCart(service, { id: cartId, total: 1000, region_id })
      expect((await store.authorize(id, session.id)).status).toBe(400)
      expect((await store.openSession(id)).status).toBe(400)
      expect((await service.store("GET", path(id))).body.payment_collection).toMatchObject({ authorized_amount: 10 })
    },
  )

  it("cannot be authorized by a shopper where an operator opened the session, which stays open", async () => {
    const id = await orderCollection()
    const session = sessionIn(await admin.openSession(id))
    for (let times = 0; times < 2; times++) expect(await store.authorize(id, session.id)).toMatchObject(REFUSED)
    const connection = await TcpConnection.open(service.tcpPort)
    try {
      const message = { payment_collection_id: id, id: session.id }
      const { response } = await connection.ask("payment_sessions.authorize", message)
      expect(response.payment_collection).toMatchObject({ status: "authorized" })
    } finally {
      connection.close()
    }
  })

  it("is for shoppers where the cart's region names it", async () => {
    const { id, sessionId } = await newSession(service)
    expect((await store.authorize(id, sessionId)).body.payment_collection).toMatchObject({
      status: "authorized",
      payment_providers: [{ id: SYSTEM.provider_id }],
    })
  })

  it("is for operators on any collection, also to mark it as paid", async () => {
    const id = await orderCollection()
    const marked = await admin.markAsPaid(id)
    expect(marked).toMatchObject({ status: 200, body: { payment_collection: { status: "completed" } } })
  })

  it("is reported at start for the regions that offer it beside one that moves money", async () => {
    const other = await TestService.start({}, { modules: [fakeProviders(new FakeBank())] })
    try {
      await other.admin("POST", "/admin/regions/reg_money", { payment_providers: ["pp_fake_default"] })
      await other.admin("POST", "/admin/regions/reg_invoice", { payment_providers: [SYSTEM.provider_id] })
      expect(await other.app.get(PaymentProvidersService).findMixedRegions()).toEqual([REGION])
    } finally {
      await other.close()
    }
    expect(await service.app.get(PaymentProvidersService).findMixedRegions()).toEqual([])
  })
})

describe("what staff wrote", () => {
  const SECRET = "for-staff-only"

  it("is null for storefronts, and there for operators", async () => {
    const { id, paymentId } = await newPayment(service)
    const reason = { label: "Late", code: "late_delivery" }
    const { body } = await admin.createRefundReason(reason)
    await admin.capture(paymentId)
    const refund = { amount: 1, note: SECRET, metadata: { text: SECRET }, refund_reason_id: body.refund_reason.id }
    expect((await admin.refund(paymentId, refund)).status).toBe(200)
    for (const table of ["payment_collection", "payment", "capture", "refund_reason"]) {
      await service.dataSource.query(`UPDATE ${table} SET metadata = '{"text": "${SECRET}"}'`)
    }
    const all = "?fields=*,*payments,*payments.captures,*payments.refunds,*payments.refunds.refund_reason"
    for (const query of ["", all]) {
      const answer = await service.store("GET", path(id, query))
      expect(JSON.stringify(answer.body)).not.toContain(SECRET)
      const [payment] = answer.body.payment_collection.payments
      expect(answer.body.payment_collection.metadata).toBeNull()
      expect(payment.metadata).toBeNull()
      expect(payment.captures).toMatchObject([{ metadata: null, created_by: null }])
      expect(payment.refunds).toMatchObject([{ metadata: null, created_by: null, note: null }])
      expect(payment.refunds[0].refund_reason.metadata).toBeNull()
    }
    const asAdmin = await service.admin("GET", `/admin/payment-collections/${id}${all}`)
    expect(JSON.stringify(asAdmin.body).split(SECRET)).toHaveLength(8)
    expect(asAdmin.body.payment_collection.payments[0].refunds[0].created_by).toMatch(/^apk_/)
  })

  it("is not what the shopper's own session has as metadata", async () => {
    const { id, sessionId } = await newSession(service, { region_id: REGION })
    await service.dataSource.query(`UPDATE payment_session SET metadata = '{"seen": true}' WHERE id = $1`, [sessionId])
    expect(sessionIn(await service.store("GET", path(id))).metadata).toEqual({ seen: true })
  })
})
