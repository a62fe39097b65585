import type { Records, StoredDispute } from "./records.js"
import { wrongState } from "./errors.js"
import { change } from "./ids.js"
import { newDispute } from "./objects.js"

export interface DisputeOpening {
  /** Minor units; by default the captured amount. */
  readonly amount?: number
  readonly reason?: string
  /** By default the charge's. A bank may dispute in another, even in one that ISO 4217 does not have. */
  readonly currency?: string
}

export class Disputes {
  constructor(private readonly records: Records) {}

  open(intentId: string, { amount, reason = "fraudulent", currency }: DisputeOpening): StoredDispute {
    const charge = this.records.latestCharge(this.records.intent(intentId))
    if (!charge || charge.amount_captured === 0) {
      throw wrongState(`The payment intent ${intentId} is not captured, so nothing can be disputed.`)
    }
    const dispute = newDispute(this.records.clock.now(), charge, amount ?? charge.amount_captured, reason, currency)
    this.records.disputes.set(dispute.id, dispute)
    charge.disputed = true
    this.records.events.record("charge.dispute.created", dispute)
    this.records.events.record("charge.dispute.funds_withdrawn", dispute)
    return dispute
  }

  submitEvidence(id: string): StoredDispute {
    const dispute = this.openDispute(id)
    const previous = dispute.status
    dispute.status = "under_review"
    change(dispute.evidence_details, { has_evidence: true, submission_count: 1, submission_method: "manual" })
    this.records.events.record("charge.dispute.updated", dispute, { status: previous })
    return dispute
  }

  close(id: string, outcome: "won" | "lost"): StoredDispute {
    const dispute = this.openDispute(id)
    dispute.status = outcome
    if (outcome === "won") this.records.events.record("charge.dispute.funds_reinstated", dispute)
    this.records.events.record("charge.dispute.closed", dispute)
    return dispute
  }

  private openDispute(id: string): StoredDispute {
    const dispute = this.records.dispute(id)
    if (["won", "lost"].includes(dispute.status)) {
      throw wrongState(`The dispute ${id} is ${dispute.status} already.`)
    }
    return dispute
  }
}
