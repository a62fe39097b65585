import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { booksMatch } from "./support/books-match.js"
import type { TellingPayment } from "./support/telling-payment.js"
import { WebhookWorld } from "./support/webhook-world.js"

let world: WebhookWorld
const { store } = apiOf(() => world.service)
beforeAll(async () => {
  world = await WebhookWorld.start()
})
afterAll(() => world.service.close())
beforeEach(() => {
  world.account.reset()
})

const OPEN = ["payment_collection.created", "payment_session.created"]
const AUTHORIZED = ["payment_session.authorized", "payment.authorized"]

const eur = (minor: bigint) => ({ minor, currency: "eur" })
const payment = async (id: string) => (await world.collection(id)).payments[0]
const operations = async (query: string) =>
  (await world.service.admin("GET", `/admin/operations?${query}`)).body.operations as Record<string, any>[]

/** Says so when this session's rows and the account's books differ. */
async function expectBooksMatch(sessionId: string): Promise<void> {
  const differences = await booksMatch(world.service, world.account, ["pp_telling_default", "pp_telling-bank_default"])
  expect(differences.filter((line) => line.startsWith(sessionId))).toEqual([])
}

describe("the standing of a session", () => {
  it.each<[string, Partial<TellingPayment>, session: string, collection: string, facts: string[]]>([
    ["waits for the shopper", {}, "pending", "not_paid", []],
    [
      "asks the shopper for something",
      { status: "requires_more" },
      "requires_more",
      "not_paid",
      ["payment_session.requires_more"],
    ],
    [
      "waits for the provider",
      { isAsynchronous: true },
      "pending_authorization",
      "awaiting",
      ["payment_session.updated", "payment_collection.updated"],
    ],
    ["is that it failed", { status: "failed" }, "error", "not_paid", ["payment_session.failed"]],
  ])("%s: session, collection and feed say so, once", async (_, about, sessionStatus, status, facts) => {
    const { id, sessionId } = await world.session()
    Object.assign(world.account.of(sessionId), about)
    for (let times = 0; times < 2; times++) {
      await world.tell(sessionId)
      expect(await world.collection(id)).toMatchObject({
        status,
        payments: [],
        payment_sessions: [{ id: sessionId, status: sessionStatus }],
      })
      expect(await world.factNames(id)).toEqual([...OPEN, ...facts])
    }
  })

  it("goes back to waiting for the shopper after it failed", async () => {
    const { id, sessionId } = await world.session()
    world.account.of(sessionId).status = "failed"
    await world.tell(sessionId)
    world.account.of(sessionId).status = "pending"
    await world.tell(sessionId)
    expect((await world.collection(id)).payment_sessions).toMatchObject([{ status: "pending" }])
    expect(await world.factNames(id)).toEqual([...OPEN, "payment_session.failed", "payment_session.updated"])
  })

  it("is canceled: the session is gone, and another can be opened", async () => {
    const { id, sessionId } = await world.session()
    world.account.of(sessionId).status = "canceled"
    await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({ status: "not_paid", payment_sessions: [] })
    expect(await world.factNames(id)).toEqual([...OPEN, "payment_session.canceled"])
    await world.tell(sessionId)
    expect((await world.openSession(id, "pp_telling_default")).status).toBe(200)
  })

  it("is authorized: there is one payment, which is captured as any other", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "authorized", authorized_amount: 10, captured_amount: 0 },
      payment_sessions: [{ id: sessionId, status: "authorized", authorized_at: expect.any(String) }],
      payments: [{ payment_session_id: sessionId, amount: 10, captures: [], captured_at: null }],
    })
    expect(await world.factNames(id)).toEqual([...OPEN, ...AUTHORIZED, "payment_collection.updated"])
    const answer = await world.act(String((await payment(id)).id), "capture")
    expect([answer.status, (await world.collection(id)).status]).toEqual([200, "completed"])
    await expectBooksMatch(sessionId)
  })

  it("is authorized and captured at once: the collection is completed", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "completed", authorized_amount: 10, captured_amount: 10 },
      payments: [{ captures: [{ amount: 10, created_by: "pp_telling_default" }], captured_at: expect.any(String) }],
    })
    const facts = [...OPEN, ...AUTHORIZED, "payment.captured", "payment_collection.completed"]
    expect(await world.factNames(id)).toEqual(facts)
    await expectBooksMatch(sessionId)
  })

  it("is told late: what was captured, given up, refunded and disputed until then is recorded along with it", async () => {
    const { id, sessionId } = await world.session()
    Object.assign(world.account.pay(sessionId, { captured: 700n }), { isClosed: true })
    world.account.giveBack(sessionId, 200n)
    world.account.of(sessionId).disputes.push(dispute(300n))
    await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ authorized_amount: 7, captured_amount: 7, refunded_amount: 2 },
      payments: [{ captures: [{ amount: 7 }], refunds: [{ amount: 2 }], canceled_at: expect.any(String) }],
    })
    expect(await world.sql("SELECT 1 FROM dispute WHERE payment_id = $1", [(await payment(id)).id])).toHaveLength(1)
    await expectBooksMatch(sessionId)
  })

  it("takes on what the provider has left for storefronts", async () => {
    const { id, sessionId } = await world.session()
    world.account.of(sessionId).data = { next_action: "wait" }
    await world.tell(sessionId)
    expect((await world.collection(id)).payment_sessions).toMatchObject([{ data: { next_action: "wait" } }])
  })

  it("for another currency than was asked for is recorded by nobody", async () => {
    const { id, sessionId } = await world.session()
    Object.assign(world.account.pay(sessionId), { currency: "usd" })
    const { last_error } = await world.tell(sessionId, "pending")
    expect(last_error).toContain("usd")
    expect(await world.collection(id)).toMatchObject({ status: "not_paid", payments: [] })
  })
})

