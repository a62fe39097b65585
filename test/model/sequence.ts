import { isDeepStrictEqual } from "node:util"
import { PaymentOperationsService } from "../../src/payment-operations/payment-operations.service.js"
import { takeClaims } from "../support/leases.js"
import type { Answer, TestService } from "../support/service.js"
import { answerProblems, selfProblems, viewProblems } from "./answer-rules.js"
import { bookProblems } from "./bank-rules.js"
import { SYSTEM, wordsOf, type Command, type Step } from "./commands.js"
import { eventProblems } from "./event-rules.js"
import { isHarmless, isUnknown } from "./faults.js"
import { explanationOf, type Happened } from "./orders.js"
import { predict, type Intent } from "./prediction.js"
import { admin, aim, putCart, read, send, store, type Request } from "./requests.js"
import { historyProblems, rowProblems } from "./row-rules.js"
import { readRows, unsettledOf, type Rows } from "./rows.js"
import type { Lane, Switchboard } from "./switchboard.js"
import type { Tally } from "./tally.js"
import { restOf, wordsOfWorld, worldOf, type World } from "./world.js"

/** How often everything is tried to be settled in the end: what is settled can let the next thing be settled. */
const LAST_ROUNDS = 5

/** What a request that came with a key was answered. */
interface Kept {
  readonly request: Request
  readonly intent: Intent
  readonly answer: Answer
}

/** What a command did: the answers to its requests, and what the model is to make of it. */
interface Done {
  readonly intent: Intent
  readonly answers: Answer[]
  /** What is wrong by the command's own rules. */
  readonly problems: string[]
  /** An answer that shows the collection as storefronts see it. */
  readonly view?: Answer
}

/** Something is not as it must be. The message tells what, and all that led to it. */
export class Violation extends Error {}

let sequences = 0

/** One sequence of steps on carts of its own, with a bank of its own; after every step all is checked. */
export class Sequence {
  private readonly name = `model_${process.pid}_${sequences++}`
  private readonly cartIds: string[]
  private readonly lane: Lane
  /** Whose keys and database are used. */
  private readonly first: TestService
  private readonly trace: string[] = []
  /** What came with a key, by the key; what is answered once and for all stays. */
  private readonly kept = new Map<string, Kept>()
  /** Sessions that the bank authorized by itself; it was not asked since. */
  private readonly finished = new Set<string>()
  private keys = 0
  private sent = 0
  private rows!: Rows
  private shown = new Map<string, string>()

  constructor(
    private readonly instances: readonly TestService[],
    private readonly switchboard: Switchboard,
    private readonly tally: Tally,
  ) {
    this.cartIds = [`cart_${this.name}_0`]
    this.lane = switchboard.open(this.name)
    const [first] = instances
    if (!first) throw new Error("There is no service to ask")
    this.first = first
  }

  /** @throws Violation */
  async run(steps: readonly Step[]): Promise<void> {
    try {
      if (steps.some(usesSecondCart)) this.cartIds.push(`cart_${this.name}_1`)
      for (const cartId of this.cartIds) await this.ask(putCart(cartId, "eur", 1000, this.name))
      this.rows = await this.look()
      for (const step of steps) await this.step(step)
      await this.settleEverything()
    } finally {
      this.switchboard.close(this.name)
    }
  }

  private async step(step: Step): Promise<void> {
    this.trace.push(wordsOf(step))
    const { commands, isDoubled } = step
    this.lane.script(commands.flatMap(({ faults }) => faults))
    const before = this.rows
    const world = unsettledOf(before).length === 0 ? worldOf(before, this.lane.bank) : undefined
    const [only] = commands
    if (isDoubled && only) {
      await this.doubled(only, before, world)
      return
    }
    const done = await Promise.all(commands.map((command) => this.command(command, before, commands.length === 1)))
    await this.check(done)
    if (!world) return
    const [first] = done
    if (commands.length === 1 && only && first) this.comparePrediction(world, first, only)
    else this.compareOrders(world, done)
  }

