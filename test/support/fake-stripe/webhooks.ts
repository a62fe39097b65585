import { createHmac } from "node:crypto"
import { setTimeout as delay } from "node:timers/promises"
import type Stripe from "stripe"
import type { EventLog } from "./events.js"
import { now } from "./ids.js"

/** How a webhook is signed; as Stripe does it now, unless told otherwise. */
export interface Signing {
  readonly secret?: string
  /** Unix seconds. */
  readonly timestamp?: number
}

/** A webhook, ready to be posted. */
export interface Signed {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** A webhook that was posted by itself. */
export interface Delivery {
  readonly event: Stripe.Event
  readonly attempts: number
  /** What the last attempt was answered; absent where there was no answer. */
  readonly status?: number
}

const ATTEMPTS = 5
const FIRST_DELAY_MS = 50

/** Stripe's webhooks. */
export class Webhooks {
  private target?: { readonly url: string; readonly secret: string }
  private readonly kept: Stripe.Event[] = []
  private isPaused = false
  private readonly underWay = new Set<Promise<void>>()
  private readonly done: Delivery[] = []
  private readonly stopped = new AbortController()

  constructor(
    events: EventLog,
    private readonly secret: string,
  ) {
    events.onEvent((event) => {
      this.take(event)
    })
  }

  signed(event: Stripe.Event, { secret = this.secret, timestamp = now() }: Signing): Signed {
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

  async deliver(url: string, events: readonly Stripe.Event[], signing: Signing): Promise<Response[]> {
    const responses: Response[] = []
    for (const event of events) responses.push(await this.post(url, event, signing))
    return responses
  }

  sendTo(url: string, secret: string): void {
    this.target = { url, secret }
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    for (const event of this.kept.splice(0)) this.take(event)
  }

  async delivered(): Promise<readonly Delivery[]> {
    // What is delivered may lead to events of its own.
    while (this.underWay.size > 0) await Promise.all(this.underWay)
    return this.done
  }

  stop(): void {
    this.target = undefined
    this.stopped.abort()
  }

  private take(event: Stripe.Event): void {
    if (!this.target) return
    if (this.isPaused) {
      this.kept.push(event)
      return
    }
    const { url, secret } = this.target
    const sending = this.send(url, event, secret).then((delivery) => {
      this.done.push(delivery)
      this.underWay.delete(sending)
    })
    this.underWay.add(sending)
  }

  private async send(url: string, event: Stripe.Event, secret: string): Promise<Delivery> {
    let status: number | undefined
    for (let attempts = 1; ; attempts++) {
      try {
        status = (await this.post(url, event, { secret })).status
      } catch {
        status = undefined
      }
      const isThere = status !== undefined && status < 300
      if (isThere || attempts === ATTEMPTS || this.stopped.signal.aborted) return { event, attempts, status }
      await delay(FIRST_DELAY_MS * 2 ** (attempts - 1), undefined, { signal: this.stopped.signal }).catch(() => {})
    }
  }

  private post(url: string, event: Stripe.Event, signing: Signing): Promise<Response> {
    return fetch(url, { method: "POST", ...this.signed(event, signing), signal: this.stopped.signal })
  }
}
