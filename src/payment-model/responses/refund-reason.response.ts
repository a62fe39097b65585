import { Field, ResourceOf } from "../../api/fields/resource.js"
import { MetadataField, OptionalTextField, OptionalTimeField, TimeField } from "../../api/fields/resource-fields.js"
import { RefundReason } from "../entities/refund-reason.entity.js"
import { EXAMPLE } from "./examples.js"

@ResourceOf("refund_reason", RefundReason)
export class RefundReasonResponse {
  @Field({ description: "The reason's id.", example: EXAMPLE.reasonId })
  id!: string

  @Field({ description: "The reason, for people.", example: "Shipping Issue" })
  label!: string

  @Field({ description: "The reason, for programs.", example: "shipping_issue" })
  code!: string

  @OptionalTextField("What the reason is for.", "The order arrived late.")
  description!: string | null

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @TimeField("When the reason was created.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When the reason last changed.", EXAMPLE.time)
  updated_at!: Date

  @OptionalTimeField("When the reason was deleted.")
  deleted_at!: Date | null
}
