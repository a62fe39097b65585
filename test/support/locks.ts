import pg from "pg"
import type { TestService } from "./service.js"

/** Milliseconds after which a race that does not come about is a failure. */
const DEADLINE = 15_000

/** Another connection that holds what it has locked or changed until it is asked to commit, after a last statement if there is one. */
export async function holding<T>(
  service: TestService,
  statement: string,
  parameters: unknown[],
  whileHeld: (release: (last?: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: service.connection.url })
  await client.connect()
  try {
    await client.query("BEGIN")
    await client.query(statement, parameters)
    return await whileHeld(async (last) => {
      if (last !== undefined) await client.query(last, parameters)
      await client.query("COMMIT")
    })
  } finally {
    await client.end()
  }
}

/** Waits until so many statements of the service wait for a lock: the barrier of these races. */
export async function blocked(service: TestService, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: service.connection.url })
  await client.connect()
  try {
    for (const start = Date.now(); Date.now() - start < DEADLINE;) {
      const { rows } = await client.query<{ waiting: number }>(
        "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
      if ((rows[0]?.waiting ?? 0) >= count) return
    }
    throw new Error(`Less than ${count} statements came to wait for a lock`)
  } finally {
    await client.end()
  }
}
