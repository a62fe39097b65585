import { Field, Related, ResourceOf } from "../../common/resource.js"
import { Payment } from "../payment.entity.js"
import type { CaptureResponse } from "./capture.response.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"
import type { PaymentSessionResponse } from "./payment-session.response.js"
import type { RefundResponse } from "./refund.response.js"

/** What has really moved: an attempt that is pending, declined or unknown is an operation, not a capture or refund. */
const SUCCEEDED = "status = 'succeeded'"

@ResourceOf("payment", Payment)
export class PaymentResponse {
  @Field({ description: "The payment's id.", example: EXAMPLE.paymentId })
  id!: string

  @Field({ description: "What was authorized, in major units.", example: 49.9 })
  amount!: number

  @Field({ description: "ISO 4217 code in lower case.", example: "eur" })
  currency_code!: string

  @Field({ description: "The provider that holds the money.", example: EXAMPLE.providerId })
  provider_id!: string

  @Field({ description: "What is authorized, in major units; once canceled, what was captured.", example: 49.9 })
  authorized_amount!: number

  @Field({ description: "What was captured, in major units.", example: 49.9 })
  captured_amount!: number

  @Field({ description: "What was refunded, in major units.", example: 10 })
  refunded_amount!: number

  @Field({ description: "The provider's public data.", type: "object", additionalProperties: true, example: {} })
  data!: Record<string, unknown>

  @Field({
    description: "Free data of the operator's.",
    type: "object",
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  metadata!: Record<string, unknown> | null

  @Field({ description: "When the payment was authorized.", type: String, format: "date-time", example: EXAMPLE.time })
  created_at!: Date

  @Field({ description: "When the payment last changed.", type: String, format: "date-time", example: EXAMPLE.time })
  updated_at!: Date

  @Field({
    description: "When it was captured in full.",
    type: String,
    format: "date-time",
    nullable: true,
    example: EXAMPLE.time,
  })
  captured_at!: Date | null

  @Field({ description: "When it was canceled.", type: String, format: "date-time", nullable: true, example: null })
  canceled_at!: Date | null

  @Field({ description: "The collection it pays.", example: EXAMPLE.collectionId })
  payment_collection_id!: string

  @Field({ description: "The session it came from.", example: EXAMPLE.sessionId })
  payment_session_id!: string

  @Related("capture", {
    many: true,
    description: "The captures that succeeded.",
    join: (payment, capture) => `${capture}.payment_id = ${payment}.id AND ${capture}.${SUCCEEDED}`,
  })
  captures?: CaptureResponse[]

  @Related("refund", {
    many: true,
    description: "The refunds that succeeded.",
    join: (payment, refund) => `${refund}.payment_id = ${payment}.id AND ${refund}.${SUCCEEDED}`,
  })
  refunds?: RefundResponse[]

  @Related("payment_collection", {
    nullable: true,
    description: "The collection it pays; on request.",
    join: (payment, collection) => `${collection}.id = ${payment}.payment_collection_id`,
  })
  payment_collection?: PaymentCollectionResponse | null

  @Related("payment_session", {
    nullable: true,
    description: "The session it came from; on request.",
    join: (payment, session) => `${session}.id = ${payment}.payment_session_id`,
  })
  payment_session?: PaymentSessionResponse | null
}
