import { randomBytes } from "node:crypto"
import { cpSync, existsSync, renameSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { dataSourceOptions, servedConnection, type DatabaseConnection } from "../../src/database/data-source-options.js"
import { EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js"
import { migrate } from "../../src/database/migrate.js"
import { entities } from "../../src/bootstrap/entities.js"

/** A PostgreSQL to test on; without one the tests run on the embedded database. */
export const TEST_DATABASE_URL = process.env["TEST_DATABASE_URL"]

export interface TestDatabase {
  connection: DatabaseConnection
  drop: () => Promise<void>
}

let databases = 0

/** A database of its own, up to date: a copy of the worker's embedded one, or a fresh one on TEST_DATABASE_URL. */
export async function createDatabase(): Promise<TestDatabase> {
  return TEST_DATABASE_URL ? createServed(TEST_DATABASE_URL) : createEmbedded()
}

/** An empty database on a real PostgreSQL. */
export async function createEmptyServed(url: string, poolSize = 10): Promise<TestDatabase> {
  const name = `payment_collections_test_${process.pid}_${Date.now()}_${databases++}`
  await onServer(url, `CREATE DATABASE ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    connection: servedConnection(own.toString(), poolSize),
    drop: () => onServer(url, `DROP DATABASE ${name} WITH (FORCE)`),
  }
}

/** A folder for an embedded database that no other test uses, in this file or in another of the same worker. */
export function newDataFolder(): string {
  return join(runFolder(), randomBytes(6).toString("hex"))
}

async function createServed(url: string): Promise<TestDatabase> {
  const database = await createEmptyServed(url)
  await migrate(dataSourceOptions(database.connection, entities))
  return database
}

async function createEmbedded(): Promise<TestDatabase> {
  const folder = newDataFolder()
  cpSync(await migratedFolder(), folder, { recursive: true })
  const database = await EmbeddedPostgres.start(folder)
  return { connection: database.connection, drop: () => database.stop() }
}

/** Initialising a database takes seconds, copying one does not: a worker does it once. */
async function migratedFolder(): Promise<string> {
  const template = join(runFolder(), `template-${process.pid}`)
  if (existsSync(template)) return template
  const draft = `${template}.new`
  const database = await EmbeddedPostgres.start(draft)
  await migrate(dataSourceOptions(database.connection, entities))
  await database.stop()
  renameSync(draft, template)
  return template
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

function runFolder(): string {
  const folder = process.env["TEST_RUN_DIR"]
  if (!folder) throw new Error("TEST_RUN_DIR is set by jest.config.mjs")
  return folder
}
