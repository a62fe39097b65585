import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { MoreThan, Repository } from "typeorm"
import { excerpt, NotFound } from "../common/errors.js"
import { prepared } from "../database/statements/prepared.js"
import { DEFAULT_LIMIT, MAX_LIMIT, type ListEventsQuery } from "./event.dto.js"
import { OutboxEvent } from "./outbox-event.entity.js"

/** The lock that makes readers place new events in turn; any number that nothing else uses. */
const PLACING_LOCK = 7_267_002

/** How many events one statement places: a page, and one more that shows that there are more. */
const BATCH = MAX_LIMIT + 1

/**
 * Where a reader stands, and whether anything waits for its place. Not EXISTS, which PostgreSQL may answer by going
 * through the whole table; the minimum of the partial index is found immediately.
 */
const LOOK = prepared`SELECT (SELECT position FROM outbox_event WHERE id = $1) AS position,
  (SELECT min(sequence) FROM outbox_event WHERE position IS NULL) IS NOT NULL AS has_new`

const PLACE = prepared`WITH placed AS (
    SELECT id, row_number() OVER (ORDER BY sequence) AS place
    FROM (SELECT id, sequence FROM outbox_event WHERE position IS NULL ORDER BY sequence LIMIT ${BATCH}) unplaced
  )
  UPDATE outbox_event SET position = coalesce((SELECT max(position) FROM outbox_event), 0) + placed.place
  FROM placed WHERE placed.id = outbox_event.id`

/**
 * The feed of events, in an order that never changes once it was read. Numbers that writers take cannot give that order: a
 * writer that takes a number early may commit late, and a reader that has passed the number would never see its event. So
 * an event gets its position when it is first read, after its commit, behind all events that have one. Writers never
 * wait for it.
 */
@Injectable()
export class EventsService {
  constructor(@InjectRepository(OutboxEvent) private readonly events: Repository<OutboxEvent>) {}

  /** The events after a given one, or from the beginning of the feed. @throws NotFound when there is no such event in the feed */
  async list({ after, limit }: ListEventsQuery): Promise<{ rows: OutboxEvent[]; has_more: boolean }> {
    const [seen] = await this.events.query<{ position: string | null; has_new: boolean }[]>(LOOK, [after ?? null])
    const position = seen?.position ?? "0"
    if (typeof after === "string" && seen?.position == null) {
      throw eventNotFound(after)
    }
    // If no event waits, every event that was committed before has its place, so this reader misses none.
    if (seen?.has_new) await this.place()
    const count = Number(limit ?? DEFAULT_LIMIT)
    const rows = await this.events.find({
      where: { position: MoreThan(position) },
      order: { position: "ASC" },
      take: count + 1,
    })
    return { rows: rows.slice(0, count), has_more: rows.length > count }
  }

  /** Gives the next positions to the committed events that have none, in the order of writing. */
  private async place(): Promise<void> {
    await this.events.manager.transaction("READ COMMITTED", async (tx) => {
      // A statement of its own, so that the next one sees the places that the previous holder gave.
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