  private async doubled(command: Command, before: Rows, world: World | undefined): Promise<void> {
    const keyed = { ...command, keyed: true }
    const key = this.newKey()
    const done = await Promise.all([this.command(keyed, before, false, key), this.command(keyed, before, false, key)])
    const answered = done.flatMap(({ answers }) => answers)
    const moves = (rows: Rows) => rows.operations.filter(({ kind }) => ["capture", "refund"].includes(kind)).length
    await this.check(done)
    // What is marked as paid may take several captures.
    if (command.action.do !== "mark" && moves(this.rows) - moves(before) > 1) this.fail(["one key moved money twice"])
    const [first] = done
    const told = answered.filter(({ status }) => status !== 409)
    if (world) this.compareOrders(world, [{ ...first, answers: [...told, ...answered].slice(0, 1) }])
  }

  private async command(command: Command, rows: Rows, isAlone: boolean, key?: string): Promise<Done> {
    const { action, keyed } = command
    // Who is kept waiting by what is open looks after it first, or not.
    const isPatient = action.do === "advance" && ["part", "rest", "unit"].includes(action.amount)
    if (isPatient && unsettledOf(rows).length > 0) return this.reconcile(action.provider === SYSTEM)
    switch (action.do) {
      case "retry":
        return this.retry(rows, action.operation)
      case "reconcile":
        return this.reconcile(action.twice)
      case "finish":
        this.finish(action.end)
        return { intent: { act: "finish", end: action.end }, answers: [], problems: [] }
      case "repeat":
        return this.repeat(action.request, isAlone)
      default: {
        const { intent: aimed, request } = aim(action, rows, this.cartIds, this.name)
        const isKeyed = keyed && request.method === "POST"
        const intent = aimed.act === "capture" || aimed.act === "refund" ? { ...aimed, keyed: isKeyed } : aimed
        const sent = isKeyed ? { ...request, key: key ?? this.newKey() } : request
        const answer = await this.send(sent)
        this.tally.count(`${intent.act} ${answer.status}`)
        const problems = [
          ...this.keep({ request: sent, intent, answer }),
          ...selfProblems(answer),
          ...(isAlone ? repeatProblems(rows, intent, answer) : []),
        ]
        const isView = sent.audience === "store" && answer.status === 200
        return { intent, answers: [answer], problems, view: isView ? answer : undefined }
      }
    }
  }

  private async retry({ operations }: Rows, index: number): Promise<Done> {
    const operation = operations[index % operations.length]
    const answer = await this.send(admin(`/admin/operations/${operation?.id ?? "op_unknown"}/retry`))
    const expected = operation ? [200, 409] : [404]
    const isOdd = !expected.includes(answer.status)
    this.tally.count(`retry ${answer.status}`)
    return { intent: { act: "nothing" }, answers: [answer], problems: isOdd ? ["a retry is not answered so"] : [] }
  }

  /** As the service's own reconciler does, also when another process has lost its claim and does not know it yet. */
  private async reconcile(twice: boolean): Promise<Done> {
    const ids = await this.makeDue()
    const operations = this.first.app.get(PaymentOperationsService)
    const all = await takeClaims(this.first, "payment_operation", ids)
    if (twice) all.push(...(await takeClaims(this.first, "payment_operation", ids)))
    this.trace.push(`   settles ${ids.join(", ") || "nothing"}`)
    const ends = await Promise.allSettled(all.map((lease) => operations.resolve(lease)))
    const problems = ends.flatMap((end) =>
      end.status === "rejected" ? [`settling failed: ${String(end.reason)}`] : [],
    )
    this.tally.count("reconcile", ids.length)
    return { intent: { act: "nothing" }, answers: [], problems }
  }

  private finish(end: "succeed" | "decline"): void {
    for (const key of this.lane.bank.unfinished) {
      this.lane.bank.finish(key, end)
      this.tally.count(`finish ${end}`)
    }
    for (const [id, { authorized }] of this.lane.bank.books) if (authorized > 0n) this.finished.add(id)
  }

