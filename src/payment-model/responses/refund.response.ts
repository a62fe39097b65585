import { Field, Related, ResourceOf } from "../../api/fields/resource.js"
import { AmountField, MetadataField, OptionalTextField, TimeField } from "../../api/fields/resource-fields.js"
import { Refund } from "../entities/refund.entity.js"
import { SHOWN_MOVEMENT_STATUSES, type ShownMovementStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.response.js"
import type { RefundReasonResponse } from "./refund-reason.response.js"

@ResourceOf("refund", Refund)
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
    description: "Why, as the merchant lists it, or did when it was given back.",
  })
  refund_reason?: RefundReasonResponse | null

  @Related("payment", {
    nullable: true,
    description: "The payment that it refunds; on request.",
  })
  payment?: PaymentResponse | null
}
