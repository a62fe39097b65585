import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { setTimeout as sleep } from "node:timers/promises"
import { builtService } from "./support/built.js"
import {
  CAPTURE,
  createCollection,
  MARK_AS_PAID,
  newCollection,
  prepareRegion,
  putCart,
  REFUND,
  USE_CASES,
  type Subject,
  type UseCase,
} from "./support/crash-cases.js"
import { LIVES, type Insist } from "./support/crash-lives.js"
import { freeClaims, problems, standings, unsettled } from "./support/crash-checks.js"
import { MortalService, type Answer } from "./support/crash-service.js"
import { createDatabase, newDataFolder, TEST_DATABASE_URL, type TestDatabase } from "./support/database.js"
import { FakeBank, serveBank, type Behaviour } from "./support/fake-provider.js"

// A process that dies leaves what it had begun to whoever comes after. Here it is killed at every boundary: right before
// each statement of a request, BEGIN and COMMIT too, and in the middle of each call to the bank, before and after the
// bank did it. Several requests stand at different boundaries of the same use case when the process is killed: each has a
// collection of its own and knows nothing of the others.

/** Requests that stand still in one process at most; each may hold a connection. */
const AT_ONCE = 24

/** Milliseconds within which what is waited for has to happen. */
const PATIENCE = 20_000

const bank = new FakeBank()
let servedBank: Awaited<ReturnType<typeof serveBank>>
let database: TestDatabase | undefined
let env: Record<string, string>
let service: MortalService
const others: MortalService[] = []

beforeAll(async () => {
  await builtService()
  servedBank = await serveBank(bank)
  database = TEST_DATABASE_URL ? await createDatabase() : undefined
  const url = database?.connection.url
  env = { FAKE_BANK_URL: servedBank.url, ...(url ? { DATABASE_URL: url } : { DATA_DIR: newDataFolder() }) }
  service = new MortalService(env)
  await prepareRegion(await service.start())
}, 180_000)

beforeEach(async () => {
  bank.reset()
  if (!service.isFit) await restart()
})

afterAll(async () => {
  for (const each of [service, ...others]) await each.kill()
  await servedBank.close()
  await database?.drop()
})

/** A request that did not get to its end, and how far it was. */
interface Halted {
  subject: Subject
  at: string
}

async function restart(instance = service): Promise<void> {
  await instance.kill()
  await instance.start()
}

async function eventually<T>(look: () => T | Promise<T>, isThere: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    const seen = await look()
    if (isThere(seen)) return seen
    if (Date.now() > deadline) throw new Error(`It does not happen; this is how it is: ${JSON.stringify(seen)}`)
    await sleep(20)
  }
}

async function settles(instance: MortalService, ids: string[]): Promise<void> {
  await eventually(
    () => unsettled(instance, ids),
    (lines) => lines.length === 0,
  )
}

/** Sends the request until the bank has got the call, and leaves it there. */
async function haltInCall(useCase: UseCase, subject: Subject, kind: UseCase["calls"][number], behaviour: Behaviour) {
  const count = () => bank.calls.filter((call) => call.kind === kind).length
  const before = count()
  bank.script(kind, behaviour)
  void service.send(useCase.act(subject))
  await eventually(count, (now) => now > before)
}

/** Halts requests at every boundary; the last of them got to its end. */
async function haltEverywhere(useCase: UseCase): Promise<Halted[]> {
  const halted: Halted[] = []
  for (let before = 1, statement: string | undefined = ""; statement !== undefined; before++) {
    if (before % AT_ONCE === 0) await restart()
    const subject = await useCase.prepare(service, bank)
    statement = await service.stop(useCase.act(subject), before)
    halted.push({ subject, at: `${before}: ${statement === undefined ? "done" : firstWords(statement)}` })
  }
  for (const kind of useCase.calls) halted.push(...(await haltInCalls(useCase, kind)))
  return halted
}

async function haltInCalls(useCase: UseCase, kind: UseCase["calls"][number]): Promise<Halted[]> {
  const halted: Halted[] = []
  for (const behaviour of ["hang", "hang_after"] as const) {
    const subject = await useCase.prepare(service, bank)
    await haltInCall(useCase, subject, kind, behaviour)
    halted.push({ subject, at: `${kind}, ${behaviour}` })
  }
  return halted
}

function firstWords(statement: string): string {
  return statement.replace("/* prepared */", "").trim().replace(/\s+/g, " ").slice(0, 40)
}

