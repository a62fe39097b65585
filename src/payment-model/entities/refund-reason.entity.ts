import { Column, Entity, Index, OneToMany } from "typeorm"
import { JsonColumn, SoftDeletedRow } from "../../database/columns.js"
import type { Refund } from "./refund.entity.js"

/** Why money goes back, in the merchant's words. */
@Entity("refund_reason")
// The code of a deleted reason is free again.
@Index("refund_reason_live_code", ["code"], { unique: true, where: "deleted_at IS NULL" })
export class RefundReason extends SoftDeletedRow {
  @Column("text")
  label!: string

  @Column("text")
  code!: string

  @Column("text", { nullable: true })
  description!: string | null

  @JsonColumn()
  metadata!: Record<string, unknown> | null

  @OneToMany<Refund>("Refund", (refund) => refund.refund_reason)
  refunds?: Refund[]
}
