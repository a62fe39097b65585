import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { dataSourceOptions, servedConnection } from "../src/database/data-source-options.js"
import { migrate } from "../src/database/migrate.js"
import { entities } from "../src/bootstrap/entities.js"
import { newCopy, newUlid } from "./copies.js"
import type { Recording } from "./recording.js"
import { PROVIDER, type BenchRequest } from "./rows.js"
import { STRIPE } from "./stripe.js"
import { fill } from "./template.js"

/** Connections per server: the service's default, and so the raw limit's. */
export const POOL_SIZE = 10

const REGION = "reg_bench"

/** All that hangs on a cart, in an order that foreign keys allow. */
const TABLES = [
  "cart",
  "payment_collection",
  "payment_session",
  "payment",
  "capture",
  "refund",
  "dispute",
  "payment_operation",
  "outbox_event",
  "webhook_event",
]

/** Milliseconds between two looks whether anybody is still at work. */
const LOOK_INTERVAL = 20

/** How many such looks there are at most. */
const LOOKS = 1_000

export interface Rows {
  table: string
  rows: { id: string }[]
}

/** A database of one contestant: migrated, with one region that enables one provider, and filled by SQL. */
export class BenchDatabase {
  private constructor(
    readonly url: string,
    private readonly name: string,
    private readonly serverUrl: string,
    private readonly client: pg.Client,
  ) {}

  static async create(serverUrl: string, contestant: string): Promise<BenchDatabase> {
    const name = `payment_collections_bench_${contestant}_${process.pid}`
    await onServer(serverUrl, `CREATE DATABASE ${name}`)
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    await migrate(dataSourceOptions(servedConnection(url.toString(), POOL_SIZE), entities))
    const client = new pg.Client({ connectionString: url.toString() })
    await client.connect()
    await client.query(`
      INSERT INTO payment_provider (id) VALUES ('${PROVIDER}'), ('${STRIPE}') ON CONFLICT DO NOTHING;
      INSERT INTO region (id) VALUES ('${REGION}');
      INSERT INTO region_payment_provider (region_id, payment_provider_id) VALUES ('${REGION}', '${PROVIDER}')`)
    return new BenchDatabase(url.toString(), name, serverUrl, client)
  }

  async putCart(): Promise<void> {
    await this.client.query(
      `INSERT INTO cart (id, currency_code, total, region_id, email, sent_at)
       VALUES ($1, 'eur', 1000, '${REGION}', 'buyer@example.com', now())`,
      [`cart_${newUlid()}`],
    )
  }

  /** Every row there is of the tables that a purchase fills. */
  async read(): Promise<Rows[]> {
    const tables: Rows[] = []
    for (const table of TABLES) {
      const { rows } = await this.client.query<{ rows: Rows["rows"] }>(
        `SELECT coalesce(json_agg(t ORDER BY t.created_at, t.id), '[]') AS rows FROM ${table} t`,
      )
      tables.push({ table, rows: rows[0]?.rows ?? [] })
    }
    return tables
  }

  /** Makes copies of a recorded state all that there is, so that every measurement starts alike. */
  async put({ state, request }: Recording, amount: number): Promise<BenchRequest[]> {
    await this.client.query(`TRUNCATE ${TABLES.join(", ")}`)
    const copies = Array.from({ length: amount }, newCopy)
    for (const { table, rows } of state) {
      const copied = copies.map((copy) => fill(rows, (gap) => copy + gap)).join()
      await this.client.query(
        `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
        [`[${copied}]`],
      )
    }
    // Done here, or autovacuum does it in the middle of somebody's measurement.
    await this.client.query(`VACUUM (ANALYZE) ${TABLES.join(", ")}`)
    return copies.map((copy) => JSON.parse(fill(request, (gap) => copy + gap)) as BenchRequest)
  }

  /**
   * Takes away work that is kept in a table, and waits for whoever is at some of it.
   * @returns how much there was, done or not
   */
  async takeWork(table: string): Promise<number> {
    const { rows } = await this.client.query<{ amount: number }>(`SELECT count(*)::integer AS amount FROM ${table}`)
    for (let look = 0; look < LOOKS; look++) {
      await this.client.query(`DELETE FROM ${table} WHERE claimed_until IS NULL`)
      const { rowCount } = await this.client.query(`SELECT FROM ${table}`)
      if (rowCount === 0) return rows[0]?.amount ?? 0
      await sleep(LOOK_INTERVAL)
    }
    throw new Error(`Somebody is still at work in ${table}`)
  }

  async serverVersion(): Promise<string> {
    const { rows } = await this.client.query<{ server_version: string }>("SHOW server_version")
    return rows[0]?.server_version ?? "unknown"
  }

  async drop(): Promise<void> {
    await this.client.end()
    await onServer(this.serverUrl, `DROP DATABASE ${this.name} WITH (FORCE)`)
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
