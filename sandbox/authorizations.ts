import type Stripe from "stripe"
import { type Charges, isMulticapture } from "./charges.js"
import { wrongState } from "./errors.js"
import { change } from "./ids.js"
import { WEEK } from "./objects.js"
import type { Records, StoredCharge, StoredIntent } from "./records.js"

type CancellationReason = Stripe.PaymentIntent.CancellationReason

/** Authorized money: it is captured, canceled, or runs out. */
export class Authorizations {
  constructor(
    private readonly records: Records,
    private readonly charges: Charges,
  ) {}

  /** Holds the whole amount of an intent until it is captured or the authorization runs out. */
  hold(intent: StoredIntent): void {
    change(intent, { status: "requires_capture", amount_capturable: intent.amount })
    this.records.events.record("payment_intent.amount_capturable_updated", intent, { amount_capturable: 0 })
    const chargeId = intent.latest_charge
    const { clock } = this.records
    const endsAt = this.records.latestCharge(intent)?.payment_method_details.card?.capture_before
    clock.after(endsAt === undefined ? WEEK : endsAt - clock.now(), () => {
      const isHeld = this.records.has(intent.id) && intent.status === "requires_capture"
      if (isHeld && intent.latest_charge === chargeId) this.expire(intent.id)
    })
  }

  /** Captures an amount. A final capture releases the rest. */
  capture(intent: StoredIntent, charge: StoredCharge, amount: number, isFinal = true): StoredIntent {
    const previous = intent.amount_capturable
    this.charges.capture(charge, amount, isFinal)
    intent.amount_received += amount
    intent.amount_capturable = isFinal ? 0 : previous - amount
    if (isMulticapture(charge)) {
      this.records.events.record("payment_intent.amount_capturable_updated", intent, { amount_capturable: previous })
    }
    if (isFinal) {
      intent.status = "succeeded"
      this.records.events.record("payment_intent.succeeded", intent)
    }
    return intent
  }

  /** Cancels an intent, and releases what it holds. */
  cancel(intent: StoredIntent, reason: CancellationReason | null): StoredIntent {
    const charge = this.records.latestCharge(intent)
    if (intent.status === "requires_capture" && charge && intent.amount_received > 0) {
      // A partly captured intent becomes `succeeded` (docs.stripe.com/payments/multicapture, webhooks).
      return this.capture(intent, charge, 0)
    }
    if (intent.status === "requires_capture" && charge) {
      this.charges.release(charge, reason === "expired" ? "expired_uncaptured_charge" : null)
    }
    change(intent, {
      status: "canceled",
      canceled_at: this.records.clock.now(),
      // Before 2025-03-31.basil, Stripe gave `automatic` for an expired authorization.
      cancellation_reason: reason === "expired" && this.records.settings.releasesMakeRefunds ? "automatic" : reason,
      amount_capturable: 0,
      next_action: null,
    })
    this.records.events.record("payment_intent.canceled", intent)
    return intent
  }

  /** The authorization runs out, and Stripe cancels the intent. */
  expire(id: string): StoredIntent {
    return this.cancel(this.held(id).intent, "expired")
  }

  /** The bank ends the authorization, and Stripe has not canceled the intent yet. */
  lapse(id: string): StoredIntent {
    const { intent, charge } = this.held(id)
    if (charge.payment_method_details.card) {
      charge.payment_method_details.card.capture_before = this.records.clock.now() - 1
    }
    this.records.lapsed.add(charge.id)
    return intent
  }

  private held(id: string): { intent: StoredIntent; charge: StoredCharge } {
    const intent = this.records.intent(id)
    const charge = this.records.latestCharge(intent)
    if (intent.status === "requires_capture" && charge) return { intent, charge }
    throw wrongState(`The payment intent ${id} is ${intent.status}, not requires_capture.`)
  }
}
