import type { RowName } from "./rows.js"
import type { Template } from "./template.js"

/** How the service served one request, with gaps for the ids: what it takes to ask again, and to do the same again. */
export interface Recording {
  /** The rows before, by table, in an order that foreign keys allow: each a list of JSON objects, without its brackets. */
  state: { table: string; rows: Template }[]
  request: Template
  statements: Statement[]
  answer: unknown
}

export interface Statement {
  text: string
  /** Text has gaps, for ids and for the time; anything else is always the same. */
  values: (Template | number | boolean | null)[]
}

export type Recordings = Record<RowName, Recording>

/** The gap for the time of the request. */
export const NOW = "now"

/** Begins the names of gaps for ids that the request makes. The other gaps are for ids of the state; see copies.ts. */
export const NEW = "new"

export const BEGIN = "START TRANSACTION"
export const COMMIT = "COMMIT"

/** Statements that the service sent, without those around a transaction. */
export function countStatements({ statements }: Recording): number {
  return statements.filter(({ text }) => text !== BEGIN && text !== COMMIT).length
}
