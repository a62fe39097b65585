import { Check, Column, Entity, Index, JoinColumn, ManyToOne } from "typeorm"
import { JsonColumn, MinorUnitsColumn, Row, TimeColumn } from "../../database/columns.js"
import { PaymentCollection } from "./payment-collection.entity.js"
import {
  OPERATION_KINDS,
  OPERATION_STATES,
  SESSION_OPERATION_KINDS,
  sqlList,
  UNRESOLVED_STATES,
  type OperationKind,
  type OperationState,
} from "../status.js"

const UNSETTLED = `state IN (${sqlList(UNRESOLVED_STATES)})`

/** The parameters of a call to a provider, frozen when it began: a retry repeats them word by word. */
export interface OperationRequest {
  readonly client_data: Record<string, unknown>
  readonly data: Record<string, unknown>
  readonly private_data: Record<string, unknown>
  readonly context: Record<string, unknown>
  /** A session that changes with its collection, which takes on the same figures once the provider has agreed. */
  readonly is_following?: boolean
  /**
   * The amount of the collection that goes with a changed session, in minor units: more than the session's, when
   * something is authorized already.
   */
  readonly collection_amount?: string
  /** Where the cart is by then, which the collection takes on along with the figures. */
  readonly place?: { readonly region_id: string | null; readonly sales_channel_id: string | null }
  /** A capture after which the rest is given up. */
  readonly is_final?: boolean
}

/** Why a provider refused, as far as callers may know. */
export interface OperationFailure {
  /** Safe to show to a shopper. */
  readonly message: string
  readonly code?: string
  readonly decline_code?: string
  /** Whether the same request may succeed later. */
  readonly retryable?: boolean
  /** Who refused: the shopper's bank, the provider, the caller's own request, or the payment's present state. */
  readonly refused_by: "issuer" | "provider" | "caller" | "state"
  /** The provider's state of the payment was not the one on record: it has to be fetched. */
  readonly state_differs?: boolean
  /** What the provider does not know any more. */
  readonly missing?: "payment" | "account_holder"
  /** Nothing is wrong: the shopper was faster, and the session has become a payment. */
  readonly is_overtaken?: boolean
}

/**
 * A call to a provider, written before it is made. Its id is the idempotency key that the provider gets, so that it can
 * be repeated and looked up. Until it is settled, its money is reserved.
 */
@Entity("payment_operation")
// A session is changed by one call at a time.
@Index("payment_operation_one_per_session", ["payment_collection_id"], {
  unique: true,
  where: `${UNSETTLED} AND kind IN (${sqlList(SESSION_OPERATION_KINDS)})`,
})
// A payment is canceled by one call at a time.
@Index("payment_operation_one_cancel", ["payment_id"], {
  unique: true,
  where: `${UNSETTLED} AND kind = 'cancel_payment'`,
})
// A request that comes again with its key finds what it began.
@Index("payment_operation_request_key", ["request_key"], { unique: true, where: "request_key IS NOT NULL" })
@Index("payment_operation_collection", ["payment_collection_id"])
@Index("payment_operation_unresolved", ["payment_collection_id"], { where: UNSETTLED })
@Index("payment_operation_payment", ["payment_id"], { where: "payment_id IS NOT NULL" })
@Index("payment_operation_stuck", ["id"], { where: "is_stuck" })
@Index("payment_operation_due", ["next_attempt_at"], { where: UNSETTLED })
@Check("payment_operation_kind_known", `kind IN (${sqlList(OPERATION_KINDS)})`)
@Check("payment_operation_state_known", `state IN (${sqlList(OPERATION_STATES)})`)
@Check("payment_operation_amount_positive", "amount >= 0")
// A settled call says when.
@Check("payment_operation_resolved", `(${UNSETTLED}) = (resolved_at IS NULL)`)
export class PaymentOperation extends Row {
  @Column("text")
  kind!: OperationKind

  @Column("text")
  payment_collection_id!: string

  @ManyToOne(() => PaymentCollection, (collection) => collection.operations, { nullable: false })
  @JoinColumn({ name: "payment_collection_id", foreignKeyConstraintName: "payment_operation_collection_fk" })
  payment_collection?: PaymentCollection

  @Column("text")
  payment_session_id!: string

  @Column("text", { nullable: true })
  payment_id!: string | null

  @Column("text", { nullable: true })
  capture_id!: string | null

  @Column("text", { nullable: true })
  refund_id!: string | null

  @Column("text")
  provider_id!: string

  @Column("text")
  currency_code!: string

  /** Minor units: what is authorized, captured or refunded by it, or given up. */
  @MinorUnitsColumn()
  amount!: bigint

  @Column("text", { default: "pending" })
  state!: OperationState

  /** Holds what only provider and service know. Never answered, logged or told. */
  @JsonColumn({ nullable: false, select: false })
  request!: OperationRequest

  @JsonColumn({ select: false })
  failure!: OperationFailure | null

  @Column("text", { nullable: true })
  last_error!: string | null

  /** How often the provider was asked what became of it. */
  @Column("integer", { default: 0 })
  attempts!: number

  /** When the reconciler asks next; null once settled or stuck. */
  @TimeColumn()
  next_attempt_at!: Date | null

  /** Names the claim of the process that works on it, see {@link Leases}. */
  @Column("text", { nullable: true, select: false })
  claim_token!: string | null

  /** The claim's end, which that process puts off while it works. */
  @TimeColumn({ select: false })
  claimed_until!: Date | null

  /** The reconciler has given up; a person has to look. */
  @Column("boolean", { default: false })
  is_stuck!: boolean

  /** The provider has accepted it and works on it: it called the outcome pending. */
  @Column("boolean", { default: false })
  is_accepted!: boolean

  /** Names the request that began it, where that came with an idempotency key: the id under which the key is kept. */
  @Column("text", { nullable: true, select: false })
  request_key!: string | null

  /** The id of the key, or the name of the service, that asked for it. */
  @Column("text", { nullable: true })
  created_by!: string | null

  @TimeColumn()
  resolved_at!: Date | null
}
