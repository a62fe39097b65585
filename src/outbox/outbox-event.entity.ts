import { Column, CreateDateColumn, Entity, Generated, Index, PrimaryColumn, Unique } from "typeorm"
import { newId } from "../common/ids.js"
import { JsonColumn } from "../database/columns.js"
import type { Write } from "../database/statements/unit-of-work.js"

/** An event, written in the transaction of the change that it reports. */
@Entity("outbox_event")
@Unique("outbox_event_one_position", ["position"])
// The events that have no place in the feed yet.
@Index("outbox_event_new", ["sequence"], { where: "position IS NULL" })
export class OutboxEvent {
  @PrimaryColumn("text")
  id!: string

  @Column("text")
  name!: string

  /** The id of the aggregate that the event is about. The aggregate's lock orders its events. */
  @Column("text")
  aggregate_id!: string

  /** Amounts are minor units as text, of the `currency_code` beside them. */
  @JsonColumn({ nullable: false })
  data!: Record<string, string | null>

  /** In the order of writing, which for one aggregate is the order of what happened. */
  @Column("bigint")
  @Generated("increment")
  sequence!: string

  /** The place in the feed, given once the fact is committed. */
  @Column("bigint", { nullable: true })
  position!: string | null

  @CreateDateColumn({ type: "timestamptz", precision: 3 })
  created_at!: Date
}

/** The rows that record events, to be written in the transaction of the change. */
export function outboxWrites(
  events: readonly { name: string; aggregateId: string; data: Readonly<Record<string, string | null>> }[],
): Write[] {
  return events.map(({ name, aggregateId, data }) => ({
    insert: OutboxEvent,
    row: { id: newId("evt"), name, aggregate_id: aggregateId, data },
  }))
}
