import { Check, Column, Entity, Index, JoinColumn, ManyToOne, OneToMany } from "typeorm"
import { JsonColumn, MinorUnitsColumn, SoftDeletedRow, TimeColumn } from "../../database/columns.js"
import type { Capture } from "./capture.entity.js"
import type { Dispute } from "./dispute.entity.js"
import { PaymentCollection } from "./payment-collection.entity.js"
import { PaymentSession } from "./payment-session.entity.js"
import type { Refund } from "./refund.entity.js"

/** What an authorized session became: money that may be captured, and refunded. Amounts are minor units. */
@Entity("payment")
// One payment per session.
@Index("payment_one_per_session", ["payment_session_id"], { unique: true, where: "deleted_at IS NULL" })
@Index("payment_collection_id_idx", ["payment_collection_id"])
@Check("payment_amount_positive", "amount >= 0 AND refunded_amount >= 0 AND captured_amount >= 0")
// Never more than the session asked for.
@Check("payment_authorized_within_amount", "authorized_amount <= amount")
// Never more than was authorized.
@Check("payment_captured_within_authorized", "captured_amount <= authorized_amount")
// Never more than was captured.
@Check("payment_refunded_within_captured", "refunded_amount <= captured_amount")
export class Payment extends SoftDeletedRow {
  @Column("text")
  payment_collection_id!: string

  @ManyToOne(() => PaymentCollection, (collection) => collection.payments, { nullable: false })
  @JoinColumn({ name: "payment_collection_id", foreignKeyConstraintName: "payment_collection_fk" })
  payment_collection?: PaymentCollection

  @Column("text")
  payment_session_id!: string

  // One payment per session. `@OneToOne` here would add a unique constraint that also counts deleted rows.
  @ManyToOne(() => PaymentSession, (session) => session.payment, { nullable: false })
  @JoinColumn({ name: "payment_session_id", foreignKeyConstraintName: "payment_session_fk" })
  payment_session?: PaymentSession

  @Column("text")
  provider_id!: string

  @Column("text")
  currency_code!: string

  @MinorUnitsColumn()
  amount!: bigint

  @MinorUnitsColumn()
  authorized_amount!: bigint

  @MinorUnitsColumn({ default: 0 })
  captured_amount!: bigint

  @MinorUnitsColumn({ default: 0 })
  refunded_amount!: bigint

  /** The provider's public data. */
  @JsonColumn({ nullable: false, default: {} })
  data!: Record<string, unknown>

  /** The provider's own data. Never answered, logged or told. */
  @JsonColumn({ select: false })
  private_data!: Record<string, unknown> | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null

  /** When it was captured in full. */
  @TimeColumn()
  captured_at!: Date | null

  @TimeColumn()
  canceled_at!: Date | null

  /** When the provider releases what is not captured by then, if it says so. */
  @TimeColumn()
  capture_before!: Date | null

  /** It came in when nothing was to be paid any more, and is given back: the collection's status does not follow it. */
  @Column("boolean", { default: false, select: false })
  is_surplus!: boolean

  @OneToMany<Capture>("Capture", (capture) => capture.payment)
  captures?: Capture[]

  @OneToMany<Refund>("Refund", (refund) => refund.payment)
  refunds?: Refund[]

  @OneToMany<Dispute>("Dispute", (dispute) => dispute.payment)
  disputes?: Dispute[]
}
