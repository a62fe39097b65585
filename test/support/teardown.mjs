import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"

/** Removes the databases of the run. */
export default async function teardown() {
  const { TEST_RUN_DIR: folder, TEST_DATABASE_URL: connectionString } = process.env
  const template = join(folder, "template/name")
  if (connectionString && existsSync(template)) {
    const client = new pg.Client({ connectionString })
    await client.connect()
    await client.query(`DROP DATABASE ${readFileSync(template, "utf8")} WITH (FORCE)`)
    await client.end()
  }
  rmSync(folder, { recursive: true, force: true })
}
