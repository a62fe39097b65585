import { createHmac } from "node:crypto"
import type Stripe from "stripe"
import type { Clock } from "./clock.js"
import type { EventLog } from "./events.js"

/** How a webhook is signed: with the endpoint's secret and the present time, unless given. */
export interface Signing {
  readonly secret?: string
  /** Unix seconds. */
  readonly timestamp?: number
}

/** A webhook, ready to be posted. */
export interface SignedWebhook {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** An event on its way to the endpoint. */
export interface Delivery {
  readonly event: Stripe.Event
  /** `held`: deliveries are paused. `sending`, `retrying`: not there yet. `failed`: the last attempt failed as well. */
  state: "held" | "sending" | "retrying" | "delivered" | "failed"
  attempts: number
  /** The status of the last response; absent if there was none. */
  status?: number
}

/**
 * Seconds before each retry. Stripe's sandboxes retry three times over the course of a few hours
 * (docs.stripe.com/webhooks, automatic retries); the exact times are not published.
 */
export const RETRY_DELAYS: readonly number[] = [5 * 60, 60 * 60, 3 * 60 * 60]

/** Milliseconds that an endpoint has to respond. */
const RESPONSE_DEADLINE = 30_000

/** Stripe's webhooks: every event, signed and posted to one endpoint. */
export class Webhooks {
  private target?: { readonly url: string; readonly secret: string }
  private areHeld = false
  private readonly all: Delivery[] = []
  private readonly unfinished = new Set<Delivery>()
  private readonly stopped = new AbortController()
  private onFinished: (() => void)[] = []

  constructor(
    events: EventLog,
    private readonly clock: Clock,
    private readonly secret: string,
    private readonly retryDelays: readonly number[],
  ) {
    events.onEvent((event) => {
      if (this.target) this.start({ event, state: "held", attempts: 0 })
    })
  }

  get deliveries(): readonly Delivery[] {
    return this.all
  }

  /** Where events go; undefined if nowhere. */
  get endpoint(): string | undefined {
    return this.target?.url
  }

  get isPaused(): boolean {
    return this.areHeld
  }

  /** A webhook with Stripe's signature. */
  sign(event: Stripe.Event, { secret = this.secret, timestamp = realNow() }: Signing = {}): SignedWebhook {
    const body = JSON.stringify(event, null, 2)
    const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")
    return {
      body,
      headers: {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": `t=${timestamp},v1=${signature}`,
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      },
    }
  }

  /** Posts events to a URL now, one after the other in the given order, and returns the responses. */
  async deliver(url: string, events: readonly Stripe.Event[], signing: Signing = {}): Promise<Response[]> {
    const responses: Response[] = []
    for (const event of events) responses.push(await this.post(url, event, signing))
    return responses
  }

  /** Sends every event from now on, or none if there is no URL. */
  sendTo(url: string | undefined, secret = this.secret): void {
    this.target = url === undefined ? undefined : { url, secret }
  }

  /** Holds the webhooks of the events that happen from now on. */
  pause(): void {
    this.areHeld = true
  }

  resume(): void {
    this.areHeld = false
    for (const delivery of this.all.filter(({ state }) => state === "held")) this.attempt(delivery)
  }

  /** Waits until every delivery that is not held has arrived or finally failed, and returns those. */
  async finished(): Promise<readonly Delivery[]> {
    // A delivery may cause events of its own, which are deliveries too.
    while (this.unfinished.size > 0) await new Promise<void>((resolve) => this.onFinished.push(resolve))
    return this.all.filter(({ state }) => state !== "held")
  }

  stop(): void {
    this.target = undefined
    this.stopped.abort()
    for (const delivery of this.unfinished) this.finish(delivery, "failed")
  }

  private start(delivery: Delivery): void {
    this.all.push(delivery)
    if (!this.areHeld) this.attempt(delivery)
  }

  private attempt(delivery: Delivery): void {
    this.unfinished.add(delivery)
    delivery.state = "sending"
    void this.send(delivery)
  }

  private async send(delivery: Delivery): Promise<void> {
    const { target } = this
    delivery.attempts++
    delivery.status = target && (await this.statusOf(target.url, delivery.event, target.secret))
    if (this.stopped.signal.aborted) return
    if (delivery.status !== undefined && delivery.status >= 200 && delivery.status < 300) {
      this.finish(delivery, "delivered")
      return
    }
    const delay = this.retryDelays[delivery.attempts - 1]
    if (delay === undefined) {
      this.finish(delivery, "failed")
      return
    }
    delivery.state = "retrying"
    this.clock.after(delay, () => {
      this.attempt(delivery)
    })
  }

  private finish(delivery: Delivery, state: "delivered" | "failed"): void {
    delivery.state = state
    this.unfinished.delete(delivery)
    if (this.unfinished.size > 0) return
    for (const resolve of this.onFinished.splice(0)) resolve()
  }

  private async statusOf(url: string, event: Stripe.Event, secret: string): Promise<number | undefined> {
    try {
      const response = await this.post(url, event, { secret })
      await response.body?.cancel()
      return response.status
    } catch {
      return undefined
    }
  }

  private post(url: string, event: Stripe.Event, signing: Signing): Promise<Response> {
    const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(RESPONSE_DEADLINE)])
    return fetch(url, { method: "POST", ...this.sign(event, signing), redirect: "manual", signal })
  }
}

/** The receiver compares the signature's time with its own clock, which does not follow the sandbox's. */
const realNow = (): number => Math.floor(Date.now() / 1000)
