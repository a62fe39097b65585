import { defineResource, Field } from "../../api/fields/resource.js"
import { MetadataField, OptionalTextField, OptionalTimeField, TimeField } from "../../api/fields/resource-fields.js"
import { RefundReason } from "../entities/refund-reason.entity.js"
import { EXAMPLE } from "./examples.js"
import type { Audience } from "../../api/fields/fields.js"
import { forStaff } from "./for-staff.js"
import { View } from "../../api/fields/view.js"

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

export const REFUND_REASON = defineResource({
  name: "refund_reason",
  type: RefundReasonResponse,
  rows: RefundReason,
  toResponse: toRefundReasonResponse,
})

/** Medusa's defaults. */
export const ADMIN_REFUND_REASON = new View({
  key: "refund_reason",
  resource: REFUND_REASON,
  audience: "admin",
  defaults: ["label", "code", "description", "created_at", "updated_at", "deleted_at"],
})

export const ADMIN_REFUND_REASONS = ADMIN_REFUND_REASON.list("refund_reasons")

function toRefundReasonResponse(reason: RefundReason, audience: Audience): RefundReasonResponse {
  return {
    id: reason.id,
    label: reason.label,
    code: reason.code,
    description: reason.description,
    metadata: forStaff(reason.metadata, audience),
    created_at: reason.created_at,
    updated_at: reason.updated_at,
    deleted_at: reason.deleted_at,
  }
}
