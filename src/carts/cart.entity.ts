import { Check, Column, Entity } from "typeorm"
import { MinorUnitsColumn, Row, TimeColumn } from "../database/columns.js"

/** What this service needs to know of a cart that another service owns. The total is minor units of the currency. */
@Entity("cart")
@Check("cart_total_positive", "total >= 0")
export class Cart extends Row {
  @Column("text")
  currency_code!: string

  @MinorUnitsColumn()
  total!: bigint

  @Column("text", { nullable: true })
  region_id!: string | null

  @Column("text", { nullable: true })
  email!: string | null

  @Column("text", { nullable: true })
  customer_id!: string | null

  /** Absent: every publishable key sees the cart. */
  @Column("text", { nullable: true })
  sales_channel_id!: string | null

  /** The order that the cart becomes: an opaque reference of the caller's. */
  @Column("text", { nullable: true })
  order_id!: string | null

  @TimeColumn()
  completed_at!: Date | null

  /** The sender's clock. An update with an older one came too late and changes nothing. */
  @TimeColumn({ nullable: false })
  sent_at!: Date
}
