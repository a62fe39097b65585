import Stripe from "stripe"
import type { Clock } from "./clock.js"
import { newId } from "./ids.js"

type EventType = Stripe.Event["type"]
type EventOf<T extends EventType> = Extract<Stripe.Event, { type: T }>
type Subject<T extends EventType> = EventOf<T>["data"]["object"]

/** The request that caused an event; both are null if something happens by itself or in the Dashboard. */
export interface Cause {
  readonly id: string | null
  readonly idempotency_key: string | null
}

const NO_REQUEST: Cause = { id: null, idempotency_key: null }

/** The SDK's own parser makes the event: a copy that no later change reaches, typed as the receiver sees it. */
const sdk = new Stripe("sk_test_reader")

/** The events of an account, in order. */
export class EventLog {
  readonly all: Stripe.Event[] = []
  private readonly listeners: ((event: Stripe.Event) => void)[] = []
  private cause = NO_REQUEST
  private isSilenced = false
  /** The version of the webhook endpoint. */
  apiVersion: string = Stripe.API_VERSION

  constructor(private readonly clock: Clock) {}

  onEvent(listener: (event: Stripe.Event) => void): void {
    this.listeners.push(listener)
  }

  /** Runs an act that a request causes. */
  causedBy<T>(cause: Cause, act: () => T): T {
    this.cause = cause
    try {
      return act()
    } finally {
      this.cause = NO_REQUEST
    }
  }

  /** Runs an act whose events are recorded and not sent. */
  withoutListeners<T>(act: () => T): T {
    this.isSilenced = true
    try {
      return act()
    } finally {
      this.isSilenced = false
    }
  }

  /**
   * @param object as it is after the change
   * @param previous the changed fields before the change, if this type of event carries them
   */
  record<T extends EventType>(type: T, object: Subject<T>, previous?: Partial<Subject<T>>): void {
    const event = sdk.webhooks.constructEventWithoutVerification(
      JSON.stringify({
        id: newId("evt"),
        object: "event",
        api_version: this.apiVersion,
        created: this.clock.now(),
        data: { object, previous_attributes: previous },
        livemode: false,
        pending_webhooks: 1,
        request: this.cause,
        type,
      }),
    )
    this.all.push(event)
    if (this.isSilenced) return
    for (const listener of this.listeners) listener(event)
  }
}
