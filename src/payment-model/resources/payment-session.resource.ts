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
import { PaymentSession } from "../entities/payment-session.entity.js"
import { SESSION_STATUSES, type SessionStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.resource.js"
import type { PaymentResponse } from "./payment.resource.js"
import type { Audience } from "../../api/fields/fields.js"
import { toMajor, toRawAmount } from "../../common/money.js"

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

export const SESSION_ID: PathParam = { description: "The session's id.", example: EXAMPLE.sessionId }

export const PAYMENT_SESSION = defineResource({
  name: "payment_session",
  type: PaymentSessionResponse,
  rows: PaymentSession,
  toResponse: toPaymentSessionResponse,
})

function toPaymentSessionResponse(session: PaymentSession, audience: Audience): PaymentSessionResponse {
  const amount = { minor: session.amount, currency: session.currency_code }
  return {
    id: session.id,
    amount: toMajor(amount),
    raw_amount: toRawAmount(amount),
    currency_code: session.currency_code,
    provider_id: session.provider_id,
    data: session.data,
    status: session.status,
    context: audience === "admin" ? (session.context ?? {}) : storeContext(session.context),
    authorized_at: session.authorized_at,
    payment_collection_id: session.payment_collection_id,
    metadata: session.metadata ?? {},
    created_at: session.created_at,
    updated_at: session.updated_at,
    deleted_at: session.deleted_at,
  }
}

/** A guest sees who the customer is by id, and nothing else: no name, no address, no account at the provider. */
function storeContext(context: Record<string, unknown> | null): Record<string, unknown> {
  const customer = context?.["customer"]
  if (typeof customer !== "object" || customer === null || !("id" in customer)) return {}
  return { customer: { id: customer.id } }
}
