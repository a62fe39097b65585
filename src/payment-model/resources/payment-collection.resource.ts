import type { PathParam } from "../../api/endpoint.js"
import { defineResource, Field, Related } from "../../api/fields/resource.js"
import {
  AmountField,
  CurrencyField,
  MetadataField,
  OptionalTimeField,
  TimeField,
} from "../../api/fields/resource-fields.js"
import { PaymentCollection } from "../entities/payment-collection.entity.js"
import { COLLECTION_STATUSES, type CollectionStatus } from "../status.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentProviderResponse } from "./payment-provider.resource.js"
import type { PaymentSessionResponse } from "./payment-session.resource.js"
import type { PaymentResponse } from "./payment.resource.js"
import type { Audience } from "../../api/fields/fields.js"
import { forStaff } from "./for-staff.js"
import { View } from "../../api/fields/view.js"
import { toMajor } from "../../common/money.js"

/** See `outstandingOf` in ../collection.rules.ts. A surplus goes back to the shopper, so it pays nothing. */
const outstandingSql = (collection: string) =>
  `greatest(0, coalesce((SELECT cart.total FROM cart WHERE cart.id = ${collection}.cart_id ` +
  `AND cart.currency_code = ${collection}.currency_code), ${collection}.amount) - ${collection}.authorized_amount + ` +
  `coalesce((SELECT sum(surplus.authorized_amount) FROM payment surplus WHERE surplus.is_surplus ` +
  `AND surplus.payment_collection_id = ${collection}.id AND surplus.currency_code = ${collection}.currency_code), 0))`

export class PaymentCollectionResponse {
  @Field({ description: "The collection's id.", example: EXAMPLE.collectionId })
  id!: string

  @CurrencyField()
  currency_code!: string

  @Field({ description: "What is to be paid, in major units of the currency.", example: 49.9 })
  amount!: number

  @Field({ description: "Where the collection stands.", enum: COLLECTION_STATUSES, example: "not_paid" })
  status!: CollectionStatus

  @AmountField("What providers have authorized", 0)
  authorized_amount!: number

  @AmountField("What was captured", 0)
  captured_amount!: number

  @AmountField("What was refunded", 0)
  refunded_amount!: number

  @Field({
    description:
      "What is still to be paid, in major units: the cart's total by now, or the collection's amount if it has no cart, " +
      "minus what is authorized, and never below 0. The collection's amount counts too while the cart is in another currency.",
    example: 49.9,
    derived: outstandingSql,
  })
  outstanding_amount?: number

  @OptionalTimeField("When everything was paid.")
  completed_at!: Date | null

  @TimeField("When the collection was created.", EXAMPLE.time)
  created_at!: Date

  @TimeField("When the collection last changed.", EXAMPLE.time)
  updated_at!: Date

  @MetadataField()
  metadata!: Record<string, unknown> | null

  @Field({
    adminOnly: true,
    required: false,
    description: "The cart it is for. Admin only.",
    type: String,
    nullable: true,
    example: EXAMPLE.cartId,
  })
  cart_id?: string | null

  @Field({
    adminOnly: true,
    required: false,
    description: "The order it is for, in the caller's words. Admin only.",
    type: String,
    nullable: true,
    example: null,
  })
  order_id?: string | null

  @Field({
    adminOnly: true,
    required: false,
    description: "The cart's region. Admin only.",
    type: String,
    nullable: true,
    example: EXAMPLE.regionId,
  })
  region_id?: string | null

  @Field({
    adminOnly: true,
    required: false,
    description: "The cart's sales channel. Admin only.",
    type: String,
    nullable: true,
    example: null,
  })
  sales_channel_id?: string | null

  @Related("payment_provider", {
    many: true,
    description:
      "The providers that the collection's region enables; if it has no region, every enabled one that moves money.",
    where: (provider, collection) =>
      `${provider}.is_enabled AND (${collection}.region_id IS NULL OR EXISTS (SELECT 1 FROM region_payment_provider link ` +
      `WHERE link.region_id = ${collection}.region_id AND link.payment_provider_id = ${provider}.id))`,
  })
  payment_providers?: PaymentProviderResponse[]

  @Related("payment_session", {
    many: true,
    description: "The attempts to pay it. A replaced or canceled session is not listed.",
  })
  payment_sessions?: PaymentSessionResponse[]

  @Related("payment", {
    many: true,
    description: "The payments that its authorized sessions became.",
  })
  payments?: PaymentResponse[]
}

export const COLLECTION_ID: PathParam = { description: "The collection's id.", example: EXAMPLE.collectionId }

export const PAYMENT_COLLECTION = defineResource({
  name: "payment_collection",
  type: PaymentCollectionResponse,
  rows: PaymentCollection,
  toResponse: toPaymentCollectionResponse,
})

/** Every scalar of a payment with its captures and refunds: a payment as the API documents it. */
const PAYMENT_IN_FULL = ["", ".captures", ".refunds", ".refunds.refund_reason"]

/** The collection for a storefront: the documented response in full; back references only on request. */
export const STORE_COLLECTION = new View({
  key: "payment_collection",
  resource: PAYMENT_COLLECTION,
  audience: "store",
  defaults: [
    "*",
    "payment_providers.id",
    "payment_sessions",
    ...PAYMENT_IN_FULL.map((path) => `payment_sessions.payment${path}`),
    ...PAYMENT_IN_FULL.map((path) => `payments${path}`),
  ],
})

/** The collection for operators and services: Medusa's admin defaults. */
export const ADMIN_COLLECTION = new View({
  key: "payment_collection",
  resource: PAYMENT_COLLECTION,
  audience: "admin",
  defaults: [
    "currency_code",
    "amount",
    "status",
    "authorized_amount",
    "captured_amount",
    "refunded_amount",
    "outstanding_amount",
    "payment_sessions",
    "payments",
  ],
})

export const ADMIN_COLLECTIONS = ADMIN_COLLECTION.list("payment_collections")

/** The collection in full for services over TCP, which may select all that operators may. */
export const SERVICE_COLLECTION = STORE_COLLECTION.with({ audience: "admin" })

function toPaymentCollectionResponse(collection: PaymentCollection, audience: Audience): PaymentCollectionResponse {
  const major = (minor: bigint) => toMajor({ minor, currency: collection.currency_code })
  return {
    id: collection.id,
    currency_code: collection.currency_code,
    amount: major(collection.amount),
    status: collection.status,
    authorized_amount: major(collection.authorized_amount),
    captured_amount: major(collection.captured_amount),
    refunded_amount: major(collection.refunded_amount),
    outstanding_amount: collection.outstanding_amount === undefined ? undefined : major(collection.outstanding_amount),
    completed_at: collection.completed_at,
    created_at: collection.created_at,
    updated_at: collection.updated_at,
    metadata: forStaff(collection.metadata, audience),
    cart_id: collection.cart_id,
    order_id: collection.order_id,
    region_id: collection.region_id,
    sales_channel_id: collection.sales_channel_id,
  }
}
