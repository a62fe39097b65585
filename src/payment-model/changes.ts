import type { Type } from "@nestjs/common"
import type { ObjectLiteral } from "typeorm"
import type { Write } from "../database/statements/unit-of-work.js"
import type { PaymentEvent } from "./events.js"

type Pending =
  { kind: "insert"; type: Type<ObjectLiteral> } | { kind: "update"; type: Type<ObjectLiteral>; set: ObjectLiteral }

/**
 * What a use case changes of an aggregate: rows, in memory at once and in the database with the transaction, and the
 * events that tell of it. A row that is changed twice is written once.
 */
export class Changes {
  private readonly rows = new Map<ObjectLiteral, Pending>()
  private readonly forDatabase = new Map<ObjectLiteral, ObjectLiteral>()
  private readonly recordedEvents: (() => PaymentEvent)[] = []

  /** A new row. What is left out has the default of its column. */
  insert<E extends ObjectLiteral>(type: Type<E>, row: Partial<E>): E {
    const now = new Date()
    const inserted = Object.assign(new type(), { created_at: now, updated_at: now }, row) as E
    this.rows.set(inserted, { kind: "insert", type })
    return inserted
  }

  update<E extends ObjectLiteral>(type: Type<E>, row: E, set: Partial<E>): void {
    const changed = { ...set, updated_at: new Date() }
    Object.assign(row, changed)
    const pending = this.rows.get(row)
    if (pending?.kind === "insert") return
    this.rows.set(row, { kind: "update", type, set: { ...pending?.set, ...changed } })
  }

  /** Columns whose values only the database knows, such as times by its clock: the row in memory does not get them. */
  setInDatabase<E extends ObjectLiteral>(row: E, set: Partial<Record<keyof E, unknown>>): void {
    this.forDatabase.set(row, set)
  }

  /** Tells a fact, in the words that are true once everything is changed. */
  recordEvent(event: () => PaymentEvent): void {
    this.recordedEvents.push(event)
  }

  get events(): PaymentEvent[] {
    return this.recordedEvents.map((event) => event())
  }

  get writes(): Write[] {
    return [...this.rows].map(([row, pending]) => {
      const set = this.forDatabase.get(row)
      return pending.kind === "insert"
        ? { insert: pending.type, row: set ? { ...row, ...set } : row }
        : { update: pending.type, id: row["id"] as string, set: { ...pending.set, ...set } }
    })
  }
}
