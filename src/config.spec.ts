import { afterAll, describe, expect, it } from "@jest/globals"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { ConfigError, readConfig, type Config } from "./config.js"

const folder = mkdtempSync(join(tmpdir(), "config-"))
const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
for (const file of [cert, key]) writeFileSync(file, "")
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const secret = `sk_${"a".repeat(64)}`
const publishable = `pk_${"a".repeat(64)}`

describe("readConfig", () => {
  it("needs nothing, and then listens to this machine alone", () => {
    expect(readConfig({})).toEqual({
      http: { host: "127.0.0.1", port: 9000 },
      tcp: { host: "127.0.0.1", port: 9001 },
      databaseUrl: undefined,
      databasePoolSize: 10,
      dataDir: resolve(".data"),
      providerTimeout: 10_000,
      reconcilerInterval: 2_000,
      providerModules: [],
      cors: { store: [expect.any(RegExp)], admin: [expect.any(RegExp)] },
      logLevel: "info",
      bootstrapKeys: {},
    })
  })

  it.each<[string, Record<string, string>, (config: Config) => unknown, unknown]>([
    ["HOST", { HOST: "0.0.0.0" }, ({ http }) => http.host, "0.0.0.0"],
    ["PORT", { PORT: "8080" }, ({ http }) => http.port, 8080],
    ["PORT 0, for any that is free", { PORT: "0" }, ({ http }) => http.port, 0],
    ["PORT with blanks around", { PORT: " 8080 " }, ({ http }) => http.port, 8080],
    ["PORT that is empty, as one that is absent", { PORT: "" }, ({ http }) => http.port, 9000],
    [
      "PROVIDER_MODULES, by commas",
      { PROVIDER_MODULES: "@acme/gift-cards, ./invoice.js," },
      ({ providerModules }) => providerModules,
      ["@acme/gift-cards", "./invoice.js"],
    ],
    ["TCP_PORT", { TCP_PORT: "65535" }, ({ tcp }) => tcp.port, 65535],
    ["TCP_HOST on loopback", { TCP_HOST: "127.0.0.2" }, ({ tcp }) => tcp.host, "127.0.0.2"],
    ["TCP_HOST on loopback by name", { TCP_HOST: "localhost" }, ({ tcp }) => tcp.host, "localhost"],
    ["TCP_HOST on loopback in IPv6", { TCP_HOST: "::1" }, ({ tcp }) => tcp.host, "::1"],
    [
      "TCP_HOST elsewhere with a token",
      { TCP_HOST: "0.0.0.0", TCP_TOKEN: "t".repeat(20) },
      ({ tcp }) => tcp.token,
      "t".repeat(20),
    ],
    [
      "TCP_HOST elsewhere with TLS",
      { TCP_HOST: "::", TCP_TLS_CERT: cert, TCP_TLS_KEY: key },
      ({ tcp }) => tcp.tls,
      { cert, key },
    ],
    [
      "DATABASE_URL",
      { DATABASE_URL: "postgres://u:p@db:5432/shop" },
      (config) => config.databaseUrl,
      "postgres://u:p@db:5432/shop",
    ],
    [
      "DATABASE_URL in its long form",
      { DATABASE_URL: "postgresql://db/shop" },
      (config) => config.databaseUrl,
      "postgresql://db/shop",
    ],
    ["DATABASE_POOL_SIZE", { DATABASE_POOL_SIZE: "1" }, (config) => config.databasePoolSize, 1],
    ["DATA_DIR, made absolute", { DATA_DIR: "data" }, (config) => config.dataDir, resolve("data")],
    [
      "STORE_CORS, without the slash at the end",
      { STORE_CORS: "https://shop.example/, https://other.example" },
      ({ cors }) => cors.store,
      ["https://shop.example", "https://other.example"],
    ],
    ["ADMIN_CORS with a regular expression", { ADMIN_CORS: "/\\.example$/" }, ({ cors }) => cors.admin, [/\.example$/]],
    ["LOG_LEVEL", { LOG_LEVEL: "silent" }, (config) => config.logLevel, "silent"],
    ["BOOTSTRAP_SECRET_KEY", { BOOTSTRAP_SECRET_KEY: secret }, (config) => config.bootstrapKeys.secret, secret],
    [
      "BOOTSTRAP_PUBLISHABLE_KEY",
      { BOOTSTRAP_PUBLISHABLE_KEY: publishable },
      (config) => config.bootstrapKeys.publishable,
      publishable,
    ],
  ])("takes %s", (_, env, read, expected) => {
    expect(read(readConfig(env))).toEqual(expected)
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ PORT: "http" }, /^PORT must be a port from 0 to 65535, got 'http'\.$/],
    [{ PORT: "65536" }, /^PORT must be a port/],
    [{ PORT: "-1" }, /^PORT must be a port/],
    [{ PORT: "80.5" }, /^PORT must be a port/],
    [{ TCP_PORT: "9001a" }, /^TCP_PORT must be a port from 0 to 65535, got '9001a'\.$/],
    [
      { TCP_HOST: "0.0.0.0" },
      /^TCP_HOST is 0\.0\.0\.0, which others can reach: set TCP_TOKEN, or TCP_TLS_CERT and TCP_TLS_KEY, or bind to 127\.0\.0\.1\.$/,
    ],
    [{ TCP_HOST: "::" }, /^TCP_HOST is ::, which others can reach/],
    [{ TCP_HOST: "10.0.0.1" }, /^TCP_HOST is 10\.0\.0\.1, which others can reach/],
    [{ TCP_HOST: "payments.internal" }, /which others can reach/],
    [{ TCP_HOST: "127.0.0.1.example.com" }, /which others can reach/],
    [{ TCP_HOST: "0.0.0.0", TCP_TOKEN: "  " }, /which others can reach/],
    [{ TCP_TOKEN: "t".repeat(19) }, /^TCP_TOKEN must have at least 20 characters\.$/],
    [{ STORE_CORS: "*" }, /^STORE_CORS must name its origins/],
    [{ TCP_TLS_CERT: cert }, /^TCP_TLS_CERT and TCP_TLS_KEY go together/],
    [{ TCP_TLS_KEY: key }, /^TCP_TLS_CERT and TCP_TLS_KEY go together/],
    [{ TCP_TLS_CERT: cert, TCP_TLS_KEY: "/nowhere/key.pem" }, /^There is no file at \/nowhere\/key\.pem/],
    [{ DATABASE_URL: "mysql://db/shop" }, /^DATABASE_URL must look like postgres:/],
    [{ DATABASE_URL: "postgres://db:port/shop" }, /^DATABASE_URL must look like postgres:/],
    [{ DATABASE_POOL_SIZE: "0" }, /^DATABASE_POOL_SIZE must be a whole number above 0, got '0'\.$/],
    [{ DATABASE_POOL_SIZE: "many" }, /^DATABASE_POOL_SIZE must be a whole number/],
    [{ STORE_CORS: "/(/" }, /^STORE_CORS has an invalid regular expression: \/\(\/$/],
    [{ ADMIN_CORS: "https://a.example,/[/" }, /^ADMIN_CORS has an invalid regular expression: \/\[\/$/],
    [{ LOG_LEVEL: "loud" }, /^LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, got 'loud'\.$/],
    [{ BOOTSTRAP_SECRET_KEY: publishable }, /^BOOTSTRAP_SECRET_KEY must start with sk_/],
    [
      { BOOTSTRAP_SECRET_KEY: "sk_short" },
      /^BOOTSTRAP_SECRET_KEY must start with sk_ and have at least 20 characters\.$/,
    ],
    [{ BOOTSTRAP_PUBLISHABLE_KEY: secret }, /^BOOTSTRAP_PUBLISHABLE_KEY must start with pk_/],
  ])("refuses %j in one line", (env, message) => {
    const refusal = refusalOf(env)
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain("\n")
  })

  it.each<Record<string, string>>([
    { BOOTSTRAP_SECRET_KEY: "sk_hunter2" },
    { DATABASE_URL: "mysql://root:hunter2@db/shop" },
  ])("does not repeat a secret: %j", (env) => {
    expect(refusalOf(env)).not.toContain("hunter2")
  })

  it.each([
    ["http://localhost:5173", true],
    ["https://127.0.0.1", true],
    ["http://[::1]:3000", true],
    ["https://localhost.example", false],
    ["https://example.com", false],
  ])("lets browsers call from this machine alone, when nothing is said: %s", (origin, allowed) => {
    const [pattern] = readConfig({}).cors.store
    expect((pattern as RegExp).test(origin)).toBe(allowed)
  })
})

function refusalOf(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error("It was accepted")
}
