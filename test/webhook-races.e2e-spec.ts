import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { newId } from "../src/common/ids.js"
import { WebhooksService } from "../src/webhooks/webhooks.service.js"
import { booksMatch } from "./support/books-match.js"
import { describeServed } from "./support/served.js"
import { takeClaims } from "./support/leases.js"
import { blocked, holding } from "./support/locks.js"
import type { TestService } from "./support/service.js"
import { until, WebhookWorld } from "./support/webhook-world.js"

let world: WebhookWorld
beforeAll(async () => {
  world = await WebhookWorld.start()
})
afterAll(() => world.service.close())
beforeEach(() => {
  world.account.reset()
})

/** Says so when this session's rows and the account's books differ. */
async function expectBooksMatch(sessionId: string): Promise<void> {
  const differences = await booksMatch(world.service, world.account, ["pp_telling_default"])
  expect(differences.filter((line) => line.startsWith(sessionId))).toEqual([])
}

/** Sends news that are not waited for. */
async function send(sessionId: string): Promise<string> {
  const id = newId("evt")
  await world.send(sessionId, { id })
  return id
}

const inspected = (sessionId: string, times: number) =>
  until(() => world.account.countOf("inspect", sessionId) >= times, "the provider to be asked")

describe("news and the shopper's own authorization at once", () => {
  it("are one payment when the provider answers the news first", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    const held = world.account.hold("authorize", sessionId)
    const authorizing = world.authorize(id, sessionId)
    await held.reached
    const news = await send(sessionId)
    await inspected(sessionId, 1)
    held.release()
    expect((await authorizing).status).toBe(200)
    await world.becomes(news, "applied")
    await expectOnePayment(id, sessionId)
  })

  it("are one payment when the provider answers the shopper first", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    const first = world.account.hold("inspect", sessionId)
    const second = world.account.hold("inspect", sessionId)
    const news = await send(sessionId)
    await first.reached
    first.release()
    await second.reached
    expect((await world.authorize(id, sessionId)).status).toBe(200)
    second.release()
    await world.becomes(news, "applied")
    await expectOnePayment(id, sessionId)
    expect(world.account.countOf("inspect", sessionId)).toBe(3)
  })

  it("are one payment whatever else is told at the same time", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    const [answers, news] = await Promise.all([
      Promise.all([world.authorize(id, sessionId), world.authorize(id, sessionId)]),
      Promise.all(Array.from({ length: 5 }, () => send(sessionId))),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    for (const each of news) await world.becomes(each, "applied")
    await expectOnePayment(id, sessionId)
  })

  async function expectOnePayment(id: string, sessionId: string): Promise<void> {
    expect(await world.payments(id)).toMatchObject([{ captured_amount: "1000", captures: 1 }])
    const facts = await world.factNames(id)
    for (const name of ["payment_session.authorized", "payment.authorized", "payment.captured"]) {
      expect(facts.filter((fact) => fact === name)).toHaveLength(1)
    }
    await expectBooksMatch(sessionId)
  }
})

describe("an answer of the provider's that is older than the books", () => {
  it("is not recorded: it is asked again", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    const first = await heldSecondInspect(sessionId)
    // It knows of no capture, and arrives after one.
    expect((await world.act(paymentId, "capture", { amount: 6 })).status).toBe(200)
    first.held.release()
    await world.becomes(first.news, "applied")
    expect(await world.row(first.news)).toMatchObject({ attempts: 1 })
    expect(await world.collection(id)).toMatchObject({ captured_amount: 6, payments: [{ captures: [{ amount: 6 }] }] })
    await expectBooksMatch(sessionId)
  })

  it("does not bring a session back that was canceled meanwhile", async () => {
    const { id, sessionId } = await world.session()
    const { news, held } = await heldSecondInspect(sessionId)
    await world.openSession(id, "pp_telling_other")
    held.release()
    await world.becomes(news, "applied")
    expect((await world.collection(id)).payment_sessions).toMatchObject([{ provider_id: "pp_telling_other" }])
  })

  it("is given up for later when the books do not stand still", async () => {
    const { sessionId, paymentId } = await world.payment()
    const news = newId("evt")
    const before = world.account.countOf("inspect", sessionId)
    const inspect = world.account.inspect.bind(world.account)
    world.account.inspect = async (event) => {
      const state = await inspect(event)
      await world.sql(
        "UPDATE payment_collection SET version = version + 1 WHERE id = (SELECT payment_collection_id FROM payment WHERE id = $1)",
        [paymentId],
      )
      return state
    }
    const { last_error } = await world.tell(sessionId, "pending", { id: news })
    world.account.inspect = inspect
    expect(last_error).toContain("kept changing")
    expect(world.account.countOf("inspect", sessionId) - before).toBe(11)
  })

  /** News whose answer, found already, is on its way while the test changes the books. */
  async function heldSecondInspect(sessionId: string) {
    const before = world.account.hold("inspect", sessionId)
    const held = world.account.hold("inspect", sessionId)
    const news = await send(sessionId)
    await before.reached
    before.release()
    await held.reached
    return { news, held }
  }
})

