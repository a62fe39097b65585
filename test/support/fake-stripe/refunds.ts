import { checkPrecision, displayed } from "./amounts.js"
import type { Books, StoredCharge, StoredRefund } from "./books.js"
import { change } from "./ids.js"
import { newRefund } from "./objects.js"
import { badParameter, notPossible } from "./refusal.js"

type Reason = "duplicate" | "fraudulent" | "requested_by_customer"

export interface RefundRequest {
  readonly intentId?: string
  readonly chargeId?: string
  /** Minor units; all that is left, unless given. */
  readonly amount?: number
  readonly reason?: Reason
  readonly metadata: Record<string, string>
}

/** Disputes that do not hold the money (any more). */
const DISPUTES_WITHOUT_MONEY = ["won", "warning_needs_response", "warning_under_review", "warning_closed"]

/** Refuses a charge of which no money has come yet, or never will. */
function succeeded(charge: StoredCharge): StoredCharge {
  if (charge.status === "succeeded") return charge
  throw notPossible(`Charge ${charge.id} is ${charge.status}; only a successful charge can be refunded.`)
}

export class Refunds {
  constructor(private readonly books: Books) {}

  create({ intentId, chargeId, amount: asked, reason, metadata }: RefundRequest): StoredRefund {
    const charge = this.chargeToRefund(intentId, chargeId)
    const left = refundable(this.books, charge)
    this.refuseUnlessRefundable(charge, left)
    const amount = asked ?? left
    checkPrecision(amount, charge.currency)
    if (amount > left) {
      const [much, little] = [displayed(amount, charge.currency), displayed(left, charge.currency)]
      throw notPossible(`Refund amount (${much}) is greater than unrefunded amount on charge (${little})`, {
        param: "amount",
      })
    }
    const refund = newRefund(charge, amount)
    change(refund, { reason: reason ?? null, metadata })
    if (this.books.settings.refundsArePending) refund.status = "pending"
    this.enter(charge, refund)
    return refund
  }

  /** What an authorization that is released, or its rest, was before 2025-03-31.basil. */
  release(charge: StoredCharge, amount: number, reason: "expired_uncaptured_charge" | null): void {
    if (amount === 0) return
    const refund = newRefund(charge, amount)
    refund.reason = reason
    refund.destination_details = { card: { type: "reversal" }, type: "card" }
    this.enter(charge, refund)
  }

  settle(id: string): StoredRefund {
    const refund = this.books.refund(id)
    if (refund.status !== "pending") throw new Error(`The refund ${id} is ${refund.status ?? "nowhere"}, not pending`)
    refund.status = "succeeded"
    this.books.events.record("refund.updated", refund, { status: "pending" })
    return refund
  }

  fail(id: string): StoredRefund {
    const refund = this.books.refund(id)
    if (refund.status === "failed") throw new Error(`The refund ${id} has failed already`)
    const previous = { status: refund.status }
    change(refund, { status: "failed", failure_reason: "expired_or_canceled_card" })
    const charge = this.books.charge(refund.charge)
    charge.amount_refunded -= refund.amount
    updateRefunded(this.books, charge)
    this.books.events.record("refund.failed", refund)
    this.books.events.record("refund.updated", refund, previous)
    return refund
  }

  private chargeToRefund(intentId?: string, chargeId?: string): StoredCharge {
    if (chargeId !== undefined) return succeeded(this.books.charge(chargeId))
    if (intentId === undefined) {
      throw badParameter("One of the following params should be provided for this request: payment_intent or charge.")
    }
    const charge = this.books.latestCharge(this.books.intent(intentId, "payment_intent"))
    if (charge?.status === "succeeded") return charge
    throw notPossible(`This PaymentIntent (${intentId}) does not have a successful charge to refund.`, {
      code: "payment_intent_unexpected_state",
    })
  }

  private refuseUnlessRefundable(charge: StoredCharge, left: number): void {
    const isDisputed = [...this.books.disputes.values()].some(
      (dispute) => dispute.charge === charge.id && !DISPUTES_WITHOUT_MONEY.includes(dispute.status),
    )
    if (isDisputed) {
      throw notPossible(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
        code: this.books.settings.codes.refundOfDisputed,
      })
    }
    if (this.books.unrefundable.has(charge.id)) {
      // As of methods without refunds: boleto, for one.
      throw notPossible(`Charge ${charge.id} cannot be refunded.`, { code: "charge_not_refundable" })
    }
    if (charge.amount_captured === 0) {
      throw notPossible(
        `This uncaptured Charge was created by a PaymentIntent (${charge.payment_intent}). You must cancel the ` +
          "PaymentIntent to reverse the authorization instead of refunding the Charge directly.",
      )
    }
    if (left === 0) {
      throw notPossible(`Charge ${charge.id} has already been refunded.`, {
        code: this.books.settings.codes.refundOfRefunded,
      })
    }
  }

  private enter(charge: StoredCharge, refund: StoredRefund): void {
    this.books.refunds.set(refund.id, refund)
    const previous = charge.amount_refunded
    charge.amount_refunded += refund.amount
    updateRefunded(this.books, charge)
    this.books.events.record("refund.created", refund)
    this.books.events.record("charge.refunded", charge, { amount_refunded: previous })
  }
}

/**
 * What is captured and not refunded, also while there is more to capture (docs.stripe.com/payments/multicapture). What was
 * released counts neither as captured nor as refunded, even if a refund stands for it.
 */
function refundable(books: Books, { id, amount_captured, amount_refunded }: StoredCharge): number {
  const releases = [...books.refunds.values()].filter(
    ({ charge, destination_details }) => charge === id && destination_details?.card?.type === "reversal",
  )
  const released = releases.reduce((sum, { amount }) => sum + amount, 0)
  return amount_captured - (amount_refunded - released)
}

/** Whether all of a charge was refunded. A charge that was never captured is not, since 2025-03-31.basil. */
export function updateRefunded(books: Books, charge: StoredCharge): void {
  charge.refunded = charge.amount_refunded === charge.amount || (charge.captured && refundable(books, charge) === 0)
}
