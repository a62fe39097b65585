import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { apiOf, FAKE, SYSTEM, statuses } from "./support/api.js"
import { describeServed } from "./support/served.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { blocked, holding } from "./support/locks.js"
import { REGION, TestService, type Answer } from "./support/service.js"

/** Connections of a service's pool: that many of its requests can wait for one lock. */
const POOL = 10

const bank = new FakeBank()
let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start({}, { modules: [fakeProviders(bank)] })
})
afterAll(() => service.close())
beforeEach(() => {
  bank.reset()
})

const times = <T>(count: number, request: (index: number) => Promise<T>) =>
  Array.from({ length: count }, (_, index) => request(index))
/** As a request of its own: it is never taken for the repeat of an equal one. */
const actWithKey = (paymentId: string, name: string, body: object) =>
  admin.requestOn(paymentId, name, body, { headers: { "idempotency-key": randomUUID() } })
const count = (answers: Answer[], status: number) => statuses(answers).filter((each) => each === status).length

/** A promise to open from outside. */
function barrier() {
  let open: () => void = () => undefined
  const wait = new Promise<void>((resolve) => (open = resolve))
  return { wait, open }
}

/** Resolves once a condition holds; the barrier of races that meet at the provider. */
async function until(holds: () => boolean): Promise<void> {
  for (const start = Date.now(); !holds();) {
    if (Date.now() - start > 15_000) throw new Error("The race did not come about")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** How many operations of a collection are in each state. */
async function operationsOf(id: string): Promise<Record<string, number>> {
  const rows = await service.dataSource.query<{ kind: string; count: number }[]>(
    "SELECT kind || ' ' || state AS kind, count(*)::int AS count FROM payment_operation WHERE payment_collection_id = $1 GROUP BY 1",
    [id],
  )
  return Object.fromEntries(rows.map(({ kind, count: number }) => [kind, number]))
}

describe("requests that meet while the provider is asked", () => {
  it("W2: ten authorizations are one, and all get its payment (D15)", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const { wait, open } = barrier()
    bank.script("authorize", { wait, then: "succeed" })
    const all = times(10, () => store.authorize(id, sessionId))
    await until(() => bank.calls.some(({ kind }) => kind === "authorize"))
    open()
    const answers = await Promise.all(all)
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.payment_collection.payments[0].id)).size).toBe(1)
    expect(bank.calls.map(({ kind }) => kind)).toEqual(["initiate", "authorize"])
  })

  it("ten authorizations that are declined are one, and all are told so", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const { wait, open } = barrier()
    bank.script("authorize", { wait, then: "decline" })
    const first = store.authorize(id, sessionId)
    await until(() => bank.calls.some(({ kind }) => kind === "authorize"))
    const others = times(9, () => store.authorize(id, sessionId))
    // Who comes while the operation is under way is told its outcome; whoever comes later asks on its own.
    open()
    const answers = await Promise.all([first, ...others])
    expect(statuses(answers)[0]).toBe(422)
    expect(statuses(answers).every((status) => status === 422 || status === 200)).toBe(true)
  })

  it("eight sessions with the same data are one (W4)", async () => {
    const { id } = await newCollection(service)
    const { wait, open } = barrier()
    bank.script("initiate", { wait, then: "succeed" })
    const all = times(8, () => store.openSession(id, FAKE))
    await until(() => bank.calls.length > 0)
    open()
    const answers = await Promise.all(all)
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    expect(bank.calls.map(({ kind }) => kind)).toEqual(["initiate"])
  })

  it("sessions with two providers leave one open session, and every other one canceled at its provider", async () => {
    const { id } = await newCollection(service)
    const answers = await Promise.all(
      times(8, (i) => store.openSession(id, i % 2 ? FAKE : { provider_id: "pp_fake_single" })),
    )
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    const open = [...bank.books.values()].filter(({ canceled }) => !canceled)
    expect([open.length, (await store.readCollection(id)).payment_sessions.length]).toEqual([1, 1])
  })

  it("captures of random parts take what is there and no more; everybody is told the truth", async () => {
    const { id, sessionId, paymentId } = await newPayment(service, {}, FAKE)
    const amounts = Array.from({ length: 20 }, () => Math.ceil(Math.random() * 300) / 100)
    const answers = await Promise.all(amounts.map((amount) => actWithKey(paymentId, "capture", { amount })))
    const taken = amounts
      .filter((_, i) => answers[i]?.status === 200)
      .reduce((sum, each) => sum + Math.round(each * 100), 0)
    expect(statuses(answers).every((status) => status === 200 || status === 400)).toBe(true)
    expect(bank.books.get(sessionId)?.captured).toBe(BigInt(taken))
    expect(await store.readCollection(id)).toMatchObject({ captured_amount: taken / 100 })
    const left = 1000 - taken
    for (const [i, { status }] of answers.entries()) {
      if (status === 400) expect(Math.round((amounts[i] ?? 0) * 100)).toBeGreaterThan(left)
    }
  })

  it("W14: five captures of all capture once", async () => {
    const { id, sessionId, paymentId } = await newPayment(service, {}, FAKE)
    const answers = await Promise.all(times(5, () => admin.capture(paymentId)))
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200])
    expect(bank.books.get(sessionId)?.captured).toBe(1000n)
    expect(await operationsOf(id)).toMatchObject({ "capture succeeded": 1 })
  })

  it("a capture that is under way keeps a cancellation waiting, which then finds nothing to give up", async () => {
    const { paymentId, sessionId } = await newPayment(service, {}, FAKE)
    const { wait, open } = barrier()
    bank.script("capture", { wait, then: "succeed" })
    const capturing = admin.capture(paymentId)
    await until(() => bank.calls.some(({ kind }) => kind === "capture"))
    const canceling = admin.cancel(paymentId)
    open()
    expect(statuses([await capturing, await canceling])).toEqual([200, 400])
    expect(bank.books.get(sessionId)).toMatchObject({ captured: 1000n, canceled: false })
  })

  it("a cancellation that is under way keeps a capture waiting, which is then refused", async () => {
    const { id, paymentId, sessionId } = await newPayment(service, {}, FAKE)
    const { wait, open } = barrier()
    bank.script("cancel_payment", { wait, then: "succeed" })
    const canceling = times(3, () => admin.cancel(paymentId))
    await until(() => bank.calls.some(({ kind }) => kind === "cancel_payment"))
    const capturing = admin.capture(paymentId)
    open()
    expect(statuses(await Promise.all(canceling))).toEqual([200, 200, 200])
    expect((await capturing).status).toBe(400)
    expect(bank.books.get(sessionId)).toMatchObject({ captured: 0n, canceled: true })
    expect(await store.readCollection(id)).toMatchObject({ status: "canceled", authorized_amount: 0 })
  })

  it("twenty refunds with keys of their own give back what was captured and no more", async () => {
    const { sessionId, paymentId } = await newPayment(service, {}, FAKE)
    await admin.capture(paymentId)
    const answers = await Promise.all(times(20, () => actWithKey(paymentId, "refund", { amount: 0.9 })))
    expect([count(answers, 200), count(answers, 400)]).toEqual([11, 9])
    expect(bank.books.get(sessionId)?.refunded).toBe(990n)
    expect((await admin.refund(paymentId)).body.payment.refunds).toHaveLength(12)
  })

  it("a session that is opened while the cart changes ends at the cart's amount, at the provider too", async () => {
    const { cartId, id } = await newCollection(service)
    const { wait, open } = barrier()
    bank.script("initiate", { wait, then: "succeed" })
    const opening = store.openSession(id, FAKE)
    await until(() => bank.calls.length > 0)
    const changing = times(3, (i) => putCart(service, { id: cartId, total: 20 + i }))
    open()
    expect((await opening).status).toBe(200)
    await Promise.all(changing)
    const { total } = (await admin.getCart(cartId)).body.cart
    const { amount, payment_sessions } = await store.readCollection(id)
    expect([amount, payment_sessions[0].amount]).toEqual([total, total])
    expect(bank.books.get(payment_sessions[0].id)?.amount).toBe(BigInt(total * 100))
  })

  it("five marks as paid pay once", async () => {
    const { id } = await newCollection(service)
    const mark = () => admin.markAsPaid(id, { order_id: "order_1", ...FAKE })
    const answers = await Promise.all(times(5, mark))
    expect(statuses(answers).every((status) => status === 200 || status === 400)).toBe(true)
    expect(count(answers, 200)).toBeGreaterThan(0)
    expect([...bank.books.values()]).toMatchObject([{ authorized: 1000n, captured: 1000n }])
  })
})

