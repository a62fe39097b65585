import { DataSource, MigrationExecutor, type DataSourceOptions } from "typeorm"

/** Names the lock that the instances of this service take turns by; any number that others do not use. */
const MIGRATION_LOCK = 7_267_001

/** The database cannot be used; the cause says why. */
export class DatabaseUnreachable extends Error {}

/** The database does not have the schema of this version. The message says what to do. */
export class NotMigrated extends Error {}

/**
 * For what uses a database of the service and must not create or change its schema.
 * @throws NotMigrated, DatabaseUnreachable
 */
export async function assertMigrated(options: DataSourceOptions): Promise<void> {
  const dataSource = await connect(options)
  try {
    // First, because TypeORM creates its table when it looks for migrations.
    const [table] = await dataSource.query<{ exists: boolean }[]>(
      "SELECT to_regclass('migration') IS NOT NULL AS exists",
    )
    if (!table?.exists) {
      throw new NotMigrated(
        "This database is not one of this service: it has no schema. Check DATABASE_URL; a new service creates its schema when it starts.",
      )
    }
    const pending = await new MigrationExecutor(dataSource).getPendingMigrations()
    if (pending.length > 0) {
      throw new NotMigrated(
        `The database has the schema of an older version, ${pending.length} migrations behind. Start this version of the service, which updates it, then try again.`,
      )
    }
  } finally {
    await dataSource.destroy()
  }
}

/** The migrations that a database has: how many, and the last one's name. */
export interface MigrationState {
  readonly count: number
  readonly last: string | null
}

/**
 * Migrates the database to the newest schema. Several instances may start at once: an advisory lock lets one migrate while the
 * others wait, and the migrations run on the connection that holds it.
 */
export async function migrate(options: DataSourceOptions): Promise<MigrationState> {
  // Waiting for another instance's migrations, and running long ones, is not cut short.
  const patient = { ...options, extra: { ...(options.extra as object), query_timeout: 0 } } as DataSourceOptions
  const dataSource = await connect(patient)
  try {
    const runner = dataSource.createQueryRunner()
    await runner.query("SET statement_timeout = 0")
    await runner.query("SET lock_timeout = 0")
    // The lock of a host that vanished ends with its connection: PostgreSQL has to notice that within seconds, not hours.
    await runner.query("SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3")
    await runner.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK])
    try {
      const executor = new MigrationExecutor(dataSource, runner)
      executor.transaction = "each"
      await executor.executePendingMigrations()
      const names = (await executor.getExecutedMigrations()).map(({ name }) => name)
      return { count: names.length, last: names.sort(byTime).at(-1) ?? null }
    } finally {
      await runner.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK])
      await runner.query("RESET statement_timeout")
      await runner.query("RESET lock_timeout")
      await runner.release()
    }
  } finally {
    await dataSource.destroy()
  }
}

/** A migration's name ends with the time at which it was written. */
function byTime(a: string, b: string): number {
  return Number(a.slice(-13)) - Number(b.slice(-13))
}

async function connect(options: DataSourceOptions): Promise<DataSource> {
  try {
    return await new DataSource(options).initialize()
  } catch (error) {
    throw new DatabaseUnreachable("The database cannot be used", { cause: error })
  }
}
