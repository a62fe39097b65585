import { Check, Column, Entity, Index, JoinColumn, ManyToOne } from "typeorm"
import { JsonColumn, MinorUnitsColumn, Row } from "../../database/columns.js"
import { Payment } from "./payment.entity.js"
import { RefundReason } from "./refund-reason.entity.js"
import { REFUND_STATUSES, sqlList, type RefundStatus } from "../status.js"

/** Captured money given back: all of it or a part, in minor units of the payment's currency. */
@Entity("refund")
@Index("refund_payment", ["payment_id"])
@Index("refund_reason_used", ["refund_reason_id"], { where: "refund_reason_id IS NOT NULL" })
// What was made with the provider is taken over once.
@Index("refund_external_id", ["payment_id", "external_id"], { unique: true, where: "external_id IS NOT NULL" })
@Check("refund_amount_above_zero", "amount > 0")
@Check("refund_status_known", `status IN (${sqlList(REFUND_STATUSES)})`)
export class Refund extends Row {
  @Column("text")
  payment_id!: string

  @ManyToOne(() => Payment, (payment) => payment.refunds, { nullable: false })
  @JoinColumn({ name: "payment_id", foreignKeyConstraintName: "refund_payment_fk" })
  payment?: Payment

  @MinorUnitsColumn()
  amount!: bigint

  @Column("text")
  status!: RefundStatus

  /** The provider's own id, where it told one; a refund that was made with the provider has no other origin. */
  @Column("text", { nullable: true, select: false })
  external_id!: string | null

  @Column("text", { nullable: true })
  refund_reason_id!: string | null

  @ManyToOne(() => RefundReason, (reason) => reason.refunds, { nullable: true })
  @JoinColumn({ name: "refund_reason_id", foreignKeyConstraintName: "refund_reason_fk" })
  refund_reason?: RefundReason | null

  @Column("text", { nullable: true })
  note!: string | null

  /** The id of the key, or the name of the service, that asked for it. */
  @Column("text", { nullable: true })
  created_by!: string | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null
}