describe("news of a payment in whose place a session has got another", () => {
  const replace = (sessionId: string) =>
    world.sql(`UPDATE payment_session SET private_data = '{"reference": "tp_other"}' WHERE id = $1`, [sessionId])

  it("are passed over: they do not end the session", async () => {
    const { id, sessionId } = await world.session()
    await replace(sessionId)
    world.account.of(sessionId).status = "canceled"
    await world.tell(sessionId)
    expect((await world.collection(id)).payment_sessions).toMatchObject([{ id: sessionId, status: "pending" }])
    expect(await world.factNames(id)).toEqual(OPEN)
  })

  it("are nothing that can be recorded where there is money in it: a person has to look", async () => {
    const { id, sessionId } = await world.session()
    await replace(sessionId)
    world.account.pay(sessionId)
    expect((await world.tell(sessionId, "pending")).last_error).toContain("has replaced")
    expect(await world.payments(id)).toEqual([])
  })
})

describe("what happens in the dashboard", () => {
  it("a capture of a part, after which nothing more can be captured, gives the rest up", async () => {
    const { id, sessionId } = await world.payment()
    Object.assign(world.account.of(sessionId), { captured: 400n, isClosed: true })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "partially_captured", authorized_amount: 4, captured_amount: 4 },
      payments: [{ amount: 10, captures: [{ amount: 4 }], canceled_at: expect.any(String) }],
      payment_sessions: [{ id: sessionId }],
    })
    const facts = (await world.factNames(id)).slice(-3)
    expect(facts).toEqual(["payment.captured", "payment.canceled", "payment_collection.updated"])
    await expectBooksMatch(sessionId)
  })

  it("captures in parts are recorded one by one", async () => {
    const { id, sessionId } = await world.payment()
    for (const captured of [300n, 300n, 1000n]) {
      world.account.of(sessionId).captured = captured
      await world.tell(sessionId)
    }
    expect(await world.collection(id)).toMatchObject({
      status: "completed",
      payments: [{ captures: [{ amount: 3 }, { amount: 7 }] }],
    })
    await expectBooksMatch(sessionId)
  })

  it("giving up what is authorized cancels the payment, and the collection", async () => {
    const { id, sessionId } = await world.payment()
    Object.assign(world.account.of(sessionId), { status: "canceled", isClosed: true })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "canceled", authorized_amount: 0, payment_sessions: [] },
      payments: [{ canceled_at: expect.any(String) }],
    })
    const facts = (await world.factNames(id)).slice(-3)
    expect(facts).toEqual(["payment.canceled", "payment_session.canceled", "payment_collection.canceled"])
    await expectBooksMatch(sessionId)
  })

  it("a refund is listed and counted, once", async () => {
    const { id, sessionId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 250n)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    world.account.giveBack(sessionId, 250n)
    await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "completed", refunded_amount: 5 },
      payments: [{ refunds: [{ amount: 2.5, created_by: "pp_telling_default" }, { amount: 2.5 }] }],
    })
    expect((await world.factNames(id)).filter((name) => name === "payment.refunded")).toHaveLength(2)
    await expectBooksMatch(sessionId)
  })

  it("a refund counts once it has succeeded", async () => {
    const { id, sessionId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 250n, { status: "pending" })
    await world.tell(sessionId)
    const refund = { amount: 2.5, created_by: "pp_telling_default" }
    const pending = { ...refund, status: "pending" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 0, payments: [{ refunds: [pending] }] })
    world.account.change(sessionId, 0, { status: "succeeded" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const succeeded = { ...refund, status: "succeeded" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 2.5, payments: [{ refunds: [succeeded] }] })
    const names = (await world.factNames(id)).filter((name) => name.startsWith("payment.refund"))
    expect(names).toEqual(["payment.refund_pending", "payment.refunded"])
    await expectBooksMatch(sessionId)
  })

  it("a refund that was pending and fails never counts, and is reported pending and failed once", async () => {
    const { id, sessionId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 250n, { status: "pending" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    world.account.change(sessionId, 0, { status: "failed" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const failed = { amount: 2.5, status: "failed" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 0, payments: [{ refunds: [failed] }] })
    const names = (await world.factNames(id)).filter((name) => name.startsWith("payment.refund"))
    expect(names).toEqual(["payment.refund_pending", "payment.refund_failed"])
  })

  it("a refund that failed before anybody heard of it is listed as failed", async () => {
    const { id, sessionId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 250n, { status: "failed" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const failed = { amount: 2.5, status: "failed" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 0, payments: [{ refunds: [failed] }] })
    const names = (await world.factNames(id)).filter((name) => name.startsWith("payment.refund"))
    expect(names).toEqual(["payment.refund_failed"])
  })

  it("a refund that is pending is reserved: what is left can be refunded here, and no more", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 600n, { status: "pending" })
    await world.tell(sessionId)
    expect((await world.act(paymentId, "refund", { amount: 4.01 })).status).toBe(400)
    expect((await world.act(paymentId, "refund")).status).toBe(200)
    expect(world.account.countOf("refund", sessionId)).toBe(1)
    expect((await world.act(paymentId, "refund")).status).toBe(400)
    world.account.change(sessionId, 0, { status: "failed" })
    await world.tell(sessionId)
    expect((await world.act(paymentId, "refund")).status).toBe(200)
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 10 })
  })

  it("a refund that fails later is undone", async () => {
    const { id, sessionId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 250n)
    await world.tell(sessionId)
    world.account.change(sessionId, 0, { status: "failed" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const refund = { status: "failed" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 0, payments: [{ refunds: [refund] }] })
    const failed = (await world.facts(id)).filter(({ name }) => name === "payment.refund_failed")
    expect(failed).toMatchObject([{ data: { refund_amount: 2.5, refunded_amount: 0 } }])
    await expectBooksMatch(sessionId)
  })

  it("captures that go back, or over what was authorized, are recorded by nobody", async () => {
    const { id, sessionId } = await world.payment(1000n)
    for (const captured of [900n, 1001n]) {
      world.account.of(sessionId).captured = captured
      expect((await world.tell(sessionId, "pending")).last_error).toContain(`${captured} (minor units)`)
    }
    expect(await world.collection(id)).toMatchObject({ captured_amount: 10, payments: [{ captures: [{}] }] })
  })
})

