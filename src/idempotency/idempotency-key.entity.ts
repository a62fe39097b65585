import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from "typeorm"
import { TimeColumn } from "../database/columns.js"
import type { StoredResponse } from "./idempotency.rules.js"

/** A key that came with a request, and the response to that request. */
@Entity("idempotency_key")
// Of parallel first uses only one is stored.
@Unique("idempotency_key_once", ["scope", "key"])
// A request that has its response is not being processed any more.
@Check("idempotency_key_claimed_or_answered", "claimed_until IS NULL OR response IS NULL")
@Index("idempotency_key_expiry", ["expires_at"])
export class IdempotencyKey {
  /** Identifies the request to use cases, which find the operation that it started by it. */
  @PrimaryColumn("text")
  id!: string

  /** The caller whose key it is. Callers never share keys, even if a TCP and an HTTP caller have the same name. */
  @Column("text")
  scope!: string

  @Column("text")
  key!: string

  @Column("text")
  request_hash!: string

  /** The text that was sent. `jsonb` would reorder its names, and rejects a NUL that a refusal may quote. */
  @Column("json", { nullable: true })
  response!: StoredResponse | null

  /** The token of the claim of the running request, see {@link Leases}. */
  @Column("text", { nullable: true })
  claim_token!: string | null

  /** The end of the claim, which the running request extends. */
  @TimeColumn()
  claimed_until!: Date | null

  @TimeColumn({ nullable: false })
  expires_at!: Date

  @CreateDateColumn({ type: "timestamptz", precision: 3 })
  created_at!: Date
}
