import { expect } from "@jest/globals"
import { setTimeout as sleep } from "node:timers/promises"
import { prepareRegion, UseCases, type Subject, type UseCase } from "./crash-cases.js"
import { freeClaims, problems, standings, unsettled } from "./crash-checks.js"
import { MortalService, type Answer } from "./crash-service.js"
import { createDatabase, newMigratedFolder, TEST_DATABASE_URL, type TestDatabase } from "./database.js"
import { EXTENT } from "./extent.js"
import type { CallKind, Processor } from "./processor.js"

/** Requests that stand still in one process at most; each may hold a connection. */
const AT_ONCE = 24

/** Milliseconds within which what is waited for has to happen. */
const PATIENCE = 20_000

/** A request that did not get to its end, and how far it was. */
export interface Halted {
  subject: Subject
  at: string
}

/**
 * A process that dies leaves what it had begun to whoever comes after. Here it is killed at every boundary: right before
 * each statement of a request, BEGIN and COMMIT too, and in the middle of each call to the processor, before and after it
 * was done there. Several requests stand at different boundaries of the same use case when the process is killed: each has
 * a collection of its own and knows nothing of the others.
 */
export class CrashSweep {
  readonly useCases: UseCases
  service!: MortalService
  private env: Record<string, string> = {}
  private database: TestDatabase | undefined
  private readonly others: MortalService[] = []

  constructor(readonly processor: Processor) {
    this.useCases = new UseCases(processor)
  }

  async start(): Promise<void> {
    this.database = TEST_DATABASE_URL ? await createDatabase() : undefined
    const url = this.database?.connection.url
    this.env = { ...this.processor.env, ...(url ? { DATABASE_URL: url } : { DATA_DIR: await newMigratedFolder() }) }
    this.service = new MortalService(this.env)
    await prepareRegion(await this.service.start(), this.processor)
  }

  async close(): Promise<void> {
    for (const each of [this.service, ...this.others]) await each.kill()
    await this.database?.drop()
  }

  /** Nothing of an earlier test is in the way. */
  async makeFit(): Promise<void> {
    if (!this.service.isFit) await this.restart()
  }

  async restart(instance = this.service): Promise<void> {
    await instance.kill()
    await instance.start()
  }

  /** Another instance on the same database. */
  another(env: Record<string, string> = {}): MortalService {
    const instance = new MortalService({ ...this.env, ...env })
    this.others.push(instance)
    return instance
  }

  async settles(instance: MortalService, ids: string[]): Promise<void> {
    await eventually(
      () => unsettled(instance, ids),
      (lines) => lines.length === 0,
    )
  }

  /** Waits until one more call of a kind has come than there were. */
  async arrives(kind: CallKind, before: number): Promise<void> {
    await eventually(
      () => this.processor.count(kind),
      (now) => now > before,
    )
  }

  /** Sends the request until the processor has got the call, and leaves it there. */
  async haltInCall(useCase: UseCase, subject: Subject, kind: CallKind, when: "before" | "after"): Promise<void> {
    const before = this.processor.count(kind)
    this.processor.hang(kind, when)
    void this.service.send(useCase.act(subject))
    await this.arrives(kind, before)
  }

  /** Halts requests at every boundary; the last of them got to its end. */
  async haltEverywhere(useCase: UseCase): Promise<Halted[]> {
    const halted: Halted[] = []
    for (let before = 1, statement: string | undefined = ""; statement !== undefined; before += EXTENT.crashStride) {
      if (halted.length % AT_ONCE === AT_ONCE - 1) await this.restart()
      const subject = await useCase.prepare(this.service)
      statement = await this.service.stop(useCase.act(subject), before)
      halted.push({ subject, at: `${before}: ${statement === undefined ? "done" : firstWords(statement)}` })
    }
    for (const kind of useCase.calls) halted.push(...(await this.haltInCalls(useCase, kind)))
    return halted
  }

  async haltInCalls(useCase: UseCase, kind: CallKind): Promise<Halted[]> {
    const halted: Halted[] = []
    for (const when of ["before", "after"] as const) {
      const subject = await useCase.prepare(this.service)
      await this.haltInCall(useCase, subject, kind, when)
      halted.push({ subject, at: `${kind}, ${when}` })
    }
    return halted
  }

