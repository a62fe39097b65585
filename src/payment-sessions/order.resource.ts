import { getSchemaPath } from "@nestjs/swagger"
import { defineResource, Field, Related } from "../api/fields/resource.js"
import { CurrencyField } from "../api/fields/resource-fields.js"
import { ORDER_PAYMENT_STATUSES, type Order, type OrderPaymentStatus } from "../payment-model/rules/order.rules.js"
import { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import type { AuthorizedOrder } from "./order-sessions.service.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"
import {
  ADMIN_COLLECTION,
  type PaymentCollectionResponse,
} from "../payment-model/resources/payment-collection.resource.js"
import { View } from "../api/fields/view.js"
import { objectSchema, type ResponseBody } from "../api/response-body.js"

// No table holds orders. An order is derived from the rows of its collections.
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

export const ORDER = defineResource({
  name: "order",
  type: OrderResponse,
  rows: PaymentCollection,
  toResponse: toOrderResponse,
})

/** The order for operators and services: all that is known of it, with its collections. */
const ADMIN_ORDER = new View({
  key: "order",
  resource: ORDER,
  audience: "admin",
  defaults: ["*", ...ADMIN_COLLECTION.defaults.map((path) => `payment_collections.${path}`)],
})

/** The order, and beside it whether its session is authorized: `{ order: {...}, is_authorized }`. */
export const AUTHORIZED_ORDER: ResponseBody<AuthorizedOrder> = {
  types: ADMIN_ORDER.types,
  select: (fields) => ADMIN_ORDER.select(fields),
  describeFields: () => ADMIN_ORDER.describeFields(),
  render: ({ order, isAuthorized }, context) => ({
    ...ADMIN_ORDER.render(order, context),
    is_authorized: isAuthorized,
  }),
  schema: () =>
    objectSchema({
      order: { $ref: getSchemaPath(OrderResponse) },
      is_authorized: { type: "boolean", description: "Whether the session has become a payment." },
    }),
  example: (story) => ({ ...ADMIN_ORDER.example(story), is_authorized: true }),
}

function toOrderResponse(order: Order): OrderResponse {
  return {
    id: order.id,
    currency_code: order.currency_code,
    region_id: order.region_id,
    sales_channel_id: order.sales_channel_id,
    payment_status: order.payment_status,
  }
}
