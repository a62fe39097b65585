import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { DataSource, type EntityManager } from "typeorm"
import { dataSourceOptions } from "../src/database/data-source-options.js"
import { writeRows, type Write } from "../src/database/statements/unit-of-work.js"
import { entities } from "../src/bootstrap/entities.js"
import { readAggregate } from "../src/payment-model/read-aggregate.js"
import { Capture } from "../src/payment-model/entities/capture.entity.js"
import { Changes } from "../src/payment-model/changes.js"
import { lockCollection, lockCollectionAndCart, lockCollectionOfPayment } from "../src/payment-model/lock.js"
import { PaymentCollection } from "../src/payment-model/entities/payment-collection.entity.js"
import { PaymentOperation } from "../src/payment-model/entities/payment-operation.entity.js"
import { PaymentProvider } from "../src/payment-model/entities/payment-provider.entity.js"
import { PaymentSession } from "../src/payment-model/entities/payment-session.entity.js"
import { Payment } from "../src/payment-model/entities/payment.entity.js"
import { Refund } from "../src/payment-model/entities/refund.entity.js"
import { createDatabase } from "./support/database.js"

let dataSource: DataSource
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await createDatabase()
  drop = database.drop
  dataSource = await new DataSource(dataSourceOptions({ ...database.connection, poolSize: 1 }, entities)).initialize()
  await dataSource.query(`INSERT INTO region (id) VALUES ('reg_1'), ('reg_2')`)
  await dataSource.query(
    `INSERT INTO payment_provider (id, is_enabled) VALUES ('pp_one', true), ('pp_two', true), ('pp_off', false)`,
  )
  await dataSource.query(
    `INSERT INTO region_payment_provider (region_id, payment_provider_id) VALUES ('reg_1', 'pp_one'), ('reg_1', 'pp_off')`,
  )
})
afterAll(async () => {
  await dataSource.destroy()
  await drop()
})

const transaction = <T>(work: (tx: EntityManager) => Promise<T>) => dataSource.transaction(work)

const write = (writes: readonly Write[]) => transaction((tx) => writeRows(tx, writes))

let collections = 0
let id: string
beforeEach(() => {
  id = `pay_col_${++collections}`
})

const COLLECTION = { currency_code: "eur", amount: 10_000n } as const
const OF_PROVIDER = { provider_id: "pp_one", currency_code: "eur", amount: 10_000n } as const
const REQUEST = { client_data: {}, data: {}, private_data: { key: "secret" }, context: {} }

/** More minor units than a double counts exactly, and text that wants quoting. */
const LARGE = 2n ** 53n + 1n
const TEXT = `it's "quoted" \\ $1 é 😀`

