import { Check, Column, Entity, Index, OneToMany } from "typeorm"
import { JsonColumn, MinorUnitsColumn, SoftDeletedRow, TimeColumn } from "../../database/columns.js"
import type { PaymentOperation } from "./payment-operation.entity.js"
import type { PaymentProvider } from "./payment-provider.entity.js"
import type { PaymentSession } from "./payment-session.entity.js"
import type { Payment } from "./payment.entity.js"
import { COLLECTION_STATUSES, sqlList, type CollectionStatus } from "../status.js"

/** Which collections are live: a cart has at most one of them. A canceled one gives way to a new one. */
export const LIVE_COLLECTION = "deleted_at IS NULL AND status <> 'canceled'"

/** All that is paid for one cart, or for one order of another system. Amounts are minor units of its currency. */
@Entity("payment_collection")
// One live collection per cart, under any race.
@Index("payment_collection_live_cart", ["cart_id"], { unique: true, where: LIVE_COLLECTION })
@Index("payment_collection_order", ["order_id"], { where: "order_id IS NOT NULL" })
// A request that comes again with its key finds what it made.
@Index("payment_collection_request_key", ["request_key"], { unique: true, where: "request_key IS NOT NULL" })
@Check("payment_collection_status_known", `status IN (${sqlList(COLLECTION_STATUSES)})`)
// Money is never owed backwards.
@Check(
  "payment_collection_amounts_positive",
  "amount >= 0 AND authorized_amount >= 0 AND captured_amount >= 0 AND refunded_amount >= 0",
)
export class PaymentCollection extends SoftDeletedRow {
  @Column("text")
  currency_code!: string

  @MinorUnitsColumn()
  amount!: bigint

  @MinorUnitsColumn({ default: 0 })
  authorized_amount!: bigint

  @MinorUnitsColumn({ default: 0 })
  captured_amount!: bigint

  @MinorUnitsColumn({ default: 0 })
  refunded_amount!: bigint

  @Column("text", { default: "not_paid" })
  status!: CollectionStatus

  /** Set once, when everything was captured. */
  @TimeColumn()
  completed_at!: Date | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null

  @Column("text", { nullable: true })
  cart_id!: string | null

  /** An opaque reference of the caller's. */
  @Column("text", { nullable: true })
  order_id!: string | null

  @Column("text", { nullable: true })
  region_id!: string | null

  @Column("text", { nullable: true })
  sales_channel_id!: string | null

  /** When an operator began to mark it as paid; a call that did not get through may be repeated from there. */
  @TimeColumn()
  marking_paid_at!: Date | null

  /** The total of the cart, in minor units, that was last reported as larger than the amount; null if it is not. */
  @MinorUnitsColumn({ nullable: true, select: false })
  outgrown_total!: bigint | null

  /** Names the request that made it, where that came with an idempotency key. */
  @Column("text", { nullable: true, select: false })
  request_key!: string | null

  /** Counts the changes of the row, and the calls to providers that began. */
  @Column("integer", { default: 1 })
  version!: number

  /** What is still to be paid. No column: a read derives it, because it changes with the cart. */
  outstanding_amount?: bigint

  /** The providers that a shopper can choose from. No relation of the tables: a region offers them. */
  payment_providers?: PaymentProvider[]

  // The other sides are given by name, so that the modules of the entities do not import each other in a circle.

  @OneToMany<PaymentSession>("PaymentSession", (session) => session.payment_collection)
  payment_sessions?: PaymentSession[]

  @OneToMany<Payment>("Payment", (payment) => payment.payment_collection)
  payments?: Payment[]

  @OneToMany<PaymentOperation>("PaymentOperation", (operation) => operation.payment_collection)
  operations?: PaymentOperation[]
}
