import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { apiOf } from "./support/api.js"
import { newSdk, type Sdk } from "./support/sdk.js"
import { TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
const api = apiOf(() => service)
let tcp: TcpConnection
let admin: Sdk
beforeAll(async () => {
  service = await TestService.start({ DEFAULT_CURRENCY: "JPY" })
  tcp = await TcpConnection.open(service.tcpPort)
  admin = newSdk({ baseUrl: service.url, apiKey: service.secretKey })
})
afterAll(async () => {
  tcp.close()
  await service.close()
})

interface Order {
  order_id: string
  amount: number
  currency_code?: string
}

const post = async (order: Order) => (await api.admin.createCollection(order)).body

/** The ways to make a collection of an order; each gives the collection, or the error. */
const ways = {
  "the js-sdk": async (order: Order) =>
    (await admin.admin.paymentCollection.create(order)).payment_collection as unknown as Record<string, unknown>,
  HTTP: async (order: Order) => (await post(order)).payment_collection,
  TCP: async (order: Order) =>
    (await tcp.ask("payment_collections.create_for_order", order)).response.payment_collection,
}

describe.each(Object.entries(ways))("a collection of an order, without a currency, by %s", (_, create) => {
  it("has the default currency", async () => {
    const order = { order_id: randomUUID(), amount: 500 }
    expect(await create(order)).toMatchObject({ amount: 500, currency_code: "jpy", status: "not_paid" })
  })

  it("has the currency of the order's newest collection", async () => {
    const order_id = randomUUID()
    for (const currency_code of ["eur", "usd"]) await post({ order_id, amount: 1, currency_code })
    expect(await create({ order_id, amount: 12.5 })).toMatchObject({ amount: 12.5, currency_code: "usd" })
  })

  it("has the currency of a live collection before that of a canceled one, and none of a deleted one", async () => {
    const order_id = randomUUID()
    const idOf = async (currency_code: string) =>
      (await post({ order_id, amount: 1, currency_code })).payment_collection.id as string
    const live = await idOf("eur")
    const cancelSql = "UPDATE payment_collection SET status = 'canceled' WHERE id = $1"
    await service.dataSource.query(cancelSql, [await idOf("usd")])
    await api.admin.deleteCollection(await idOf("gbp"))
    const { id, currency_code } = await create({ order_id, amount: 1 })
    expect(currency_code).toBe("eur")
    await api.admin.deleteCollection(String(id))
    await api.admin.deleteCollection(live)
    expect(await create({ order_id, amount: 1 })).toMatchObject({ currency_code: "usd" })
  })

  it("is refused if the amount has more decimals than that currency", async () => {
    const amount = 12.5
    const { message } = await post({ order_id: randomUUID(), amount })
    expect(message).toBe("Value for field 'amount' has more decimals than jpy allows (0), got: '12.5'")
    expect(await create({ order_id: randomUUID(), amount, currency_code: "eur" })).toMatchObject({ amount })
  })
})