describe("writing rows", () => {
  it("of several tables is one statement, which the rows come back from as they were, children before parents or not", async () => {
    const changes = new Changes()
    const time = new Date("2026-11-22T10:15:30.123Z")
    const operation = changes.insert(PaymentOperation, {
      id: `op_${id}`,
      kind: "capture",
      payment_collection_id: id,
      payment_session_id: `payses_${id}`,
      payment_id: `pay_${id}`,
      capture_id: `capt_${id}`,
      ...OF_PROVIDER,
      state: "unknown",
      request: { ...REQUEST, data: { note: TEXT, list: [1, null, { deep: true }] }, is_final: true },
      attempts: 3,
      is_stuck: true,
      next_attempt_at: time,
      request_key: null,
    })
    const capture = changes.insert(Capture, {
      id: `capt_${id}`,
      payment_id: `pay_${id}`,
      amount: 1n,
      status: "unknown",
    })
    const about = { amount: LARGE, status: "succeeded", refund_reason_id: null, note: TEXT } as const
    const refund = changes.insert(Refund, { id: `ref_${id}`, payment_id: `pay_${id}`, ...about })
    const payment = changes.insert(Payment, {
      id: `pay_${id}`,
      payment_collection_id: id,
      payment_session_id: `payses_${id}`,
      ...OF_PROVIDER,
      amount: LARGE,
      authorized_amount: LARGE,
      private_data: { key: TEXT },
      captured_at: time,
    })
    const session = changes.insert(PaymentSession, {
      id: `payses_${id}`,
      payment_collection_id: id,
      ...OF_PROVIDER,
      status: "authorized",
      client_data: {},
      data: { note: TEXT },
      context: null,
    })
    const collection = changes.insert(PaymentCollection, { id, ...COLLECTION, metadata: { a: [] } })

    await transaction(async (tx) => {
      const query = jest.spyOn(tx, "query")
      await writeRows(tx, changes.writes)
      expect(query).toHaveBeenCalledTimes(1)
    })

    const read = await transaction((tx) => lockCollection(tx, id))
    expect(read.collection).toMatchObject(collection)
    expect(read.sessions).toEqual([expect.objectContaining(session)])
    expect(read.payments).toEqual([expect.objectContaining(payment)])
    expect(read.captures).toEqual([expect.objectContaining(capture)])
    expect(read.refunds).toEqual([expect.objectContaining(refund)])
    expect(read.operations).toEqual([expect.objectContaining(operation)])
    expect(read.cart).toBeUndefined()
    expect(read.sessions[0]).toBeInstanceOf(PaymentSession)
  })

  it("inserts and updates in one statement", async () => {
    await write([{ insert: PaymentCollection, row: { id, ...COLLECTION } }])
    const session = { payment_collection_id: id, ...OF_PROVIDER }
    await write([
      { insert: PaymentSession, row: { id: `payses_${id}`, ...session } },
      { update: PaymentCollection, id, set: { amount: 5n, status: "awaiting", metadata: null } },
      { insert: PaymentSession, row: { id: `other_${id}`, ...session, status: "authorized" } },
    ])
    const { collection, sessions } = await transaction((tx) => lockCollection(tx, id))
    expect(collection).toMatchObject({ amount: 5n, status: "awaiting", metadata: null, currency_code: "eur" })
    expect(sessions.map((row) => row.id).sort()).toEqual([`other_${id}`, `payses_${id}`])
  })

  it("gives each row the defaults of what it leaves out, also where another row says something", async () => {
    await write([{ insert: PaymentCollection, row: { id, ...COLLECTION } }])
    const session = { payment_collection_id: id, ...OF_PROVIDER }
    await write([
      { insert: PaymentSession, row: { id: `1_${id}`, ...session, metadata: { said: true } } },
      { insert: PaymentSession, row: { id: `2_${id}`, ...session, status: "authorized", data: { said: true } } },
    ])
    const { sessions } = await transaction((tx) => lockCollection(tx, id))
    const said = { said: true }
    const [first, second] = sessions.sort((left, right) => left.id.localeCompare(right.id))
    expect(first).toMatchObject({ status: "pending", data: {}, client_data: {}, metadata: said, deleted_at: null })
    expect(second).toMatchObject({ status: "authorized", data: said, client_data: {}, metadata: null })
  })

  it("changes the rows that are named, in the columns that are named, and says when", async () => {
    const then = new Date("2026-01-01T00:00:00.000Z")
    const row = { ...COLLECTION, created_at: then, updated_at: then }
    await write([
      { insert: PaymentCollection, row: { id, ...row } },
      { insert: PaymentCollection, row: { id: `other_${id}`, ...row } },
    ])
    await write([{ update: PaymentCollection, id, set: { completed_at: then } }])
    const changed = await transaction((tx) => lockCollection(tx, id))
    const other = await transaction((tx) => lockCollection(tx, `other_${id}`))
    expect(changed.collection).toMatchObject({ ...COLLECTION, completed_at: then, created_at: then, version: 1 })
    expect(changed.collection.updated_at.getTime()).toBeGreaterThan(then.getTime())
    expect(other.collection).toMatchObject({ completed_at: null, updated_at: then })
  })

  it("changes two rows of one table apart", async () => {
    await write([
      { insert: PaymentCollection, row: { id, ...COLLECTION } },
      { insert: PaymentCollection, row: { id: `other_${id}`, ...COLLECTION } },
    ])
    await write([
      { update: PaymentCollection, id, set: { amount: 1n } },
      { update: PaymentCollection, id: `other_${id}`, set: { amount: 2n, order_id: "order_1" } },
    ])
    const rows = await dataSource.manager.findBy(PaymentCollection, [{ id }, { id: `other_${id}` }])
    expect(rows.map((row) => [row.amount, row.order_id]).sort()).toEqual([
      [1n, null],
      [2n, "order_1"],
    ])
  })

  it("of a table that does not say when its rows changed changes what is named", async () => {
    await write([{ insert: PaymentProvider, row: { id: `pp_${id}` } }])
    await write([{ update: PaymentProvider, id: `pp_${id}`, set: { is_enabled: false } }])
    await expect(dataSource.manager.findOneBy(PaymentProvider, { id: `pp_${id}` })).resolves.toMatchObject({
      is_enabled: false,
    })
  })

  it("writes nothing at all when one row is refused", async () => {
    await expect(
      write([
        { insert: PaymentCollection, row: { id, ...COLLECTION } },
        { insert: PaymentSession, row: { id: `payses_${id}`, payment_collection_id: "nobody's", ...OF_PROVIDER } },
      ]),
    ).rejects.toMatchObject({ driverError: { constraint: "payment_session_collection_fk" } })
    await expect(dataSource.manager.findOneBy(PaymentCollection, { id })).resolves.toBeNull()
  })

  it("of nothing asks nothing of the database", async () => {
    await transaction(async (tx) => {
      const query = jest.spyOn(tx, "query")
      await writeRows(tx, [])
      expect(query).not.toHaveBeenCalled()
    })
  })

  it("knows no other columns than those of the table", async () => {
    await expect(write([{ update: PaymentCollection, id, set: { 'amount" = 0, "amount': 1n } }])).rejects.toThrow(
      'payment_collection has no column amount" = 0, "amount',
    )
  })
})

