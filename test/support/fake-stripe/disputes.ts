import type { Books, StoredDispute } from "./books.js"
import { change } from "./ids.js"
import { newDispute } from "./objects.js"

export interface DisputeOpening {
  /** Minor units; all that is captured, unless given. */
  readonly amount?: number
  readonly reason?: string
  /** That of the charge, unless given. A bank may dispute in another, and in one that ISO 4217 does not have. */
  readonly currency?: string
}

export class Disputes {
  constructor(private readonly books: Books) {}

  open(intentId: string, { amount, reason = "fraudulent", currency }: DisputeOpening): StoredDispute {
    const charge = this.books.latestCharge(this.books.intent(intentId))
    if (!charge || charge.amount_captured === 0) throw new Error(`Nothing of ${intentId} is captured`)
    const dispute = newDispute(charge, amount ?? charge.amount_captured, reason, currency)
    this.books.disputes.set(dispute.id, dispute)
    charge.disputed = true
    this.books.events.record("charge.dispute.created", dispute)
    this.books.events.record("charge.dispute.funds_withdrawn", dispute)
    return dispute
  }

  answer(id: string): StoredDispute {
    const dispute = this.openDispute(id)
    const previous = dispute.status
    dispute.status = "under_review"
    change(dispute.evidence_details, { has_evidence: true, submission_count: 1, submission_method: "manual" })
    this.books.events.record("charge.dispute.updated", dispute, { status: previous })
    return dispute
  }

  close(id: string, outcome: "won" | "lost"): StoredDispute {
    const dispute = this.openDispute(id)
    dispute.status = outcome
    if (outcome === "won") this.books.events.record("charge.dispute.funds_reinstated", dispute)
    this.books.events.record("charge.dispute.closed", dispute)
    return dispute
  }

  private openDispute(id: string): StoredDispute {
    const dispute = this.books.dispute(id)
    if (["won", "lost"].includes(dispute.status)) throw new Error(`The dispute ${id} is ${dispute.status} already`)
    return dispute
  }
}
