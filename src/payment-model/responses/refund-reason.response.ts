import { Field, ResourceOf } from "../../common/resource.js"
import { RefundReason } from "../refund-reason.entity.js"
import { EXAMPLE } from "./examples.js"

@ResourceOf("refund_reason", RefundReason)
export class RefundReasonResponse {
  @Field({ description: "The reason's id.", example: EXAMPLE.reasonId })
  id!: string

  @Field({ description: "The reason, for people.", example: "Shipping Issue" })
  label!: string

  @Field({ description: "The reason, for programs.", example: "shipping_issue" })
  code!: string

  @Field({ description: "What the reason is for.", type: String, nullable: true, example: "The order arrived late." })
  description!: string | null

  @Field({
    description: "Free data of the operator's.",
    type: "object",
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  metadata!: Record<string, unknown> | null

  @Field({ description: "When the reason was created.", type: String, format: "date-time", example: EXAMPLE.time })
  created_at!: Date

  @Field({ description: "When the reason last changed.", type: String, format: "date-time", example: EXAMPLE.time })
  updated_at!: Date

  @Field({
    description: "When the reason was deleted.",
    type: String,
    format: "date-time",
    nullable: true,
    example: null,
  })
  deleted_at!: Date | null
}
