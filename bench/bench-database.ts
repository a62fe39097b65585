import { randomUUID } from "node:crypto"
import pg from "pg"
import { newId } from "../src/common/ids.js"
import { dataSourceOptions, servedConnection } from "../src/database/data-source-options.js"
import { migrate } from "../src/database/migrate.js"
import { entities } from "../src/entities.js"
import type { Mode } from "./contestant.js"

/** Connections per server: the service's default, and so the raw limit's. */
export const POOL_SIZE = 10

const REGION = "reg_bench"
const PROVIDER = "pp_system_default"

/** A database of one contestant: migrated, with one region that enables one provider, and filled with carts by SQL. */
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
      INSERT INTO payment_provider (id) VALUES ('${PROVIDER}') ON CONFLICT DO NOTHING;
      INSERT INTO region (id) VALUES ('${REGION}');
      INSERT INTO region_payment_provider (region_id, payment_provider_id) VALUES ('${REGION}', '${PROVIDER}')`)
    return new BenchDatabase(url.toString(), name, serverUrl, client)
  }

  async putCarts(mode: Mode, amount: number): Promise<string[]> {
    const ids = Array.from({ length: amount }, () => `cart_${randomUUID()}`)
    await this.client.query(
      `INSERT INTO cart (id, currency_code, total, region_id, email, sent_at)
       SELECT id, 'eur', 1000, '${REGION}', 'buyer@example.com', now() FROM unnest($1::text[]) id`,
      [ids],
    )
    if (mode === "repeat") {
      await this.client.query(
        `INSERT INTO payment_collection (id, cart_id, currency_code, amount, region_id)
         SELECT id, cart_id, 'eur', 1000, '${REGION}' FROM unnest($1::text[], $2::text[]) row (id, cart_id)`,
        [ids.map(() => newId("pay_col")), ids],
      )
    }
    // Done here, or autovacuum does it in the middle of somebody's measurement.
    await this.client.query("VACUUM (ANALYZE) cart, payment_collection")
    return ids
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