  /** A request that came with a key before: what was answered once is answered again, and nothing happens. */
  private async repeat(index: number, isAlone: boolean): Promise<Done> {
    // What is not over comes first, and the latest.
    const all = [...this.kept.values()].reverse()
    const kept = [...all.filter(({ answer }) => !isFinal(answer)), ...all][index % all.length]
    if (!kept) return { intent: { act: "nothing" }, answers: [], problems: [] }
    const { request, answer: first, intent } = kept
    const before = this.rows.operations.length
    const answer = await this.send(request)
    this.tally.count(`repeat ${first.status} ${answer.status}`)
    // A capture, refund or cancellation whose outcome was unknown is the same one when it comes again.
    const isResumed = first.status === 504 && ["capture", "refund", "cancel"].includes(intent.act)
    const isOver = isFinal(first) || isResumed
    const isLost = isResumed && [400, 404].includes(answer.status)
    const isNew = isAlone && isOver && (await this.look()).operations.length > before
    return {
      intent: isOver ? { act: "nothing" } : intent,
      answers: [answer],
      problems: [
        ...this.keep({ request, intent, answer }),
        ...(isNew ? ["a repeat called a bank again"] : []),
        ...(isLost ? ["a repeat does not find what it began"] : []),
      ],
    }
  }

  /** @returns what is wrong where the same request was answered before, once and for all */
  private keep({ request, intent, answer }: Kept): string[] {
    const { key } = request
    if (key === undefined) return []
    const { answer: first } = this.kept.get(key) ?? {}
    // Who has to wait for what the request began has begun it all the same.
    if (first?.status === 504 && answer.status === 409) return []
    if (!first || !isFinal(first)) {
      this.kept.set(key, { request, intent, answer })
      return []
    }
    const isRunning = answer.status === 409 && answer.body.code === "idempotency_key_in_use"
    if (isRunning || isSameAnswer(first, answer)) return []
    return [`a repeat is answered ${wordsOfAnswer(answer)}, before ${wordsOfAnswer(first)}`]
  }

  private comparePrediction(world: World, { intent, answers }: Done, { faults }: Command): void {
    const { answer: expected, world: after } = predict(world, intent, faults)
    const [answer] = answers
    if (this.isLate(answer)) return
    const problems =
      answer && intent.act !== "nothing" && !fits(answer, expected)
        ? [`is answered ${wordsOfAnswer(answer)}, expected ${expected.status} ${expected.type ?? ""}`]
        : []
    this.fail([...problems, ...(after ? this.stateProblems(after) : [])])
    this.tally.count(after ? "predicted" : "left open")
  }

  /** What came of several commands at once has to be what came of them in some order. */
  private compareOrders(world: World, done: readonly Done[]): void {
    const isPlain = this.lane.effects.every(isHarmless)
    const answers = done.flatMap((each) => each.answers)
    if (!isPlain || unsettledOf(this.rows).length > 0 || answers.some((answer) => this.isLate(answer))) return
    const happened: Happened[] = done.map(({ intent, answers: [answer] }) => ({ intent, answer }))
    for (const { body } of answers) if (body.code === "changed_meanwhile") this.tally.count("overtaken")
    const problem = explanationOf(world, happened, worldOf(this.rows, this.lane.bank))
    this.fail(problem === undefined ? [] : [problem])
    this.tally.count(done.length > 1 ? "orders explained" : "doubled explained")
  }

  private stateProblems(expected: World): string[] {
    if (unsettledOf(this.rows).length > 0) return ["an operation is left open, though the bank has answered"]
    const [is, want] = [worldOf(this.rows, this.lane.bank), expected].map(wordsOfWorld)
    return isDeepStrictEqual(is, want) ? [] : [`there is\n  ${is?.join("\n  ")}\n expected\n  ${want?.join("\n  ")}`]
  }

