import { afterAll, describe, expect, it } from "@jest/globals"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { ConfigError, readConfig, type Config } from "./config.js"

const folder = mkdtempSync(join(tmpdir(), "config-"))
const [cert, key, ca] = [join(folder, "cert.pem"), join(folder, "key.pem"), join(folder, "ca.pem")]
for (const file of [cert, key]) writeFileSync(file, "")
const newCa = ["-nodes", "-newkey", "rsa:2048", "-subj", "/CN=ca", "-days", "1", "-keyout", join(folder, "ca.key")]
execFileSync("openssl", ["req", "-x509", ...newCa, "-out", ca], { stdio: "ignore" })
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** 32 characters, 12 of them different: the least that is strong enough. */
const token = "0123456789ab".padEnd(32, "0")

const secret = `sk_${"a".repeat(64)}`
const publishable = `pk_${"a".repeat(64)}`

describe("readConfig", () => {
  it("needs nothing, and then listens to this machine alone", () => {
    expect(readConfig({})).toEqual({
      isServed: false,
      http: { host: "127.0.0.1", port: 9000 },
      tcp: { isOn: true, host: "127.0.0.1", port: 9001 },
      databaseUrl: undefined,
      databasePoolSize: 10,
      dataDir: resolve(".data"),
      providerTimeout: 10_000,
      reconcilerInterval: 2_000,
      providerModules: [],
      cors: { store: [expect.any(RegExp)], admin: [expect.any(RegExp)] },
      logLevel: "info",
      bootstrapKeys: {},
      docs: true,
    })
  })

  it.each<Record<string, string>>([
    { NODE_ENV: "production" },
    { NODE_ENV: "prod" },
    { NODE_ENV: "staging" },
    { DATABASE_URL: "postgres://db/shop" },
  ])("opens nothing by itself on a served service: %j", (env) => {
    const config = readConfig(env)
    expect(config).toMatchObject({ isServed: true, tcp: { isOn: false }, cors: { store: [], admin: [] } })
    expect(readConfig({ ...env, NODE_ENV: "production", STORE_CORS: "https://shop.example" }).cors).toEqual({
      store: ["https://shop.example"],
      admin: [],
    })
  })

  it.each<[string, boolean, Record<string, string>]>([
    ["a token", true, { TCP_TOKEN: token }],
    ["client certificates", true, { TCP_TLS_CERT: cert, TCP_TLS_KEY: key, TCP_TLS_CA: ca }],
    ["a certificate of its own alone", false, { TCP_TLS_CERT: cert, TCP_TLS_KEY: key }],
  ])("with %s, has TCP on (%s) on a served service", (_, isOn, env) => {
    expect(readConfig({ NODE_ENV: "production", ...env }).tcp.isOn).toBe(isOn)
    expect(readConfig(env).tcp.isOn).toBe(true)
  })

  it.each([
    ["/^https:\\/\\/[a-z]+\\.shop\\.example$/", "https://a.shop.example", true],
    ["/^https:\\/\\/[a-z]+\\.shop\\.example$/", "https://a.shop.example.evil", false],
    // Each alternative has to match the whole origin.
    ["/^https:\\/\\/a\\.example|https:\\/\\/b\\.example$/", "https://b.example", true],
    ["/^https:\\/\\/a\\.example|https:\\/\\/b\\.example$/", "https://a.example.evil", false],
    ["/^https:\\/\\/a\\.example|https:\\/\\/b\\.example$/", "https://evil/https://b.example", false],
  ])("takes the pattern %s for the origin %s: %s", (STORE_CORS, origin, allowed) => {
    const [pattern] = readConfig({ STORE_CORS }).cors.store
    expect((pattern as RegExp).test(origin)).toBe(allowed)
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
    ["TCP_HOST elsewhere with a token", { TCP_HOST: "0.0.0.0", TCP_TOKEN: token }, ({ tcp }) => tcp.token, token],
    [
      "TCP_HOST elsewhere with client certificates",
      { TCP_HOST: "::", TCP_TLS_CERT: cert, TCP_TLS_KEY: key, TCP_TLS_CA: ca },
      ({ tcp }) => tcp.tls,
      { cert, key, ca },
    ],
    [
      "a certificate of the server's own",
      { TCP_TLS_CERT: cert, TCP_TLS_KEY: key },
      ({ tcp }) => tcp.tls,
      { cert, key },
    ],
    ["DEFAULT_CURRENCY in any case", { DEFAULT_CURRENCY: "EUR" }, ({ defaultCurrency }) => defaultCurrency, "eur"],
    ["DOCS", { DOCS: "off" }, ({ docs }) => docs, false],
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
    [
      "ADMIN_CORS with a regular expression",
      { ADMIN_CORS: "/^https:\\/\\/[a-z]+\\.example$/" },
      ({ cors }) => cors.admin,
      [/^(?:https:\/\/[a-z]+\.example)$/],
    ],
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
      /^TCP_HOST is 0\.0\.0\.0, which others can reach: set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA, or bind to 127\.0\.0\.1\.$/,
    ],
    [{ TCP_HOST: "::" }, /^TCP_HOST is ::, which others can reach/],
    [{ TCP_HOST: "10.0.0.1" }, /^TCP_HOST is 10\.0\.0\.1, which others can reach/],
    [{ TCP_HOST: "payments.internal" }, /which others can reach/],
    [{ TCP_HOST: "127.0.0.1.example.com" }, /which others can reach/],
    [{ TCP_HOST: "0.0.0.0", TCP_TOKEN: "  " }, /which others can reach/],
    [{ TCP_HOST: "0.0.0.0", TCP_TLS_CERT: cert, TCP_TLS_KEY: key }, /which others can reach/],
    [
      { TCP_TOKEN: token.slice(1) },
      /^TCP_TOKEN must have at least 32 characters, 12 of them different; openssl rand -hex 32 makes random ones\.$/,
    ],
    [{ TCP_TOKEN: "0123456789a".repeat(9) }, /^TCP_TOKEN must have at least 32 characters, 12 of them different/],
    [{ STORE_CORS: "*" }, /^STORE_CORS must name its origins/],
    [{ TCP_TLS_CERT: cert }, /^TCP_TLS_CERT and TCP_TLS_KEY go together/],
    [{ TCP_TLS_KEY: key }, /^TCP_TLS_CERT and TCP_TLS_KEY go together/],
    [{ TCP_TLS_CERT: cert, TCP_TLS_KEY: "/nowhere/key.pem" }, /^There is no file at \/nowhere\/key\.pem/],
    [{ TCP_TLS_CA: ca }, /^TCP_TLS_CA needs TCP_TLS_CERT and TCP_TLS_KEY too/],
    [
      { TCP_TLS_CERT: cert, TCP_TLS_KEY: key, TCP_TLS_CA: "/nowhere/ca.pem" },
      /^There is no file at \/nowhere\/ca\.pem \(TCP_TLS_CA\)\.$/,
    ],
    [
      { TCP_TLS_CERT: cert, TCP_TLS_KEY: key, TCP_TLS_CA: key },
      /^TCP_TLS_CA must be the path of a PEM file with a certificate; .*key\.pem has none\.$/,
    ],
    [{ DATABASE_URL: "mysql://db/shop" }, /^DATABASE_URL must look like postgres:/],
    [{ DATABASE_URL: "postgres://db:port/shop" }, /^DATABASE_URL must look like postgres:/],
    [{ DATABASE_POOL_SIZE: "0" }, /^DATABASE_POOL_SIZE must be a whole number above 0, got '0'\.$/],
    [{ DATABASE_POOL_SIZE: "many" }, /^DATABASE_POOL_SIZE must be a whole number/],
    [{ STORE_CORS: "/^($/" }, /^STORE_CORS has an invalid regular expression: \/\^\(\$\/$/],
    [{ ADMIN_CORS: "https://a.example,/^[$/" }, /^ADMIN_CORS has an invalid regular expression: \/\^\[\$\/$/],
    // It would end the group that anchors it.
    [{ STORE_CORS: "/^a)|(?:b$/" }, /^STORE_CORS has an invalid regular expression/],
    [
      { STORE_CORS: "/\\.example$/" },
      /^STORE_CORS has a regular expression that is not anchored: \/\\\.example\$\/\. It has to match the whole origin: \/\^\\\.example\$\/, with scheme and host as in \/\^https/,
    ],
    [{ STORE_CORS: "/^https:\\/\\/a\\.example/" }, /is not anchored: .* \/\^https:\\\/\\\/a\\\.example\$\/, with/],
    [{ STORE_CORS: "/^https:\\/\\/a\\.example\\$/" }, /is not anchored/],
    [{ STORE_CORS: "//" }, /is not anchored/],
    [{ STORE_CORS: "/" }, /does not end with a slash/],
    [
      { ADMIN_CORS: "/^https:\\/\\/a$/i" },
      /^ADMIN_CORS has a regular expression that does not end with a slash: .* no flags/,
    ],
    [{ ADMIN_CORS: "/^https:\\/\\/[a-z]{1,9}$/" }, /does not end with a slash: .* no commas/],
    [{ STORE_CORS: "/^.*$/" }, /^STORE_CORS must name its origins: \/\^\.\*\$\/ would let every site/],
    [{ STORE_CORS: "/^https:\\/\\/.+$/" }, /^STORE_CORS must name its origins/],
    [{ DEFAULT_CURRENCY: "euro" }, /^DEFAULT_CURRENCY must be an ISO 4217 currency code, such as eur, got 'euro'\.$/],
    [{ DOCS: "no" }, /^DOCS must be on or off, got 'no'\.$/],
    [{ LOG_LEVEL: "loud" }, /^LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, got 'loud'\.$/],
    [{ BOOTSTRAP_SECRET_KEY: publishable }, /^BOOTSTRAP_SECRET_KEY must start with sk_/],
    [{ BOOTSTRAP_PUBLISHABLE_KEY: secret }, /^BOOTSTRAP_PUBLISHABLE_KEY must start with pk_/],
  ])("refuses %j in one line", (env, message) => {
    const refusal = refusalOf(env)
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain("\n")
  })

  it.each<Record<string, string>>([
    { BOOTSTRAP_SECRET_KEY: "hunter2" },
    { TCP_TOKEN: "hunter2" },
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
