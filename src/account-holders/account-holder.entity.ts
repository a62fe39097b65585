import { Column, Entity, Index } from "typeorm"
import { SoftDeletedRow } from "../database/columns.js"

/** A customer of the shop as a payment provider knows them. */
@Entity("account_holder")
// One per provider and customer.
@Index("account_holder_live_customer", ["provider_id", "customer_id"], { unique: true, where: "deleted_at IS NULL" })
export class AccountHolder extends SoftDeletedRow {
  @Column("text")
  provider_id!: string

  /** As the shop knows the customer. */
  @Column("text")
  customer_id!: string

  @Column("text", { nullable: true })
  email!: string | null

  @Column("text", { nullable: true })
  name!: string | null

  @Column("text", { nullable: true })
  phone!: string | null

  /** As the provider knows the customer; null until the provider has answered. */
  @Column("text", { nullable: true })
  external_id!: string | null
}
