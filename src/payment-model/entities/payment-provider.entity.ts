import { Column, Entity, PrimaryColumn } from "typeorm"

/** A provider that this service was started with at some time, and whether operators let it be used. */
@Entity("payment_provider")
export class PaymentProvider {
  /** `pp_{identifier}_{id}` */
  @PrimaryColumn("text")
  id!: string

  @Column("boolean", { default: true })
  is_enabled!: boolean
}
