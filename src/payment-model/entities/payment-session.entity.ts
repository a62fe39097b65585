import { Check, Column, Entity, Index, JoinColumn, ManyToOne, OneToOne } from "typeorm"
import { JsonColumn, MinorUnitsColumn, SoftDeletedRow, TimeColumn } from "../../database/columns.js"
import { PaymentCollection } from "./payment-collection.entity.js"
import type { Payment } from "./payment.entity.js"
import { SESSION_STATUSES, sqlList, type SessionStatus } from "../status.js"

/** One attempt to pay a collection with one provider. */
@Entity("payment_session")
// At most one open session per collection.
@Index("payment_session_open", ["payment_collection_id"], {
  unique: true,
  where: "deleted_at IS NULL AND status IN ('pending', 'requires_more', 'pending_authorization', 'error')",
})
@Index("payment_session_collection", ["payment_collection_id"])
@Check("payment_session_status_known", `status IN (${sqlList(SESSION_STATUSES)})`)
@Check("payment_session_amount_positive", "amount >= 0")
export class PaymentSession extends SoftDeletedRow {
  @Column("text")
  payment_collection_id!: string

  @ManyToOne(() => PaymentCollection, (collection) => collection.payment_sessions, { nullable: false })
  @JoinColumn({ name: "payment_collection_id", foreignKeyConstraintName: "payment_session_collection_fk" })
  payment_collection?: PaymentCollection

  @Column("text")
  provider_id!: string

  @Column("text")
  currency_code!: string

  @MinorUnitsColumn()
  amount!: bigint

  @Column("text", { default: "pending" })
  status!: SessionStatus

  /** What the client sent. Kept apart from what the provider answered. */
  @JsonColumn({ nullable: false, default: {}, select: false })
  client_data!: Record<string, unknown>

  /** The provider's public data, for storefronts. */
  @JsonColumn({ nullable: false, default: {} })
  data!: Record<string, unknown>

  /** The provider's own data. Never answered, logged or told. */
  @JsonColumn({ select: false })
  private_data!: Record<string, unknown> | null

  @JsonColumn()
  context!: Record<string, unknown> | null

  @TimeColumn()
  authorized_at!: Date | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null

  @OneToOne<Payment>("Payment", (payment) => payment.payment_session)
  payment?: Payment | null
}
