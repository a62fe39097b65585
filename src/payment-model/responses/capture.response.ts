import { Field, Related, ResourceOf } from "../../common/resource.js"
import { Capture } from "../capture.entity.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentResponse } from "./payment.response.js"

@ResourceOf("capture", Capture)
export class CaptureResponse {
  @Field({ description: "The capture's id.", example: EXAMPLE.captureId })
  id!: string

  @Field({ description: "What was captured, in major units.", example: 49.9 })
  amount!: number

  @Field({ description: "The payment it took money of.", example: EXAMPLE.paymentId })
  payment_id!: string

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

  @Field({ description: "When it was captured.", type: String, format: "date-time", example: EXAMPLE.time })
  created_at!: Date

  @Related("payment", {
    nullable: true,
    description: "The payment it took money of; on request.",
    join: (capture, payment) => `${payment}.id = ${capture}.payment_id`,
  })
  payment?: PaymentResponse | null
}
