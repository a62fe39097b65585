import { Entity, JoinColumn, ManyToOne, PrimaryColumn } from "typeorm"
import { Row } from "../database/columns.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"

/** A region of the shop that this service was told of. */
@Entity("region")
export class Region extends Row {}

/** A provider that a region offers. */
@Entity("region_payment_provider")
export class RegionPaymentProvider {
  @PrimaryColumn("text")
  region_id!: string

  @PrimaryColumn("text")
  payment_provider_id!: string

  @ManyToOne(() => Region, { nullable: false, onDelete: "CASCADE" })
  @JoinColumn({ name: "region_id", foreignKeyConstraintName: "region_payment_provider_region_fk" })
  region?: Region

  @ManyToOne(() => PaymentProvider, { nullable: false })
  @JoinColumn({ name: "payment_provider_id", foreignKeyConstraintName: "region_payment_provider_provider_fk" })
  payment_provider?: PaymentProvider
}
