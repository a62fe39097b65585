import type { DataSourceOptions, EntityManager, EntityTarget, ObjectLiteral } from "typeorm"
import { ServiceClient } from "./service-client.js"
import { migrations } from "./migrations/index.js"

/** Where the database is, and how many connections this process may hold. */
export interface DatabaseConnection {
  url?: string
  /** The folder of a Unix socket, or a host; for the embedded database. */
  host?: string
  port?: number
  poolSize: number
  /** Milliseconds that a request may wait for a free connection. */
  acquireTimeout: number
}

/** Milliseconds after which PostgreSQL cancels a statement, and a wait for a lock that another transaction holds. */
const STATEMENT_TIMEOUT = 10_000
const LOCK_TIMEOUT = 5_000

/** Milliseconds after which PostgreSQL ends a transaction whose process sends nothing: its host may be gone, with locks held. */
const IDLE_TRANSACTION_TIMEOUT = 5_000

/** Milliseconds after which a connection that does not respond is closed. */
const RESPONSE_TIMEOUT = 12_000

/** The one set of options: Nest, the migrations at start and TypeORM's command line all use it. */
export function dataSourceOptions(
  connection: DatabaseConnection,
  entities: EntityTarget<ObjectLiteral>[],
): DataSourceOptions {
  const { url, host, port, poolSize, acquireTimeout } = connection
  return {
    type: "postgres",
    ...(url ? { url } : { host, port, username: "postgres", database: "postgres" }),
    applicationName: "payment-collections",
    entities: entities as NonNullable<DataSourceOptions["entities"]>,
    migrations,
    migrationsTableName: "migration",
    migrationsTransactionMode: "each",
    synchronize: false,
    poolSize,
    extra: {
      Client: ServiceClient,
      // Not on the embedded database: its one session outlives connections, and so would the prepared statements.
      prepares: url !== undefined,
      // The driver's own timeout, for a PostgreSQL that does not respond. The embedded database has no other.
      query_timeout: RESPONSE_TIMEOUT,
      connectionTimeoutMillis: acquireTimeout,
      statement_timeout: STATEMENT_TIMEOUT,
      lock_timeout: LOCK_TIMEOUT,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT,
      keepAlive: true,
    },
  }
}

/**
 * Whether the database runs inside this process. It cannot interrupt a statement, so a statement that may run for long
 * must not reach it.
 */
export function isEmbedded({ dataSource }: Pick<EntityManager, "dataSource">): boolean {
  return !("url" in dataSource.options)
}

/** A PostgreSQL elsewhere. A request stops waiting for a connection before its client does. */
export function servedConnection(url: string, poolSize: number): DatabaseConnection {
  return { url, poolSize, acquireTimeout: 5_000 }
}
