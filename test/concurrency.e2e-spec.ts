import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { describeServed } from "./support/served.js"
import { putCart } from "./support/factories.js"
import { blocked, holding } from "./support/locks.js"
import { TestService } from "./support/service.js"

let service: TestService
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const create = (cartId: string, instance = service) =>
  instance.store("POST", "/store/payment-collections", { cart_id: cartId })

const liveCollections = (cartId: string): Promise<{ id: string; amount: string }[]> =>
  service.dataSource.query("SELECT id, amount FROM payment_collection WHERE cart_id = $1 AND deleted_at IS NULL", [
    cartId,
  ])

describe("parallel creates", () => {
  it("on one fresh cart all answer 200 with the one collection (D3, W5)", async () => {
    for (let round = 0; round < 3; round++) {
      const cartId = await putCart(service)
      const answers = await Promise.all(Array.from({ length: 50 }, () => create(cartId)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      const ids = new Set(answers.map(({ body }) => body.payment_collection.id))
      expect(await liveCollections(cartId)).toEqual([{ id: [...ids][0], amount: "1000" }])
      expect(ids.size).toBe(1)
    }
  })

  it("and cart changes end at the cart's last total", async () => {
    const cartId = await putCart(service)
    const changes = Array.from({ length: 20 }, (_, i) => putCart(service, { id: cartId, total: i + 1 }))
    const creates = Array.from({ length: 20 }, () => create(cartId))
    const answers = await Promise.all([...creates, ...changes.map((change) => change.then(() => create(cartId)))])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const { total } = (await service.admin("GET", `/admin/carts/${cartId}`)).body.cart
    expect((await create(cartId)).body.payment_collection.amount).toBe(total)
    expect(await liveCollections(cartId)).toHaveLength(1)
  })

  it("and deletes leave one live collection at most, and nobody gets an error of ours", async () => {
    const cartId = await putCart(service)
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const created = await create(cartId)
        const removed = await service.admin(
          "DELETE",
          `/admin/payment-collections/${created.body.payment_collection?.id}`,
        )
        return [created.status, removed.status]
      }),
    )
    expect(answers.flat().filter((status) => status >= 500)).toEqual([])
    expect((await liveCollections(cartId)).length).toBeLessThanOrEqual(1)
  })
})

describe("the store under a revocation", () => {
  it("forgets a key at once on the instance that revoked it", async () => {
    const cartId = await putCart(service)
    const { api_key } = (await service.admin("POST", "/admin/api-keys", { title: "x", type: "publishable" })).body
    const withKey = () =>
      service.store("POST", "/store/payment-collections", { cart_id: cartId }, { key: api_key.token })
    expect((await withKey()).status).toBe(200)
    await service.admin("POST", `/admin/api-keys/${api_key.id}/revoke`)
    expect(await withKey()).toMatchObject({ status: 400, body: { type: "not_allowed" } })
  })
})

const onServed = describeServed("races forced by locks, which need two connections at once")

onServed("forced by locks", () => {
  /** Changes a cart's row alone, so that its collection is behind. */
  const changeUnnoticed = (cartId: string, total: number) =>
    service.dataSource.query("UPDATE cart SET total = $2 WHERE id = $1", [cartId, total])

  it("a create that met a cart change waits for it and ends at the newer total", async () => {
    const cartId = await putCart(service, { total: 10 })
    await holding(service, "UPDATE cart SET total = 7700 WHERE id = $1", [cartId], async (release) => {
      const creating = create(cartId)
      await blocked(service, 1)
      await release()
      expect((await creating).body.payment_collection.amount).toBe(77)
    })
  })

  it("a repeat that met a cart change waits for it and ends at the newer total", async () => {
    const cartId = await putCart(service, { total: 10 })
    await create(cartId)
    await changeUnnoticed(cartId, 2000)
    await holding(service, "UPDATE cart SET total = 7700 WHERE id = $1", [cartId], async (release) => {
      const repeating = create(cartId)
      await blocked(service, 1)
      await release()
      expect((await repeating).body.payment_collection.amount).toBe(77)
    })
  })

  it("a create that met the completion of its cart is refused, and writes nothing", async () => {
    const cartId = await putCart(service)
    await holding(service, "UPDATE cart SET completed_at = now() WHERE id = $1", [cartId], async (release) => {
      const creating = create(cartId)
      await blocked(service, 1)
      await release()
      expect(await creating).toMatchObject({ status: 400, body: { message: `Cart ${cartId} is already completed.` } })
      expect(await liveCollections(cartId)).toEqual([])
    })
  })

  it("creates that met another's insert answer its collection", async () => {
    const cartId = await putCart(service)
    const insert =
      "INSERT INTO payment_collection (id, cart_id, currency_code, amount, region_id) VALUES ('pay_col_other', $1, 'eur', 1000, 'reg_test')"
    await holding(service, insert, [cartId], async (release) => {
      const creating = Array.from({ length: 5 }, () => create(cartId))
      await blocked(service, 5)
      await release()
      const ids = (await Promise.all(creating)).map(({ body }) => body.payment_collection.id)
      expect(ids).toEqual(Array.from({ length: 5 }, () => "pay_col_other"))
    })
  })

  it("a refresh that met an authorization leaves the amount alone", async () => {
    const cartId = await putCart(service, { total: 10 })
    await create(cartId)
    await changeUnnoticed(cartId, 9900)
    const authorize = "UPDATE payment_collection SET status = 'authorized', authorized_amount = 1000 WHERE cart_id = $1"
    await holding(service, authorize, [cartId], async (release) => {
      const repeating = create(cartId)
      await blocked(service, 1)
      await release()
      expect((await repeating).body.payment_collection).toMatchObject({ amount: 10, status: "authorized" })
    })
  })

  it("a delete that met an authorization is refused", async () => {
    const cartId = await putCart(service)
    const { id } = (await create(cartId)).body.payment_collection
    await holding(
      service,
      "UPDATE payment_collection SET status = 'authorized' WHERE id = $1",
      [id],
      async (release) => {
        const deleting = service.admin("DELETE", `/admin/payment-collections/${id}`)
        await blocked(service, 1)
        await release()
        expect(await deleting).toMatchObject({ status: 400, body: { type: "not_allowed" } })
      },
    )
  })

  it("two instances on one database give one collection, and learn of a revocation when their trust ends", async () => {
    const other = await TestService.startOn(service.connection)
    try {
      const cartId = await putCart(service)
      const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => create(cartId, i % 2 ? service : other)))
      expect(new Set(answers.map(({ body }) => body.payment_collection.id)).size).toBe(1)
    } finally {
      await other.close()
    }
  })
})
