import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { Leases, LeaseTimes, type Lease } from "../src/database/leases.js"
import { RefundReasonsService } from "../src/refund-reasons/refund-reasons.service.js"
import { WebhooksService } from "../src/webhooks/webhooks.service.js"
import { FAKE } from "./support/api.js"
import { newPayment } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { takeClaims } from "./support/leases.js"
import { describeServed } from "./support/served.js"
import { TestService, type Answer } from "./support/service.js"
import { WebhookWorld } from "./support/webhook-world.js"

/** A process that is too slow: its leases end at once, and it never renews one. */
const STALLED = new LeaseTimes(1, 3_600_000)

/** A process whose leases do not end during a test. */
const LASTING = new LeaseTimes(600_000, 3_600_000)

/** Renews often, so that a test sees it soon. */
const QUICK = new LeaseTimes(2_000, 50)

interface ClaimRow {
  claim_token: string | null
  claimed_until: Date | null
}

const bank = new FakeBank()
beforeEach(() => {
  bank.reset()
})
afterEach(() => {
  jest.restoreAllMocks()
})

const callsOf = (kind: string) => bank.calls.filter((call) => call.kind === kind).length

/** Holds the next call of a kind at the bank. */
function holdAtBank(kind: "capture" | "lookUp"): { arrived: () => Promise<void>; release: () => void } {
  const { wait, release } = barrier()
  bank.script(kind, { wait, then: "succeed" })
  const before = callsOf(kind)
  return { release, arrived: () => eventually(() => Promise.resolve(callsOf(kind) > before)) }
}

function barrier(): { wait: Promise<void>; release: () => void } {
  let release = () => {}
  const wait = new Promise<void>((resolve) => (release = resolve))
  return { wait, release }
}

async function eventually(isThere: () => Promise<boolean>): Promise<void> {
  while (!(await isThere())) await sleep(10)
}