  /** How many steps of the use case each request got to begin. */
  async stepsBegun(instance: MortalService, halted: Halted[]): Promise<Record<string, number>> {
    const seen = await standings(instance, idsOf(halted))
    return recordOf(halted, ({ subject }) => {
      const { operations = 0, isDeleted = false } = seen.get(subject.id) ?? {}
      return operations - subject.operations + (isDeleted ? 1 : 0)
    })
  }

  async linesOf(instance: MortalService, halted: Halted[]): Promise<Record<string, string | undefined>> {
    const seen = await standings(instance, idsOf(halted))
    return recordOf(halted, ({ subject }) => seen.get(subject.id)?.line)
  }

  /** The subjects whose call to the provider has no outcome yet. */
  async inProgress(instance: MortalService, halted: Halted[]): Promise<Set<string>> {
    const rows = await instance.query(
      "SELECT payment_collection_id AS id FROM payment_operation WHERE resolved_at IS NULL AND payment_collection_id = ANY($1)",
      [idsOf(halted)],
    )
    return new Set((rows as { id: string }[]).map(({ id }) => id))
  }

  problems(instance: MortalService, halted: Halted[]): Promise<string[]> {
    return problems(instance, this.processor, idsOf(halted))
  }

  /** The clients repeat their requests: each is answered as it has to be, and each collection stands where it has to. */
  async repeatAll(
    instance: MortalService,
    useCase: UseCase,
    halted: Halted[],
    begun: Record<string, number>,
    /** The subjects with a call in progress: an equal request without a key gets its result, unless it is resolved first. */
    inProgress: ReadonlySet<string> = new Set(),
  ): Promise<(Answer | undefined)[]> {
    const { act, steps, repeated = () => 200, repeatIsAnother } = useCase
    const answers = await Promise.all(halted.map(({ subject }) => instance.send(act(subject))))
    expect(recordOf(halted, (each) => answers[halted.indexOf(each)]?.status)).toEqual(
      recordOf(halted, ({ at }) => repeated(begun[at] ?? 0)),
    )
    await this.settles(instance, idsOf(halted))
    const counts = await this.stepsBegun(instance, halted)
    const ends = ({ at, subject }: Halted) => {
      const before = begun[at] ?? 0
      const isShared = inProgress.has(subject.id) && counts[at] === before
      if (!repeatIsAnother) return steps.length - 1
      return isShared ? before : before + 1
    }
    expect(await this.linesOf(instance, halted)).toEqual(recordOf(halted, (each) => steps[ends(each)]))
    expect(counts).toEqual(recordOf(halted, ends))
    expect(await this.problems(instance, halted)).toEqual([])
    return answers
  }

  /** What the dead process left is settled, each use case by none or whole steps; then the clients come back. */
  async recover(useCase: UseCase, halted: Halted[], instance = this.service): Promise<Record<string, number>> {
    const begun = await this.stepsBegun(instance, halted)
    await freeClaims(instance)
    await this.settles(instance, idsOf(halted))
    expect(await this.linesOf(instance, halted)).toEqual(recordOf(halted, ({ at }) => useCase.steps[begun[at] ?? 0]))
    expect(await this.problems(instance, halted)).toEqual([])
    const answers = await this.repeatAll(instance, useCase, halted, begun)
    const lines = await this.linesOf(instance, halted)
    halted.forEach(({ at }, index) => {
      for (const part of toldBy(answers[index])) expect(lines[at]).toContain(part)
    })
    return begun
  }
}

export async function eventually<T>(look: () => T | Promise<T>, isThere: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    const seen = await look()
    if (isThere(seen)) return seen
    if (Date.now() > deadline) throw new Error(`It does not happen; this is how it is: ${JSON.stringify(seen)}`)
    await sleep(20)
  }
}

export function firstWords(statement: string): string {
  return statement.trim().replace(/\s+/g, " ").slice(0, 40)
}

/** The sweep is one only if it left some request after none of the steps, some after the first, and so on. */
export function expectEveryStep({ steps, repeatIsAnother }: UseCase, begun: Record<string, number>): void {
  const seen = [...new Set(Object.values(begun))].sort()
  expect(seen).toEqual(Array.from({ length: steps.length - (repeatIsAnother ? 1 : 0) }, (_, step) => step))
}

export function recordOf<T>(halted: Halted[], value: (each: Halted) => T): Record<string, T> {
  return Object.fromEntries(halted.map((each) => [each.at, value(each)]))
}

export const idsOf = (halted: Halted[]) => halted.map(({ subject }) => subject.id)

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
