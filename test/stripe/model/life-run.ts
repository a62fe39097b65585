import { setTimeout as sleep } from "node:timers/promises"
import type Stripe from "stripe"
import { PaymentOperationsService } from "../../../src/payment-operations/payment-operations.service.js"
import { WebhookWorker } from "../../../src/webhooks/webhook-worker.js"
import { answerProblems, selfProblems, viewProblems } from "../../model/answer-rules.js"
import { countProblems } from "../../model/event-rules.js"
import { admin, putCart, read, send, type Request } from "../../model/requests.js"
import { historyProblems, rowProblems } from "../../model/row-rules.js"
import { readRows, unsettledOf, type Rows } from "../../model/rows.js"
import type { Tally } from "../../model/tally.js"
import { takeClaims } from "../../support/leases.js"
import type { Answer, TestService } from "../../support/service.js"
import { stripeBookProblems } from "../book-rules.js"
import type { Account } from "./account.js"
import { wordsOf, type Act, type Life, type Step } from "./acts.js"
import { aim, isRequested, nextAct } from "./requests.js"

/** Milliseconds within which everything is settled in the end: what is settled can let the next thing be settled. */
const SETTLING = 30_000

/** Milliseconds after which the inbox is not at work any more, but stuck. */
const PATIENCE = 20_000

/** What a session that failed or was paid late tells depends on what was asked and told first. */
const UNTOLD = ["payment_session.failed", "payment_session.authorized"]

/** Something is not as it must be. The message tells what, and all that led to it. */
export class Violation extends Error {}

interface InboxRow {
  external_id: string
  type: string
  state: string
  last_error: string | null
}

let lives = 0

/** The life of one cart, with an account of Stripe's to itself. */
export class LifeRun {
  private readonly name = `life_${process.pid}_${lives++}`
  private readonly cartId = `cart_${this.name}`
  private readonly first: TestService
  private readonly trace: string[] = []
  private sent = 0
  private rows!: Rows

  constructor(
    private readonly instances: readonly TestService[],
    private readonly account: Account,
    private readonly tally: Tally,
    private readonly life: Life,
  ) {
    const [first] = instances
    if (!first) throw new Error("There is no service to ask")
    this.first = first
  }

  /** @throws Violation */
  async run(): Promise<void> {
    this.account.begin(this.life)
    try {
      await this.tellCart("eur", 1000)
      this.rows = await this.look()
      for (const step of this.life.steps) await this.step(step)
      await this.settleEverything()
      await this.compareBooks()
    } finally {
      await this.account.calms()
    }
  }

  private async step(step: Step): Promise<void> {
    this.trace.push(wordsOf(step))
    for (const trouble of step.troubles) this.account.trouble(trouble)
    const before = this.rows
    await Promise.all(step.acts.map((act) => this.act(act)))
    if (step.isTold) await this.tell(this.account.untold)
    await this.inboxRests()
    this.account.stripe.faults.clear()
    await this.check(before)
  }

  private async act(act: Act): Promise<void> {
    switch (act.do) {
      case "advance":
        await this.act(nextAct(act, this.rows, this.account))
        break
      case "cart":
        await this.tellCart(act.currency, act.total)
        break
      case "deliver": {
        const { untold, retold } = this.account
        const events = act.again ? retold : untold
        await this.tell(events.slice(act.from % Math.max(1, events.length)).slice(0, act.count + 1))
        break
      }
      case "look":
        await this.lookAgain()
        break
      default:
        if (isRequested(act)) await this.send(aim(act, this.rows, this.cartId, this.account))
        else this.note(act, this.account.does(act))
    }
  }

  private note({ do: name }: Act, words: string | undefined): void {
    this.tally.count(words === undefined ? `${name}, in vain` : name)
    if (words !== undefined) this.trace.push(`   ${words}`)
  }

  private async tellCart(currency: string, total: number): Promise<void> {
    const cart = putCart(this.cartId, currency, total, this.name)
    const { customer_id: _, ...guest } = cart.body as Record<string, unknown>
    await this.send(this.life.isCustomer ? cart : { ...cart, body: guest })
  }

