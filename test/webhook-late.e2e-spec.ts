import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { booksMatch } from "./support/books-match.js"
import { putCart } from "./support/factories.js"
import { until, WebhookWorld } from "./support/webhook-world.js"

let world: WebhookWorld
const { admin } = apiOf(() => world.service)
beforeAll(async () => {
  world = await WebhookWorld.start()
})
afterAll(() => world.service.close())
beforeEach(() => {
  for (const account of [world.account, world.other]) account.reset()
})

/** Says so when this session's rows and the account's books differ. */
async function expectBooksMatch(sessionId: string): Promise<void> {
  const differences = await booksMatch(world.service, world.account, ["pp_telling_default", "pp_telling-bank_default"])
  expect(differences.filter((line) => line.startsWith(sessionId))).toEqual([])
}

describe("a session that was given up, and then authorized at the provider", () => {
  it("because another provider was chosen, is voided there", async () => {
    const { id, sessionId } = await world.session()
    await world.openSession(id, "pp_telling_other")
    revive(sessionId)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(world.account.of(sessionId)).toMatchObject({ status: "canceled", captured: 0n })
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "not_paid", payments: [] },
      payment_sessions: [{ provider_id: "pp_telling_other", status: "pending" }],
    })
    await expectBooksMatch(sessionId)
  })

  it("because its collection was deleted, is voided there", async () => {
    const { id, sessionId } = await world.session()
    await admin.deleteCollection(id)
    revive(sessionId)
    await world.tell(sessionId)
    expect(world.account.of(sessionId).status).toBe("canceled")
    expect(await world.payments(id)).toEqual([])
  })

  it("while the session that replaced it is being opened, is voided once that is through", async () => {
    const { id, sessionId } = await world.session()
    const held = world.other.hold("initiate")
    const opening = world.openSession(id, "pp_telling_other")
    await held.reached
    revive(sessionId)
    await world.send(sessionId, { id: `late_${sessionId}` })
    await until(() => world.account.countOf("inspect", sessionId) > 1, "the provider to be asked")
    held.release()
    expect((await opening).status).toBe(200)
    await world.becomes(`late_${sessionId}`, "applied")
    expect(await world.row(`late_${sessionId}`)).toMatchObject({ attempts: 1 })
    expect(world.account.of(sessionId).status).toBe("canceled")
  })

  it("and captured, while the session that replaced it is being paid, is refunded once that is through", async () => {
    const { id, sessionId } = await world.session()
    const { body } = await world.openSession(id, "pp_telling_other")
    const current = String(body.payment_collection.payment_sessions[0].id)
    world.other.pay(current, { captured: 1000n })
    const held = world.other.hold("authorize", current)
    const authorizing = world.authorize(id, current)
    await held.reached
    revive(sessionId, 1000n)
    await world.send(sessionId, { id: `late_${sessionId}` })
    await until(() => world.account.countOf("inspect", sessionId) > 1, "the provider to be asked")
    held.release()
    expect((await authorizing).status).toBe(200)
    await world.becomes(`late_${sessionId}`, "applied")
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 20, refunded_amount: 10 })
    expect(world.account.of(sessionId).refunds).toMatchObject([{ amount: { minor: 1000n }, status: "succeeded" }])
    expect(world.other.of(current).refunds).toEqual([])
    await expectBooksMatch(sessionId)
  })

  it("and captured while the collection can be paid, is its payment", async () => {
    const { id, sessionId } = await world.session()
    await world.openSession(id, "pp_telling_other")
    revive(sessionId, 1000n)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "completed", captured_amount: 10, refunded_amount: 0 },
      payments: [{ payment_session_id: sessionId, captures: [{ amount: 10 }], refunds: [] }],
    })
    const refunding = await world.act(String((await world.collection(id)).payments[0].id), "refund", { amount: 1 })
    expect([refunding.status, world.account.of(sessionId).refunds.length]).toEqual([200, 1])
    await expectBooksMatch(sessionId)
  })

  it.each([0n, 300n])(
    "and captured after the collection was deleted, is refunded in full (of which %s before)",
    async (before) => {
      const { id, sessionId } = await world.session()
      await admin.deleteCollection(id)
      revive(sessionId, 1000n)
      if (before > 0n) world.account.giveBack(sessionId, before)
      for (let times = 0; times < 2; times++) await world.tell(sessionId)
      expect(await world.payments(id)).toMatchObject([
        { payment_session_id: sessionId, captured_amount: "1000", refunded_amount: "1000", captures: 1 },
      ])
      await expectBooksMatch(sessionId)
    },
  )

  it("and captured after the collection was paid otherwise, is refunded in full", async () => {
    const { id, sessionId } = await world.session()
    await admin.markAsPaid(id)
    revive(sessionId, 1000n)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 20, refunded_amount: 10 })
    expect(world.account.of(sessionId).refunds).toMatchObject([
      { amount: { minor: 1000n, currency: "eur" }, status: "succeeded" },
    ])
    await expectBooksMatch(sessionId)
  })

  it("and captured, leaves the collection's status as it is, and completes nothing", async () => {
    const { id, sessionId } = await world.session()
    await admin.deleteCollection(id)
    revive(sessionId, 1000n)
    await world.tell(sessionId)
    const [row] = await world.sql(
      "SELECT status, completed_at, captured_amount FROM payment_collection WHERE id = $1",
      [id],
    )
    expect(row).toMatchObject({ status: "not_paid", completed_at: null, captured_amount: "1000" })
  })

  it("and captured, is refunded with the next attempt where the provider refuses first", async () => {
    const { id, sessionId } = await world.session()
    await admin.deleteCollection(id)
    revive(sessionId, 1000n)
    world.account.refuse("refund", sessionId)
    const { id: eventId } = await world.tell(sessionId, "pending")
    expect(world.account.of(sessionId).refunds).toHaveLength(0)
    await world.service.admin("POST", `/admin/webhook-events/${eventId}/replay`)
    expect(world.account.of(sessionId).refunds).toMatchObject([{ amount: { minor: 1000n }, status: "succeeded" }])
    const [payment] = await world.payments(id)
    expect(payment).toMatchObject({ captured_amount: "1000", refunded_amount: "1000" })
  })

  it("and captured in part, is given up and refunded in full", async () => {
    const { id, sessionId } = await world.session()
    await admin.deleteCollection(id)
    revive(sessionId, 400n)
    await world.tell(sessionId)
    expect(world.account.of(sessionId)).toMatchObject({
      captured: 400n,
      isClosed: true,
      refunds: [{ amount: { minor: 400n } }],
    })
    await expectBooksMatch(sessionId)
  })

  it("and captured, is refunded once also where the answer to that was lost", async () => {
    const { id, sessionId } = await world.session()
    await admin.deleteCollection(id)
    revive(sessionId, 1000n)
    world.account.fail("refund", sessionId)
    const { id: eventId } = await world.tell(sessionId, "pending")
    await world.service.admin("POST", `/admin/webhook-events/${eventId}/replay`)
    expect(await world.payments(id)).toMatchObject([{ refunded_amount: "1000", refunds: 1 }])
    expect(world.account.of(sessionId).refunds).toHaveLength(1)
  })

  it("is voided also where it is open still, but its collection was paid by another", async () => {
    const { id, sessionId } = await world.session()
    await world.openSession(id, "pp_telling-bank_default")
    const [open] = (await world.collection(id)).payment_sessions
    revive(sessionId, 1000n)
    await world.tell(sessionId)
    world.account.pay(String(open.id))
    await world.tell(String(open.id))
    expect(world.account.of(String(open.id)).status).toBe("canceled")
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 10, payments: [{}] })
    expect((await world.collection(id)).payment_sessions).toEqual([])
    await expectBooksMatch(String(open.id))
  })

  /** The shopper was in the middle of it when the session was canceled. */
  function revive(sessionId: string, captured = 0n): void {
    world.account.pay(sessionId, { captured }).isClosed = false
  }
})

