import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { readFileSync } from "node:fs"
import pg from "pg"
import { PaymentCollectionsClient } from "../src/client/payment-collections.client.js"
import { EVENT_NAMES } from "../src/payment-model/events.js"
import { apiOf } from "./support/api.js"
import { describeServed } from "./support/served.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

interface Told {
  id: string
  name: string
  data: Record<string, any>
  created_at: string
}

let service: TestService
const { admin, store } = apiOf(() => service)
let tcp: TcpConnection
beforeAll(async () => {
  service = await TestService.start()
  await refuseCaptureAtCommit()
  tcp = await TcpConnection.open(service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await service.close()
})

/** What the database refuses to capture, from {@link refuseCaptureAtCommit} on. */
const REFUSED = 3.33

/** As late as can be: everything is written, the events too, when the transaction fails. */
async function refuseCaptureAtCommit(): Promise<void> {
  await service.dataSource.query(
    "CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$",
  )
  await service.dataSource.query(
    `CREATE CONSTRAINT TRIGGER refuse_it AFTER INSERT ON capture DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW WHEN (NEW.amount = ${REFUSED * 100}) EXECUTE FUNCTION refuse_it()`,
  )
}

async function page(query: Record<string, string | number | undefined> = {}, instance = service) {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
  const { status, body } = await instance.admin("GET", `/admin/events?${parameters.toString()}`)
  expect([status, body]).toEqual([200, { events: expect.any(Array), has_more: expect.any(Boolean) }])
  return body as { events: Told[]; has_more: boolean }
}

/** The feed after an event to its end, page by page. */
async function follow(after?: string, limit?: number): Promise<Told[]> {
  const told: Told[] = []
  for (;;) {
    const { events, has_more } = await page({ after: told.at(-1)?.id ?? after, limit })
    told.push(...events)
    if (!has_more) return told
  }
}

const end = async () => (await follow(undefined, 1000)).at(-1)?.id
const facts = (told: Told[]) => told.map(({ name, data }) => [name, data])
const names = (told: Told[]) => told.map(({ name }) => name)

/** What must never be told: it stands in carts, in data of clients and providers, in notes. */
const SECRETS = ["private@example.com", "cus_private", "client-secret", "provider-secret", "private note"]

async function moved(paymentId: string, act: "capture" | "refund" | "cancel", body?: object) {
  const answer = await admin.requestOn(paymentId, act, body)
  expect(answer.status).toBe(200)
}

describe("the feed", () => {
  it("is empty before anything happened", async () => {
    expect(await page()).toEqual({ events: [], has_more: false })
  })

  it("tells the life of a payment in order, in major units, and nothing private", async () => {
    const cart = { total: 40, email: SECRETS[0], customer_id: SECRETS[1] }
    const { cartId, id } = await newCollection(service, cart)
    await putCart(service, { id: cartId, ...cart, total: 45 })
    const open = async (token: string) => {
      const request = { provider_id: "pp_system_default", data: { token } }
      const path = `/store/payment-collections/${id}/payment-sessions`
      return (await service.store("POST", path, request)).body.payment_collection.payment_sessions[0].id as string
    }
    const sessionId = await open("a token")
    await service.dataSource.query(`UPDATE payment_session SET private_data = '{"key": "${SECRETS[3]}"}'`)
    await open(`${SECRETS[2]}`)
    await putCart(service, { id: cartId, ...cart, total: 49.9 })
    const authorize = `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
    const paymentId = (await service.store("POST", authorize)).body.payment_collection.payments[0].id as string
    await moved(paymentId, "capture", { amount: 20 })
    const reason = (await service.admin("GET", "/admin/refund-reasons")).body.refund_reasons[0].id as string
    await moved(paymentId, "refund", { amount: 5.55, refund_reason_id: reason, note: SECRETS[4] })
    await moved(paymentId, "capture")

    const collection = (more: object) => ({
      ...{ id, cart_id: cartId, order_id: null, status: "not_paid", currency_code: "eur", amount: 49.9 },
      ...{ authorized_amount: 0, captured_amount: 0, refunded_amount: 0, ...more },
    })
    const owners = { payment_collection_id: id, provider_id: "pp_system_default", currency_code: "eur" }
    const session = (more: object = {}) => ({ ...owners, id: sessionId, status: "pending", amount: 45, ...more })
    const payment = (more: object = {}) => ({
      ...{ ...owners, id: paymentId, payment_session_id: sessionId, amount: 49.9 },
      ...{ authorized_amount: 49.9, captured_amount: 0, refunded_amount: 0, ...more },
    })
    const authorized = { status: "authorized", authorized_amount: 49.9 }
    const captureId = expect.stringMatching(/^capt_/)
    const told = await follow()
    expect(facts(told)).toEqual([
      ["payment_collection.created", collection({ amount: 40 })],
      ["payment_collection.updated", collection({ amount: 45 })],
      ["payment_session.created", session()],
      ["payment_session.updated", session()],
      ["payment_session.updated", session({ amount: 49.9 })],
      ["payment_collection.updated", collection({})],
      ["payment_session.authorized", session({ amount: 49.9, status: "authorized" })],
      ["payment.authorized", payment()],
      ["payment_collection.updated", collection(authorized)],
      ["payment.captured", payment({ captured_amount: 20, capture_id: captureId, capture_amount: 20 })],
      ["payment_collection.updated", collection({ ...authorized, captured_amount: 20 })],
      [
        "payment.refunded",
        payment({
          ...{ captured_amount: 20, refunded_amount: 5.55 },
          ...{ refund_id: expect.stringMatching(/^ref_/), refund_amount: 5.55, refund_reason_id: reason },
        }),
      ],
      ["payment_collection.updated", collection({ ...authorized, captured_amount: 20, refunded_amount: 5.55 })],
      [
        "payment.captured",
        payment({ captured_amount: 49.9, refunded_amount: 5.55, capture_id: captureId, capture_amount: 29.9 }),
      ],
      [
        "payment_collection.completed",
        collection({ ...authorized, status: "completed", captured_amount: 49.9, refunded_amount: 5.55 }),
      ],
    ])
    for (const { id: eventId, created_at } of told) {
      expect(eventId).toMatch(/^evt_/)
      expect(new Date(created_at).toISOString()).toBe(created_at)
    }
    for (const secret of SECRETS) expect(JSON.stringify(told)).not.toContain(secret)
  })

  it("tells that a payment is canceled, and with it what was for nothing", async () => {
    const before = await end()
    const { id, sessionId, paymentId } = await newPayment(service)
    const begun = await end()
    await moved(paymentId, "cancel")
    expect((await follow(begun)).map(({ name, data }) => [name, data["id"], data["status"]])).toEqual([
      ["payment.canceled", paymentId, undefined],
      ["payment_session.canceled", sessionId, "canceled"],
      ["payment_collection.canceled", id, "canceled"],
    ])
    expect((await follow(before))[0]?.data).toMatchObject({ id, status: "not_paid" })
  })

  it("tells that a collection is deleted, and its session before it", async () => {
    const { id, sessionId } = await newSession(service)
    const before = await end()
    await admin.deleteCollection(id)
    expect((await follow(before)).map(({ name, data }) => [name, data["id"]])).toEqual([
      ["payment_session.canceled", sessionId],
      ["payment_collection.deleted", id],
    ])
  })

  it("tells each step of a collection that is marked as paid, once", async () => {
    const before = await end()
    const order = { order_id: "order_1", amount: 12.5, currency_code: "usd" }
    const { id } = (await admin.createCollection(order)).body.payment_collection
    const mark = () => admin.markAsPaid(id)
    expect([(await mark()).status, (await mark()).status]).toEqual([200, 400])
    const told = await follow(before)
    expect(names(told)).toEqual([
      "payment_collection.created",
      "payment_session.created",
      "payment_session.authorized",
      "payment.authorized",
      "payment_collection.updated",
      "payment.captured",
      "payment_collection.completed",
    ])
    expect(told[0]?.data).toMatchObject({ cart_id: null, order_id: "order_1", currency_code: "usd", amount: 12.5 })
  })

  it.each([
    ["jpy", 5000],
    ["kwd", 1.234],
    ["eur", 0],
    ["usd", 9_999_999_999_999.99],
  ])("tells amounts as its currency has them: %s %d", async (currency_code, total) => {
    const before = await end()
    await newCollection(service, { currency_code, total })
    expect((await follow(before))[0]?.data).toMatchObject({ currency_code, amount: total })
  })

  it("tells that a cart outgrew its payment, the session that follows, and the order of the cart", async () => {
    const { cartId, id } = await newPayment(service)
    const before = await end()
    await putCart(service, { id: cartId, total: 500 })
    const open = `/store/payment-collections/${id}/payment-sessions`
    await service.store("POST", open, { provider_id: "pp_system_default" })
    await putCart(service, { id: cartId, total: 500, order_id: "order_1" })
    const told = await follow(before)
    const figures = { id, cart_id: cartId, currency_code: "eur", authorized_amount: 10, captured_amount: 0 }
    const grown = { ...figures, order_id: null, status: "authorized", amount: 10, outstanding_amount: 490 }
    const raised = { ...figures, status: "partially_authorized", amount: 500, refunded_amount: 0 }
    expect(facts(told)).toEqual([
      ["payment_collection.outgrown", { ...grown, refunded_amount: 0 }],
      ["payment_collection.updated", { ...raised, order_id: null }],
      ["payment_session.created", expect.objectContaining({ amount: 490, payment_collection_id: id })],
      ["payment_collection.updated", { ...raised, order_id: "order_1" }],
    ])
  })

  it("tells nothing of what changed nothing", async () => {
    const { cartId, id, paymentId } = await newPayment(service)
    const before = await end()
    const repeat = await store.createCollection(cartId)
    expect(repeat.body.payment_collection.id).toBe(id)
    await putCart(service, { id: cartId, total: 9 })
    expect((await admin.capture(paymentId, 11)).status).toBe(400)
    expect((await admin.deleteCollection(id)).status).toBe(400)
    expect(await follow(before)).toEqual([])
  })

  it("tells nothing of what was rolled back, up to the last moment", async () => {
    const { paymentId } = await newPayment(service)
    const before = await end()
    const refused = await admin.capture(paymentId, { amount: REFUSED })
    expect([refused.status, await follow(before)]).toEqual([500, []])
    await moved(paymentId, "capture", { amount: 3 })
    const told = await follow(before)
    expect(names(told)).toEqual(["payment.captured", "payment_collection.updated"])
    expect(told[0]?.data).toMatchObject({ captured_amount: 3 })
  })

  it("is the same however it is cut into pages, and whoever reads it again", async () => {
    for (let i = 0; i < 5; i++) await newPayment(service)
    const all = await follow(undefined, 1000)
    expect(all.length).toBeGreaterThan(20)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const limit of [1, 2, 7, all.length - 1, all.length, undefined])
      expect(await follow(undefined, limit)).toEqual(all)
    expect(await page({ limit: all.length })).toEqual({ events: all, has_more: false })
    expect(await page({ limit: all.length - 1 })).toEqual({ events: all.slice(0, -1), has_more: true })
    expect(await page({ after: all.at(-1)?.id })).toEqual({ events: [], has_more: false })
    const middle = Math.floor(all.length / 2)
    expect(await follow(all[middle]?.id, 3)).toEqual(all.slice(middle + 1))
  })

  it("is the same over TCP, plainly and by the typed client", async () => {
    await newPayment(service)
    const [first] = (await page({ limit: 1 })).events
    for (const query of [{}, { limit: 3 }, { limit: "3", after: first?.id }]) {
      expect((await tcp.ask("events.list", { caller: "shipping", ...query })).response).toEqual(await page(query))
    }
    const client = new PaymentCollectionsClient({ host: "127.0.0.1", port: service.tcpPort, caller: "shipping" })
    const { events, has_more } = await client.events.list({ after: first?.id, limit: 2 })
    expect({ events, has_more }).toEqual(await page({ after: first?.id, limit: 2 }))
    expect((await client.events.list()).events[0]).toEqual(first)
    await expect(client.events.list({ after: "evt_unknown" })).rejects.toMatchObject({ type: "not_found" })
    client.onModuleDestroy()
  })

  it.each([
    ["after=a&after=b", "Expected type: 'string' for field 'after', got: 'a,b'"],
    ["after[]=a", "Expected type: 'string' for field 'after', got: 'a'"],
    ["after[x]=a", "Expected type: 'string' for field 'after', got: 'record'"],
    ["limit=ten", "Expected type: 'number' for field 'limit', got: 'ten'"],
    ["limit=1.5", "Expected type: 'number' for field 'limit', got: '1.5'"],
    ["limit=", "Expected type: 'number' for field 'limit', got: ''"],
    ["limit=0", "Value for field 'limit' too small, expected at least: '1'"],
    ["limit=-1", "Value for field 'limit' too small, expected at least: '1'"],
    ["limit=1001", "Value for field 'limit' too large, expected at most: '1000'"],
    ["offset=1", "Unrecognized fields: 'offset'"],
  ])("is not read with %s", async (query, message) => {
    expect(await service.admin("GET", `/admin/events?${query}`)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Invalid request: ${message}` },
    })
  })

  it.each(["evt_unknown", "", "pay_1' OR 1=1"])("is not read after %j, which is no event of it", async (after) => {
    const refusal = {
      type: "not_found",
      message: `Event id not found: ${after}. Send the id of the last event read, or none to read from the first.`,
    }
    const answer = await service.admin("GET", `/admin/events?after=${encodeURIComponent(after)}`)
    expect(answer).toMatchObject({ status: 404, body: refusal })
    expect((await tcp.ask("events.list", { after })).err).toMatchObject(refusal)
  })

  it("has each of its names in the document of events", () => {
    const documented = [...readFileSync("docs/events.md", "utf8").matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)]
    expect(documented.map(([, name]) => name).sort()).toEqual([...EVENT_NAMES].sort())
  })

  it("is for operators alone", async () => {
    expect((await service.call("GET", "/admin/events", undefined, {})).status).toBe(401)
    expect((await service.store("GET", "/admin/events")).status).toBe(401)
  })

  it("takes two statements where nothing is new", async () => {
    await newCollection(service)
    const last = await end()
    service.statements.take()
    await page({ after: last })
    expect(service.statements.take()).toHaveLength(2)
  })

  it("gives out a backlog that nobody read, page by page, to the end", async () => {
    const before = await end()
    await service.dataSource.query(
      `INSERT INTO outbox_event (id, name, aggregate_id, data)
       SELECT 'evt_backlog_' || n, 'test.told', 'backlog', jsonb_build_object('n', n::text) FROM generate_series(1, 2500) n`,
    )
    const sizes: number[] = []
    const told: Told[] = []
    for (let more = true; more;) {
      const { events, has_more } = await page({ after: told.at(-1)?.id ?? before, limit: 1000 })
      sizes.push(events.length)
      told.push(...events)
      more = has_more
    }
    expect(sizes).toEqual([1000, 1000, 500])
    expect(told.map(({ data }) => Number(data["n"]))).toEqual(Array.from({ length: 2500 }, (_, n) => n + 1))
    expect((await tcp.ask("events.list", { after: before, limit: 1000 })).response.events).toEqual(told.slice(0, 1000))
  })
})

