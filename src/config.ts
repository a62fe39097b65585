import { X509Certificate } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { isIP } from "node:net"
import { resolve } from "node:path"
import { isCurrency } from "./common/money.js"

/** Everything the environment decides, validated once at start. */
export interface Config {
  /** Whether the service runs on its own PostgreSQL or in production. Others may reach it then, so nothing is open by default. */
  isServed: boolean
  http: { host: string; port: number }
  tcp: TcpConfig
  /** If absent, the embedded PostgreSQL in {@link dataDir}. */
  databaseUrl?: string
  databasePoolSize: number
  dataDir: string
  /** Milliseconds that a payment provider has to respond. */
  providerTimeout: number
  /** Milliseconds between two runs of the background work, such as the lookup of unresolved provider calls. */
  reconcilerInterval: number
  /** Packages, or paths from the working directory, whose default exports are Nest modules with payment providers. */
  providerModules: string[]
  /** ISO 4217 code in lower case, for collections of orders that name no currency. */
  defaultCurrency?: string
  cors: { store: CorsOrigin[]; admin: CorsOrigin[] }
  logLevel: LogLevel
  bootstrapKeys: BootstrapKeys
  /** Whether the API document and Swagger UI are served. */
  docs: boolean
}

export interface TcpConfig {
  /** Whether TCP listens. A served service does so only for clients that authenticate. */
  isOn: boolean
  host: string
  port: number
  token?: string
  tls?: TlsFiles
}

/** Paths of PEM files; with `ca`, clients need a certificate that it issued. */
export interface TlsFiles {
  cert: string
  key: string
  ca?: string
}

export interface BootstrapKeys {
  secret?: string
  publishable?: string
}

export type CorsOrigin = string | RegExp

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The origins of browsers without configuration: those on a developer's own machine. */
const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** A setting is missing or wrong. The message is one line that names it and says what it may be. */
export class ConfigError extends Error {}

/** Reads `.env` in the working directory, if there is one. It does not replace variables of the environment. */
export function loadEnvFile(): void {
  if (existsSync(".env")) process.loadEnvFile(".env")
}

/** Any other NODE_ENV counts as production, misspelt ones too: a mistake must not open the service to everybody. */
const OPEN_ENVIRONMENTS = ["development", "test"]

/** Reads one setting by its name. Surrounding spaces do not count, and an empty value is the same as none. */
export type SettingReader = (name: string) => string | undefined

/** The one way in which the service reads an environment. */
export function settingReader(env: NodeJS.ProcessEnv): SettingReader {
  return (name) => {
    const value = env[name]?.trim()
    return value === "" ? undefined : value
  }
}

/** @throws ConfigError naming the first setting that is wrong */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const text = settingReader(env)
  const isServed = text("DATABASE_URL") !== undefined || !OPEN_ENVIRONMENTS.includes(text("NODE_ENV") ?? "development")
  const defaultOrigins = isServed ? [] : [LOOPBACK_ORIGIN]
  return {
    isServed,
    http: { host: text("HOST") ?? "127.0.0.1", port: port("PORT", text("PORT"), 9000) },
    tcp: tcp(text, isServed),
    databaseUrl: databaseUrl(text("DATABASE_URL")),
    databasePoolSize: positiveInteger("DATABASE_POOL_SIZE", text("DATABASE_POOL_SIZE"), 10),
    dataDir: resolve(text("DATA_DIR") ?? ".data"),
    providerTimeout: positiveInteger("PROVIDER_TIMEOUT", text("PROVIDER_TIMEOUT"), 10_000),
    reconcilerInterval: positiveInteger("RECONCILER_INTERVAL", text("RECONCILER_INTERVAL"), 2_000),
    providerModules: commaSeparated(text("PROVIDER_MODULES")),
    defaultCurrency: currency("DEFAULT_CURRENCY", text("DEFAULT_CURRENCY")),
    cors: {
      store: origins("STORE_CORS", text("STORE_CORS")) ?? defaultOrigins,
      admin: origins("ADMIN_CORS", text("ADMIN_CORS")) ?? defaultOrigins,
    },
    logLevel: logLevel(text("LOG_LEVEL")),
    bootstrapKeys: {
      secret: key("BOOTSTRAP_SECRET_KEY", "sk_", text("BOOTSTRAP_SECRET_KEY")),
      publishable: key("BOOTSTRAP_PUBLISHABLE_KEY", "pk_", text("BOOTSTRAP_PUBLISHABLE_KEY")),
    },
    docs: onOff("DOCS", text("DOCS") ?? "on"),
  }
}