/** How many steps of the use case each request got to begin. */
async function stepsBegun(instance: MortalService, halted: Halted[]): Promise<Record<string, number>> {
  const seen = await standings(instance, idsOf(halted))
  return recordOf(halted, ({ subject }) => {
    const { operations = 0, isDeleted = false } = seen.get(subject.id) ?? {}
    return operations - subject.operations + (isDeleted ? 1 : 0)
  })
}

async function linesOf(instance: MortalService, halted: Halted[]): Promise<Record<string, string | undefined>> {
  const seen = await standings(instance, idsOf(halted))
  return recordOf(halted, ({ subject }) => seen.get(subject.id)?.line)
}

function recordOf<T>(halted: Halted[], value: (each: Halted) => T): Record<string, T> {
  return Object.fromEntries(halted.map((each) => [each.at, value(each)]))
}

const idsOf = (halted: Halted[]) => halted.map(({ subject }) => subject.id)

/** The clients repeat their requests: each is answered as it has to be, and each collection stands where it has to. */
async function repeatAll(
  instance: MortalService,
  useCase: UseCase,
  halted: Halted[],
  begun: Record<string, number>,
): Promise<(Answer | undefined)[]> {
  const { act, steps, repeated = () => 200, repeatIsAnother } = useCase
  const answers = await Promise.all(halted.map(({ subject }) => instance.send(act(subject))))
  expect(recordOf(halted, (each) => answers[halted.indexOf(each)]?.status)).toEqual(
    recordOf(halted, ({ at }) => repeated(begun[at] ?? 0)),
  )
  await settles(instance, idsOf(halted))
  const ends = (at: string) => (repeatIsAnother ? (begun[at] ?? 0) + 1 : steps.length - 1)
  expect(await linesOf(instance, halted)).toEqual(recordOf(halted, ({ at }) => steps[ends(at)]))
  expect(await stepsBegun(instance, halted)).toEqual(recordOf(halted, ({ at }) => ends(at)))
  expect(await problems(instance, bank, idsOf(halted))).toEqual([])
  return answers
}

/** What the dead process left is settled, each use case by none or whole steps; then the clients come back. */
async function recover(instance: MortalService, useCase: UseCase, halted: Halted[]): Promise<Record<string, number>> {
  const begun = await stepsBegun(instance, halted)
  await freeClaims(instance)
  await settles(instance, idsOf(halted))
  expect(await linesOf(instance, halted)).toEqual(recordOf(halted, ({ at }) => useCase.steps[begun[at] ?? 0]))
  expect(await problems(instance, bank, idsOf(halted))).toEqual([])
  const answers = await repeatAll(instance, useCase, halted, begun)
  const lines = await linesOf(instance, halted)
  halted.forEach(({ at }, index) => {
    for (const part of toldBy(answers[index])) expect(lines[at]).toContain(part)
  })
  return begun
}

/** What an answer says of the money, as it stands in a {@link Standing}: what was answered is what happened. */
function toldBy(answer: Answer | undefined): string[] {
  if (answer?.status !== 200) return []
  const { payment, payment_collection: collection } = answer.body
  const minor = (...major: number[]) => Math.round(major.reduce((sum, amount) => sum + amount * 100, 0))
  const sumOf = (movements: any[]) => minor(...movements.map(({ amount }) => amount as number))
  if (payment) return [`/${sumOf(payment.captures)}/${sumOf(payment.refunds)}`]
  if (!collection) return []
  const { status, amount, authorized_amount, captured_amount, refunded_amount } = collection
  return [
    `${status} ${minor(amount)} ${[authorized_amount, captured_amount, refunded_amount].map((of) => minor(of)).join("/")}`,
  ]
}

/** The sweep is one only if it left some request after none of the steps, some after the first, and so on. */
function expectEveryStep({ steps, repeatIsAnother }: UseCase, begun: Record<string, number>): void {
  const seen = [...new Set(Object.values(begun))].sort()
  expect(seen).toEqual(Array.from({ length: steps.length - (repeatIsAnother ? 1 : 0) }, (_, step) => step))
}

const named = (name: string): UseCase => {
  const found = USE_CASES.find((useCase) => useCase.name === name)
  if (!found) throw new Error(`There is no use case '${name}'`)
  return found
}

