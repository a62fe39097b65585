import type { PathParam } from "../../api/endpoint.js"
import { defineResource, Field, Related } from "../../api/fields/resource.js"
import {
  AmountField,
  CurrencyField,
  MetadataField,
  ObjectField,
  OptionalTimeField,
  TimeField,
} from "../../api/fields/resource-fields.js"
import { Payment } from "../entities/payment.entity.js"
import type { CaptureResponse } from "./capture.resource.js"
import type { DisputeResponse } from "./dispute.resource.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.resource.js"
import type { PaymentSessionResponse } from "./payment-session.resource.js"
import type { RefundResponse } from "./refund.resource.js"
import type { Audience } from "../../api/fields/fields.js"
import { forStaff } from "./for-staff.js"
import { View } from "../../api/fields/view.js"
import { toMajor } from "../../common/money.js"

/** An attempt in whose place the request was judged anew is an operation, not a capture or refund. */
const isListed = (row: string) => `${row}.status <> 'superseded'`

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
    description: "Disputes of the payment that shoppers raised with their banks; for operators, on request.",
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

export const PAYMENT_ID: PathParam = { description: "The payment's id.", example: EXAMPLE.paymentId }

export const PAYMENT = defineResource({
  name: "payment",
  type: PaymentResponse,
  rows: Payment,
  toResponse: toPaymentResponse,
})

/** The payment for operators and services: Medusa's admin defaults, and the status of captures and refunds. */
export const ADMIN_PAYMENT = new View({
  key: "payment",
  resource: PAYMENT,
  audience: "admin",
  defaults: [
    "currency_code",
    "amount",
    "captured_at",
    "payment_collection_id",
    "payment_session_id",
    "captures.id",
    "captures.amount",
    "captures.status",
    "refunds.id",
    "refunds.amount",
    "refunds.status",
    "refunds.note",
    "refunds.payment_id",
    "refunds.refund_reason_id",
    "refunds.refund_reason.label",
    "refunds.refund_reason.code",
  ],
})

export const ADMIN_PAYMENTS = ADMIN_PAYMENT.list("payments")

/** The response to a cancellation: the same, and the fields that show the cancellation. */
export const CANCELED_PAYMENT_VIEW = ADMIN_PAYMENT.with({
  defaults: [...ADMIN_PAYMENT.defaults, "authorized_amount", "canceled_at"],
})

function toPaymentResponse(payment: Payment, audience: Audience): PaymentResponse {
  const { currency_code } = payment
  const major = (minor: bigint) => toMajor({ minor, currency: currency_code })
  return {
    id: payment.id,
    amount: major(payment.amount),
    currency_code,
    provider_id: payment.provider_id,
    authorized_amount: major(payment.authorized_amount),
    captured_amount: major(payment.captured_amount),
    refunded_amount: major(payment.refunded_amount),
    data: payment.data,
    metadata: forStaff(payment.metadata, audience),
    created_at: payment.created_at,
    updated_at: payment.updated_at,
    captured_at: payment.captured_at,
    canceled_at: payment.canceled_at,
    capture_before: payment.capture_before,
    payment_collection_id: payment.payment_collection_id,
    payment_session_id: payment.payment_session_id,
  }
}
