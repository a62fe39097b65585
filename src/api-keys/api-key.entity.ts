import { Check, Column, Entity, Index } from "typeorm"
import { Row, TimeColumn } from "../database/columns.js"

export const API_KEY_TYPES = ["publishable", "secret"] as const
export type ApiKeyType = (typeof API_KEY_TYPES)[number]

/** A key to the store routes (publishable) or to the admin routes (secret). */
@Entity("api_key")
// Keys are found by this: the token itself where it is public, its SHA-256 where it is secret.
@Index("api_key_lookup", ["lookup"], { unique: true })
@Check("api_key_type_known", "type IN ('publishable', 'secret')")
export class ApiKey extends Row {
  @Column("text")
  type!: ApiKeyType

  @Column("text")
  title!: string

  /** A publishable token, or the hex SHA-256 of a secret one: 256 random bits need no slow hash. */
  @Column("text")
  lookup!: string

  /** A part of the key by which people recognise it: `sk_0a1***f9e`. */
  @Column("text")
  redacted!: string

  /** A publishable key with channels sees only what belongs to them. */
  @Column("text", { array: true, default: [] })
  sales_channel_ids!: string[]

  @Column("text", { nullable: true })
  created_by!: string | null

  @Column("text", { nullable: true })
  revoked_by!: string | null

  /** From then on the key is refused; may lie in the future. */
  @TimeColumn()
  revoked_at!: Date | null

  /** When a request last carried the key, to the minute. Kept for secret keys. */
  @TimeColumn()
  last_used_at!: Date | null
}
