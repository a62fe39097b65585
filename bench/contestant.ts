/** What is measured: a create on a cart without a collection, or on one that has it already. */
export const MODES = ["create", "repeat"] as const
export type Mode = (typeof MODES)[number]

export const CONNECTIONS = [1, 16, 64] as const

/** One measurement's place in the table. */
export interface Cell {
  mode: Mode
  connections: number
}

export const CELLS: readonly Cell[] = MODES.flatMap((mode) => CONNECTIONS.map((connections) => ({ mode, connections })))

/** A server that answers `POST /store/payment-collections`. */
export interface Contestant {
  readonly name: "raw" | "service" | "peer"
  readonly baseUrl: string
  readonly publishableKey: string
  /** The server's process, whose CPU time and memory are read. */
  readonly pid: number
  /** Requests per measurement. */
  readonly requests: number
  /** Ids of so many carts that are in the state which the mode wants; a repeat may get fewer and cycles through them. */
  carts(mode: Mode, amount: number): Promise<string[]>
  stop(): Promise<void>
}