const onServed = describeServed("races forced by locks, which need two connections at once")

onServed("requests that meet at the lock", () => {
  /** Lets requests gather at the collection's row before any of them decides. */
  async function meeting(id: string, requests: () => Promise<Answer>[]): Promise<Answer[]> {
    return holding(service, "SELECT 1 FROM payment_collection WHERE id = $1 FOR UPDATE", [id], async (release) => {
      const all = requests()
      await blocked(service, Math.min(all.length, POOL))
      await release()
      return Promise.all(all)
    })
  }

  it.each([
    ["the system provider", SYSTEM],
    ["a provider with a network", FAKE],
  ])("ten authorizations with %s are one", async (_, provider) => {
    const { id, sessionId } = await newSession(service, {}, provider)
    const answers = await meeting(id, () => times(10, () => store.authorize(id, sessionId)))
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.payment_collection.payments[0].id)).size).toBe(1)
    expect(await operationsOf(id)).toMatchObject({ "authorize succeeded": 1 })
  })

  it.each([
    ["the system provider", SYSTEM],
    ["a provider with a network", FAKE],
  ])("twenty captures and twenty refunds with keys of their own, with %s, move what is there", async (_, provider) => {
    const { id, paymentId } = await newPayment(service, {}, provider)
    const captures = await meeting(id, () => times(20, () => actWithKey(paymentId, "capture", { amount: 0.7 })))
    expect([count(captures, 200), count(captures, 400)]).toEqual([14, 6])
    const refunds = await meeting(id, () => times(20, () => actWithKey(paymentId, "refund", { amount: 0.7 })))
    expect([count(refunds, 200), count(refunds, 400)]).toEqual([14, 6])
    expect(await store.readCollection(id)).toMatchObject({ captured_amount: 9.8, refunded_amount: 9.8 })
  })

  it.each([
    ["the system provider", SYSTEM],
    ["a provider with a network", FAKE],
  ])("a capture and a cancellation with %s: one of them", async (_, provider) => {
    for (let round = 0; round < 5; round++) {
      const { id, paymentId } = await newPayment(service, {}, provider)
      const answers = await meeting(id, () => [admin.capture(paymentId), admin.cancel(paymentId)])
      expect(statuses(answers).sort()).toEqual([200, 400])
      const captured = answers[0]?.status === 200
      expect(await store.readCollection(id)).toMatchObject({
        status: captured ? "completed" : "canceled",
        captured_amount: captured ? 10 : 0,
        authorized_amount: captured ? 10 : 0,
      })
    }
  })

  it.each([
    ["the system provider", SYSTEM],
    ["a provider with a network", FAKE],
  ])("sessions with %s and cart changes: session and collection say what the cart says", async (_, provider) => {
    const { cartId, id } = await newCollection(service)
    await meeting(id, () => [
      ...times(4, (i) => store.openSession(id, { ...provider, data: { note: `${i}` } })),
      ...times(4, (i) => admin.putCart(cartId, { currency_code: "eur", total: 20 + i, region_id: REGION })),
    ]).then((answers) => {
      expect(new Set(statuses(answers))).toEqual(new Set([200]))
    })
    const { total } = (await admin.getCart(cartId)).body.cart
    const { amount, payment_sessions } = await store.readCollection(id)
    expect([amount, payment_sessions.length, payment_sessions[0].amount]).toEqual([total, 1, total])
  })

  it.each([
    ["the system provider", SYSTEM],
    ["a provider with a network", FAKE],
  ])("five marks as paid with %s pay once", async (_, provider) => {
    const { id } = await newCollection(service)
    const mark = () => admin.markAsPaid(id, { order_id: "order_1", ...provider })
    const answers = await meeting(id, () => times(5, mark))
    expect(statuses(answers).every((status) => status === 200 || status === 400)).toBe(true)
    expect(await store.readCollection(id)).toMatchObject({
      status: "completed",
      captured_amount: 10,
      payments: [{ amount: 10 }],
    })
    expect(await operationsOf(id)).toEqual({
      "initiate succeeded": 1,
      "authorize succeeded": 1,
      "capture succeeded": 1,
    })
  })

  it("authorizations on two instances are one", async () => {
    const other = await TestService.startOn(service.connection, {}, { modules: [fakeProviders(bank)] })
    try {
      const { id, sessionId } = await newSession(service, {}, FAKE)
      const path = `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
      const answers = await meeting(id, () => times(8, (i) => (i % 2 ? service : other).store("POST", path)))
      expect(new Set(statuses(answers))).toEqual(new Set([200]))
      expect(bank.calls.filter(({ kind }) => kind === "authorize")).toHaveLength(1)
    } finally {
      await other.close()
    }
  })
})
