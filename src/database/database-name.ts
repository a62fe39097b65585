import type { Config } from "../config.js"

/** Which database this is, without the user's password: for people, and for the log. */
export type DatabaseName =
  /** @property folder absolute path of the data folder */
  | { readonly kind: "embedded"; readonly folder: string }
  | { readonly kind: "postgres"; readonly host: string; readonly port: number; readonly database: string }

const POSTGRES_PORT = 5432

export function databaseNameOf({ databaseUrl, dataDir }: Pick<Config, "databaseUrl" | "dataDir">): DatabaseName {
  if (databaseUrl === undefined) return { kind: "embedded", folder: dataDir }
  const { hostname, port, pathname, username } = new URL(databaseUrl)
  return {
    kind: "postgres",
    host: hostname || "localhost",
    port: port === "" ? POSTGRES_PORT : Number(port),
    // PostgreSQL's own default is the database that is named as the user.
    database: decodeURIComponent(pathname.slice(1) || username),
  }
}

export function describeDatabase(name: DatabaseName): string {
  return name.kind === "embedded"
    ? `embedded, in ${name.folder}`
    : `PostgreSQL, ${name.database} on ${name.host}:${name.port} (DATABASE_URL)`
}
