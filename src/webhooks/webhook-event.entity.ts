import { Check, Column, Entity, Index } from "typeorm"
import { JsonColumn, Row, TimeColumn } from "../database/columns.js"
import { sqlList } from "../payment-model/status.js"

/**
 * What became of an event: `pending`, to be applied; `parked`, about a session that is not known yet; `applied`;
 * `ignored`, about a payment that was not made here; `dead`, given up, for a person to look at.
 */
export const WEBHOOK_STATES = ["pending", "parked", "applied", "ignored", "dead"] as const
export type WebhookState = (typeof WEBHOOK_STATES)[number]

/** The states in which an event is still to be applied. */
export const WAITING_STATES = ["pending", "parked"] as const

const WAITING = `state IN (${sqlList(WAITING_STATES)})`

/** An event that a payment provider told, kept before it is acknowledged. */
@Entity("webhook_event")
// The provider may tell it more than once.
@Index("webhook_event_once", ["provider_id", "external_id"], { unique: true })
@Index("webhook_event_due", ["next_attempt_at"], { where: WAITING })
@Index("webhook_event_reference", ["reference"])
@Check("webhook_event_state_known", `state IN (${sqlList(WEBHOOK_STATES)})`)
// Whatever is waited for says when it is looked at next.
@Check("webhook_event_waiting", `(${WAITING}) = (next_attempt_at IS NOT NULL)`)
export class WebhookEvent extends Row {
  /** The provider that it was told to. */
  @Column("text")
  provider_id!: string

  /** The provider's own id of it. */
  @Column("text")
  external_id!: string

  @Column("text")
  type!: string

  /** The provider's id of the payment that it is about. */
  @Column("text")
  reference!: string

  /** As the provider sent it; kept until it is applied. */
  @JsonColumn({ select: false })
  payload!: Record<string, unknown> | null

  /** Our session, once that is known. */
  @Column("text", { nullable: true })
  payment_session_id!: string | null

  @Column("text", { default: "pending" })
  state!: WebhookState

  /** How often it was tried to apply it. */
  @Column("integer", { default: 0 })
  attempts!: number

  /** When it is tried next; null once nothing is to be done. */
  @TimeColumn()
  next_attempt_at!: Date | null

  /** Names the claim of the process that works on it, see {@link Leases}. */
  @Column("text", { nullable: true, select: false })
  claim_token!: string | null

  /** The claim's end, which that process puts off while it works. */
  @TimeColumn({ select: false })
  claimed_until!: Date | null

  /** Why it could not be applied so far. */
  @Column("text", { nullable: true })
  last_error!: string | null

  /** When it was applied, ignored or given up. */
  @TimeColumn()
  handled_at!: Date | null
}