function capture(instance: TestService, secretKey: string, paymentId: string, key: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${secretKey}`, "idempotency-key": key }
  return instance.call("POST", `/admin/payments/${paymentId}/capture`, { amount: 4 }, headers)
}

const claimOf = async (
  service: TestService,
  table: Lease["table"],
  where: string,
  value: string,
): Promise<ClaimRow> => {
  const [row] = await service.dataSource.query<ClaimRow[]>(
    `SELECT claim_token, claimed_until FROM ${table} WHERE ${where} = $1`,
    [value],
  )
  if (!row) throw new Error(`${table} has no row of ${value}`)
  return row
}

/** Waits until the lease was renewed beyond the end that it had at first. */
async function outlivesItsLease(read: () => Promise<ClaimRow>): Promise<void> {
  const first = await read()
  const firstEnd = Number(first.claimed_until)
  let now = first
  await eventually(async () => {
    now = await read()
    return Number(now.claimed_until) > firstEnd + QUICK.duration
  })
  expect(now.claim_token).toBe(first.claim_token)
}

describe("a process that works for longer than a lease lasts", () => {
  let service: TestService
  beforeAll(async () => {
    service = await TestService.start(
      { PROVIDER_TIMEOUT: "60000" },
      { modules: [fakeProviders(bank)], leaseTimes: QUICK },
    )
  })
  afterAll(() => service.close())

  it("renews the leases of a request's key and of its call to a provider, and releases them at the end", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    const key = randomUUID()
    const held = holdAtBank("capture")
    const running = capture(service, service.secretKey, paymentId, key)
    await held.arrived()
    const ofKey = () => claimOf(service, "idempotency_key", "key", key)
    const ofCall = () => claimOf(service, "payment_operation", "kind = 'capture' AND payment_id", paymentId)
    await Promise.all([outlivesItsLease(ofKey), outlivesItsLease(ofCall)])
    const repeat = await capture(service, service.secretKey, paymentId, key)
    expect([repeat.status, repeat.body.code]).toEqual([409, "idempotency_key_in_use"])
    held.release()
    expect((await running).status).toBe(200)
    for (const claim of [await ofKey(), await ofCall()])
      expect(claim).toEqual({ claim_token: null, claimed_until: null })
    expect(callsOf("capture") + callsOf("lookUp")).toBe(1)
  })

  it("renews the other leases while a transaction holds up one of them", async () => {
    const leases = service.app.get(Leases)
    const ids = [`idem_${randomUUID()}`, `idem_${randomUUID()}`]
    await service.dataSource.query(
      `INSERT INTO idempotency_key (id, scope, key, request_hash, expires_at)
       SELECT id, 'test', id, '', now() + interval '1 hour' FROM unnest($1::text[]) id`,
      [ids],
    )
    const { wait, release } = barrier()
    const [blocked, free] = await takeClaims(service, "idempotency_key", ids)
    if (!blocked || !free) throw new Error("There are no claims")
    const read = (lease: Lease) => claimOf(service, "idempotency_key", "id", lease.id)
    const before = await read(blocked)
    const working = [blocked, free].map((lease) => leases.whileHeld(lease, () => wait))
    const client = service.dataSource.createQueryRunner()
    await client.startTransaction()
    await client.query("SELECT 1 FROM idempotency_key WHERE id = $1 FOR UPDATE", [blocked.id])
    // The embedded database has one connection, on which the renewal waits for the end of the transaction.
    if (service.connection.url !== undefined) {
      const { claimed_until: end } = await read(free)
      await eventually(async () => Number((await read(free)).claimed_until) < Number(end))
      expect(await read(blocked)).toEqual(before)
    }
    await client.rollbackTransaction()
    await client.release()
    await eventually(async () => Number((await read(blocked)).claimed_until) < Number(before.claimed_until))
    release()
    await Promise.all(working)
  })

  it("leaves no claim when it is shut down", async () => {
    const id = `idem_${randomUUID()}`
    await service.dataSource.query(
      `INSERT INTO idempotency_key (id, scope, key, request_hash, expires_at) VALUES ($1, 'test', $1, '', now() + interval '1 hour')`,
      [id],
    )
    const [lease] = await takeClaims(service, "idempotency_key", [id])
    if (!lease) throw new Error("There is no claim")
    const { wait, release } = barrier()
    const working = service.app.get(Leases).whileHeld(lease, () => wait)
    await service.app.get(Leases).onApplicationShutdown()
    expect(await claimOf(service, "idempotency_key", "id", id)).toEqual({ claim_token: null, claimed_until: null })
    release()
    await working
  })
})

const onServed = describeServed("processes that lost their claims to another instance")

onServed("a process that lost its claim to another one writes nothing:", () => {
  let slow: TestService
  let heir: TestService
  beforeAll(async () => {
    const env = { PROVIDER_TIMEOUT: "60000" }
    const modules = [fakeProviders(bank)]
    slow = await TestService.start(env, { modules, leaseTimes: STALLED })
    heir = await TestService.startOn(slow.connection, env, { modules, leaseTimes: LASTING })
  })
  afterAll(async () => {
    await heir.close()
    await slow.close()
  })

  const rowsOf = async (paymentId: string) =>
    slow.dataSource.query<unknown[]>(
      `SELECT operation.*, capture.status, payment.captured_amount, collection.version,
         (SELECT count(*) FROM outbox_event WHERE aggregate_id = collection.id) AS events
       FROM payment_operation operation JOIN capture ON capture.id = operation.capture_id
       JOIN payment ON payment.id = operation.payment_id JOIN payment_collection collection ON collection.id = payment.payment_collection_id
       WHERE operation.payment_id = $1`,
      [paymentId],
    )

  it("no outcome of a call to a provider, and it answers what the other one records", async () => {
    const { paymentId } = await newPayment(slow, {}, FAKE)
    const key = randomUUID()
    const call = holdAtBank("capture")
    const first = capture(slow, slow.secretKey, paymentId, key)
    await call.arrived()
    // The other instance waits for the call, finds it abandoned and claims it.
    const lookUp = holdAtBank("lookUp")
    const repeat = capture(heir, slow.secretKey, paymentId, key)
    await lookUp.arrived()

    const before = await rowsOf(paymentId)
    slow.statements.take()
    call.release()
    // The first one has the outcome, may not record it, and waits for the other.
    const isWaiting = () => slow.statements.take().some((statement) => statement.includes("isAbandoned"))
    await eventually(() => Promise.resolve(isWaiting()))
    expect(await rowsOf(paymentId)).toEqual(before)

    lookUp.release()
    const [one, other] = await Promise.all([first, repeat])
    expect([one.status, other.status, one.body]).toEqual([200, 200, other.body])
    expect(one.body.payment.captures).toMatchObject([{ amount: 4 }])
    expect(callsOf("capture")).toBe(1)
  })

  it("no response of a request with an idempotency key", async () => {
    const key = randomUUID()
    const create = (instance: TestService) =>
      instance.call(
        "POST",
        "/admin/refund-reasons",
        { label: "Late", code: key },
        {
          authorization: `Bearer ${slow.secretKey}`,
          "idempotency-key": key,
        },
      )
    const reasons = slow.app.get(RefundReasonsService)
    const createReason = reasons.create.bind(reasons)
    const [arrived, continued] = [barrier(), barrier()]
    jest.spyOn(reasons, "create").mockImplementationOnce(async (request) => {
      arrived.release()
      await continued.wait
      return createReason(request)
    })
    const first = create(slow)
    await arrived.wait
    const repeat = await create(heir)
    expect(repeat.status).toBe(200)
    const before = await slow.dataSource.query("SELECT * FROM idempotency_key WHERE key = $1", [key])
    continued.release()
    expect((await first).status).toBe(422)
    expect(await slow.dataSource.query("SELECT * FROM idempotency_key WHERE key = $1", [key])).toEqual(before)
    const replayed = await create(slow)
    expect([replayed.status, replayed.body]).toEqual([200, repeat.body])
  })
})

onServed("a process that lost a webhook event to another one", () => {
  it("records nothing of the provider's state, and leaves the event to the other", async () => {
    const world = await WebhookWorld.start({}, { leaseTimes: STALLED })
    const other = await world.startAnother()
    try {
      const [slow, heir] = [world.service, other].map(({ app }) => app.get(WebhooksService))
      if (!slow || !heir) throw new Error("There are two instances")
      const { id, sessionId } = await world.session()
      world.account.fail("inspect", sessionId)
      const { id: event } = await world.tell(sessionId, "pending")
      world.account.pay(sessionId)
      await world.sql("UPDATE webhook_event SET next_attempt_at = now() - interval '1 second' WHERE id = $1", [event])

      const [lost] = await slow.claimDue(10)
      if (!lost) throw new Error("The event is not due")
      const held = world.account.hold("inspect", sessionId)
      const applying = slow.apply(lost)
      await held.reached
      const [claimed] = await heir.claimDue(10)
      if (!claimed) throw new Error("The event is not free")
      const rows = async () => [
        await world.sql("SELECT * FROM webhook_event WHERE id = $1", [event]),
        await world.sql("SELECT * FROM payment_collection WHERE id = $1", [id]),
        await world.payments(id),
      ]
      const before = await rows()
      held.release()
      await applying
      expect(await rows()).toEqual(before)

      await heir.apply(claimed)
      expect(await world.sql("SELECT state FROM webhook_event WHERE id = $1", [event])).toEqual([{ state: "applied" }])
      expect((await world.collection(id)).status).toBe("authorized")
    } finally {
      await other.close()
      await world.service.close()
    }
  })
})
