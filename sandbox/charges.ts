import type { Records, StoredCharge, StoredIntent, StoredMethod } from "./records.js"
import type { Decline } from "./cards.js"
import { change, newId } from "./ids.js"
import { newCharge } from "./objects.js"
import { isCapturedManually } from "./payment-method-types.js"
import { type Refunds, updateRefunded } from "./refunds.js"

/** The circumstances of a charge. */
interface Attempt {
  /** Whether the bank has not responded yet. */
  readonly isPending: boolean
  /** Whether it is captured immediately. */
  readonly isCaptured: boolean
  /** Whether the shopper was not there. */
  readonly isOffSession?: boolean
}

/** The charges that intents make. */
export class Charges {
  constructor(
    private readonly records: Records,
    private readonly refunds: Refunds,
  ) {}

  make(intent: StoredIntent, method: StoredMethod, { isPending, isCaptured, isOffSession }: Attempt): StoredCharge {
    const charge = this.begin(intent, method, isOffSession)
    if (isCaptured) change(charge, { captured: true, amount_captured: charge.amount })
    if (isPending) {
      change(charge, { status: "pending", paid: false })
      this.records.events.record("charge.pending", charge)
    } else {
      this.succeed(charge)
    }
    return charge
  }

  makeFailed(intent: StoredIntent, method: StoredMethod, decline: Decline): StoredCharge {
    const charge = this.begin(intent, method)
    this.fail(charge, decline)
    return charge
  }

  /** A pending charge succeeds. */
  succeed(charge: StoredCharge): void {
    change(charge, { status: "succeeded", paid: true, balance_transaction: charge.captured ? newId("txn") : null })
    this.records.events.record("charge.succeeded", charge)
  }

  fail(charge: StoredCharge, { code, declineCode, message }: Decline): void {
    change(charge, {
      status: "failed",
      paid: false,
      captured: false,
      amount_captured: 0,
      failure_code: code,
      failure_message: message,
    })
    if (charge.outcome) {
      charge.outcome.network_status = "declined_by_network"
      charge.outcome.reason = declineCode ?? code
      charge.outcome.seller_message = message
      charge.outcome.type = "issuer_declined"
    }
    this.records.events.record("charge.failed", charge)
  }

  /** Captures a part of the authorized amount. A final capture releases the rest, which is no refund since 2025-03-31.basil. */
  capture(charge: StoredCharge, amount: number, isFinal: boolean): void {
    const previous = charge.balance_transaction
    this.records.captures.set(charge.id, (this.records.captures.get(charge.id) ?? 0) + 1)
    if (amount > 0) charge.balance_transaction = newId("txn")
    charge.amount_captured += amount
    if (isMulticapture(charge)) {
      this.records.events.record("charge.updated", charge, { balance_transaction: previous })
    }
    if (!isFinal) return
    charge.captured = true
    updateRefunded(this.records, charge)
    this.records.events.record("charge.captured", charge)
    if (!isMulticapture(charge)) this.release(charge, null)
  }

  /** Releases the uncaptured rest. Only before 2025-03-31.basil, that made a refund. */
  release(charge: StoredCharge, reason: "expired_uncaptured_charge" | null): void {
    if (this.records.settings.releasesMakeRefunds) {
      this.refunds.release(charge, charge.amount - charge.amount_captured, reason)
    }
    // Stripe sends this in every version (Stripe changelog 2025-03-31.basil).
    if (reason === "expired_uncaptured_charge") this.records.events.record("charge.expired", charge)
  }

  private begin(intent: StoredIntent, method: StoredMethod, isOffSession = false): StoredCharge {
    const isRequested = intent.payment_method_options?.card?.request_multicapture === "if_available"
    const charge = newCharge(this.records.clock.now(), intent, method, {
      isMulticapture: isRequested && this.records.settings.multicapture === "available",
      isManual: isCapturedManually(intent, method.type),
      isOffSession,
    })
    this.records.charges.set(charge.id, charge)
    intent.latest_charge = charge.id
    return charge
  }
}

export const isMulticapture = (charge: StoredCharge): boolean =>
  charge.payment_method_details.card?.multicapture?.status === "available"
