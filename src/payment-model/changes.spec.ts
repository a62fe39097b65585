import { beforeEach, describe, expect, it } from "@jest/globals"
import { Capture } from "./entities/capture.entity.js"
import { Changes } from "./changes.js"
import { collectionEvent } from "./events.js"
import { PaymentCollection } from "./entities/payment-collection.entity.js"
import { Payment } from "./entities/payment.entity.js"

/** When it was changed, whenever that was. */
const NOW = expect.any(Date)

let changes: Changes
beforeEach(() => {
  changes = new Changes()
})

/** A row that is there already. */
function stored(about: Partial<PaymentCollection> = {}): PaymentCollection {
  return Object.assign(new PaymentCollection(), {
    id: "pay_col_1",
    cart_id: "cart_1",
    order_id: null,
    status: "not_paid",
    currency_code: "eur",
    amount: 100n,
    authorized_amount: 0n,
    captured_amount: 0n,
    refunded_amount: 0n,
    version: 1,
    ...about,
  })
}

describe("changes", () => {
  it("of nothing write and tell nothing", () => {
    expect(changes.writes).toEqual([])
    expect(changes.events).toEqual([])
  })

  it("are in memory at once", () => {
    const row = stored()
    changes.update(PaymentCollection, row, { amount: 200n })
    expect(row).toMatchObject({ amount: 200n, currency_code: "eur" })
  })

  it("write a row that is changed twice once, by its last values", () => {
    const row = stored()
    changes.update(PaymentCollection, row, { amount: 200n, region_id: "reg_1" })
    changes.update(PaymentCollection, row, { amount: 300n, status: "authorized" })
    expect(changes.writes).toEqual([
      {
        update: PaymentCollection,
        id: "pay_col_1",
        set: { amount: 300n, region_id: "reg_1", status: "authorized", updated_at: NOW },
      },
    ])
  })

  it("write what was changed, and nothing that was not", () => {
    changes.update(PaymentCollection, stored(), { completed_at: null })
    expect(changes.writes).toEqual([
      { update: PaymentCollection, id: "pay_col_1", set: { completed_at: null, updated_at: NOW } },
    ])
  })

  it("write a new row that is changed afterwards once, as a new row with its last values", () => {
    const capture = changes.insert(Capture, { id: "capt_1", payment_id: "pay_1", amount: 10n, status: "pending" })
    changes.update(Capture, capture, { status: "succeeded" })
    changes.update(Capture, capture, { amount: 8n, created_by: "apk_1" })
    const row = { id: "capt_1", payment_id: "pay_1", amount: 8n, status: "succeeded", created_by: "apk_1" }
    expect(changes.writes).toEqual([{ insert: Capture, row: expect.objectContaining(row) }])
    expect(capture).toMatchObject(row)
  })

  it("keep the rows apart, also of one table and of one content, in the order in which each was first changed", () => {
    const [one, other] = [stored({ id: "pay_col_1" }), stored({ id: "pay_col_2" })]
    changes.update(PaymentCollection, one, { amount: 1n })
    changes.insert(Payment, { id: "pay_1" })
    changes.insert(Payment, { id: "pay_2" })
    changes.update(PaymentCollection, other, { amount: 2n })
    changes.update(PaymentCollection, one, { version: 2 })
    expect(changes.writes).toEqual([
      { update: PaymentCollection, id: "pay_col_1", set: { amount: 1n, version: 2, updated_at: NOW } },
      { insert: Payment, row: expect.objectContaining({ id: "pay_1" }) },
      { insert: Payment, row: expect.objectContaining({ id: "pay_2" }) },
      { update: PaymentCollection, id: "pay_col_2", set: { amount: 2n, updated_at: NOW } },
    ])
  })

  it("give a new row its class, its times, and nothing that was left out", () => {
    const before = Date.now()
    const capture = changes.insert(Capture, { id: "capt_1" })
    expect(capture).toBeInstanceOf(Capture)
    expect(Object.keys(capture).sort()).toEqual(["created_at", "id", "updated_at"])
    expect(capture.created_at.getTime()).toBeGreaterThanOrEqual(before)
    expect(capture.created_at.getTime()).toBeLessThanOrEqual(Date.now())
    expect(capture.updated_at).toEqual(capture.created_at)
  })

  it("leave a new row the times that it was given", () => {
    const created_at = new Date("2026-11-22T10:15:30.000Z")
    expect(changes.insert(Capture, { id: "capt_1", created_at }).created_at).toBe(created_at)
  })
})

describe("events", () => {
  it("are told in the order of the facts, in the words of the end", () => {
    const row = stored()
    changes.recordEvent(() => collectionEvent("payment_collection.updated", row))
    changes.update(PaymentCollection, row, { amount: 200n })
    changes.recordEvent(() => collectionEvent("payment_collection.completed", row))
    changes.update(PaymentCollection, row, { status: "completed", captured_amount: 200n })
    const data = expect.objectContaining({ amount: "200", status: "completed", captured_amount: "200" })
    expect(changes.events).toEqual([
      { name: "payment_collection.updated", aggregateId: "pay_col_1", data },
      { name: "payment_collection.completed", aggregateId: "pay_col_1", data },
    ])
  })
})
