import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { newPaidCollection, putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

let service: TestService
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

  it("answers sessions, payments, captures, refunds and reasons of a paid one, and only what succeeded", async () => {
    const paid = await newPaidCollection(service)
    const { payment_collection } = (await create(paid.cartId)).body
    const captures = [expect.objectContaining({ amount: 4 }), expect.objectContaining({ amount: 3 })]
    const refunds = [
      expect.objectContaining({ amount: 2, note: "sorry", refund_reason: expect.objectContaining({ code: "late" }) }),
    ]
    const payment = expect.objectContaining({ id: paid.paymentId, amount: 10, captured_amount: 7, captures, refunds })
    expect(payment_collection).toMatchObject({ id: paid.id, status: "authorized", captured_amount: 7, refunded_amount: 2 })
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
