import { Check, Column, Entity, Index, JoinColumn, ManyToOne } from "typeorm"
import { JsonColumn, MinorUnitsColumn, Row } from "../../database/columns.js"
import { Payment } from "./payment.entity.js"
import { MOVEMENT_STATUSES, sqlList, type MovementStatus } from "../status.js"

/** Money taken of an authorized payment: all of it or a part, in minor units of the payment's currency. */
@Entity("capture")
@Index("capture_payment", ["payment_id"])
@Check("capture_amount_above_zero", "amount > 0")
@Check("capture_status_known", `status IN (${sqlList(MOVEMENT_STATUSES)})`)
export class Capture extends Row {
  @Column("text")
  payment_id!: string

  @ManyToOne(() => Payment, (payment) => payment.captures, { nullable: false })
  @JoinColumn({ name: "payment_id", foreignKeyConstraintName: "capture_payment_fk" })
  payment?: Payment

  @MinorUnitsColumn()
  amount!: bigint

  @Column("text")
  status!: MovementStatus

  /** The id of the key, or the name of the service, that asked for it. */
  @Column("text", { nullable: true })
  created_by!: string | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null
}
