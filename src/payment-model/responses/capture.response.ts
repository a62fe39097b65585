import { Field, Related, ResourceOf } from "../../api/fields/resource.js"
import { AmountField, MetadataField, OptionalTextField, TimeField } from "../../api/fields/resource-fields.js"
import { Capture } from "../entities/capture.entity.js"
import { SHOWN_MOVEMENT_STATUSES, type ShownMovementStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.response.js"

@ResourceOf("capture", Capture)
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
