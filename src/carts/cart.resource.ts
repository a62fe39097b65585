import { ApiProperty } from "@nestjs/swagger"
import { envelope } from "../api/response-body.js"
import { toMajor } from "../common/money.js"
import type { Cart } from "./cart.entity.js"

export class CartResponse {
  @ApiProperty({ description: "The cart's id, in the words of the shop.", example: "cart_demo_1" })
  id!: string

  @ApiProperty({ description: "ISO 4217 code in lower case.", example: "eur" })
  currency_code!: string

  @ApiProperty({ description: "What the cart costs, in major units.", example: 49.9 })
  total!: number

  @ApiProperty({ type: String, nullable: true, description: "The cart's region.", example: "reg_demo" })
  region_id!: string | null

  @ApiProperty({ type: String, nullable: true, description: "The shopper's address.", example: "buyer@example.com" })
  email!: string | null

  @ApiProperty({ type: String, nullable: true, description: "The shopper.", example: "cus_123" })
  customer_id!: string | null

  @ApiProperty({ type: String, nullable: true, description: "The cart's sales channel.", example: "sc_europe" })
  sales_channel_id!: string | null

  @ApiProperty({
    type: String,
    nullable: true,
    description: "The order that the cart becomes.",
    example: "order_123",
  })
  order_id!: string | null

  @ApiProperty({
    type: String,
    format: "date-time",
    nullable: true,
    description: "When the cart became an order.",
    example: null,
  })
  completed_at!: Date | null

  @ApiProperty({
    type: String,
    format: "date-time",
    description: "When this service first heard of it.",
    example: "2026-11-22T10:15:30.000Z",
  })
  created_at!: Date

  @ApiProperty({
    type: String,
    format: "date-time",
    description: "When the sender changed it.",
    example: "2026-11-22T10:15:30.000Z",
  })
  updated_at!: Date
}

/** A cart, as it stands in the API document. */
export const CART_EXAMPLE = {
  id: "cart_demo_1",
  currency_code: "eur",
  total: 49.9,
  region_id: "reg_demo",
  email: "buyer@example.com",
  customer_id: "cus_123",
  sales_channel_id: "sc_europe",
  order_id: "order_123",
  completed_at: null,
  created_at: "2026-11-22T10:15:30.000Z",
  updated_at: "2026-11-22T10:15:30.000Z",
}

export function toCartResponse(cart: Cart): CartResponse {
  return {
    id: cart.id,
    currency_code: cart.currency_code,
    total: toMajor({ minor: cart.total, currency: cart.currency_code }),
    region_id: cart.region_id,
    email: cart.email,
    customer_id: cart.customer_id,
    sales_channel_id: cart.sales_channel_id,
    order_id: cart.order_id,
    completed_at: cart.completed_at,
    created_at: cart.created_at,
    updated_at: cart.sent_at,
  }
}

export const CART = envelope("cart", CartResponse, toCartResponse, CART_EXAMPLE)
