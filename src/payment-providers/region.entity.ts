import { Entity, JoinColumn, ManyToOne, OneToMany, PrimaryColumn } from "typeorm"
import { Row } from "../database/columns.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"

/** A region of the shop. It offers the payment providers that it is linked to. */
@Entity("region")
export class Region extends Row {
  @OneToMany(() => RegionPaymentProvider, (link) => link.region)
  provider_links?: RegionPaymentProvider[]
}

/** A provider that a region offers. */
@Entity("region_payment_provider")
export class RegionPaymentProvider {
  @PrimaryColumn("text")
  region_id!: string

  @PrimaryColumn("text")
  payment_provider_id!: string

  @ManyToOne(() => Region, (region) => region.provider_links, { nullable: false, onDelete: "CASCADE" })
  @JoinColumn({ name: "region_id", foreignKeyConstraintName: "region_payment_provider_region_fk" })
  region?: Region

  // The provider has no other side: the payment model knows no regions.
  @ManyToOne(() => PaymentProvider, { nullable: false })
  @JoinColumn({ name: "payment_provider_id", foreignKeyConstraintName: "region_payment_provider_provider_fk" })
  payment_provider?: PaymentProvider
}
