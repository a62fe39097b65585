import { Injectable } from "@nestjs/common"
import { DataSource, MoreThan } from "typeorm"
import { excerpt, NotFound } from "../common/errors.js"
import { PREPARED } from "../database/statements/prepared.js"
import { DEFAULT_LIMIT, MAX_LIMIT, type ListEventsQuery } from "./event.dto.js"
import { OutboxEvent } from "./outbox-event.entity.js"

/** Names the lock that readers take turns by to place what is new; any number that others do not use. */
const PLACING_LOCK = 7_267_002

/** How many events are placed at once: a page, and the one that tells that there are more. */
const BATCH = MAX_LIMIT + 1

/**
 * Where a reader stands, and whether anything waits for its place. Not EXISTS, which PostgreSQL may answer by going
 * through the whole table; the least of the partial index is found at once.
 */
const LOOK = `${PREPARED}SELECT (SELECT position FROM outbox_event WHERE id = $1) AS position,
  (SELECT min(sequence) FROM outbox_event WHERE position IS NULL) IS NOT NULL AS has_new`

const PLACE = `${PREPARED}WITH placed AS (
    SELECT id, row_number() OVER (ORDER BY sequence) AS place
    FROM (SELECT id, sequence FROM outbox_event WHERE position IS NULL ORDER BY sequence LIMIT ${BATCH}) unplaced
  )
  UPDATE outbox_event SET position = coalesce((SELECT max(position) FROM outbox_event), 0) + placed.place
  FROM placed WHERE placed.id = outbox_event.id`

/**
 * The feed of events, in an order that never changes once it was read. Numbers that writers take cannot give it: one
 * who takes a number early may commit late, and a reader who has passed that number would never see it. So an event
 * gets its position when it is read first, after its commit, behind all that have one. Writers know nothing of it and
 * never wait for it.
 */
@Injectable()
export class EventsService {
  constructor(private readonly dataSource: DataSource) {}

  /** What follows an event, or the feed from its beginning. @throws NotFound when there is no such event in the feed */
  async list({ after, limit }: ListEventsQuery): Promise<{ rows: OutboxEvent[]; has_more: boolean }> {
    const { manager } = this.dataSource
    const [seen] = await manager.query<{ position: string | null; has_new: boolean }[]>(LOOK, [after ?? null])
    const position = seen?.position ?? "0"
    if (typeof after === "string" && seen?.position == null) {
      throw eventNotFound(after)
    }
    // Where nothing waits, all that was committed before has its place: nothing that this reader may expect is missed.
    if (seen?.has_new) await this.place()
    const count = Number(limit ?? DEFAULT_LIMIT)
    const rows = await manager.find(OutboxEvent, {
      where: { position: MoreThan(position) },
      order: { position: "ASC" },
      take: count + 1,
    })
    return { rows: rows.slice(0, count), has_more: rows.length > count }
  }

  /** Gives the next positions to what is committed and has none, in the order of writing. */
  private async place(): Promise<void> {
    await this.dataSource.transaction("READ COMMITTED", async (tx) => {
      // A statement of its own: the next one sees what the holder before has placed.
      await tx.query("SELECT pg_advisory_xact_lock($1)", [PLACING_LOCK])
      await tx.query(PLACE)
    })
  }
}

export function eventNotFound(id: string): NotFound {
  return new NotFound(
    `Event id not found: ${excerpt(id)}. Send the id of the last event read, or none to read from the first.`,
  )
}
