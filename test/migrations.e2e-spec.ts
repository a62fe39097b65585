import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { DataSource } from "typeorm"
import { dataSourceOptions, type DatabaseConnection } from "../src/database/data-source-options.js"
import { EmbeddedPostgres } from "../src/database/embedded/embedded-postgres.js"
import { migrate } from "../src/database/migrate.js"
import { migrations } from "../src/database/migrations/index.js"
import { entities } from "../src/bootstrap/entities.js"
import { createDatabase, createEmptyServed, newDataFolder, TEST_DATABASE_URL } from "./support/database.js"

async function emptyDatabase(): Promise<{ connection: DatabaseConnection; drop: () => Promise<void> }> {
  if (TEST_DATABASE_URL) return createEmptyServed(TEST_DATABASE_URL)
  const embedded = await EmbeddedPostgres.start(newDataFolder())
  return { connection: embedded.connection, drop: () => embedded.stop() }
}

/** What the catalogue says of our tables: columns, constraints and indexes, in words. */
const SCHEMA = `
  SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migration'
  UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'migration'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migration' ORDER BY 1`

describe("the migrations", () => {
  it("go up, by several at once where there can be, down to nothing, and up again to the same, and the entities say what they say", async () => {
    const { connection, drop } = await emptyDatabase()
    const options = dataSourceOptions(connection, entities)
    // The embedded database takes one connection: there is nobody to take turns with.
    if (TEST_DATABASE_URL) await Promise.all([migrate(options), migrate(options), migrate(options)])
    else await migrate(options)
    const dataSource = await new DataSource(options).initialize()
    const schema = async () => (await dataSource.query<{ line: string }[]>(SCHEMA)).map(({ line }) => line)

    const first = await schema()
    expect(first.length).toBeGreaterThan(100)
    const drift = await dataSource.driver.createSchemaBuilder().log()
    expect(drift.upQueries.map(({ query }) => query)).toEqual([])

    for (let left = migrations.length; left > 0; left--) await dataSource.undoLastMigration()
    expect(await schema()).toEqual([])
    await dataSource.runMigrations()
    expect(await schema()).toEqual(first)
    await dataSource.destroy()
    await drop()
  })
})

describe("the database itself", () => {
  let dataSource: DataSource
  let drop: () => Promise<void>
  beforeAll(async () => {
    const database = await createDatabase()
    drop = database.drop
    dataSource = await new DataSource(dataSourceOptions({ ...database.connection, poolSize: 1 }, entities)).initialize()
    await dataSource.query(collection("c1"))
    await dataSource.query(session("s1"))
  })
  afterAll(async () => {
    await dataSource.destroy()
    await drop()
  })

  it.each([
    ["payment_collection_live_cart", "a second live collection of a cart", collection("c2")],
    ["payment_session_open", "a second open session of a collection", session("s2")],
    ["payment_captured_within_authorized", "more captured than authorized", payment(1000, 1001, 0)],
    ["payment_refunded_within_captured", "more refunded than captured", payment(1000, 500, 501)],
    ["payment_collection_status_known", "a status that is none", "UPDATE payment_collection SET status = 'paid'"],
    ["payment_collection_amounts_positive", "an amount below zero", "UPDATE payment_collection SET amount = -1"],
    [
      "cart_total_positive",
      "a cart that owes money",
      "INSERT INTO cart (id, currency_code, total, sent_at) VALUES ('x', 'eur', -1, now())",
    ],
  ])("refuses by %s %s", async (constraint, _, statement) => {
    await expect(dataSource.query(statement)).rejects.toMatchObject({ driverError: { constraint } })
  })
})

function collection(id: string): string {
  return `INSERT INTO payment_collection (id, cart_id, currency_code, amount) VALUES ('${id}', 'cart_1', 'eur', 1000)`
}

function session(id: string): string {
  return `INSERT INTO payment_session (id, payment_collection_id, provider_id, currency_code, amount)
    VALUES ('${id}', 'c1', 'pp', 'eur', 1000)`
}

function payment(authorized: number, captured: number, refunded: number): string {
  return `INSERT INTO payment (id, payment_collection_id, payment_session_id, provider_id, currency_code, amount,
      authorized_amount, captured_amount, refunded_amount)
    VALUES ('p1', 'c1', 's1', 'pp', 'eur', 1000, ${authorized}, ${captured}, ${refunded})`
}
