import { existsSync } from "node:fs"
import { isIP } from "node:net"
import { resolve } from "node:path"

/** Everything the environment decides, validated once at start. */
export interface Config {
  http: { host: string; port: number }
  tcp: { host: string; port: number; token?: string; tls?: { cert: string; key: string } }
  /** Absent: the embedded PostgreSQL in {@link dataDir}. */
  databaseUrl?: string
  databasePoolSize: number
  dataDir: string
  /** Milliseconds that a payment provider has to answer. */
  providerTimeout: number
  /** Milliseconds between two looks for calls to providers that nobody settled. */
  reconcilerInterval: number
  /** Packages, or paths from the working directory, whose default exports are Nest modules with payment providers. */
  providerModules: string[]
  cors: { store: CorsOrigin[]; admin: CorsOrigin[] }
  logLevel: LogLevel
  bootstrapKeys: { secret?: string; publishable?: string }
}

export type CorsOrigin = string | RegExp

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where browsers may call from when nothing is configured: a developer's own machine. */
const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** A setting is missing or wrong. The message is one line that names it and says what it may be. */
export class ConfigError extends Error {}

/** Reads `.env` in the working directory, where there is one; what the environment already has stays. */
export function loadEnvFile(): void {
  if (existsSync(".env")) process.loadEnvFile(".env")
}

/** @throws ConfigError naming the first setting that is wrong */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const text = (name: string) => {
    const value = env[name]?.trim()
    return value === "" ? undefined : value
  }
  const tcpHost = text("TCP_HOST") ?? "127.0.0.1"
  const config: Config = {
    http: { host: text("HOST") ?? "127.0.0.1", port: port("PORT", text("PORT"), 9000) },
    tcp: {
      host: tcpHost,
      port: port("TCP_PORT", text("TCP_PORT"), 9001),
      token: tcpToken(text("TCP_TOKEN")),
      tls: tls(text("TCP_TLS_CERT"), text("TCP_TLS_KEY")),
    },
    databaseUrl: databaseUrl(text("DATABASE_URL")),
    databasePoolSize: positiveInteger("DATABASE_POOL_SIZE", text("DATABASE_POOL_SIZE"), 10),
    dataDir: resolve(text("DATA_DIR") ?? ".data"),
    providerTimeout: positiveInteger("PROVIDER_TIMEOUT", text("PROVIDER_TIMEOUT"), 10_000),
    reconcilerInterval: positiveInteger("RECONCILER_INTERVAL", text("RECONCILER_INTERVAL"), 2_000),
    providerModules: list(text("PROVIDER_MODULES")),
    cors: { store: origins("STORE_CORS", text("STORE_CORS")), admin: origins("ADMIN_CORS", text("ADMIN_CORS")) },
    logLevel: logLevel(text("LOG_LEVEL")),
    bootstrapKeys: {
      secret: key("BOOTSTRAP_SECRET_KEY", "sk_", text("BOOTSTRAP_SECRET_KEY")),
      publishable: key("BOOTSTRAP_PUBLISHABLE_KEY", "pk_", text("BOOTSTRAP_PUBLISHABLE_KEY")),
    },
  }
  if (!isLoopback(tcpHost) && !config.tcp.token && !config.tcp.tls) {
    throw new ConfigError(
      `TCP_HOST is ${tcpHost}, which others can reach: set TCP_TOKEN, or TCP_TLS_CERT and TCP_TLS_KEY, or bind to 127.0.0.1.`,
    )
  }
  return config
}

function port(name: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 65535) {
    throw new ConfigError(`${name} must be a port from 0 to 65535, got '${value}'.`)
  }
  return number
}

function positiveInteger(name: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value)
  if (!Number.isInteger(number) || number < 1)
    throw new ConfigError(`${name} must be a whole number above 0, got '${value}'.`)
  return number
}

function list(value: string | undefined): string[] {
  const parts = (value ?? "").split(",").map((part) => part.trim())
  return parts.filter((part) => part !== "")
}

function databaseUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    throw new ConfigError("DATABASE_URL must look like postgres://user:password@host:5432/database.")
  }
  return value
}

function logLevel(value: string | undefined): LogLevel {
  const level = LOG_LEVELS.find((known) => known === (value ?? "info"))
  if (!level) throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, got '${value}'.`)
  return level
}

/** Origins are separated by commas; one between slashes is a regular expression, as in Medusa. */
export function origins(name: string, value: string | undefined): CorsOrigin[] {
  if (value === undefined) return [LOOPBACK_ORIGIN]
  return value.split(",").map((part) => {
    const origin = part.trim()
    if (origin === "*") {
      throw new ConfigError(
        `${name} must name its origins: '*' would let every site act with the shopper's credentials.`,
      )
    }
    if (!origin.startsWith("/") || !origin.endsWith("/")) return origin.replace(/\/$/, "")
    try {
      return new RegExp(origin.slice(1, -1))
    } catch {
      throw new ConfigError(`${name} has an invalid regular expression: ${origin}`)
    }
  })
}

function key(name: string, prefix: string, value: string | undefined): string | undefined {
  if (value !== undefined && (!value.startsWith(prefix) || value.length < 20)) {
    throw new ConfigError(`${name} must start with ${prefix} and have at least 20 characters.`)
  }
  return value
}

function tcpToken(value: string | undefined): string | undefined {
  if (value !== undefined && value.length < 20) throw new ConfigError("TCP_TOKEN must have at least 20 characters.")
  return value
}

function tls(cert: string | undefined, tlsKey: string | undefined): { cert: string; key: string } | undefined {
  if (cert === undefined && tlsKey === undefined) return undefined
  if (cert === undefined || tlsKey === undefined) {
    throw new ConfigError("TCP_TLS_CERT and TCP_TLS_KEY go together: set the paths of both PEM files.")
  }
  for (const path of [cert, tlsKey])
    if (!existsSync(path)) throw new ConfigError(`There is no file at ${path} (TCP_TLS_CERT, TCP_TLS_KEY).`)
  return { cert, key: tlsKey }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))
}
