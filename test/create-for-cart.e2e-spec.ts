import { afterAll, beforeAll, expect, it } from "@jest/globals"
import fc from "fast-check"
import { DataSource, type EntityManager } from "typeorm"
import { entities } from "../src/bootstrap/entities.js"
import { Cart } from "../src/carts/cart.entity.js"
import { newId } from "../src/common/ids.js"
import { dataSourceOptions } from "../src/database/data-source-options.js"
import { writeRows, type Write } from "../src/database/statements/unit-of-work.js"
import { OutboxEvent } from "../src/outbox/outbox-event.entity.js"
import { createForCart } from "../src/payment-collections/create-for-cart.statement.js"
import { PaymentCollection } from "../src/payment-model/entities/payment-collection.entity.js"
import { PaymentSession } from "../src/payment-model/entities/payment-session.entity.js"
import { collectionEvent } from "../src/payment-model/events.js"
import { registerResources } from "../src/api/fields/resource.js"
import { RESOURCES } from "../src/bootstrap/resources.js"
import { STORE_COLLECTION } from "../src/payment-model/resources/payment-collection.resource.js"
import { amountFor, isOutgrown, mayFollowCart, outgrownTotal } from "../src/payment-model/rules/collection.rules.js"
import { isInChannels } from "../src/payment-model/rules/visibility.rules.js"
import { COLLECTION_STATUSES, OPEN_SESSION_STATUSES } from "../src/payment-model/status.js"
import { createDatabase } from "./support/database.js"

registerResources(RESOURCES)

let dataSource: DataSource
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await createDatabase()
  drop = database.drop
  dataSource = await new DataSource(dataSourceOptions({ ...database.connection, poolSize: 1 }, entities)).initialize()
  await dataSource.query("INSERT INTO region (id) VALUES ('reg_1'), ('reg_2')")
  await dataSource.query("INSERT INTO payment_provider (id, is_enabled) VALUES ('pp_one', true), ('pp_off', false)")
  await dataSource.query(
    "INSERT INTO region_payment_provider (region_id, payment_provider_id) VALUES ('reg_1', 'pp_one'), ('reg_1', 'pp_off')",
  )
})
afterAll(async () => {
  await dataSource.destroy()
  await drop()
})

const amount = fc.integer({ min: 0, max: 3 }).map((hundreds) => BigInt(hundreds) * 100n)
const mostly = <T>(often: T, ...seldom: T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(often) }, { weight: 1, arbitrary: fc.constantFrom(...seldom) })
const place = {
  currency_code: mostly("eur", "usd"),
  region_id: mostly<string | null>("reg_1", "reg_2", null),
  sales_channel_id: mostly<string | null>("sc_1", "sc_2", "", null),
  order_id: mostly<string | null>(null, "order_1", "order_2"),
}
const carts = fc.record({
  ...place,
  total: amount,
  customer_id: mostly<string | null>("cus_1", "cus_2", null),
  completed_at: mostly<Date | null>(null, new Date()),
})
const collections = fc
  .record({
    ...place,
    amount,
    authorized_amount: fc.constantFrom(0n, 100n, 200n),
    status: fc.constantFrom(...COLLECTION_STATUSES.filter((status) => status !== "canceled")),
    outgrown_total: fc.constantFrom<(bigint | null)[]>(null, 100n, 200n),
  })
  // Never more than was asked for.
  .filter((collection) => collection.authorized_amount <= collection.amount)
const sessions = fc.record({
  status: fc.constantFrom(...OPEN_SESSION_STATUSES),
  customer: mostly<string | null>("cus_1", "cus_2", null),
  provider_id: mostly("pp_one", "pp_off"),
})
const cases = fc.record({
  cart: carts,
  collection: fc.option(collections, { freq: 8, nil: undefined }),
  session: fc.option(sessions, { nil: undefined }),
  channels: mostly<string[]>([], ["sc_1"], ["sc_2", "sc_3"]),
})
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never

/** The outcome of create for an existing collection, by the rules of the model. */
function verdictOf(
  { cart, session }: Case,
  collection: NonNullable<Case["collection"]>,
): "exists" | "behind" | "updated" {
  const isOfCart =
    collection.amount === cart.total &&
    (["currency_code", "region_id", "sales_channel_id"] as const).every((name) => collection[name] === cart[name])
  const follows = cart.completed_at === null && mayFollowCart(collection) && !isOfCart
  if (follows && !session) return "updated"
  return follows || isOutgrown(collection, cart) || needsLock(cart, collection, session) ? "behind" : "exists"
}