function tcp(text: SettingReader, isServed: boolean): TcpConfig {
  const host = text("TCP_HOST") ?? "127.0.0.1"
  const token = tcpToken(text("TCP_TOKEN"))
  const tls = tlsFiles(text("TCP_TLS_CERT"), text("TCP_TLS_KEY"), text("TCP_TLS_CA"))
  const authenticates = token !== undefined || tls?.ca !== undefined
  if (!isLoopback(host) && !authenticates) {
    throw new ConfigError(
      `TCP_HOST is ${host}, which others can reach: set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA, or bind to 127.0.0.1.`,
    )
  }
  return { isOn: authenticates || !isServed, host, port: port("TCP_PORT", text("TCP_PORT"), 9001), token, tls }
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

/** The parts of a comma-separated setting. */
export function commaSeparated(value: string | undefined): string[] {
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

function currency(name: string, value: string | undefined): string | undefined {
  if (value !== undefined && !isCurrency(value)) {
    throw new ConfigError(`${name} must be an ISO 4217 currency code, such as eur, got '${value}'.`)
  }
  return value?.toLowerCase()
}

function logLevel(value: string | undefined): LogLevel {
  const level = LOG_LEVELS.find((known) => known === (value ?? "info"))
  if (!level) throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, got '${value}'.`)
  return level
}

/** Reads comma-separated origins. An origin between slashes is a regular expression, as in Medusa. */
export function origins(name: string, value: string | undefined): CorsOrigin[] | undefined {
  return value?.split(",").map((part) => {
    const origin = part.trim()
    if (origin === "*") throw tooWide(name, "'*'")
    return origin.startsWith("/") ? originPattern(name, origin) : plainOrigin(name, origin.replace(/\/$/, ""))
  })
}

/** Accepts an origin only as browsers send it. Any other form would never match, and `null` would match any sandbox. */
function plainOrigin(name: string, origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin && /^https?:/.test(origin)) return origin
  throw new ConfigError(
    `${name} has '${origin}', which is no origin. Write it as browsers send it: https://shop.example.com.`,
  )
}

const ANCHORED_EXAMPLE = "/^https:\\/\\/[a-z0-9-]+\\.preview\\.example\\.com$/"

/** An origin that a pattern may match only if it matches every site. */
const ANY_SITES = ["https://any-site.invalid", "http://any-site.invalid"]

/** Makes a pattern match the whole origin, also with alternatives: `^a|b$` alone would allow anything that starts with a. */
function originPattern(name: string, literal: string): RegExp {
  const [, source] = /^\/(.*)\/$/.exec(literal) ?? []
  if (source === undefined) {
    throw new ConfigError(
      `${name} has a regular expression that does not end with a slash: ${literal}. It takes no flags and no commas, as in ${ANCHORED_EXAMPLE}.`,
    )
  }
  const inner = /^\^((?:[^\\]|\\.)*)\$$/.exec(source)?.[1]
  if (inner === undefined) {
    const anchored = `^${source.replace(/^\^/, "").replace(/(?<!\\)\$$/, "")}$`
    throw new ConfigError(
      `${name} has a regular expression that is not anchored: ${literal}. It has to match the whole origin: /${anchored}/, with scheme and host as in ${ANCHORED_EXAMPLE}.`,
    )
  }
  let pattern: RegExp
  try {
    // Compiled alone first, because an invalid expression could close the group around it.
    new RegExp(inner)
    pattern = new RegExp(`^(?:${inner})$`)
  } catch {
    throw new ConfigError(`${name} has an invalid regular expression: ${literal}`)
  }
  if (ANY_SITES.some((site) => pattern.test(site))) throw tooWide(name, literal)
  return pattern
}

function tooWide(name: string, given: string): ConfigError {
  return new ConfigError(
    `${name} must name its origins: ${given} would let every site act with the shopper's credentials.`,
  )
}

function onOff(name: string, value: string): boolean {
  if (value !== "on" && value !== "off") throw new ConfigError(`${name} must be on or off, got '${value}'.`)
  return value === "on"
}

/** Checks only the prefix. The strength is checked when the key would be created, because existing weak keys keep working. */
function key(name: string, prefix: string, value: string | undefined): string | undefined {
  if (value !== undefined && !value.startsWith(prefix)) throw new ConfigError(`${name} must start with ${prefix}.`)
  return value
}

/** The minimum of a made-up secret, for error messages. */
export const STRENGTH = "at least 32 characters, 12 of them different; openssl rand -hex 32 makes random ones"

/** Whether a secret is hard to guess. */
export function isStrong(secret: string): boolean {
  return secret.length >= 32 && new Set(secret).size >= 12
}

function tcpToken(value: string | undefined): string | undefined {
  if (value !== undefined && !isStrong(value)) throw new ConfigError(`TCP_TOKEN must have ${STRENGTH}.`)
  return value
}

function tlsFiles(cert: string | undefined, tlsKey: string | undefined, ca: string | undefined): TlsFiles | undefined {
  if (cert === undefined && tlsKey === undefined && ca === undefined) return undefined
  if (cert === undefined || tlsKey === undefined) {
    throw new ConfigError(
      ca === undefined
        ? "TCP_TLS_CERT and TCP_TLS_KEY go together: set the paths of both PEM files."
        : "TCP_TLS_CA needs TCP_TLS_CERT and TCP_TLS_KEY too: set the paths of all three PEM files.",
    )
  }
  for (const path of [cert, tlsKey])
    if (!existsSync(path)) throw new ConfigError(`There is no file at ${path} (TCP_TLS_CERT, TCP_TLS_KEY).`)
  return { cert, key: tlsKey, ...(ca !== undefined && { ca: certificateFile("TCP_TLS_CA", ca) }) }
}

/** Checks the file here, because TLS silently treats a file without a certificate as one that trusts nobody. */
function certificateFile(name: string, path: string): string {
  if (!existsSync(path)) throw new ConfigError(`There is no file at ${path} (${name}).`)
  try {
    new X509Certificate(readFileSync(path, "utf8"))
  } catch {
    throw new ConfigError(`${name} must be the path of a PEM file with a certificate; ${path} has none.`)
  }
  return path
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))
}
