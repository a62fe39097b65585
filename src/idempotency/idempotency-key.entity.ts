import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from "typeorm"
import { TimeColumn } from "../database/columns.js"
import type { StoredResponse } from "./idempotency.rules.js"

/** A key that came with a request, and what the request was answered. */
@Entity("idempotency_key")
// Of parallel first uses one gets in.
@Unique("idempotency_key_once", ["scope", "key"])
// Who is answered is not at it any more.
@Check("idempotency_key_claimed_or_answered", "claimed_until IS NULL OR response IS NULL")
@Index("idempotency_key_expiry", ["expires_at"])
export class IdempotencyKey {
  /** Names the request to use cases, which find by it what they began. */
  @PrimaryColumn("text")
  id!: string

  /** Whose key it is: callers do not meet, not even those of different transports with the same name. */
  @Column("text")
  scope!: string

  @Column("text")
  key!: string

  @Column("text")
  request_hash!: string

  /** Text as it was answered: `jsonb` would reorder its names, and take no NUL that a refusal may quote. */
  @Column("json", { nullable: true })
  response!: StoredResponse | null

  /** Names the claim of the request that runs, see {@link Leases}. */
  @Column("text", { nullable: true })
  claim_token!: string | null

  /** The claim's end, which the running request puts off. */
  @TimeColumn()
  claimed_until!: Date | null

  @TimeColumn({ nullable: false })
  expires_at!: Date

  @CreateDateColumn({ type: "timestamptz", precision: 3 })
  created_at!: Date
}