function needsLock(cart: Case["cart"], collection: NonNullable<Case["collection"]>, session: Case["session"]): boolean {
  const authorized = collection.authorized_amount
  const regionId = authorized === 0n ? cart.region_id : collection.region_id
  const isOffered = session?.provider_id === "pp_one" && regionId !== "reg_2"
  const isSessionOutdated =
    cart.completed_at === null && session !== undefined && (session.customer !== cart.customer_id || !isOffered)
  const hasNewOrder = cart.order_id !== null && cart.order_id !== collection.order_id
  if (isSessionOutdated || hasNewOrder) return true
  if (authorized === 0n || cart.currency_code !== collection.currency_code) return false
  const outgrown = outgrownTotal(collection, authorized, cart)
  const isNewlyOutgrown = outgrown !== null && outgrown !== collection.outgrown_total
  const isCoveredAgain = collection.outgrown_total !== null && cart.total <= collection.amount
  const isPartial = collection.status === "partially_authorized" || collection.status === "partially_captured"
  const next = amountFor(collection, authorized, cart)
  const isAmountBehind = isPartial && (next < collection.amount || (next > collection.amount && session !== undefined))
  return isNewlyOutgrown || isCoveredAgain || isAmountBehind
}

async function inTransactionThatIsUndone(work: (tx: EntityManager) => Promise<void>): Promise<void> {
  const runner = dataSource.createQueryRunner()
  await runner.startTransaction()
  try {
    await work(runner.manager)
  } finally {
    await runner.rollbackTransaction()
    await runner.release()
  }
}

const rowsOf = ({ cart, collection, session }: Case): Write[] => [
  { insert: Cart, row: { id: "cart_1", sent_at: new Date(), ...cart } },
  ...(collection ? [{ insert: PaymentCollection, row: { id: "pay_col_1", cart_id: "cart_1", ...collection } }] : []),
  ...(collection && session
    ? [
        {
          insert: PaymentSession,
          row: {
            ...{ id: "payses_1", payment_collection_id: "pay_col_1", currency_code: "eur", amount: 100n },
            ...{ provider_id: session.provider_id, status: session.status },
            context: session.customer === null ? {} : { customer: { id: session.customer } },
          },
        },
      ]
    : []),
]

it("decides in SQL as the rules do in TypeScript, and writes the event that the model would record", async () => {
  const selection = STORE_COLLECTION.select()
  const check = (example: Case) =>
    inTransactionThatIsUndone(async (tx) => {
      const { cart, collection, channels } = example
      await writeRows(tx, rowsOf(example))
      const result = await createForCart(tx, "cart_1", channels, selection)
      const written = await tx.findOneBy(PaymentCollection, { cart_id: "cart_1" })
      const events = await tx.findBy(OutboxEvent, { aggregate_id: written?.id ?? newId("pay_col") })

      if (!isInChannels(cart.sales_channel_id, channels)) expect(result).toEqual({ outcome: "cart_not_found" })
      else if (collection) {
        const verdict = verdictOf(example, collection)
        expect(result).toEqual({ outcome: verdict === "updated" ? "exists" : verdict, id: "pay_col_1" })
        expect(written?.version).toBe(verdict === "updated" ? 2 : 1)
        expect(events).toHaveLength(verdict === "updated" ? 1 : 0)
      } else expect(result.outcome).toBe(cart.completed_at ? "cart_completed" : "created")

      for (const { name, data } of events) {
        if (!written) throw new Error("An event without its collection")
        const { amount, currency_code, region_id, sales_channel_id } = written
        expect({ total: amount, currency_code, region_id, sales_channel_id }).toEqual({
          total: cart.total,
          ...{ currency_code: cart.currency_code, region_id: cart.region_id },
          sales_channel_id: cart.sales_channel_id,
        })
        expect(data).toEqual(collectionEvent("payment_collection.created", written).data)
        expect(name).toBe(collection ? "payment_collection.updated" : "payment_collection.created")
      }
    })
  await fc.assert(fc.asyncProperty(cases, check), { numRuns: 500 })
})