  /** On a slow machine a call can miss its deadline by itself. */
  private isLate(answer: Answer | undefined): boolean {
    const isLate = answer?.status === 504 && !this.lane.effects.some(isUnknown) && this.hasTimedOut(answer)
    if (isLate) this.tally.count("late by itself")
    return isLate
  }

  private hasTimedOut({ body }: Answer): boolean {
    const operation = this.rows.operations.find(({ id }) => id === body.operation_id)
    return operation?.last_error?.includes("timeout") ?? false
  }

  /** Looks at everything, and compares it with all that is known. */
  private async check(done: readonly Done[]): Promise<void> {
    const before = this.rows
    for (const effect of this.lane.effects) this.tally.count(`bank ${effect}`)
    this.rows = await this.look()
    for (const { id } of this.rows.sessions) {
      if (this.rows.payments.some(({ payment_session_id }) => payment_session_id === id)) this.finished.delete(id)
    }
    this.fail([
      ...done.flatMap(({ problems }) => problems),
      ...done.flatMap(({ answers }) => answers.flatMap((answer) => answerProblems(answer, this.lane.effects))),
      ...this.lane.surprises,
      ...rowProblems(this.rows),
      ...historyProblems(before, this.rows),
      ...eventProblems(this.rows),
      ...bookProblems(this.rows, this.lane.bank, this.finished),
      ...(await this.views(done)),
    ])
  }

  /** The collections that changed, as a storefront sees them; where it was just shown one, that is looked at. */
  private async views(done: readonly Done[]): Promise<string[]> {
    const problems: string[] = []
    const only = done.length === 1 ? done[0]?.view : undefined
    for (const row of this.rows.collections) {
      const state = stateOf(this.rows, row.id)
      if (this.shown.get(row.id) === state) continue
      const isShown = only?.body.payment_collection.id === row.id
      const answer = isShown ? only : await this.ask(read(row.id))
      problems.push(...viewProblems(answer, this.rows, row))
      this.shown.set(row.id, state)
    }
    return problems
  }

  /** In the end nothing is open, nothing is reserved, and both books say the same. */
  private async settleEverything(): Promise<void> {
    this.trace.push("in the end")
    this.lane.script([])
    for (let round = 0; round < LAST_ROUNDS && (await this.settleRound()); round++);
    this.rows = await this.look()
    this.fail(unsettledOf(this.rows).map(({ kind, id, state }) => `${kind} ${id} stays ${state}`))
    await this.check([])
    await this.claimAuthorizations()
    this.fail([...this.finished].map((id) => `the bank holds an authorization of ${id} that nobody can use or give up`))
  }

  private async settleRound(): Promise<boolean> {
    this.finish("succeed")
    const ids = await this.makeDue()
    const answers = await Promise.all(ids.map((id) => this.send(admin(`/admin/operations/${id}/retry`))))
    this.fail(answers.filter(({ status }) => status !== 200).map((answer) => `a retry is answered ${answer.status}`))
    return ids.length > 0
  }

  /** What the bank has authorized by itself becomes a payment, or is given up. */
  private async claimAuthorizations(): Promise<void> {
    for (const id of [...this.finished]) {
      const session = this.rows.sessions.find((candidate) => candidate.id === id)
      if (session?.deleted_at !== null) {
        this.finished.delete(id)
        continue
      }
      const path = `/store/payment-collections/${session.payment_collection_id}/payment-sessions`
      const answer = await this.send(store(`${path}/${id}/authorize`))
      // For another amount than is to be paid by now: another session takes its place.
      if (answer.status !== 200) await this.send(store(path, { provider_id: SYSTEM }))
      await this.check([])
      if (this.rows.sessions.some((row) => row.id === id && row.deleted_at !== null)) this.finished.delete(id)
    }
  }

