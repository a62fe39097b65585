import type { TestCard } from "./cards.js"
import { checkPrecision, displayed } from "./amounts.js"
import type { Records, StoredCharge, StoredRefund } from "./records.js"
import { change } from "./ids.js"
import { newRefund } from "./objects.js"
import { badParameter, notPossible, wrongState } from "./errors.js"

type Reason = "duplicate" | "fraudulent" | "requested_by_customer"

export interface RefundRequest {
  readonly intentId?: string
  readonly chargeId?: string
  /** Minor units; by default the whole rest. */
  readonly amount?: number
  readonly reason?: Reason
  readonly metadata: Record<string, string>
}

const REFUND_TIME = 5 * 24 * 60 * 60

/** Disputes that do not hold the money (any more). */
const DISPUTES_WITHOUT_MONEY = ["won", "warning_needs_response", "warning_under_review", "warning_closed"]

/** Refuses a charge that has not succeeded. */
function succeeded(charge: StoredCharge): StoredCharge {
  if (charge.status === "succeeded") return charge
  throw notPossible(`Charge ${charge.id} is ${charge.status}; only a successful charge can be refunded.`)
}

export class Refunds {
  constructor(private readonly records: Records) {}

  create({ intentId, chargeId, amount: asked, reason, metadata }: RefundRequest): StoredRefund {
    const charge = this.chargeToRefund(intentId, chargeId)
    const left = refundable(this.records, charge)
    this.refuseUnlessRefundable(charge, left)
    const amount = asked ?? left
    checkPrecision(amount, charge.currency)
    if (amount > left) {
      const [much, little] = [displayed(amount, charge.currency), displayed(left, charge.currency)]
      throw notPossible(`Refund amount (${much}) is greater than unrefunded amount on charge (${little})`, {
        param: "amount",
      })
    }
    const refund = newRefund(this.records.clock.now(), charge, amount)
    change(refund, { reason: reason ?? null, metadata })
    const card = this.records.cards.get(charge.payment_method ?? "")
    if (this.records.settings.refundsArePending || card === "pending_refund") refund.status = "pending"
    this.enter(charge, refund)
    this.scheduleEnd(refund, card)
    return refund
  }

  /** The refund that a release made before 2025-03-31.basil. */
  release(charge: StoredCharge, amount: number, reason: "expired_uncaptured_charge" | null): void {
    if (amount === 0) return
    const refund = newRefund(this.records.clock.now(), charge, amount)
    refund.reason = reason
    refund.destination_details = { card: { type: "reversal" }, type: "card" }
    this.enter(charge, refund)
  }

  /**
   * The status changes "some time later" (docs.stripe.com/testing, refunds), as the refund of a card takes five to ten
   * business days (docs.stripe.com/refunds).
   */
  private scheduleEnd({ id, status }: StoredRefund, card: TestCard | undefined): void {
    if (status !== "pending" && card !== "failing_refund") return
    this.records.clock.after(REFUND_TIME, () => {
      // Something else may have ended it before.
      if (this.records.refunds.get(id)?.status !== status) return
      if (card === "failing_refund") this.fail(id)
      else this.complete(id)
    })
  }

  complete(id: string): StoredRefund {
    const refund = this.records.refund(id)
    if (refund.status !== "pending") throw wrongState(`The refund ${id} is ${refund.status ?? "unknown"}, not pending.`)
    refund.status = "succeeded"
    this.records.events.record("refund.updated", refund, { status: "pending" })
    return refund
  }

  fail(id: string): StoredRefund {
    const refund = this.records.refund(id)
    if (refund.status === "failed") throw wrongState(`The refund ${id} has failed already.`)
    const previous = { status: refund.status }
    change(refund, { status: "failed", failure_reason: "expired_or_canceled_card" })
    const charge = this.records.charge(refund.charge)
    charge.amount_refunded -= refund.amount
    updateRefunded(this.records, charge)
    this.records.events.record("refund.failed", refund)
    this.records.events.record("refund.updated", refund, previous)
    return refund
  }

  private chargeToRefund(intentId?: string, chargeId?: string): StoredCharge {
    if (chargeId !== undefined) return succeeded(this.records.charge(chargeId))
    if (intentId === undefined) {
      throw badParameter("One of the following params should be provided for this request: payment_intent or charge.")
    }
    const charge = this.records.latestCharge(this.records.intent(intentId, "payment_intent"))
    if (charge?.status === "succeeded") return charge
    throw notPossible(`This PaymentIntent (${intentId}) does not have a successful charge to refund.`, {
      code: "payment_intent_unexpected_state",
    })
  }

  private refuseUnlessRefundable(charge: StoredCharge, left: number): void {
    const isDisputed = [...this.records.disputes.values()].some(
      (dispute) => dispute.charge === charge.id && !DISPUTES_WITHOUT_MONEY.includes(dispute.status),
    )
    if (isDisputed) {
      throw notPossible(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
        code: this.records.settings.codes.refundOfDisputed,
      })
    }
    if (this.records.unrefundable.has(charge.id)) {
      // As with methods that have no refunds, such as boleto.
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
        code: this.records.settings.codes.refundOfRefunded,
      })
    }
  }

  private enter(charge: StoredCharge, refund: StoredRefund): void {
    this.records.refunds.set(refund.id, refund)
    const previous = charge.amount_refunded
    charge.amount_refunded += refund.amount
    updateRefunded(this.records, charge)
    this.records.events.record("refund.created", refund)
    this.records.events.record("charge.refunded", charge, { amount_refunded: previous })
  }
}

/**
 * The captured amount that is not refunded, also while there is more to capture (docs.stripe.com/payments/multicapture).
 * A released amount counts neither as captured nor as refunded, even if it has a refund object.
 */
function refundable(records: Records, { id, amount_captured, amount_refunded }: StoredCharge): number {
  const releases = [...records.refunds.values()].filter(
    ({ charge, destination_details }) => charge === id && destination_details?.card?.type === "reversal",
  )
  const released = releases.reduce((sum, { amount }) => sum + amount, 0)
  return amount_captured - (amount_refunded - released)
}

/** Whether all of a charge was refunded. A charge that was never captured is not, since 2025-03-31.basil. */
export function updateRefunded(records: Records, charge: StoredCharge): void {
  charge.refunded = charge.amount_refunded === charge.amount || (charge.captured && refundable(records, charge) === 0)
}
