import type { LoggerService } from "@nestjs/common"
import { pino, type Logger } from "pino"
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

/** The one log: a JSON object per line, on standard output. */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: { service: "payment-collections" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: SECRETS, censor: "[redacted]" },
  })
}

/** What is logged of an error. Not all of it: PostgreSQL's own detail shows whole rows, private data included. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return isRecord(error) ? { message: error["message"] } : { message: String(error) }
  const { code, constraint, table, query } = error as Error & Record<string, unknown>
  return { type: error.name, message: error.message, code, constraint, table, query, stack: error.stack }
}

/**
 * Hides keys that a caller put where none belongs, such as a path or the pattern of a message. What remains tells which
 * kind of key it was.
 */
export function redactKeys(text: string): string {
  return text
    .replace(/(sk|pk|rk|whsec)_[A-Za-z0-9_]+/g, "$1_[redacted]")
    .replace(/\b(bearer)(\s|%20)+[^\s"',}]+/gi, "$1 [redacted]")
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
