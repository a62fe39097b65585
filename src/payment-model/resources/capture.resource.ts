import { defineResource, Field, Related } from "../../api/fields/resource.js"
import { AmountField, MetadataField, OptionalTextField, TimeField } from "../../api/fields/resource-fields.js"
import { Capture } from "../entities/capture.entity.js"
import { SHOWN_MOVEMENT_STATUSES, type ShownMovementStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.resource.js"
import type { Audience } from "../../api/fields/fields.js"
import { forStaff } from "./for-staff.js"
import { toMajor } from "../../common/money.js"
import type { Payment } from "../entities/payment.entity.js"
import { SHOWN_MOVEMENT_STATUS } from "../status.js"

export class CaptureResponse {
  @Field({ description: "The capture's id.", example: EXAMPLE.captureId })
  id!: string

  @AmountField("What is captured", 49.9)
  amount!: number

  @Field({
    description:
      "`pending`: the provider has not finished it, or its outcome is not known yet. `succeeded`: the money moved. " +
      "`failed`: it did not. Only what succeeded counts in `captured_amount`.",
    enum: SHOWN_MOVEMENT_STATUSES,
    example: "succeeded",
  })
  status!: ShownMovementStatus

  @Field({ description: "The payment it takes money of.", example: EXAMPLE.paymentId })
  payment_id!: string

  @OptionalTextField("The id of the key, or the name of the service, that asked for it.", EXAMPLE.keyId)
  created_by!: string | null

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @TimeField("When it was asked for.", EXAMPLE.time)
  created_at!: Date

  @Related("payment", {
    nullable: true,
    description: "The payment it takes money of; on request.",
  })
  payment?: PaymentResponse | null
}

export const CAPTURE = defineResource({
  name: "capture",
  type: CaptureResponse,
  rows: Capture,
  toResponse: toCaptureResponse,
})

/** @param payment whose currency the capture is in: it has no column of its own */
export function toCaptureResponse(
  capture: Capture,
  audience: Audience,
  { currency_code: currency }: Pick<Payment, "currency_code">,
): CaptureResponse {
  return {
    id: capture.id,
    amount: toMajor({ minor: capture.amount, currency }),
    status: SHOWN_MOVEMENT_STATUS[capture.status],
    payment_id: capture.payment_id,
    created_by: forStaff(capture.created_by, audience),
    metadata: forStaff(capture.metadata, audience),
    created_at: capture.created_at,
  }
}
