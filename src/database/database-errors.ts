import { QueryFailedError } from "typeorm"
import { Conflict, InvalidData, Unavailable, type ServiceError } from "../common/errors.js"

/** SQLSTATEs that mean "not now": nothing was done, the same request may succeed shortly. */
const NOT_NOW = new Set([
  "53300", // too many connections
  "53200", // out of memory
  "55P03", // lock not available in time
  "57014", // statement timeout
  "57P01", // the server is shutting down
  "57P02",
  "57P03", // the server is starting
  "40001", // serialization failure
  "25P03", // idle in transaction
])

/** The class of SQLSTATEs that a value of the request can cause in spite of the validation: "data exception". */
const BAD_VALUE = "22"

const DEADLOCK = "40P01"

/** Error codes of sockets, and messages of the driver, that mean the database is out of reach or the pool is full. */
const LOST_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "ENOENT"])
const LOST_MESSAGES =
  /timeout exceeded when trying to connect|connection terminated|connection ended|client has encountered a connection error|driver not connected|pool after calling end|query read timeout/i

/** The error for the caller that an error of the database means; undefined if it is a fault of ours. */
export function translateDatabaseError(error: unknown): ServiceError | undefined {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error
  if (!(cause instanceof Error)) return undefined
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : ""
  if (NOT_NOW.has(code) || code.startsWith("08") || LOST_CODES.has(code) || LOST_MESSAGES.test(cause.message)) {
    return new Unavailable({ cause })
  }
  if (code === DEADLOCK) {
    return new Conflict("Another request changed the same data at the same time. Retry the request.", {
      retryAfter: 1,
      cause,
    })
  }
  if (code.startsWith(BAD_VALUE)) {
    return new InvalidData(
      "Invalid request: a value cannot be stored or compared. Check dates, numbers and special characters.",
    )
  }
  return undefined
}

/** Whether the database itself refused, so that nothing was written. A lost response is no refusal. */
export function isRefusal(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("08") && !code.startsWith("57P")
}

/** The name of the constraint or unique index that refused a write; undefined when it was none. */
export function constraintOf(error: unknown): string | undefined {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error
  return cause instanceof Error && "constraint" in cause && typeof cause.constraint === "string"
    ? cause.constraint
    : undefined
}
