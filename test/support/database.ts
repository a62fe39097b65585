import { randomBytes } from "node:crypto"
import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { dataSourceOptions, servedConnection, type DatabaseConnection } from "../../src/database/data-source-options.js"
import { EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js"
import { migrate } from "../../src/database/migrate.js"
import { entities } from "../../src/bootstrap/entities.js"
import { oncePerRun, runFolder } from "./once-per-run.js"

/** A PostgreSQL to test on; without one the tests run on the embedded database. */
export const TEST_DATABASE_URL = process.env["TEST_DATABASE_URL"]

export interface TestDatabase {
  connection: DatabaseConnection
  drop: () => Promise<void>
}

/** A migrated database of its own: a copy of the one that the test run made first. */
export async function createDatabase(): Promise<TestDatabase> {
  return TEST_DATABASE_URL ? createServed(TEST_DATABASE_URL) : createEmbedded()
}

/** An empty database on a real PostgreSQL. */
export async function createEmptyServed(url: string, poolSize = 10): Promise<TestDatabase> {
  const name = nextName()
  await onServer(url, `CREATE DATABASE ${name}`)
  return served(url, name, poolSize)
}

/** A folder for an embedded database that no other test uses, in this file or in another of the same worker. */
export function newDataFolder(): string {
  return join(runFolder(), randomBytes(6).toString("hex"))
}

async function createServed(url: string): Promise<TestDatabase> {
  // The teardown drops the template.
  const folder = await oncePerRun("template", async (folder) => {
    const template = await createEmptyServed(url)
    await migrate(dataSourceOptions(template.connection, entities))
    writeFileSync(join(folder, "name"), new URL(template.connection.url ?? "").pathname.slice(1))
  })
  const name = nextName()
  await onServer(url, `CREATE DATABASE ${name} TEMPLATE ${readFileSync(join(folder, "name"), "utf8")}`)
  return served(url, name, 10)
}

async function createEmbedded(): Promise<TestDatabase> {
  const database = await EmbeddedPostgres.start(await newMigratedFolder())
  return { connection: database.connection, drop: () => database.stop() }
}

/** A data folder of its own with a migrated database. */
export async function newMigratedFolder(): Promise<string> {
  const template = await oncePerRun("template", async (folder) => {
    const database = await EmbeddedPostgres.start(folder)
    await migrate(dataSourceOptions(database.connection, entities))
    await keepOneDatabase(database.connection)
    await database.stop()
    // PostgreSQL clears its buffers whenever it starts, which takes most of that time with the default of 128 MB.
    appendFileSync(join(folder, "postgres/postgresql.conf"), "\nshared_buffers = 8MB\n")
  })
  const folder = newDataFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

/** Drops the databases that nobody connects to: half of the files to copy. */
async function keepOneDatabase({ host, port }: DatabaseConnection): Promise<void> {
  const client = new pg.Client({ host, port, user: "postgres", database: "postgres" })
  await client.connect()
  await client.query("UPDATE pg_database SET datistemplate = false WHERE datname <> current_database()")
  for (const name of ["template0", "template1"]) await client.query(`DROP DATABASE ${name}`)
  await client.end()
}

let databases = 0

function nextName(): string {
  return `payment_collections_test_${process.pid}_${Date.now()}_${databases++}`
}

function served(url: string, name: string, poolSize: number): TestDatabase {
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    connection: servedConnection(own.toString(), poolSize),
    drop: () => onServer(url, `DROP DATABASE ${name} WITH (FORCE)`),
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}
