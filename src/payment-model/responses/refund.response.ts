import { Field, Related, ResourceOf } from "../../common/resource.js"
import { AmountField, MetadataField, OptionalTextField, TimeField } from "../../common/resource-fields.js"
import { Refund } from "../refund.entity.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.response.js"
import type { RefundReasonResponse } from "./refund-reason.response.js"

@ResourceOf("refund", Refund)
export class RefundResponse {
  @Field({ description: "The refund's id.", example: EXAMPLE.refundId })
  id!: string

  @AmountField("What was given back", 10)
  amount!: number

  @Field({ description: "The payment it was given back of.", example: EXAMPLE.paymentId })
  payment_id!: string

  @OptionalTextField("Why, by id.", EXAMPLE.reasonId)
  refund_reason_id!: string | null

  @OptionalTextField("Why, in words.", "Arrived late")
  note!: string | null

  @OptionalTextField("The id of the key, or the name of the service, that asked for it.", EXAMPLE.keyId)
  created_by!: string | null

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @TimeField("When it was refunded.", EXAMPLE.time)
  created_at!: Date

  @Related("refund_reason", {
    nullable: true,
    withDeleted: true,
    description: "Why, as the merchant lists it, or did when it was given back.",
    join: (refund, reason) => `${reason}.id = ${refund}.refund_reason_id`,
  })
  refund_reason?: RefundReasonResponse | null

  @Related("payment", {
    nullable: true,
    description: "The payment it was given back of; on request.",
    join: (refund, payment) => `${payment}.id = ${refund}.payment_id`,
  })
  payment?: PaymentResponse | null
}
