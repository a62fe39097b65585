import { expect } from "@jest/globals"
import type Stripe from "stripe"
import type { Subject } from "../support/crash-cases.js"
import { freeClaims } from "../support/crash-checks.js"
import type { MortalService, Request } from "../support/crash-service.js"
import { eventually, firstWords, idsOf, recordOf, type CrashSweep, type Halted } from "../support/crash-sweep.js"
import { EXTENT } from "../support/extent.js"
import type { Happening } from "./happenings.js"
import type { StripeProcessor } from "./stripe-processor.js"

/** The statements of a webhook that come before those which apply it. */
export const RECEIPT = 1
const CLAIM = 2

/** Webhooks that stand still in one process at most: each keeps a connection to the database. */
const AT_ONCE = 7

export interface HaltedWebhook extends Halted {
  /** What Stripe sent. */
  request: Request
  /** Whether Stripe was answered, and believes that it was told. */
  isAcknowledged: boolean
}

/** Kills the process at every boundary of a webhook: while it is received, and while it is applied after that. */
export class WebhookSweep {
  /** Nothing is done in it that no request has led to: so every statement is one of a webhook that was sent. */
  private quiet!: MortalService

  constructor(
    private readonly sweep: CrashSweep,
    private readonly processor: StripeProcessor,
  ) {}

  async begin(): Promise<void> {
    await this.sweep.service.kill()
    this.quiet = await this.sweep.another({ RECONCILER_INTERVAL: "3600000" }).start()
  }

  /** Halts webhooks at every boundary; one of them is applied. */
  async haltEverywhere(happening: Happening): Promise<HaltedWebhook[]> {
    const halted = await this.haltInAsks(happening)
    const halt = async (at: number) => {
      if (halted.length % AT_ONCE === AT_ONCE - 1) await this.sweep.restart(this.quiet)
      const each = await this.haltAt(happening, at)
      halted.push(each)
      return each
    }
    await halt(RECEIPT)
    for (let at = CLAIM + 1; !(await halt(at)).at.endsWith("done"); at += EXTENT.crashStride);
    // A worker that stands still in its look for work does not look for more.
    const { at } = await halt(CLAIM)
    expect(at).toContain("UPDATE webhook_event")
    return halted
  }

  /** Stops a webhook before one of the statements that receive and apply it. */
  async haltAt(happening: Happening, at: number): Promise<HaltedWebhook> {
    const subject = await happening.prepare(this.quiet)
    const request = this.webhookOf(subject)
    const statement = await this.quiet.stop(request, at, () => this.closes(this.quiet, [request]))
    const words = statement === undefined ? "done" : firstWords(statement)
    return { subject, request, at: `${at}: ${words}`, isAcknowledged: at > RECEIPT }
  }

  async haltInAsks(happening: Happening): Promise<HaltedWebhook[]> {
    const halted: HaltedWebhook[] = []
    for (const ask of happening.asks) {
      for (const fault of ["timeout_before", "timeout_after"] as const) {
        halted.push(await this.haltInAsk(happening, ask, fault))
      }
    }
    return halted
  }

  /** Leaves what applies a webhook in the middle of a request to Stripe. */
  async haltInAsk(
    happening: Happening,
    ask: string,
    fault: "timeout_before" | "timeout_after",
  ): Promise<HaltedWebhook> {
    const { stripe } = this.processor
    const subject = await happening.prepare(this.quiet)
    const request = this.webhookOf(subject)
    stripe.faults.add(ask, fault)
    const asked = stripe.nextRequest(ask)
    expect(await this.quiet.send(request)).toMatchObject({ status: 200 })
    await asked
    return { subject, request, at: `${ask}, ${fault}`, isAcknowledged: true }
  }

  /** The process dies, and the next one starts. */
  async die(): Promise<void> {
    await this.quiet.kill()
    await this.sweep.restart()
  }

  /**
   * What was acknowledged is applied from what is found in the inbox; the rest once Stripe tells it again. Then everything
   * is told once more, which changes nothing.
   */
  async recover({ steps: [before, after] }: Happening, halted: readonly HaltedWebhook[]): Promise<void> {
    const { service } = this.sweep
    const all = [...halted]
    const lost = all.filter(({ isAcknowledged }) => !isAcknowledged)
    await freeClaims(service)
    await this.closes(
      service,
      all.filter(({ isAcknowledged }) => isAcknowledged).map(({ request }) => request),
    )
    const lines = await this.sweep.linesOf(service, all)
    expect(lines).toEqual({ ...recordOf(all, () => after), ...recordOf(lost, () => before) })
    for (let times = 0; times < 2; times++) {
      for (const { request } of all) expect(await service.send(request)).toMatchObject({ status: 200 })
      await this.closes(
        service,
        all.map(({ request }) => request),
      )
      await this.sweep.settles(service, idsOf(all))
      expect(await this.sweep.linesOf(service, all)).toEqual(recordOf(all, () => after))
      expect(await this.sweep.problems(service, all)).toEqual([])
    }
  }

  /** Waits until the webhooks are applied. */
  private async closes(service: MortalService, requests: readonly Request[]): Promise<void> {
    const ids = requests.map(({ body }) => (JSON.parse(String(body)) as Stripe.Event).id)
    const open = "SELECT external_id, state, last_error FROM webhook_event WHERE external_id = ANY($1)"
    await eventually(
      () => service.query<{ state: string }[]>(open, [ids]),
      (rows) => rows.length === ids.length && rows.every(({ state }) => state === "applied"),
    )
  }

  /** The webhook that tells what happened last. */
  private webhookOf({ sessionId }: Subject): Request {
    const { stripe } = this.processor
    const intent = this.processor.intentOf(sessionId)
    const isOfIntent = ({ type, data }: Stripe.Event) => {
      const { id, payment_intent } = data.object as { id?: string; payment_intent?: string }
      return !type.startsWith("charge.") && [id, payment_intent].includes(intent)
    }
    const event = stripe.events.filter(isOfIntent).at(-1)
    if (!event) throw new Error(`Stripe has told nothing of ${sessionId}`)
    const { body, headers } = stripe.webhooks.sign(event)
    return { method: "POST", path: "/hooks/payment/stripe_stripe", body, headers }
  }
}
