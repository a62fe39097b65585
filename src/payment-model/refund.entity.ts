import { Check, Column, Entity, Index, JoinColumn, ManyToOne } from "typeorm"
import { JsonColumn, MinorUnitsColumn, Row } from "../database/columns.js"
import { Payment } from "./payment.entity.js"
import { RefundReason } from "./refund-reason.entity.js"
import { MOVEMENT_STATUSES, sqlList, type MovementStatus } from "./status.js"

/** Captured money given back: all of it or a part, in minor units of the payment's currency. */
@Entity("refund")
@Index("refund_payment", ["payment_id"])
@Index("refund_reason_used", ["refund_reason_id"], { where: "refund_reason_id IS NOT NULL" })
@Check("refund_amount_above_zero", "amount > 0")
@Check("refund_status_known", `status IN (${sqlList(MOVEMENT_STATUSES)})`)
export class Refund extends Row {
  @Column("text")
  payment_id!: string

  @ManyToOne(() => Payment, { nullable: false })
  @JoinColumn({ name: "payment_id", foreignKeyConstraintName: "refund_payment_fk" })
  payment?: Payment

  @MinorUnitsColumn()
  amount!: bigint

  @Column("text")
  status!: MovementStatus

  @Column("text", { nullable: true })
  refund_reason_id!: string | null

  @ManyToOne(() => RefundReason, { nullable: true })
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