const onServed = describeServed("the feed while several write and read it at once")

onServed("the feed while others write", () => {
  const BARRIER = 4711
  const PLACING_LOCK = 7_267_002
  let other: TestService
  let barrier: pg.Client
  beforeAll(async () => {
    other = await TestService.startOn(service.connection)
    barrier = new pg.Client({ connectionString: service.connection.url })
    await barrier.connect()
    // Whoever has written an event, and so has its number, waits before the commit where the barrier is down.
    await barrier.query(
      `CREATE FUNCTION wait_at_barrier() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM pg_advisory_xact_lock_shared(${BARRIER}, hashtext(NEW.aggregate_id)); RETURN NULL; END $$`,
    )
    await barrier.query(
      "CREATE TRIGGER barrier AFTER INSERT ON outbox_event FOR EACH ROW EXECUTE FUNCTION wait_at_barrier()",
    )
  })
  afterAll(async () => {
    await barrier.end()
    await other.close()
  })

  const lower = (id: string) => barrier.query("SELECT pg_advisory_lock($1::int, hashtext($2))", [BARRIER, id])
  const raise = (id: string) => barrier.query("SELECT pg_advisory_unlock($1::int, hashtext($2))", [BARRIER, id])

  /** Waits until so many wait for an advisory lock: of the barrier, or the one that readers take turns by. */
  async function waiting(count: number, lock: "classid = 4711" | `objid = ${typeof PLACING_LOCK}`): Promise<void> {
    for (;;) {
      const { rows } = await barrier.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND ${lock}
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      )
      if (rows[0]?.waiting === count) return
    }
  }

  const capture = (paymentId: string, amount = 1, instance = service) =>
    instance.admin("POST", `/admin/payments/${paymentId}/capture`, { amount })

  it("tells who took a number early and committed late after those that were told by then", async () => {
    const [early, late] = [await newPayment(service), await newPayment(service)]
    const before = await end()
    await lower(early.id)
    const capturing = capture(early.paymentId)
    await waiting(1, "classid = 4711")
    await capture(late.paymentId)
    const first = await follow(before)
    expect(first.map(({ data }) => data["id"])).toEqual([late.paymentId, late.id])
    await raise(early.id)
    expect((await capturing).status).toBe(200)
    const second = await follow(first.at(-1)?.id)
    expect(second.map(({ data }) => data["id"])).toEqual([early.paymentId, early.id])
    expect(await follow(before)).toEqual([...first, ...second])
  })

  it("has no gap where a number was taken and rolled back", async () => {
    const [early, late] = [await newPayment(service), await newPayment(service)]
    const before = await end()
    await lower(early.id)
    const capturing = capture(early.paymentId, REFUSED)
    await waiting(1, "classid = 4711")
    await capture(late.paymentId)
    expect(await follow(before)).toHaveLength(2)
    await raise(early.id)
    expect((await capturing).status).toBe(500)
    await capture(late.paymentId)
    expect((await follow(before)).map(({ data }) => data["captured_amount"])).toEqual([1, 1, 2, 2])
  })

  it("is one order for two readers who come upon the new at once, on two instances", async () => {
    const before = await end()
    const ids = [await newCollection(service), await newCollection(other)].map(({ id }) => id)
    await barrier.query("SELECT pg_advisory_lock($1)", [PLACING_LOCK])
    const reading = [page({ after: before }), page({ after: before }, other)]
    await waiting(2, `objid = ${PLACING_LOCK}`)
    // Comes while they wait: who looks after the wait has it too, and none places anything twice.
    ids.push((await newCollection(service)).id)
    await barrier.query("SELECT pg_advisory_unlock($1)", [PLACING_LOCK])
    const [one, another] = await Promise.all(reading)
    expect(one?.events.map(({ data }) => data["id"])).toEqual(ids)
    expect(another).toEqual(one)
    expect(await follow(before)).toEqual(one?.events)
  })

  it("keeps nobody waiting who finds nothing new, nor anyone who writes", async () => {
    const last = await end()
    await barrier.query("SELECT pg_advisory_lock($1)", [PLACING_LOCK])
    expect(await page({ after: last })).toEqual({ events: [], has_more: false })
    const { id } = await newCollection(service)
    await barrier.query("SELECT pg_advisory_unlock($1)", [PLACING_LOCK])
    expect((await follow(last)).map(({ data }) => data["id"])).toEqual([id])
  })

  it.each([1, 2, 3])("loses and repeats nothing, whoever commits when (seed %d)", async (seed) => {
    const random = randomNumbers(seed)
    const HELD = 5
    const ROUNDS = 6
    const before = await end()
    const payments = await Promise.all(Array.from({ length: HELD + 3 }, () => newPayment(service, { total: 5000 })))
    const [held, free] = [payments.slice(0, HELD), payments.slice(HELD)]
    let isOver = false

    /** Reads on and on, in small pages, until everything is written and read. */
    const reader = async (instance: TestService) => {
      const told: Told[] = []
      for (;;) {
        const wasOver = isOver
        const { events, has_more } = await page({ after: told.at(-1)?.id ?? before, limit: 1 + random(6) }, instance)
        told.push(...events)
        if (wasOver && !has_more) return told
      }
    }
    const readers = [reader(service), reader(other), reader(service)]

    /** Captures on and on, now of one payment, now of another, against others who do the same. */
    const writer = async (instance: TestService) => {
      while (!isOver) expect((await capture(free[random(free.length)]?.paymentId ?? "", 1, instance)).status).toBe(200)
    }
    const writers = [writer(service), writer(other), writer(other)]

    for (let round = 0; round < ROUNDS; round++) {
      for (const { id } of held) await lower(id)
      const refused = random(HELD * 2)
      const capturing = held.map(({ paymentId }, n) => capture(paymentId, n === refused ? REFUSED : 1))
      await waiting(HELD, "classid = 4711")
      for (const n of shuffled(held.length, random)) {
        await raise(held[n]?.id ?? "")
        expect((await capturing[n])?.status).toBe(n === refused ? 500 : 200)
      }
    }
    isOver = true
    await Promise.all(writers)

    const [told = [], ...others] = await Promise.all(readers)
    for (const another of others) expect(another).toEqual(told)
    const ids = told.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const committed = await service.dataSource.query<{ id: string; sequence: string }[]>(
      "SELECT id, sequence FROM outbox_event WHERE sequence > (SELECT sequence FROM outbox_event WHERE id = $1)",
      [before],
    )
    expect([...ids].sort()).toEqual(committed.map(({ id }) => id).sort())

    for (const { id, paymentId } of payments) {
      const ofPayment = told.filter(({ name, data }) => name === "payment.captured" && data["id"] === paymentId)
      const ofCollection = told.filter(({ data }) => data["id"] === id && data["captured_amount"] > 0)
      const [{ captured_amount }] = await service.dataSource.query(
        "SELECT captured_amount FROM payment WHERE id = $1",
        [paymentId],
      )
      const steps = Array.from({ length: Number(captured_amount) / 100 }, (_, n) => n + 1)
      expect(ofPayment.map(({ data }) => data["captured_amount"])).toEqual(steps)
      expect(ofCollection.map(({ data }) => data["captured_amount"])).toEqual(steps)
    }
    // Else nothing was put to the test: some committed after others that had taken higher numbers.
    const numbers = new Map(committed.map(({ id, sequence }) => [id, Number(sequence)]))
    const inOrder = ids.map((id) => numbers.get(id) ?? 0)
    expect(inOrder).not.toEqual([...inOrder].sort((one, another) => one - another))
  })
})

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

function shuffled(length: number, random: (limit: number) => number): number[] {
  const left = Array.from({ length }, (_, n) => n)
  return Array.from({ length }, () => left.splice(random(left.length), 1)[0] ?? 0)
}
