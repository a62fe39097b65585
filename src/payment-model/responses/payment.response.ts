import { Field, Related, ResourceOf } from "../../api/fields/resource.js"
import {
  AmountField,
  CurrencyField,
  MetadataField,
  ObjectField,
  OptionalTimeField,
  TimeField,
} from "../../api/fields/resource-fields.js"
import { Payment } from "../entities/payment.entity.js"
import type { CaptureResponse } from "./capture.response.js"
import type { DisputeResponse } from "./dispute.response.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"
import type { PaymentSessionResponse } from "./payment-session.response.js"
import type { RefundResponse } from "./refund.response.js"

/** An attempt in whose place the request was judged anew is an operation, not a capture or refund. */
const isListed = (row: string) => `${row}.status <> 'superseded'`

@ResourceOf("payment", Payment)
export class PaymentResponse {
  @Field({ description: "The payment's id.", example: EXAMPLE.paymentId })
  id!: string

  @AmountField("What was authorized", 49.9)
  amount!: number

  @CurrencyField()
  currency_code!: string

  @Field({ description: "The provider that holds the money.", example: EXAMPLE.providerId })
  provider_id!: string

  @Field({ description: "What is authorized, in major units; once canceled, what was captured.", example: 49.9 })
  authorized_amount!: number

  @AmountField("What was captured", 49.9)
  captured_amount!: number

  @AmountField("What was refunded", 10)
  refunded_amount!: number

  @ObjectField("The provider's public data.")
  data!: Record<string, unknown>

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @TimeField("When the payment was authorized.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When the payment last changed.", EXAMPLE.time)
  updated_at!: Date

  @OptionalTimeField("When it was captured in full.")
  captured_at!: Date | null

  @OptionalTimeField("When it was canceled.")
  canceled_at!: Date | null

  @OptionalTimeField("When the provider releases what is not captured by then, if it says so.")
  capture_before!: Date | null

  @Field({ description: "The collection it pays.", example: EXAMPLE.collectionId })
  payment_collection_id!: string

  @Field({ description: "The session it came from.", example: EXAMPLE.sessionId })
  payment_session_id!: string

  @Related("capture", {
    many: true,
    description: "Its captures, also pending and failed ones.",
    where: isListed,
  })
  captures?: CaptureResponse[]

  @Related("refund", {
    many: true,
    description: "Its refunds, also pending and failed ones.",
    where: isListed,
  })
  refunds?: RefundResponse[]

  @Related("dispute", {
    many: true,
    adminOnly: true,
    description: "What shoppers have disputed of it with their banks; for operators, on request.",
  })
  disputes?: DisputeResponse[]

  @Related("payment_collection", {
    nullable: true,
    description: "The collection it pays; on request.",
  })
  payment_collection?: PaymentCollectionResponse | null

  @Related("payment_session", {
    nullable: true,
    description: "The session it came from; on request.",
  })
  payment_session?: PaymentSessionResponse | null
}
