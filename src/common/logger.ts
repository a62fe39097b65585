import type { LoggerService } from "@nestjs/common"
import { pino, type DestinationStream, type Logger } from "pino"
import type { LogLevel } from "../config.js"
import { isRecord } from "./validation.js"

/** Header names and fields that a log line never shows, should one ever be logged whole. */
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

/** The one log: a JSON object per line, on standard output. No line shows a key. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service: "payment-collections" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: SECRETS, censor: "[redacted]" },
      hooks: { streamWrite: redactKeys },
    },
    destination,
  )
}

/** What is logged of an error. Not all of it: PostgreSQL's own detail shows whole rows, private data included. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return isRecord(error) ? { message: error["message"] } : { message: String(error) }
  const { code, constraint, table, query } = error as Error & Record<string, unknown>
  return { type: error.name, message: error.message, code, constraint, table, query, stack: error.stack }
}

/** Nest's own messages, in the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message))
  }

  error(message: unknown, stackOrContext?: string, context?: string): void {
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