describe("under the lock of a collection", () => {
  const cart = (cartId: string, more = "") =>
    dataSource.query(
      `INSERT INTO cart (id, currency_code, total, region_id, email, sent_at) VALUES ($1, 'usd', 9007199254740993, 'reg_1', 'buyer@example.com', now()) ${more}`,
      [cartId],
    )

  it("are its live sessions, its payments with all captures and refunds, and the calls that are not settled", async () => {
    const ofCollection = { payment_collection_id: id, ...OF_PROVIDER }
    const call = { kind: "capture", payment_session_id: `s1_${id}`, payment_id: `p1_${id}`, request: REQUEST } as const
    const resolved_at = new Date()
    const other = `other_${id}`
    await write([
      { insert: PaymentCollection, row: { id, ...COLLECTION } },
      { insert: PaymentCollection, row: { id: other, ...COLLECTION } },
      { insert: PaymentSession, row: { id: `s2_${id}`, ...ofCollection, created_at: new Date(2_000) } },
      {
        insert: PaymentSession,
        row: { id: `s1_${id}`, ...ofCollection, status: "authorized", created_at: new Date(1_000) },
      },
      {
        insert: PaymentSession,
        row: { id: `gone_${id}`, ...ofCollection, status: "canceled", deleted_at: resolved_at },
      },
      { insert: PaymentSession, row: { id: `other_${id}`, ...ofCollection, payment_collection_id: other } },
      {
        insert: Payment,
        row: { id: `p1_${id}`, ...ofCollection, payment_session_id: `s1_${id}`, authorized_amount: 10_000n },
      },
      {
        insert: Payment,
        row: {
          id: `other_${id}`,
          ...ofCollection,
          payment_collection_id: other,
          payment_session_id: `other_${id}`,
          authorized_amount: 1n,
        },
      },
      { insert: Capture, row: { id: `c1_${id}`, payment_id: `p1_${id}`, amount: 1n, status: "succeeded" } },
      { insert: Capture, row: { id: `c2_${id}`, payment_id: `p1_${id}`, amount: 2n, status: "unknown" } },
      { insert: Capture, row: { id: `other_${id}`, payment_id: `other_${id}`, amount: 3n, status: "succeeded" } },
      { insert: Refund, row: { id: `r1_${id}`, payment_id: `p1_${id}`, amount: 1n, status: "declined" } },
      { insert: Refund, row: { id: `other_${id}`, payment_id: `other_${id}`, amount: 1n, status: "succeeded" } },
      { insert: PaymentOperation, row: { id: `o1_${id}`, ...ofCollection, ...call } },
      { insert: PaymentOperation, row: { id: `o2_${id}`, ...ofCollection, ...call, state: "unknown" } },
      { insert: PaymentOperation, row: { id: `o3_${id}`, ...ofCollection, ...call, state: "succeeded", resolved_at } },
      { insert: PaymentOperation, row: { id: `o4_${id}`, ...ofCollection, ...call, state: "declined", resolved_at } },
      { insert: PaymentOperation, row: { id: `other_${id}`, ...ofCollection, payment_collection_id: other, ...call } },
    ])
    const byId = await transaction((tx) => lockCollection(tx, id))
    const byPayment = await transaction((tx) => lockCollectionOfPayment(tx, `p1_${id}`))
    for (const aggregate of [byId, byPayment]) {
      const ids = (rows: { id: string }[]) => rows.map((row) => row.id.replace(`_${id}`, ""))
      expect(aggregate.collection.id).toBe(id)
      expect(ids(aggregate.sessions)).toEqual(["s1", "s2"])
      expect(ids(aggregate.payments)).toEqual(["p1"])
      expect(ids(aggregate.captures)).toEqual(["c1", "c2"])
      expect(ids(aggregate.refunds)).toEqual(["r1"])
      expect(ids(aggregate.operations)).toEqual(["o1", "o2"])
      expect(aggregate.operations[0]?.request).toEqual(REQUEST)
    }
  })

  it.each([
    ["those that its region enables", "reg_1", ["pp_one"]],
    ["none where its region enables none", "reg_2", []],
    ["every one that is enabled where it has no region", null, ["pp_one", "pp_two"]],
  ])("the providers are %s", async (_, region_id, expected) => {
    await write([{ insert: PaymentCollection, row: { id, ...COLLECTION, region_id } }])
    const { providerIds } = await transaction((tx) => lockCollection(tx, id))
    expect(providerIds.filter((providerId) => /^pp_(one|two|off)$/.test(providerId)).sort()).toEqual(expected)
  })

  it("is its cart, where it has one and the use case looks at it", async () => {
    const cart_id = `cart_${id}`
    await cart(cart_id)
    await write([{ insert: PaymentCollection, row: { id, ...COLLECTION, cart_id } }])
    const expected = {
      id: cart_id,
      currency_code: "usd",
      total: LARGE,
      region_id: "reg_1",
      sales_channel_id: null,
      customer_id: null,
      email: "buyer@example.com",
      order_id: null,
      completed_at: null,
    }
    const byId = await transaction((tx) => lockCollectionAndCart(tx, id))
    expect([byId.cart, byId.collection.id]).toEqual([expected, id])
    expect((await transaction((tx) => lockCollection(tx, id))).cart).toBeUndefined()
  })

  it("is no cart where the collection is for none, or for one that is not told of", async () => {
    const other = `other_${id}`
    await write([
      { insert: PaymentCollection, row: { id, ...COLLECTION } },
      { insert: PaymentCollection, row: { id: other, ...COLLECTION, cart_id: `cart_${id}` } },
    ])
    expect((await transaction((tx) => lockCollectionAndCart(tx, id))).cart).toBeUndefined()
    expect((await transaction((tx) => lockCollectionAndCart(tx, other))).cart).toBeUndefined()
  })

  it("nothing is found where there is nothing, or nothing any more", async () => {
    const deleted = { id, ...COLLECTION, deleted_at: new Date() }
    await write([{ insert: PaymentCollection, row: deleted }])
    const notFound = (message: string) => expect.objectContaining({ kind: "not_found", message })
    for (const name of ["nope", id]) {
      const message = `PaymentCollection id not found: ${name}`
      await expect(transaction((tx) => lockCollection(tx, name))).rejects.toEqual(notFound(message))
      await expect(transaction((tx) => lockCollectionAndCart(tx, name))).rejects.toEqual(notFound(message))
    }
    await expect(transaction((tx) => lockCollectionOfPayment(tx, "nope"))).rejects.toEqual(
      notFound("Payment with id: nope was not found"),
    )
  })

  it("a missing answer is not taken for a collection without children", async () => {
    await write([{ insert: PaymentCollection, row: { id, ...COLLECTION } }])
    await transaction(async (tx) => {
      const { collection } = await lockCollection(tx, id)
      jest.spyOn(tx, "query").mockResolvedValueOnce([])
      await expect(readAggregate(tx, collection)).rejects.toThrow("answers a row")
    })
  })
})
