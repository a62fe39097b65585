import { Field, Related, ResourceOf } from "../../api/fields/resource.js"
import {
  AmountField,
  CurrencyField,
  MetadataField,
  ObjectField,
  OptionalTimeField,
  TimeField,
} from "../../api/fields/resource-fields.js"
import { PaymentSession } from "../entities/payment-session.entity.js"
import { SESSION_STATUSES, type SessionStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"
import type { PaymentResponse } from "./payment.response.js"

@ResourceOf("payment_session", PaymentSession)
export class PaymentSessionResponse {
  @Field({ description: "The session's id.", example: EXAMPLE.sessionId })
  id!: string

  @AmountField("What the session is for", 49.9)
  amount!: number

  @Field({
    description: "The amount as Medusa's raw value: a decimal string, and its precision.",
    type: "object",
    properties: { value: { type: "string" }, precision: { type: "integer" } },
    additionalProperties: false,
    example: { value: "49.9", precision: 20 },
  })
  raw_amount!: { value: string; precision: number }

  @CurrencyField()
  currency_code!: string

  @Field({ description: "The provider the session is opened with.", example: EXAMPLE.providerId })
  provider_id!: string

  @ObjectField("The provider's public data, for the storefront.")
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

  @OptionalTimeField("When the provider authorized it.")
  authorized_at!: Date | null

  @Field({ description: "The collection it belongs to.", example: EXAMPLE.collectionId })
  payment_collection_id!: string

  @MetadataField({ nullable: false })
  metadata!: Record<string, unknown>

  @TimeField("When the session was created.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When the session last changed.", EXAMPLE.time)
  updated_at!: Date

  @OptionalTimeField("Always null: a deleted session is not answered.")
  deleted_at!: Date | null

  @Related("payment", {
    nullable: true,
    withParent: true,
    description: "The payment it became once authorized.",
  })
  payment?: PaymentResponse | null

  @Related("payment_collection", {
    nullable: true,
    description: "The collection it belongs to; on request.",
  })
  payment_collection?: PaymentCollectionResponse | null
}
