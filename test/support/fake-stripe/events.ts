import Stripe from "stripe"
import { newId, now } from "./ids.js"

type EventType = Stripe.Event["type"]
type EventOf<T extends EventType> = Extract<Stripe.Event, { type: T }>
type Subject<T extends EventType> = EventOf<T>["data"]["object"]

/** The request that events come of; both are null for what happens by itself or at the dashboard. */
export interface Cause {
  readonly id: string | null
  readonly idempotency_key: string | null
}

const BY_ITSELF: Cause = { id: null, idempotency_key: null }

/** The SDK's own reading of a webhook makes the event: a copy that nothing changes later, typed as the receiver sees it. */
const sdk = new Stripe("sk_test_reader")

/** The events of an account, in order. */
export class EventLog {
  readonly all: Stripe.Event[] = []
  private readonly listeners: ((event: Stripe.Event) => void)[] = []
  private cause = BY_ITSELF
  private isQuiet = false
  /** That of the webhook endpoint. */
  apiVersion: string = Stripe.API_VERSION

  onEvent(listener: (event: Stripe.Event) => void): void {
    this.listeners.push(listener)
  }

  /** What happens in there comes of a request. */
  causedBy<T>(cause: Cause, act: () => T): T {
    this.cause = cause
    try {
      return act()
    } finally {
      this.cause = BY_ITSELF
    }
  }

  /** The events of an act are recorded, and no listener hears of them. */
  quietly<T>(act: () => T): T {
    this.isQuiet = true
    try {
      return act()
    } finally {
      this.isQuiet = false
    }
  }

  /**
   * @param object as it is after the change
   * @param previous what of it was different before, where the type of event tells that
   */
  record<T extends EventType>(type: T, object: Subject<T>, previous?: Partial<Subject<T>>): void {
    const event = sdk.webhooks.constructEventWithoutVerification(
      JSON.stringify({
        id: newId("evt"),
        object: "event",
        api_version: this.apiVersion,
        created: now(),
        data: { object, previous_attributes: previous },
        livemode: false,
        pending_webhooks: 1,
        request: this.cause,
        type,
      }),
    )
    this.all.push(event)
    if (this.isQuiet) return
    for (const listener of this.listeners) listener(event)
  }
}
