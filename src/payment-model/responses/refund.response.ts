import { Field, Related, ResourceOf } from "../../common/resource.js"
import { Refund } from "../refund.entity.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.response.js"
import type { RefundReasonResponse } from "./refund-reason.response.js"

@ResourceOf("refund", Refund)
export class RefundResponse {
  @Field({ description: "The refund's id.", example: EXAMPLE.refundId })
  id!: string

  @Field({ description: "What was given back, in major units.", example: 10 })
  amount!: number

  @Field({ description: "The payment it was given back of.", example: EXAMPLE.paymentId })
  payment_id!: string

  @Field({ description: "Why, by id.", type: String, nullable: true, example: EXAMPLE.reasonId })
  refund_reason_id!: string | null

  @Field({ description: "Why, in words.", type: String, nullable: true, example: "Arrived late" })
  note!: string | null

  @Field({
    description: "The id of the key, or the name of the service, that asked for it.",
    type: String,
    nullable: true,
    example: EXAMPLE.keyId,
  })
  created_by!: string | null

  @Field({
    description: "Free data of the operator's.",
    type: "object",
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  metadata!: Record<string, unknown> | null

  @Field({ description: "When it was refunded.", type: String, format: "date-time", example: EXAMPLE.time })
  created_at!: Date

  @Related("refund_reason", {
    nullable: true,
    description: "Why, as the merchant lists it.",
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
