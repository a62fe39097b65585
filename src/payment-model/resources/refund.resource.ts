import { defineResource, Field, Related } from "../../api/fields/resource.js"
import { AmountField, MetadataField, OptionalTextField, TimeField } from "../../api/fields/resource-fields.js"
import { Refund } from "../entities/refund.entity.js"
import { SHOWN_MOVEMENT_STATUSES, type ShownMovementStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.resource.js"
import type { RefundReasonResponse } from "./refund-reason.resource.js"
import type { Audience } from "../../api/fields/fields.js"
import { forStaff } from "./for-staff.js"
import { toMajor } from "../../common/money.js"
import type { Payment } from "../entities/payment.entity.js"
import { SHOWN_MOVEMENT_STATUS } from "../status.js"

export class RefundResponse {
  @Field({ description: "The refund's id.", example: EXAMPLE.refundId })
  id!: string

  @AmountField("What is refunded", 10)
  amount!: number

  @Field({
    description:
      "`pending`: the provider has not finished it, or its outcome is not known yet. `succeeded`: the money moved. " +
      "`failed`: it did not, or it came back later. Only what succeeded counts in `refunded_amount`.",
    enum: SHOWN_MOVEMENT_STATUSES,
    example: "succeeded",
  })
  status!: ShownMovementStatus

  @Field({ description: "The payment that it refunds.", example: EXAMPLE.paymentId })
  payment_id!: string

  @OptionalTextField("Why, by id.", EXAMPLE.reasonId)
  refund_reason_id!: string | null

  @OptionalTextField("Why, in words.", "Arrived late")
  note!: string | null

  @OptionalTextField("The id of the key, or the name of the service, that asked for it.", EXAMPLE.keyId)
  created_by!: string | null

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @TimeField("When it was asked for.", EXAMPLE.time)
  created_at!: Date

  @Related("refund_reason", {
    nullable: true,
    withDeleted: true,
    description: "The reason, as the merchant lists it, or listed it at the time of the refund.",
  })
  refund_reason?: RefundReasonResponse | null

  @Related("payment", {
    nullable: true,
    description: "The payment that it refunds; on request.",
  })
  payment?: PaymentResponse | null
}

export const REFUND = defineResource({
  name: "refund",
  type: RefundResponse,
  rows: Refund,
  toResponse: toRefundResponse,
})

/** @param payment whose currency the refund is in: it has no column of its own */
export function toRefundResponse(
  refund: Refund,
  audience: Audience,
  { currency_code: currency }: Pick<Payment, "currency_code">,
): RefundResponse {
  return {
    id: refund.id,
    amount: toMajor({ minor: refund.amount, currency }),
    status: SHOWN_MOVEMENT_STATUS[refund.status],
    payment_id: refund.payment_id,
    refund_reason_id: refund.refund_reason_id,
    note: forStaff(refund.note, audience),
    created_by: forStaff(refund.created_by, audience),
    metadata: forStaff(refund.metadata, audience),
    created_at: refund.created_at,
  }
}