describe("news of what a call of ours has done", () => {
  it.each(["capture", "refund", "cancel"] as const)("before the answer to the %s is there wait for it", async (act) => {
    const { id, sessionId, paymentId } = await world.payment(act === "refund" ? 1000n : 0n)
    const held = world.account.hold(act, sessionId)
    const acting = world.act(paymentId, act)
    await held.reached
    const news = await send(sessionId)
    await inspected(sessionId, 3)
    held.release()
    expect((await acting).status).toBe(200)
    await world.becomes(news, "applied")
    expect(world.account.countOf(act, sessionId)).toBe(1)
    const [row] = await world.payments(id)
    expect([row.captures, row.refunds]).toEqual({ capture: [1, 0], refund: [1, 1], cancel: [0, 0] }[act])
    await expectBooksMatch(sessionId)
  })

  it("settle a capture whose answer was lost, and count it once", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.fail("capture", sessionId)
    expect((await world.act(paymentId, "capture")).status).toBe(504)
    await world.tell(sessionId)
    expect(await world.payments(id)).toMatchObject([{ captured_amount: "1000", captures: 1 }])
    expect(await world.sql("SELECT state FROM payment_operation WHERE payment_id = $1", [paymentId])).toEqual([
      { state: "succeeded" },
    ])
    await expectBooksMatch(sessionId)
  })

  it("are left for later while nobody can say how the call ended", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.fail("capture", sessionId)
    world.account.fail("lookUp", sessionId)
    await world.act(paymentId, "capture")
    const { id: event, last_error } = await world.tell(sessionId, "pending")
    expect(last_error).toMatch(/^Operation op_\w+ is not resolved yet\.$/)
    expect(await world.payments(id)).toMatchObject([{ captured_amount: "0" }])
    await world.service.admin("POST", `/admin/webhook-events/${event}/replay`)
    expect(await world.payments(id)).toMatchObject([{ captured_amount: "1000", captures: 1 }])
  })
})

describe("news that come in another order than what they tell", () => {
  const NEWS = ["authorized", "captured", "refunded"] as const
  const ORDERS = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]

  /** What has happened at the provider, one after the other. */
  const changes: ((sessionId: string) => void)[] = [
    (sessionId) => void world.account.pay(sessionId),
    (sessionId) => void (world.account.of(sessionId).captured = 1000n),
    (sessionId) => void world.account.giveBack(sessionId, 300n),
  ]

  it.each(ORDERS.map((order) => ({ order, names: order.map((each) => NEWS[each]).join(", ") })))(
    "$names, each early or late and all of them twice: the same final rows",
    async ({ order }) => {
      for (let late = 0; late < 2 ** NEWS.length; late++) {
        const { id, sessionId } = await world.session()
        let done = 0
        for (const each of order) {
          // Early: nothing has happened yet but what is told. Late: everything has.
          const needed = late & (1 << each) ? NEWS.length : each + 1
          while (done < needed) changes[done++]?.(sessionId)
          await tellTwice(sessionId, each)
        }
        for (const each of order) await tellTwice(sessionId, each)
        await expectFinalRows(id, sessionId)
      }
    },
  )

  async function tellTwice(sessionId: string, news: number): Promise<void> {
    const about = { id: `${NEWS[news] ?? ""}_${sessionId}`, type: `payment.${NEWS[news] ?? ""}` }
    await Promise.all([world.tell(sessionId, "applied", about), world.send(sessionId, about)])
  }

  async function expectFinalRows(id: string, sessionId: string): Promise<void> {
    expect(await world.collection(id)).toMatchObject({
      ...{ status: "completed", authorized_amount: 10, captured_amount: 10, refunded_amount: 3 },
      payment_sessions: [{ id: sessionId, status: "authorized" }],
      payments: [{ amount: 10, captures: [{ amount: 10 }], refunds: [{ amount: 3 }] }],
    })
    expect(await world.payments(id)).toMatchObject([
      { authorized_amount: "1000", captured_amount: "1000", refunded_amount: "300", canceled_at: null },
    ])
    const facts = await world.factNames(id)
    for (const name of ["payment.authorized", "payment.captured", "payment.refunded", "payment_collection.completed"]) {
      expect(facts.filter((fact) => fact === name)).toHaveLength(1)
    }
    await expectBooksMatch(sessionId)
  }
})

