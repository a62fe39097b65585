import { Field, Related, ResourceOf } from "../../api/fields/resource.js"
import { CurrencyField } from "../../api/fields/resource-fields.js"
import { ORDER_PAYMENT_STATUSES, type OrderPaymentStatus } from "../rules/order.rules.js"
import { PaymentCollection } from "../entities/payment-collection.entity.js"
import { EXAMPLE } from "./examples.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"

// No table holds orders. What is known of one comes from the rows of its collections.
@ResourceOf("order", PaymentCollection)
export class OrderResponse {
  @Field({ description: "The order's id, an opaque reference of the caller's.", example: EXAMPLE.orderId })
  id!: string

  @CurrencyField()
  currency_code!: string

  @Field({
    description: "The region of the collection whose session was authorized.",
    type: String,
    nullable: true,
    example: EXAMPLE.regionId,
  })
  region_id!: string | null

  @Field({
    description: "The sales channel of the collection whose session was authorized.",
    type: String,
    nullable: true,
    example: null,
  })
  sales_channel_id!: string | null

  @Field({
    description:
      "How far the order is paid, by all of its collections: refunds outrank captures, captures outrank authorizations.",
    enum: ORDER_PAYMENT_STATUSES,
    example: "authorized",
  })
  payment_status!: OrderPaymentStatus

  @Related("payment_collection", {
    many: true,
    description:
      "What is paid for the order: the collection whose session was authorized, then the others, the newest first. At " +
      "most 1,000.",
  })
  payment_collections?: PaymentCollectionResponse[]
}
