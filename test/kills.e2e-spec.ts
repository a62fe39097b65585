import { afterAll, beforeAll, expect, it } from "@jest/globals"
import { setTimeout as sleep } from "node:timers/promises"
import { builtService } from "./support/built.js"
import { authorize, createCollection, ofPayment, openSession, putCart, type Subject } from "./support/crash-cases.js"
import { standings } from "./support/crash-checks.js"
import type { MortalService, Request } from "./support/crash-service.js"
import { CrashSweep } from "./support/crash-sweep.js"
import type { BankAnswer, BankRequest } from "./support/fake-bank.js"
import { EXTENT } from "./support/extent.js"
import { FakeBank, serveBank } from "./support/fake-provider.js"
import { BankProcessor } from "./support/processor.js"
import { describeServed } from "./support/served.js"

const KILLS = EXTENT.kills
const CLIENTS = 6

/** Milliseconds from the first repeat of a request to its final result. */
const PATIENCE = 10_000

/** The settings of a service that nobody configured. */
const DEFAULTS = { LEASE_DURATION: "5000", PROVIDER_TIMEOUT: "10000", RECONCILER_INTERVAL: "2000" }

/** A bank that takes its time, before a call is done and after: most kills hit a request in the middle of one. */
class SlowBank extends FakeBank {
  override async take(request: BankRequest): Promise<BankAnswer> {
    await sleep(Math.random() * 60)
    const answer = await super.take(request)
    await sleep(Math.random() * 60)
    return answer
  }
}

const onServed = describeServed("kills with -9 under keyed load on two instances")

onServed("two instances under keyed load", () => {
  const bank = new SlowBank()
  let servedBank: Awaited<ReturnType<typeof serveBank>>
  let sweep: CrashSweep
  let instances: MortalService[]
  beforeAll(async () => {
    await builtService()
    servedBank = await serveBank(bank)
    sweep = new CrashSweep(new BankProcessor(bank, servedBank.url))
    await sweep.start()
    instances = [sweep.another(DEFAULTS), sweep.another(DEFAULTS)]
    for (const instance of instances) await instance.start()
    // Its claims last longer than the test.
    await sweep.service.kill()
  }, 180_000)
  afterAll(async () => {
    await sweep.close()
    await servedBank.close()
  })

  it(`${KILLS} kills with -9 under keyed load on two instances: every repeated request gets its final response within 10 s`, async () => {
    const load = new Load(instances)
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, client) => load.run(client)))
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(Math.random() * 1_000)
      const victim = instances[Math.floor(Math.random() * instances.length)]
      await victim?.kill()
      await victim?.start()
    }
    load.stop()
    await clients

    const [instance] = instances
    if (!instance) throw new Error("No instance runs")
    const ids = load.done.map(({ id }) => id)
    expect(load.late).toEqual([])
    expect(load.keysLeftBehind).toBeGreaterThan(KILLS / 2)
    await sweep.settles(instance, ids)
    const halted = load.done.map((subject) => ({ subject, at: subject.id }))
    expect(await sweep.problems(instance, halted)).toEqual([])
    const seen = await standings(instance, ids)
    const operations = ["initiate", "authorize", "capture", "capture", "refund"].length
    expect(ids.map((id) => seen.get(id))).toEqual(
      ids.map(() => ({ line: "completed 1000 1000/1000/300", operations, isDeleted: false })),
    )
    // A minute or two; many starts of a process take longer on a machine that is busy with something else.
  }, 600_000)
})

/** Clients that buy, one purchase after the other, and repeat a request that got no response at the other instance. */
class Load {
  readonly done: Subject[] = []
  /** Requests whose process died while it held their key. */
  keysLeftBehind = 0
  /** Repeats that took too long, or ended otherwise than they had to. */
  readonly late: string[] = []
  private isStopping = false

  constructor(private readonly instances: readonly MortalService[]) {}

  stop(): void {
    this.isStopping = true
  }

  async run(client: number): Promise<void> {
    for (let round = 0; !this.isStopping; round++) this.done.push(await this.purchase(`cart_kills_${client}_${round}`))
  }

  private async purchase(cartId: string): Promise<Subject> {
    const keyed = (name: string, request: Request) => this.insist({ ...request, idempotencyKey: `${name}-${cartId}` })
    await this.insist(putCart(cartId, 10))
    const created = await keyed("create", createCollection(cartId))
    const subject = { cartId, id: created.payment_collection.id as string, sessionId: "", paymentId: "", operations: 0 }
    const opened = await keyed("open", openSession(subject, "pp_fake_default", { token: "a" }))
    subject.sessionId = opened.payment_collection.payment_sessions[0].id as string
    const authorized = await keyed("authorize", authorize(subject))
    subject.paymentId = authorized.payment_collection.payments[0].id as string
    await keyed("capture-some", ofPayment("capture", subject, 4))
    await keyed("capture-rest", ofPayment("capture", subject, 6))
    await keyed("refund", ofPayment("refund", subject, 3))
    return subject
  }

  /** Sends a request until it has its final result. The time counts from the first repeat after the last kill that hit it. */
  private async insist(request: Request): Promise<any> {
    let at = Math.floor(Math.random() * this.instances.length)
    let repeatedSince: number | undefined
    const seen: string[] = []
    await sleep(Math.random() * 100)
    for (;;) {
      const answer = await this.instances[at]?.send(request)
      if (!answer) {
        seen.push("none")
        at = (at + 1) % this.instances.length
        repeatedSince = Date.now()
        continue
      }
      if (seen.at(-1) === "none" && answer.body.code === "idempotency_key_in_use") this.keysLeftBehind++
      seen.push(`${answer.status} ${answer.body.code ?? ""}`)
      if (answer.status === 200) {
        const took = repeatedSince === undefined ? 0 : Date.now() - repeatedSince
        if (took > PATIENCE) this.late.push(`${request.path}: ${took} ms: ${seen.join(", ")}`)
        return answer.body
      }
      const retryAfter = answer.headers.get("retry-after")
      if (![409, 503, 504].includes(answer.status) || retryAfter === null || seen.length > 100) {
        throw new Error(JSON.stringify({ request, answer, seen }))
      }
      await sleep(Number(retryAfter) * 1_000)
    }
  }
}
