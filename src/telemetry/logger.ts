import type { LoggerService } from "@nestjs/common"
import { pino, type DestinationStream, type Logger } from "pino"
import type { LogLevel } from "../config.js"
import { isRecord } from "../common/json.js"

/** Header names and fields that a log line never shows, even if a whole object is logged. */
const SECRETS = [
  "authorization",
  "token",
  "*.authorization",
  "*.token",
  '*["x-publishable-api-key"]',
  "*.private_data",
  "*.parameters",
]

/**
 * Keys of this service and of providers, and credentials of a header, anywhere in a text. An underscore may be
 * percent-encoded, as in a path. The id of an API key (`apk_`) is none.
 */
const KEYS = /(sk|rk|(?<!\ba)pk)(?:_|%5f)[\w.~%+=-]+|(whsec)(?:_|%5f)[\w%/+=-]+/gi
const CREDENTIALS = /\b(Bearer|Basic)(\s+|%20|\+)[\w.~%/+=-]{16,}/gi

/** The text without the keys in it: `sk_[redacted]`. A key ends up in a path or a message when somebody mixes them up. */
export function redactKeys(text: string): string {
  return text
    .replace(CREDENTIALS, "$1 [redacted]")
    .replace(KEYS, (_, key?: string, webhookKey?: string) => `${key ?? webhookKey}_[redacted]`)
}

export interface LoggerOptions {
  /** Where the lines go; absent: to standard output. */
  destination?: DestinationStream
  /** For the keys of the demo shop, which a start without a terminal shows in the log. */
  showsKeys?: boolean
}

/** The one log: a JSON object per line, on standard output. No line shows a key. */
export function createLogger(level: LogLevel, { destination, showsKeys = false }: LoggerOptions = {}): Logger {
  return pino(
    {
      level,
      base: { service: "payment-collections" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: SECRETS, censor: "[redacted]" },
      ...(!showsKeys && { hooks: { streamWrite: redactKeys } }),
    },
    destination,
  )
}

/** Characters of a message that are logged, and how many causes. */
const MESSAGE_LENGTH = 1_000
const CAUSES = 5

/** Selects the loggable parts of an error. PostgreSQL's detail is left out, because it shows whole rows with private data. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return causeOf(error, CAUSES)
  const { constraint, table, query } = error as Error & Record<string, unknown>
  return { ...(causeOf(error, CAUSES) as object), constraint, table, query, stack: error.stack }
}

/** An error, or what else was thrown, with what caused it. A network error often says nothing itself, but its cause does. */
function causeOf(error: unknown, left: number): unknown {
  // Errors of another realm, as an abort may be, are no instances of ours.
  if (!isRecord(error) && !(error instanceof Error)) return { message: clip(error) }
  const { name, message, code, cause, errors } = error as Record<string, unknown>
  // Node reports a host with several addresses as one error with several causes.
  const next: unknown = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  return {
    type: typeof name === "string" ? name : undefined,
    message: clip(message),
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    cause: next === undefined || next === null || left === 0 ? undefined : causeOf(next, left - 1),
  }
}

function clip(message: unknown): string {
  const isText = typeof message === "string" || typeof message === "number"
  return isText ? String(message).slice(0, MESSAGE_LENGTH).toWellFormed() : ""
}

/** A line with fields of its own, for Nest's logger. */
export interface LogFields {
  readonly msg: string
  readonly [field: string]: unknown
}

function isLogFields(message: unknown): message is LogFields {
  return isRecord(message) && !(message instanceof Error) && typeof message["msg"] === "string"
}

/** Nest's own messages, in the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message))
  }

  error(message: unknown, stackOrContext?: string, context?: string): void {
    if (isLogFields(message)) {
      const { msg, ...fields } = message
      this.logger.error({ ...fields, context: context ?? stackOrContext }, msg)
      return
    }
    const err = message instanceof Error ? message : undefined
    this.logger.error({ err, context: context ?? stackOrContext }, String(message))
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message))
  }

  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message))
  }

  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message))
  }
}
