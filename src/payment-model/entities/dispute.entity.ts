import { Check, Column, Entity, Index, JoinColumn, ManyToOne } from "typeorm"
import { MinorUnitsColumn, Row, TimeColumn } from "../../database/columns.js"
import { Payment } from "./payment.entity.js"

/** A shopper's objection to a payment, raised with their bank. It moves no money of these books. */
@Entity("dispute")
@Index("dispute_once", ["payment_id", "external_id"], { unique: true })
@Check("dispute_amount_positive", "amount >= 0")
export class Dispute extends Row {
  @Column("text")
  payment_id!: string

  @ManyToOne(() => Payment, (payment) => payment.disputes, { nullable: false })
  @JoinColumn({ name: "payment_id", foreignKeyConstraintName: "dispute_payment_fk" })
  payment?: Payment

  /** The provider's own id. */
  @Column("text")
  external_id!: string

  /** What is disputed, in minor units. */
  @MinorUnitsColumn()
  amount!: bigint

  /** May differ from the payment's: a bank disputes in the currency of the card. */
  @Column("text")
  currency_code!: string

  /** Where it stands, in the provider's words. */
  @Column("text")
  status!: string

  /** What the shopper objects to, in the provider's words. */
  @Column("text")
  reason!: string

  @TimeColumn({ nullable: false })
  opened_at!: Date
}