  /** Webhooks arrive, at one instance or another. */
  private async tell(events: readonly Stripe.Event[]): Promise<void> {
    for (const event of events) {
      const status = await this.account.tell(this.next().url, event)
      this.trace.push(`   ${event.type} ${event.id} -> ${status}`)
      if (status !== 200) this.fail([`the webhook ${event.type} is answered ${status}`])
    }
    this.tally.count("webhooks", events.length)
  }

  /** As the service's own workers do it, at once. */
  private async lookAgain(): Promise<void> {
    const ids = await this.makeDue()
    const operations = this.next().app.get(PaymentOperationsService)
    const leases = await takeClaims({ dataSource: this.next().dataSource }, "payment_operation", ids)
    const ends = await Promise.allSettled(leases.map((lease) => operations.resolve(lease)))
    this.trace.push(`   settles ${ids.join(", ") || "nothing"}`)
    const failures = ends.filter((end) => end.status === "rejected")
    this.fail(failures.map(({ reason }) => `settling failed: ${String(reason)}`))
  }

  private async makeDue(): Promise<string[]> {
    await this.first.dataSource.query(
      `UPDATE webhook_event SET next_attempt_at = now() WHERE state IN ('pending', 'parked') AND claimed_until IS NULL
        AND reference = ANY($1)`,
      [this.intentIds],
    )
    const [rows] = await this.first.dataSource.query<[{ id: string }[], number]>(
      `UPDATE payment_operation SET next_attempt_at = now(), claimed_until = NULL WHERE resolved_at IS NULL
        AND payment_collection_id IN (SELECT id FROM payment_collection WHERE cart_id = $1) RETURNING id`,
      [this.cartId],
    )
    return rows.map(({ id }) => id)
  }

  /** Whatever came in, and is due, has been tried. */
  private async inboxRests(): Promise<void> {
    const start = Date.now()
    for (;;) {
      const [row] = await this.first.dataSource.query<{ count: number }[]>(
        `SELECT count(*)::int FROM webhook_event WHERE reference = ANY($1) AND state IN ('pending', 'parked')
          AND (next_attempt_at <= now() OR claimed_until IS NOT NULL)`,
        [this.intentIds],
      )
      if (row?.count === 0) return
      this.next().app.get(WebhookWorker).wake()
      if (Date.now() - start > PATIENCE) this.fail([`${row?.count} webhooks are not looked at`])
      await sleep(10)
    }
  }

  private async check(before: Rows): Promise<void> {
    this.rows = await this.look()
    this.fail([...rowProblems(this.rows, this.account.isLeftAlone), ...historyProblems(before, this.rows)])
  }

  /** Hours have passed: what Stripe has failed at, and not done since, is not done any more. */
  private async waitLong(): Promise<void> {
    await this.first.dataSource.query(
      `UPDATE payment_operation SET created_at = created_at - interval '2 hours' WHERE resolved_at IS NULL
        AND payment_collection_id IN (SELECT id FROM payment_collection WHERE cart_id = $1)`,
      [this.cartId],
    )
  }

  /** In the end nothing is open, everything was told, and nothing is new in what is told again. */
  private async settleEverything(): Promise<void> {
    this.trace.push("in the end")
    await this.account.calms()
    await this.waitLong()
    const giveUpAt = Date.now() + SETTLING
    do {
      this.account.finishes()
      // The latest first: no order may matter.
      await this.tell([...this.account.untold].reverse())
      await this.inboxRests()
      const ids = await this.makeDue()
      await Promise.all(ids.map((id) => this.send(admin(`/admin/operations/${id}/retry`))))
      await this.inboxRests()
      this.rows = await this.look()
    } while (!(await this.isSettled()) && Date.now() < giveUpAt)
    await this.tell(this.account.retold)
    await this.inboxRests()
    await this.check(this.rows)
  }

  private async isSettled(): Promise<boolean> {
    const open = await this.openInbox()
    return this.account.untold.length === 0 && open.length === 0 && unsettledOf(this.rows).length === 0
  }