describe("W13: money that moves while the process dies", () => {
  const deaths = [
    ["capture", "die_before"],
    ["capture", "die_after"],
    ["refund", "die_before"],
    ["refund", "die_after"],
  ] as const
  it.each(TEST_DATABASE_URL ? deaths : deaths.slice(0, 2))(
    "%s, %s: it is written down, and moves once",
    async (kind, behaviour) => {
      const useCase = kind === "capture" ? CAPTURE : REFUND
      const subject = await useCase.prepare(service, bank)
      bank.script(kind, behaviour)
      expect(await service.send(useCase.act(subject))).toBeUndefined()
      await service.dies()
      await service.start()
      await recover(service, useCase, [{ subject, at: behaviour }])
    },
  )

  it.each(TEST_DATABASE_URL ? [CAPTURE, REFUND] : [CAPTURE])(
    "$name: the database is lost at every statement",
    async (useCase) => {
      const halted: Halted[] = []
      const answers: (number | undefined)[] = []
      for (let at = 1, isLost = true; isLost; at++) {
        const subject = await useCase.prepare(service, bank)
        const { answer, statement } = await service.lose(useCase.act(subject), at)
        isLost = statement !== undefined
        halted.push({ subject, at: `${at}: ${isLost ? firstWords(statement ?? "") : "done"}` })
        answers.push(answer?.status)
      }
      expect(answers.pop()).toBe(200)
      for (const status of answers) expect([503, 504]).toContain(status)
      // Who is told that the service is not available may ask again: nothing was begun.
      const begun = await stepsBegun(service, halted)
      answers.forEach((status, index) => {
        const at = halted[index]?.at ?? ""
        if (status === 503) expect([at, begun[at]]).toEqual([at, 0])
      })
      await recover(service, useCase, halted)
    },
  )
})

describe("W31: mark as paid, when its capture fails", () => {
  it("is completed by the repeated request after a refusal", async () => {
    const subject = await newCollection(service)
    bank.script("capture", "decline")
    expect(await service.send(MARK_AS_PAID.act(subject))).toMatchObject({ status: 422 })
    expect(await linesOf(service, [{ subject, at: "" }])).toEqual({ "": MARK_AS_PAID.steps[2] })
    expect(await service.send(MARK_AS_PAID.act(subject))).toMatchObject({ status: 200 })
    expect(await linesOf(service, [{ subject, at: "" }])).toEqual({ "": MARK_AS_PAID.steps[3] })
    expect(await problems(service, bank, [subject.id])).toEqual([])
  })

  it("joins the capture whose answer stayed out", async () => {
    const subject = await newCollection(service)
    bank.script("capture", "fail_after")
    expect(await service.send(MARK_AS_PAID.act(subject))).toMatchObject({ status: 504 })
    expect(await service.send(MARK_AS_PAID.act(subject))).toMatchObject({ status: 200 })
    expect(await linesOf(service, [{ subject, at: "" }])).toEqual({ "": MARK_AS_PAID.steps[3] })
    expect(await problems(service, bank, [subject.id])).toEqual([])
  })
})

if (!TEST_DATABASE_URL) console.warn("LEFT OUT without TEST_DATABASE_URL: kills at every boundary of every use case")
const onServed = TEST_DATABASE_URL ? describe : describe.skip
const onEmbedded = TEST_DATABASE_URL ? describe.skip : describe

onServed("a process killed at every boundary, on a real PostgreSQL", () => {
  const killEverywhere = async (useCase: UseCase) => {
    const halted = await haltEverywhere(useCase)
    await restart()
    const begun = await recover(service, useCase, halted)
    expectEveryStep(useCase, begun)
  }

  it.each(USE_CASES)("$name: the next process settles it", killEverywhere)

  it("W31 mark as paid is resumed by the repeated request, wherever it was", () => killEverywhere(MARK_AS_PAID))

  it.each(["capture", "capture an amount", "change the provider"].map(named))(
    "$name: another instance settles it, while the clients repeat their requests there",
    async (useCase) => {
      const survivor = await new MortalService(env).start()
      others.push(survivor)
      const lookUps = () => bank.calls.filter(({ kind }) => kind === "lookUp").length
      const before = lookUps()
      const halted = await haltEverywhere(useCase)
      // The other instance is awake, and leaves alone what somebody is believed to be at.
      expect(lookUps()).toBe(before)
      await service.kill()
      const begun = await stepsBegun(survivor, halted)
      expectEveryStep(useCase, begun)
      await freeClaims(survivor)
      await repeatAll(survivor, useCase, halted, begun)
      await survivor.kill()
    },
  )
})