  private async makeDue(): Promise<string[]> {
    const [rows] = await this.first.dataSource.query<[{ id: string }[], number]>(
      `UPDATE payment_operation SET next_attempt_at = now(), claimed_until = NULL WHERE resolved_at IS NULL
        AND payment_collection_id IN (SELECT id FROM payment_collection WHERE cart_id = ANY($1)) RETURNING id`,
      [this.cartIds],
    )
    return rows.map(({ id }) => id)
  }

  private async send(request: Request): Promise<Answer> {
    const answer = await this.ask(request)
    const { method, path, body, key } = request
    const words = [method, path, body === undefined ? "" : JSON.stringify(body), key ? `(key ${key})` : ""]
    this.trace.push(`   ${words.filter(Boolean).join(" ")} -> ${wordsOfAnswer(answer)}`)
    return answer
  }

  /** The instances of the service take turns. */
  private async ask(request: Request): Promise<Answer> {
    const instance = this.instances[this.sent++ % this.instances.length] ?? this.first
    return send(instance, this.first, request)
  }

  private async look(): Promise<Rows> {
    return readRows(this.first.dataSource, this.cartIds)
  }

  private newKey(): string {
    return `${this.name}_${this.keys++}`
  }

  private fail(problems: readonly string[]): void {
    if (problems.length === 0) return
    throw new Violation(`${problems.map((problem) => `- ${problem}`).join("\n")}\n\nafter\n${this.trace.join("\n")}`)
  }
}

export function fits(answer: Answer, expected: { status: number; type?: string }): boolean {
  return answer.status === expected.status && (expected.type === undefined || answer.body.type === expected.type)
}

function wordsOfAnswer({ status, body }: Answer): string {
  const { type, code, operation_id } = body
  const said = [status, type, code, operation_id, status >= 400 ? `"${body?.message}"` : undefined]
  return said.filter((word) => word !== undefined).join(" ")
}

/** What is wrong with the response to a request without a key that equals one in progress, which nobody resolves meanwhile. */
function repeatProblems(rows: Rows, intent: Intent, { status, body }: Answer): string[] {
  if ((intent.act !== "capture" && intent.act !== "refund") || intent.keyed) return []
  const payment = rows.payments.find(({ id }) => id === intent.payment)
  if (!payment) return []
  const wanted = intent.amount ?? restOf(payment, intent.act)
  const equal = unsettledOf(rows).filter(
    ({ kind, payment_id, amount }) => kind === intent.act && payment_id === payment.id && amount === wanted,
  )
  if (equal.length === 0) return []
  const isWaiting = status === 409 && equal.some(({ id }) => id === body.operation_id)
  return isWaiting ? [] : [`an equal ${intent.act} is in progress, and this one is answered ${status}`]
}

function usesSecondCart({ commands }: Step): boolean {
  return commands.some(({ action }) => "cart" in action && action.cart === 1)
}

/** What a request with a key is answered once and for all. */
function isFinal({ status }: Answer): boolean {
  return [200, 400, 404, 422].includes(status)
}

/** Each has an id of its own; one of two that came at once may be the one that was run. */
function isSameAnswer(first: Answer, again: Answer): boolean {
  const isReplayed = [first, again].some(({ headers }) => headers.get("idempotent-replayed") === "true")
  const withoutId = ({ body: { request_id: _, ...rest } }: Answer) => rest
  const isRefusal = again.status >= 400
  return (
    first.status === again.status && (isRefusal || isReplayed) && isDeepStrictEqual(withoutId(first), withoutId(again))
  )
}

/** Whatever of a collection a storefront sees, as text. */
function stateOf(rows: Rows, id: string): string {
  const payments = rows.payments.filter((row) => row.payment_collection_id === id)
  const moved = (movements: Rows["captures"]) =>
    movements.filter(({ payment_id }) => payments.some((payment) => payment.id === payment_id))
  return JSON.stringify([
    rows.collections.find((row) => row.id === id),
    rows.sessions.filter((row) => row.payment_collection_id === id),
    payments,
    moved(rows.captures),
    moved(rows.refunds),
  ])
}
