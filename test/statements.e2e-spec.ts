import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { newCollection, newPaidCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

let service: TestService
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

/** How many statements a request takes once the keys are known; BEGIN and COMMIT do not count. */
async function statementsOf(request: () => Promise<{ status: number }>): Promise<number> {
  service.statements.take()
  const { status } = await request()
  expect(status).toBe(200)
  // A key is looked up again every few seconds, whatever the request.
  return service.statements.take().filter((statement) => !/\bapi_key\b/.test(statement)).length
}

const SYSTEM = "pp_system_default"

const reasonId = async () =>
  (await service.admin("GET", "/admin/refund-reasons?limit=1")).body.refund_reasons[0].id as string

const create = (cartId: string) => service.store("POST", "/store/payment-collections", { cart_id: cartId })

describe("statements per request", () => {
  it("create on a fresh cart: one", async () => {
    await newCollection(service)
    const cartId = await putCart(service)
    expect(await statementsOf(() => create(cartId))).toBe(1)
  })

  it("repeat, with and without a change of the cart: two", async () => {
    const { cartId } = await newCollection(service)
    expect(await statementsOf(() => create(cartId))).toBe(2)
    await putCart(service, { id: cartId, total: 99 })
    expect(await statementsOf(() => create(cartId))).toBe(2)
  })

  it("repeat of a paid collection with all its relations: two", async () => {
    const { cartId } = await newPaidCollection(service)
    expect(await statementsOf(() => create(cartId))).toBe(2)
  })

  it("get: one", async () => {
    const { id } = await newPaidCollection(service)
    expect(await statementsOf(() => service.store("GET", `/store/payment-collections/${id}`))).toBe(1)
  })

  it("a list of payments with captures and refunds: two, however many rows", async () => {
    const list = () => service.admin("GET", "/admin/payments?limit=50")
    const few = await statementsOf(list)
    for (let i = 0; i < 10; i++) await newPaidCollection(service)
    expect([few, await statementsOf(list)]).toEqual([2, 2])
  })

  it("a session with the system provider: six at most; again, changed or not, no more", async () => {
    const { id } = await newCollection(service)
    const open = (data: object) => () =>
      service.store("POST", `/store/payment-collections/${id}/payment-sessions`, { provider_id: SYSTEM, data })
    const counts = [
      await statementsOf(open({ note: "first" })),
      await statementsOf(open({ note: "first" })),
      await statementsOf(open({ note: "second" })),
    ]
    expect(counts).toEqual([3, 2, 3])
  })

  it("authorize: four; again: three", async () => {
    const { id, sessionId } = await newSession(service)
    const authorize = () =>
      service.store("POST", `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`)
    expect([await statementsOf(authorize), await statementsOf(authorize)]).toEqual([4, 3])
  })

  it("capture, refund and cancel: eight at most, however much was captured before", async () => {
    const { paymentId } = await newPayment(service)
    const post = (act: string, body?: object) => () =>
      service.admin("POST", `/admin/payments/${paymentId}/${act}`, body)
    const counts = []
    for (let i = 0; i < 3; i++) counts.push(await statementsOf(post("capture", { amount: 2 })))
    for (let i = 0; i < 3; i++) counts.push(await statementsOf(post("refund", { amount: 1 })))
    counts.push(await statementsOf(post("refund", { amount: 1, refund_reason_id: await reasonId() })))
    counts.push(await statementsOf(post("cancel")))
    expect(counts).toEqual([4, 4, 4, 4, 4, 4, 5, 4])
  })

  it("mark as paid: seventeen at most", async () => {
    const { id } = await newCollection(service)
    const mark = () => service.admin("POST", `/admin/payment-collections/${id}/mark-as-paid`, { order_id: "order_1" })
    expect(await statementsOf(mark)).toBeLessThanOrEqual(17)
  })

  it("delete: three", async () => {
    const { id } = await newCollection(service)
    expect(await statementsOf(() => service.admin("DELETE", `/admin/payment-collections/${id}`))).toBe(3)
  })
})