describe("a refund of ours", () => {
  it("that the provider tells too is counted once", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    expect((await world.act(paymentId, "refund", { amount: 4 })).status).toBe(200)
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 4, payments: [{ refunds: [{ amount: 4 }] }] })
    expect((await world.factNames(id)).filter((name) => name === "payment.refunded")).toHaveLength(1)
    await expectBooksMatch(sessionId)
  })

  it("that is pending at the provider holds nothing else up, and is settled by its own operation", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    world.account.takesRefundsOn = true
    await world.act(paymentId, "refund", { amount: 4 })
    world.account.giveBack(sessionId, 100n)
    await world.tell(sessionId)
    const listed = [
      { amount: 4, status: "pending" },
      { amount: 1, status: "succeeded" },
    ]
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 1, payments: [{ refunds: listed }] })
    expect(await operations(`payment_id=${paymentId}`)).toMatchObject([{ kind: "refund", state: "pending" }])

    world.account.change(sessionId, 0, { status: "succeeded" })
    await world.tell(sessionId)
    expect(await operations(`payment_id=${paymentId}`)).toMatchObject([{ kind: "refund", state: "succeeded" }])
    expect((await world.collection(id)).refunded_amount).toBe(5)
    expect((await world.payments(id))[0].refunds).toBe(2)
    await expectBooksMatch(sessionId)
  })

  it("whose answer was lost is settled by the news of it, and counted once", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    world.account.fail("refund", sessionId)
    expect((await world.act(paymentId, "refund", { amount: 4 })).status).toBe(504)
    await world.tell(sessionId)
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 4, payments: [{ refunds: [{ amount: 4 }] }] })
    expect((await world.payments(id))[0].refunds).toBe(1)
  })

  it("that fails later is undone, and its operation tells why", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    await world.act(paymentId, "refund", { amount: 4 })
    world.account.change(sessionId, 0, { status: "failed", failure: "The account is closed." })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const refund = { status: "failed" }
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 0, payments: [{ refunds: [refund] }] })
    const [operation] = await operations(`payment_id=${paymentId}`)
    expect(operation).toMatchObject({ kind: "refund", state: "succeeded" })
    expect(operation?.["last_error"]).toContain("The account is closed.")
    expect((await world.factNames(id)).filter((name) => name === "payment.refund_failed")).toHaveLength(1)
    const refunds = [
      { amount: 4, status: "failed" },
      { amount: 10, status: "succeeded" },
    ]
    expect((await world.act(paymentId, "refund")).body.payment.refunds).toMatchObject(refunds)
    await expectBooksMatch(sessionId)
  })
})

