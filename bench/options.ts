import { parseArgs } from "node:util"
import { CONNECTIONS } from "./contestant.js"
import { ROW_NAMES, type RowName } from "./rows.js"

export interface BenchOptions {
  /** A PostgreSQL whose user may create databases; the bench makes its own there and drops them afterwards. */
  databaseUrl: string
  /** The env file of a running Medusa, to compare with. */
  peerEnv?: string
  rows: RowName[]
  /** Requests per contestant, cell and round. */
  requests: number
  /** The same for the peer, whose carts are used up and cannot be written by SQL. */
  peerRequests: number
  rounds: number
}

/** Each of them sends at least one request. */
const MOST_CONNECTIONS = Math.max(...CONNECTIONS)

const USAGE =
  "npm run bench -- --database-url postgres://user@host:5432/postgres " +
  `[--peer-env FILE] [--rows ${ROW_NAMES.join()}] ` +
  "[--requests N] [--peer-requests N] [--rounds N]"

/** @throws Error with the usage when an option is missing, unknown or not what it has to be */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parse(args)
  if (!values["database-url"]) throw new Error(`Missing --database-url.\n${USAGE}`)
  return {
    databaseUrl: values["database-url"],
    peerEnv: values["peer-env"],
    rows: rowsOf(values.rows),
    requests: count("requests", values.requests, MOST_CONNECTIONS),
    peerRequests: count("peer-requests", values["peer-requests"], MOST_CONNECTIONS),
    rounds: count("rounds", values.rounds, 1),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        "database-url": { type: "string" },
        "peer-env": { type: "string" },
        rows: { type: "string", default: ROW_NAMES.join() },
        requests: { type: "string", default: "1500" },
        "peer-requests": { type: "string", default: "100" },
        rounds: { type: "string", default: "5" },
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error })
  }
}

function rowsOf(value: string): RowName[] {
  const names = value.split(",")
  const unknown = names.find((name) => !(ROW_NAMES as string[]).includes(name))
  if (unknown !== undefined) throw new Error(`--rows does not know '${unknown}'.\n${USAGE}`)
  return ROW_NAMES.filter((name) => names.includes(name))
}

function count(name: string, value: string, least: number): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < least) {
    throw new Error(`--${name} must be a whole number from ${least}.\n${USAGE}`)
  }
  return number
}
