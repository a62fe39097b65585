import { ConfigError } from "./config.js"
import { FolderInUse } from "./database/data-folder-lock.js"
import { DataFolderUnusable } from "./database/embedded-postgres.js"

/** Why the service did not start, in one line that says what to do. */
export function explainStartFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof FolderInUse || error instanceof DataFolderUnusable)
    return error.message
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  if (!(cause instanceof Error)) return `The service did not start: ${String(cause)}`
  const { code, syscall, address, port } = cause as NodeJS.ErrnoException & { address?: string; port?: number }
  if (syscall === "listen" && code === "EADDRINUSE") {
    return `Port ${port} on ${address} is in use. Stop what listens there, or set PORT (HTTP) or TCP_PORT (TCP) to another.`
  }
  if (syscall === "listen")
    return `Cannot listen on ${address}:${port} (${code}). Set HOST and PORT, or TCP_HOST and TCP_PORT, to what this machine has.`
  if (code && DATABASE_FAILURES[code]) return `The database at DATABASE_URL ${DATABASE_FAILURES[code]}`
  return `The service did not start: ${cause.message.split("\n")[0]}`
}

const DATABASE_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections. Is PostgreSQL running there, and are host and port right?",
  ENOTFOUND: "has a host name that cannot be found. Check the host.",
  EAI_AGAIN: "has a host name that cannot be found. Check the host.",
  ETIMEDOUT: "does not answer. Check host, port and firewall.",
  "28P01": "refuses the password. Check user and password.",
  "28000": "refuses the user. Check user and password.",
  "3D000": "is a server without that database. Create it, or name another.",
  "42501": "does not let this user create tables. Grant CREATE on the schema, or use another user.",
}
