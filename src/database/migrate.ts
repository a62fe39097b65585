import { DataSource, MigrationExecutor, type DataSourceOptions } from "typeorm"

/** Names the lock that the instances of this service take turns by; any number that others do not use. */
const MIGRATION_LOCK = 7_267_001

/** The database cannot be used; the cause says why. */
export class DatabaseUnreachable extends Error {}

/**
 * Brings the database up to date. Several instances may start at once: an advisory lock lets one migrate while the
 * others wait, and the migrations run on the connection that holds it.
 */
export async function migrate(options: DataSourceOptions): Promise<void> {
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

async function connect(options: DataSourceOptions): Promise<DataSource> {
  try {
    return await new DataSource(options).initialize()
  } catch (error) {
    throw new DatabaseUnreachable("The database cannot be used", { cause: error })
  }
}
