import { ServiceError } from "../common/errors.js"
import { ConfigError } from "../config.js"
import { DataFolderUnusable } from "../database/embedded/data-folder.js"
import { FolderInUse } from "../database/embedded/data-folder-lock.js"
import { DatabaseUnreachable, NotMigrated } from "../database/migrate.js"

/** Errors whose message says what is wrong and what to do. */
const CLEAR = [ConfigError, FolderInUse, DataFolderUnusable, NotMigrated, ServiceError]

/**
 * Explains why the service did not start or a command failed, and what to do.
 * @param what failed, for unexpected errors
 */
export function explainFailure(error: unknown, what: string): string {
  if (error instanceof Error && CLEAR.some((type) => error instanceof type)) return error.message
  if (error instanceof DatabaseUnreachable) return explainDatabaseFailure(error.cause)
  const cause = firstOf(error)
  if (!(cause instanceof Error)) return `${what}: ${String(cause)}`
  const { code, syscall, address, port } = cause as NodeJS.ErrnoException & { address?: string; port?: number }
  if (syscall === "listen" && code === "EADDRINUSE") {
    return `Port ${port} on ${address} is in use. Stop what listens there, or set PORT (HTTP) or TCP_PORT (TCP) to another.`
  }
  if (syscall === "listen")
    return `Cannot listen on ${address}:${port} (${code}). Set HOST and PORT, or TCP_HOST and TCP_PORT, to what this machine has.`
  // A missing right shows only when the migrations run.
  if (code && DATABASE_FAILURES[code]) return explainDatabaseFailure(cause)
  return `${what}: ${cause.message.split("\n")[0]}`
}

function explainDatabaseFailure(error: unknown): string {
  const cause = firstOf(error)
  const { code, message }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause))
  const known = code === undefined ? undefined : DATABASE_FAILURES[code]
  const reason = known ?? `cannot be used: ${message.split("\n")[0] ?? ""}. Check host, port, TLS and credentials.`
  return `The database at DATABASE_URL ${reason}`
}

/** Node reports a host with several addresses as one error with several causes. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error
}

const DATABASE_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections. Is PostgreSQL running there, and are host and port right?",
  ENOTFOUND: "has a host name that cannot be found. Check the host.",
  EAI_AGAIN: "has a host name that cannot be found. Check the host.",
  ETIMEDOUT: "does not respond. Check host, port and firewall.",
  "28P01": "refuses the password. Check user and password.",
  "28000": "refuses the user. Check user and password.",
  "3D000": "is a server without that database. Create it, or name another.",
  "42501": "does not let this user create tables. Grant CREATE on the schema, or use another user.",
}