function dispute(minor: bigint, about: object = {}) {
  const [status, reason] = ["needs_response", "fraudulent"]
  return { id: "td_1", amount: eur(minor), status, reason, createdAt: new Date("2026-11-01T00:00:00Z"), ...about }
}

describe("a dispute", () => {
  it("is recorded once, updated where it changes, and told each time that it did", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    const { disputes } = world.account.of(sessionId)
    disputes.push(dispute(1000n))
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    disputes[0] = dispute(1000n, { status: "lost" })
    for (let times = 0; times < 2; times++) await world.tell(sessionId)
    const { body } = await world.service.admin("GET", `/admin/payments/${paymentId}?fields=*disputes`)
    expect(body.payment.disputes).toMatchObject([
      { amount: 10, currency_code: "eur", status: "lost", reason: "fraudulent", opened_at: "2026-11-01T00:00:00.000Z" },
    ])
    const told = (await world.facts(id)).filter(({ name }) => name === "payment.disputed")
    expect(told.map(({ data }) => [data["dispute_status"], data["dispute_amount"]])).toEqual([
      ["needs_response", 10],
      ["lost", 10],
    ])
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 10, refunded_amount: 0 })
  })

  it("in another currency than was paid says so, and each one is its own", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    const foreign = { id: "td_2", amount: { minor: 1500n, currency: "jpy" } }
    world.account.of(sessionId).disputes.push(dispute(10n), dispute(0n, foreign))
    await world.tell(sessionId)
    const { body } = await world.service.admin("GET", `/admin/payments/${paymentId}?fields=*disputes`)
    const disputed = [...body.payment.disputes].sort((one, next) => (one.external_id < next.external_id ? -1 : 1))
    expect(disputed).toMatchObject([
      { external_id: "td_1", amount: 0.1, currency_code: "eur" },
      { external_id: "td_2", amount: 1500, currency_code: "jpy" },
    ])
    const told = (await world.facts(id)).filter(({ name }) => name === "payment.disputed")
    expect(told.map(({ data }) => data["dispute_amount"])).toEqual([0.1, null])
  })

  it("is nothing that a storefront can ask for", async () => {
    const { id } = await world.payment(1000n)
    const { status, body } = await store.getCollection(id, "?fields=*payments.disputes")
    expect([status, body.type]).toEqual([400, "invalid_data"])
    expect(JSON.stringify(body.details)).not.toContain("disputes.")
  })
})
