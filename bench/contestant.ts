import type { Audience } from "../src/api/fields/fields.js"
import type { BenchRequest, RowName } from "./rows.js"

export const CONNECTIONS = [1, 16, 64] as const

/** One measurement's place in the table. */
export interface Cell {
  row: RowName
  connections: number
}

export function cellsOf(rows: readonly RowName[]): Cell[] {
  return rows.flatMap((row) => CONNECTIONS.map((connections) => ({ row, connections })))
}

/** A server that speaks Medusa's payment API. */
export interface Contestant {
  readonly name: "raw" | "service" | "peer"
  readonly baseUrl: string
  /** What opens the doors to the storefronts' routes and to the operators'. */
  readonly headers: Readonly<Record<Audience, Record<string, string>>>
  /** The server's process, whose CPU time and memory are read. */
  readonly pid: number
  /** Requests per measurement. */
  readonly requests: number
  readonly rows: readonly RowName[]
  /** Puts the database into the state that a row wants, and answers as many requests as that state serves. */
  prepare(row: RowName, amount: number): Promise<BenchRequest[]>
  /**
   * Makes sure that the requests have done what their answers do not prove, and that nothing of them goes on.
   * @throws Error when they have not
   */
  conclude(row: RowName, amount: number): Promise<void>
  stop(): Promise<void>
}
