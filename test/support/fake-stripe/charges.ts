import type { Books, StoredCharge, StoredIntent, StoredMethod } from "./books.js"
import type { Decline } from "./cards.js"
import { change, newId } from "./ids.js"
import { newCharge } from "./objects.js"
import type { Refunds } from "./refunds.js"

/** Where the money of a charge is. */
interface Attempt {
  /** Whether the bank has not answered yet. */
  readonly isPending: boolean
  /** Whether it is taken at once. */
  readonly isCaptured: boolean
}

/** The charges that intents make. */
export class Charges {
  constructor(
    private readonly books: Books,
    private readonly refunds: Refunds,
  ) {}

  make(intent: StoredIntent, method: StoredMethod, { isPending, isCaptured }: Attempt): StoredCharge {
    const charge = this.begin(intent, method)
    if (isCaptured) change(charge, { captured: true, amount_captured: charge.amount })
    if (isPending) {
      change(charge, { status: "pending", paid: false })
      this.books.events.record("charge.pending", charge)
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

  /** A pending charge gets through. */
  succeed(charge: StoredCharge): void {
    change(charge, { status: "succeeded", paid: true, balance_transaction: charge.captured ? newId("txn") : null })
    this.books.events.record("charge.succeeded", charge)
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
    this.books.events.record("charge.failed", charge)
  }

  /**
   * Captures of what is authorized. Where it is final, the rest is given up: with multicapture it is just released,
   * otherwise Stripe books it as refunded.
   */
  capture(charge: StoredCharge, amount: number, isFinal: boolean): void {
    const previous = charge.balance_transaction
    if (amount > 0) charge.balance_transaction = newId("txn")
    charge.amount_captured += amount
    if (isMulticapture(charge)) {
      this.books.events.record("charge.updated", charge, { balance_transaction: previous })
    }
    if (!isFinal) return
    charge.captured = true
    this.books.events.record("charge.captured", charge)
    if (!isMulticapture(charge)) this.refunds.release(charge, charge.amount - charge.amount_captured, null)
  }

  /** Gives up an authorization of which nothing was captured. */
  release(charge: StoredCharge, reason: "expired_uncaptured_charge" | null): void {
    this.refunds.release(charge, charge.amount, reason)
    if (reason === "expired_uncaptured_charge") this.books.events.record("charge.expired", charge)
  }

  private begin(intent: StoredIntent, method: StoredMethod): StoredCharge {
    const asked = intent.payment_method_options?.card?.request_multicapture === "if_available"
    const charge = newCharge(intent, method, asked && this.books.account.offersMulticapture)
    this.books.charges.set(charge.id, charge)
    intent.latest_charge = charge.id
    return charge
  }
}

export const isMulticapture = (charge: StoredCharge): boolean =>
  charge.payment_method_details.card?.multicapture?.status === "available"