onServed("W13: a process killed more than once, on a real PostgreSQL", () => {
  it("whoever settles it may die of it too", async () => {
    const subject = await CAPTURE.prepare(service, bank)
    bank.script("capture", "die_before")
    bank.script("lookUp", "die_before")
    bank.script("lookUp", "die_after")
    bank.script("capture", "die_after")
    expect(await service.send(CAPTURE.act(subject))).toBeUndefined()
    for (let settler = 1; settler <= 3; settler++) {
      await service.dies()
      await service.start()
      // It may be dead before it has said that this is done.
      await freeClaims(service).catch(() => undefined)
    }
    await service.dies()
    await service.start()
    await recover(service, CAPTURE, [{ subject, at: "" }])
  })

  it("nobody has to help: the claim of a dead process runs out by itself", async () => {
    const hasty = new MortalService({ ...env, PROVIDER_TIMEOUT: "300" })
    others.push(hasty)
    await service.kill()
    await hasty.start()
    const subject = await CAPTURE.prepare(hasty, bank)
    bank.script("capture", "die_after")
    expect(await hasty.send(CAPTURE.act(subject))).toBeUndefined()
    await hasty.dies()
    await hasty.start()
    await settles(hasty, [subject.id])
    await repeatAll(hasty, CAPTURE, [{ subject, at: "" }], { "": 1 })
    await hasty.kill()
  })
})

onServed("a process killed under load, on a real PostgreSQL", () => {
  it.each([1, 2, 3])("20 clients go on where they were (round %i)", async (round) => {
    const subjects: Subject[] = []
    let answered = 0
    let revive: () => void = () => {}
    const revived = new Promise<void>((resolve) => (revive = resolve))
    const insist: Insist = async (request, doneBefore = 200) => {
      for (;;) {
        const answer = await service.send(request)
        answered++
        if (answer?.status === 200 || answer?.status === doneBefore) return answer.body
        if (answer && ![409, 503, 504].includes(answer.status)) throw new Error(JSON.stringify({ request, answer }))
        await (answer ? sleep(50) : revived)
      }
    }
    const live = async (_: unknown, client: number) => {
      const cartId = `cart_load_${round}_${client}`
      await insist(putCart(cartId, 10))
      const created = await insist(createCollection(cartId))
      const subject = {
        cartId,
        id: created.payment_collection.id as string,
        sessionId: "",
        paymentId: "",
        operations: 0,
      }
      subjects.push(subject)
      return LIVES[client % LIVES.length]?.(insist, subject)
    }
    const lives = Promise.allSettled(Array.from({ length: 20 }, live))
    const killedAfter = 5 + Math.floor(Math.random() * 90)
    await eventually(
      () => answered,
      (count) => count >= killedAfter,
    )
    await service.kill()
    await service.start()
    await freeClaims(service)
    const ids = subjects.map(({ id }) => id)
    await settles(service, ids)
    expect({ killedAfter, problems: await problems(service, bank, ids) }).toEqual({ killedAfter, problems: [] })
    revive()
    const ends = await lives
    expect(ends.filter(({ status }) => status === "rejected")).toEqual([])
    const all = subjects.map(({ id }) => id)
    await settles(service, all)
    expect({ killedAfter, problems: await problems(service, bank, all) }).toEqual({ killedAfter, problems: [] })
    const seen = await standings(service, all)
    expect(all.map((id) => seen.get(id)?.line).sort()).toEqual(
      ends.map((end) => (end.status === "fulfilled" ? end.value : undefined)).sort(),
    )
  })
})

// The data folder belongs to one process at a time and its one connection to one request: every kill costs a start, so
// one use case is killed at every boundary, and the others where each call is.
onEmbedded("a process killed on the embedded database", () => {
  it("capture, at every boundary", async () => {
    for (let at = 1, statement: string | undefined = ""; statement !== undefined; at++) {
      const subject = await CAPTURE.prepare(service, bank)
      statement = await service.stop(CAPTURE.act(subject), at)
      await restart()
      await recover(service, CAPTURE, [{ subject, at: `${at}: ${firstWords(statement ?? "done")}` }])
    }
  }, 200_000)

  it("every kind of operation, in the middle of its call", async () => {
    const halted = new Map<UseCase, Halted[]>()
    for (const useCase of USE_CASES) {
      for (const kind of useCase.calls) {
        halted.set(useCase, [...(halted.get(useCase) ?? []), ...(await haltInCalls(useCase, kind))])
      }
    }
    await restart()
    for (const [useCase, requests] of halted) await recover(service, useCase, requests)
  })

  it("W31 mark as paid is resumed by the repeated request, whichever of its calls it was in", async () => {
    const halted: Halted[] = []
    for (const kind of MARK_AS_PAID.calls) halted.push(...(await haltInCalls(MARK_AS_PAID, kind)))
    await restart()
    await recover(service, MARK_AS_PAID, halted)
  })
})