describe("a shopper who has paid what is then changed here", () => {
  it("keeps the payment when the cart changes: nothing is lost, and the cart's owner is told nothing bad", async () => {
    const { id, cartId, sessionId } = await world.session()
    world.account.pay(sessionId)
    await putCart(world.service, { id: cartId, total: 25 })
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "authorized", amount: 10, authorized_amount: 10 },
      payments: [{ payment_session_id: sessionId, amount: 10 }],
    })
    await world.tell(sessionId)
    expect((await world.collection(id)).payments).toHaveLength(1)
    await expectBooksMatch(sessionId)
  })

  it("keeps the payment when other data are asked for: the caller is told that nothing is left to pay", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    const { status, body } = await world.openSession(id, "pp_telling_default", { note: "other" })
    expect([status, body.type]).toEqual([400, "not_allowed"])
    expect(body.message).toBe("The payment collection is authorized in full. Nothing is left to pay.")
    expect((await world.collection(id)).payments).toMatchObject([{ payment_session_id: sessionId }])
    await expectBooksMatch(sessionId)
  })

  it("keeps the payment when another provider is chosen after the money was taken", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    const { status, body } = await world.openSession(id, "pp_telling_other")
    expect([status, body.type]).toEqual([400, "not_allowed"])
    expect(body.message).toBe("The payment collection is paid in full. Nothing is left to pay.")
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "completed", captured_amount: 10 },
      payments: [{ payment_session_id: sessionId, captures: [{ amount: 10 }] }],
    })
    await expectBooksMatch(sessionId)
  })

  it("keeps the payment when the collection is to be deleted after the money was taken", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    const { status, body } = await admin.deleteCollection(id)
    expect([status, body.type]).toEqual([400, "not_allowed"])
    expect((await world.collection(id)).status).toBe("completed")
    await expectBooksMatch(sessionId)
  })

  it("gets back what was held when another provider is chosen", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    expect((await world.openSession(id, "pp_telling_other")).status).toBe(200)
    expect(world.account.of(sessionId).status).toBe("canceled")
    await world.tell(sessionId)
    await expectBooksMatch(sessionId)
  })
})
