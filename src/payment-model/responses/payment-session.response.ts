import { Field, Related, ResourceOf } from "../../common/resource.js"
import { PaymentSession } from "../payment-session.entity.js"
import { SESSION_STATUSES, type SessionStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"
import type { PaymentResponse } from "./payment.response.js"

@ResourceOf("payment_session", PaymentSession)
export class PaymentSessionResponse {
  @Field({ description: "The session's id.", example: EXAMPLE.sessionId })
  id!: string

  @Field({ description: "What the session is for, in major units.", example: 49.9 })
  amount!: number

  @Field({
    description: "The amount as Medusa's raw value: a decimal string, and its precision.",
    type: "object",
    properties: { value: { type: "string" }, precision: { type: "integer" } },
    additionalProperties: false,
    example: { value: "49.9", precision: 20 },
  })
  raw_amount!: { value: string; precision: number }

  @Field({ description: "ISO 4217 code in lower case.", example: "eur" })
  currency_code!: string

  @Field({ description: "The provider the session is opened with.", example: EXAMPLE.providerId })
  provider_id!: string

  @Field({
    description: "The provider's public data, for the storefront.",
    type: "object",
    additionalProperties: true,
    example: {},
  })
  data!: Record<string, unknown>

  @Field({ description: "Where the session stands.", enum: SESSION_STATUSES, example: "pending" })
  status!: SessionStatus

  @Field({
    description: "Who pays. A storefront sees the customer's id alone.",
    type: "object",
    properties: { customer: { type: "object", properties: { id: { type: "string" } }, additionalProperties: true } },
    additionalProperties: true,
    example: { customer: { id: "cus_123" } },
  })
  context!: Record<string, unknown>

  @Field({
    description: "When the provider authorized it.",
    type: String,
    format: "date-time",
    nullable: true,
    example: null,
  })
  authorized_at!: Date | null

  @Field({ description: "The collection it belongs to.", example: EXAMPLE.collectionId })
  payment_collection_id!: string

  @Field({ description: "Free data of the operator's.", type: "object", additionalProperties: true, example: {} })
  metadata!: Record<string, unknown>

  @Field({ description: "When the session was created.", type: String, format: "date-time", example: EXAMPLE.time })
  created_at!: Date

  @Field({ description: "When the session last changed.", type: String, format: "date-time", example: EXAMPLE.time })
  updated_at!: Date

  @Field({
    description: "Always null: a deleted session is not answered.",
    type: String,
    format: "date-time",
    nullable: true,
    example: null,
  })
  deleted_at!: Date | null

  @Related("payment", {
    nullable: true,
    withParent: true,
    description: "The payment it became once authorized.",
    join: (session, payment) => `${payment}.payment_session_id = ${session}.id`,
  })
  payment?: PaymentResponse | null

  @Related("payment_collection", {
    nullable: true,
    description: "The collection it belongs to; on request.",
    join: (session, collection) => `${collection}.id = ${session}.payment_collection_id`,
  })
  payment_collection?: PaymentCollectionResponse | null
}
