import { defineResource, Field, Related } from "../../api/fields/resource.js"
import { AmountField, CurrencyField, TimeField } from "../../api/fields/resource-fields.js"
import { Dispute } from "../entities/dispute.entity.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.resource.js"
import { toMajor } from "../../common/money.js"

export class DisputeResponse {
  @Field({ description: "The dispute's id.", example: EXAMPLE.disputeId })
  id!: string

  @Field({ description: "The payment that is disputed.", example: EXAMPLE.paymentId })
  payment_id!: string

  @Field({ description: "The provider's own id.", example: "du_1QzPxyLkdIwHu7ixsnN0B15x" })
  external_id!: string

  @AmountField("What is disputed", 49.9)
  amount!: number

  @CurrencyField()
  currency_code!: string

  @Field({ description: "Where it stands, in the provider's words.", example: "needs_response" })
  status!: string

  @Field({ description: "What the shopper objects to, in the provider's words.", example: "product_not_received" })
  reason!: string

  @TimeField("When the shopper raised it.", EXAMPLE.time)
  opened_at!: Date

  @TimeField("When it became known here.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When it last changed.", EXAMPLE.time)
  updated_at!: Date

  @Related("payment", {
    nullable: true,
    description: "The payment that is disputed; on request.",
  })
  payment?: PaymentResponse | null
}

export const DISPUTE = defineResource({
  name: "dispute",
  type: DisputeResponse,
  rows: Dispute,
  toResponse: toDisputeResponse,
})

function toDisputeResponse(dispute: Dispute): DisputeResponse {
  const { amount, currency_code } = dispute
  return {
    id: dispute.id,
    payment_id: dispute.payment_id,
    external_id: dispute.external_id,
    amount: toMajor({ minor: amount, currency: currency_code }),
    currency_code,
    status: dispute.status,
    reason: dispute.reason,
    opened_at: dispute.opened_at,
    created_at: dispute.created_at,
    updated_at: dispute.updated_at,
  }
}
