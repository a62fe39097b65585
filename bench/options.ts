import { parseArgs } from "node:util"

export interface BenchOptions {
  /** A PostgreSQL whose user may create databases; the bench makes its own there and drops them afterwards. */
  databaseUrl: string
  /** The env file of a running Medusa, to compare with. */
  peerEnv?: string
  /** Requests per contestant, cell and round. */
  requests: number
  /** The same for the peer, whose carts cannot be written by SQL and are used up. */
  peerRequests: number
  rounds: number
}

const USAGE =
  "npm run bench -- --database-url postgres://user@host:5432/postgres " +
  "[--peer-env FILE] [--requests N] [--peer-requests N] [--rounds N]"

/** @throws Error with the usage when an option is missing, unknown or no number above 0 */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parse(args)
  if (!values["database-url"]) throw new Error(`Missing --database-url.\n${USAGE}`)
  return {
    databaseUrl: values["database-url"],
    peerEnv: values["peer-env"],
    requests: count("requests", values.requests),
    peerRequests: count("peer-requests", values["peer-requests"]),
    rounds: count("rounds", values.rounds),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        "database-url": { type: "string" },
        "peer-env": { type: "string" },
        requests: { type: "string", default: "1500" },
        "peer-requests": { type: "string", default: "100" },
        rounds: { type: "string", default: "5" },
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error })
  }
}

function count(name: string, value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number above 0.\n${USAGE}`)
  return number
}