  /** What came in too late cannot be given back once it is lost in a dispute: that is left for a person. */
  private async openInbox(): Promise<InboxRow[]> {
    return this.first.dataSource.query<InboxRow[]>(
      `SELECT external_id, type, state, last_error FROM webhook_event
        WHERE reference = ANY($1) AND state NOT IN ('applied', 'ignored') AND NOT EXISTS (
          SELECT FROM payment JOIN dispute ON dispute.payment_id = payment.id
          WHERE is_surplus AND dispute.status = 'lost' AND payment.private_data->>'payment_intent' = reference)`,
      [this.intentIds],
    )
  }

  private async compareBooks(): Promise<void> {
    const { rows, account } = this
    const collectionIds = rows.collections.map(({ id }) => id)
    const circumstances = { isKnown: (intent: Stripe.PaymentIntent) => account.isShown(intent), isTold: true }
    const views = await Promise.all(
      rows.collections.map(async (row) => viewProblems(await this.ask(read(row.id)), rows, row)),
    )
    this.fail([
      ...unsettledOf(rows).map(({ kind, id, state, last_error }) => `${kind} ${id} stays ${state}: ${last_error}`),
      ...(await this.openInbox()).map(
        ({ type, external_id, state, last_error }) => `${type} ${external_id} stays ${state}: ${last_error}`,
      ),
      ...countProblems(rows, UNTOLD),
      ...(await stripeBookProblems(this.first.dataSource, collectionIds, account.stripe.records, circumstances)),
      ...this.strangers(),
      ...this.takenProblems(),
      ...views.flat(),
    ])
  }

  private strangers(): string[] {
    const known = new Set(this.rows.sessions.map(({ id }) => id))
    const gone = new Set(this.rows.sessions.filter(({ deleted_at }) => deleted_at !== null).map(({ id }) => id))
    for (const { metadata, latest_charge, last_payment_error } of this.account.intents) {
      const isLate = latest_charge !== null && last_payment_error === null && gone.has(metadata["session_id"] ?? "")
      if (isLate) this.tally.count("paid, of a session that is gone")
    }
    return this.account.intents
      .filter(({ metadata }) => !known.has(metadata["session_id"] ?? ""))
      .map(({ id, metadata }) => `${id} is of ${metadata["session_id"]}, which is not there`)
  }

  /** Nothing is taken of a shopper that no payment of the cart shows. */
  private takenProblems(): string[] {
    const taken = this.account.intents.reduce((sum, { amount_received }) => sum + amount_received, 0)
    const shown = this.rows.payments.reduce((sum, { captured_amount }) => sum + captured_amount, 0)
    return taken <= shown ? [] : [`Stripe has captured ${taken}, and the payments show ${shown}`]
  }

  private async send(request: Request): Promise<void> {
    const answer = await this.ask(request)
    const { method, path, body } = request
    const words = [method, path, body === undefined ? "" : JSON.stringify(body)].filter(Boolean).join(" ")
    this.trace.push(`   ${words} -> ${answer.status} ${answer.status >= 400 ? JSON.stringify(answer.body) : ""}`)
    this.tally.count(`${method} ${path.replaceAll(/_\w{5,}/g, "")} ${answer.status}`)
    for (const session of answer.body.payment_collection?.payment_sessions ?? []) this.account.shows(session.data?.id)
    this.fail([...answerProblems(answer, ["succeed"]), ...selfProblems(answer)])
  }

  private async ask(request: Request): Promise<Answer> {
    return send(this.next(), this.first, request)
  }

  /** The instances of the service take turns. */
  private next(): TestService {
    return this.instances[this.sent++ % this.instances.length] ?? this.first
  }

  private async look(): Promise<Rows> {
    return readRows(this.first.dataSource, [this.cartId])
  }

  private get intentIds(): string[] {
    return this.account.intents.map(({ id }) => id)
  }

  private fail(problems: readonly string[]): void {
    if (problems.length === 0) return
    throw new Violation(`${problems.map((problem) => `- ${problem}`).join("\n")}\n\nafter\n${this.trace.join("\n")}`)
  }
}
