import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { newCollection, newPaidCollection, putCart } from "./support/factories.js"
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
  return service.statements.take().length
}

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

  it("delete: three", async () => {
    const { id } = await newCollection(service)
    expect(await statementsOf(() => service.admin("DELETE", `/admin/payment-collections/${id}`))).toBe(3)
  })
})