describe("an event that somebody has claimed", () => {
  it("is nobody else's until the lease has ended; then another process applies it", async () => {
    const { id, sessionId } = await world.session()
    const webhooks = world.service.app.get(WebhooksService)
    world.account.fail("inspect", sessionId)
    const { id: event } = await world.tell(sessionId, "pending")
    world.account.pay(sessionId)
    const due = "UPDATE webhook_event SET next_attempt_at = now() - interval '1 second' WHERE id = $1"
    await world.sql(due, [event])
    // The process that claims it dies.
    expect(await webhooks.claimDue(10)).toMatchObject([{ id: event }])
    await world.sql(due, [event])
    expect(await webhooks.claimDue(10)).toEqual([])
    expect((await world.service.admin("POST", `/admin/webhook-events/${event}/replay`)).body).toMatchObject({
      type: "conflict",
      code: "operation_in_progress",
    })

    await world.sql("UPDATE webhook_event SET claimed_until = now() - interval '1 second' WHERE id = $1", [event])
    const [claimed, ...others] = await webhooks.claimDue(10)
    if (!claimed) throw new Error("The event is not free")
    expect([claimed.id, others]).toEqual([event, []])
    await webhooks.apply(claimed)
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("is applied once when three processes have claimed it one after the other", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    world.account.giveBack(sessionId, 300n)
    const webhooks = world.service.app.get(WebhooksService)
    const held = world.account.hold("inspect", sessionId)
    const news = await send(sessionId)
    await held.reached
    const event = String((await world.row(news))?.id)
    const claims = [
      ...(await takeClaims(world.service, "webhook_event", [event])),
      ...(await takeClaims(world.service, "webhook_event", [event])),
    ]
    await Promise.all(claims.map((lease) => webhooks.apply(lease)))
    held.release()
    await world.becomes(news, "applied")
    expect(await world.payments(id)).toMatchObject([{ captures: 1, refunds: 1 }])
    await expectBooksMatch(sessionId)
  })
})

const onServed = describeServed("races of two instances, which need two connections at once")

onServed("two instances", () => {
  let other: TestService
  beforeAll(async () => {
    other = await world.startAnother()
  })
  afterAll(() => other.close())

  it("apply two events for one payment at the same time, and record it once", async () => {
    const { id, sessionId } = await world.session()
    world.account.fail("inspect", sessionId, 1_000)
    const [one, two] = [await world.tell(sessionId, "pending"), await world.tell(sessionId, "pending")]
    world.account.reset()
    world.account.pay(sessionId, { captured: 1000n })
    world.account.giveBack(sessionId, 300n)
    const [ofOne, ofTwo] = await takeClaims(world.service, "webhook_event", [one.id, two.id])
    if (!ofOne || !ofTwo) throw new Error("The events are not there")
    const claims = [[world.service, ofOne] as const, [other, ofTwo] as const]
    const lock = "SELECT 1 FROM payment_collection WHERE id = $1 FOR UPDATE"
    await holding(world.service, lock, [id], async (release) => {
      const applying = claims.map(([service, lease]) => service.app.get(WebhooksService).apply(lease))
      await blocked(world.service, 2)
      await release()
      await Promise.all(applying)
    })
    expect(await world.payments(id)).toMatchObject([{ captured_amount: "1000", captures: 1, refunds: 1 }])
    const states = await world.sql("SELECT state FROM webhook_event WHERE id = ANY($1)", [[one.id, two.id]])
    expect(states).toEqual([{ state: "applied" }, { state: "applied" }])
    await expectBooksMatch(sessionId)
  })

  it("claim each event once", async () => {
    const rows = await world.sql<{ id: string }>(
      `INSERT INTO webhook_event (id, provider_id, external_id, type, reference, next_attempt_at)
       SELECT 'whe_claimed_' || number, 'pp_telling_default', 'te_claimed_' || number, 'any', 'any', now()
       FROM generate_series(1, 10) AS number RETURNING id`,
    )
    const claims = await Promise.all(
      [world.service, other, world.service, other].map(({ app }) => app.get(WebhooksService).claimDue(4)),
    )
    const claimed = claims.flat().map(({ id }) => id)
    expect(claimed.sort()).toEqual(rows.map(({ id }) => id).sort())
  })

  it("are told the same event at once, and keep it once", async () => {
    const { sessionId } = await world.session()
    const id = newId("evt")
    const instances = [world.service, other]
    await Promise.all(Array.from({ length: 40 }, (_, i) => world.send(sessionId, { id }, instances[i % 2])))
    await world.becomes(id, "applied")
    expect(await world.sql("SELECT 1 FROM webhook_event WHERE external_id = $1", [id])).toHaveLength(1)
  })
})
