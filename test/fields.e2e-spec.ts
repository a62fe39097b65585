import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { preparedName } from "../src/database/statements/prepared.js"
import { apiOf } from "./support/api.js"
import { newCollection, newPaidCollection } from "./support/factories.js"
import { TestService } from "./support/service.js"

let service: TestService
const { admin, store } = apiOf(() => service)
let paid: Awaited<ReturnType<typeof newPaidCollection>>
beforeAll(async () => {
  service = await TestService.start()
  paid = await newPaidCollection(service)
})
afterAll(() => service.close())

const create = (fields: string, cartId = paid.cartId) =>
  service.store("POST", `/store/payment-collections?fields=${encodeURIComponent(fields)}`, { cart_id: cartId })
const selected = async (fields: string) => (await create(fields)).body.payment_collection

describe("fields on a collection", () => {
  it("answer the named scalars and the id", async () => {
    expect(await selected("amount,status")).toEqual({ id: paid.id, amount: 10, status: "authorized" })
    expect(Object.keys(await selected("created_at")).sort()).toEqual(["created_at", "id"])
  })

  it("select inside relations, each with its id", async () => {
    expect(await selected("payment_sessions.status,payment_providers.id")).toEqual({
      id: paid.id,
      payment_sessions: [{ id: paid.sessionId, status: "authorized" }],
      payment_providers: [{ id: "pp_system_default" }],
    })
    expect(await selected("payments.refunds.refund_reason.code")).toEqual({
      id: paid.id,
      payments: [
        { id: paid.paymentId, refunds: [{ id: expect.any(String), refund_reason: { id: "refr_test", code: "late" } }] },
      ],
    })
  })

  it("expand a relation by a star, a trailing star or its plain name", async () => {
    const [byStar, byTrail, byName] = await Promise.all(["id,*payments", "id,payments.*", "payments"].map(selected))
    expect(byStar.payments[0]).toMatchObject({ id: paid.paymentId, provider_id: "pp_system_default" })
    expect(byStar.payments[0]).not.toHaveProperty("captures")
    expect(byTrail).toEqual(byStar)
    expect(byName).toEqual(byStar)
  })

  it("bring a session's payment along with the session, as Medusa does", async () => {
    expect((await selected("payment_sessions")).payment_sessions[0].payment).toMatchObject({ id: paid.paymentId })
  })

  it("follow a back reference to one resource, as their last step", async () => {
    const { payments } = await selected("payments.captures.payment,payments.payment_collection.status")
    expect(payments[0].captures[0].payment).toMatchObject({ id: paid.paymentId, amount: 10 })
    expect(payments[0].captures[0].payment).not.toHaveProperty("captures")
    expect(payments[0].payment_collection).toEqual({ id: paid.id, status: expect.any(String) })
  })

  it.each([
    "payments.captures.payment.captures",
    "payments.payment_collection.payments",
    "payments.payment_session.payment.id,payments.payment_session.payment.refunds",
  ])("do not follow %s, which would multiply rows", async (path) => {
    const refused = await create(path)
    expect(refused).toMatchObject({ status: 400, body: { type: "invalid_data" } })
    expect(refused.body.message).toContain("leads back to a resource")
  })

  it("do not bring back references unless asked", async () => {
    const collection = await selected("")
    expect(collection.payments[0]).not.toHaveProperty("payment_collection")
    expect(collection.payment_sessions[0]).not.toHaveProperty("payment_collection")
    expect(collection.payments[0].captures[0]).not.toHaveProperty("payment")
  })

  it("name what is unknown, list what is allowed, and create nothing (D2)", async () => {
    const { cartId } = await newCollection(service)
    await service.dataSource.query("UPDATE payment_collection SET deleted_at = now() WHERE cart_id = $1", [cartId])
    const answer = await create("amount,nope,payments.wrong", cartId)
    expect(answer).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: "Invalid request: Unknown names in 'fields': 'nope', 'payments.wrong'" },
    })
    expect(answer.body.details[0].allowed).toEqual(expect.arrayContaining(["amount", "payments", "payments.captures"]))
    const rows = await service.dataSource.query(
      "SELECT count(*)::int AS live FROM payment_collection WHERE cart_id = $1 AND deleted_at IS NULL",
      [cartId],
    )
    expect(rows).toEqual([{ live: 0 }])
  })

  it("hide from the store what is for operators", async () => {
    expect(await create("cart_id")).toMatchObject({ status: 400 })
    const asAdmin = await admin.getCollection(paid.id, "?fields=cart_id,payment_sessions.context")
    expect(asAdmin.body.payment_collection).toEqual({
      id: paid.id,
      cart_id: paid.cartId,
      payment_sessions: [{ id: paid.sessionId, context: { customer: { id: "cus_1", email: "private@example.com" } } }],
    })
  })

  it("are refused as an array or twice, and next to unknown parameters, in Medusa's words", async () => {
    const post = async (query: string) => {
      const answer = await service.store("POST", `/store/payment-collections?${query}`, { cart_id: paid.cartId })
      return [answer.status, answer.body.message]
    }
    expect(await post("fields[]=id")).toEqual([
      400,
      "Invalid request: Expected type: 'string' for field 'fields', got: 'id'",
    ])
    expect(await post("fields=id&fields=amount")).toEqual([
      400,
      "Invalid request: Expected type: 'string' for field 'fields', got: 'id,amount'",
    ])
    expect(await post("bogus=1")).toEqual([400, "Invalid request: Unrecognized fields: 'bogus'"])
  })
})

describe("reading by fields", () => {
  it("takes one statement however deep and wide, and none for what is not asked for", async () => {
    const read = async (fields: string) => {
      service.statements.take()
      await store.getCollection(paid.id, `?fields=${fields}`)
      return service.statements.take()
    }
    const [narrow, ...more] = await read("id")
    expect(more).toEqual([])
    expect(narrow).not.toMatch(/FROM "(payment_session|payment|capture|refund)"/)
    expect(
      await read("payments.captures.payment,payments.refunds.refund_reason,payment_sessions.payment,payment_providers"),
    ).toHaveLength(1)
  })

  it("prepares what the service repeats and nothing that callers choose", async () => {
    const texts = async (query: string) => {
      service.statements.take()
      await service.store("POST", `/store/payment-collections${query}`, { cart_id: paid.cartId })
      return service.statements.take().map((text) => preparedName(text) !== undefined)
    }
    expect(await texts("")).toEqual([true, true])
    expect(await texts("?fields=-metadata,%2Bpayments.payment_collection.id")).toEqual([false, false])
  })

  it("is refused beyond thirty relations", async () => {
    const relations = ["payments", "payment_sessions", "payment_sessions.payment"].flatMap((path) =>
      ["payment_collection", "payment_collection.payments", "payment_collection.payment_sessions"].flatMap((next) =>
        ["", ".payment_collection", ".payment_collection.payments", ".payment_collection.payment_sessions"].map(
          (last) => `${path}.${next}${last}`,
        ),
      ),
    )
    expect(await create(relations.join(","))).toMatchObject({ status: 400, body: { type: "invalid_data" } })
  })

  it("never touches the columns of private data", async () => {
    service.statements.take()
    await create("*,*payments,*payment_sessions")
    expect(service.statements.take().join("\n")).not.toContain("private_data")
  })
})
