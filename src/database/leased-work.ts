import type { DataSource } from "typeorm"
import { claimSql, isFreeSql, type Lease, type LeasedTable, type Leases } from "./leases.js"
import { prepared } from "./statements/prepared.js"
import { fromNowSql } from "./statements/unit-of-work.js"

/**
 * The rows of a table that wait to be worked on; any process may claim them. Beside the columns of a lease the table has
 * `provider_id`, `attempts` and `next_attempt_at`. A claim counts as an attempt and puts the next one off, so that a row
 * whose process dies is due again once its lease has ended.
 */
export class LeasedWork {
  /** @param waiting SQL for the rows that are to be worked on */
  constructor(
    private readonly dataSource: DataSource,
    private readonly leases: Leases,
    private readonly table: LeasedTable,
    private readonly waiting: string,
  ) {}

  /** Claims at most `limit` rows that are due, those that wait longest first. Several processes share the work. */
  async claimDue(providerIds: readonly string[], limit: number): Promise<Lease[]> {
    const due = `SELECT id FROM ${this.table} WHERE ${this.waiting} AND ${isFreeSql(this.table)} AND next_attempt_at <= now()
      AND provider_id = ANY($3) ORDER BY next_attempt_at LIMIT $4 FOR UPDATE SKIP LOCKED`
    return this.claim(`id = ANY(ARRAY(${due})) AND ${this.waiting}`, [providerIds, limit], "attempts = attempts + 1")
  }

  /** Claims a row that waits, due or not; undefined if it does not wait, or another process holds it. */
  async claimWaiting(id: string): Promise<Lease | undefined> {
    const [lease] = await this.claim(`id = $3 AND ${this.waiting}`, [id], "attempts = attempts + 1")
    return lease
  }

  /** Claims a row in any state, and lets it wait again. @param set SQL that does so */
  async claimAgain(id: string, set: string): Promise<Lease | undefined> {
    const [lease] = await this.claim("id = $3", [id], set)
    return lease
  }

  private async claim(where: string, parameters: readonly unknown[], set: string): Promise<Lease[]> {
    const token = this.leases.newToken()
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      prepared`UPDATE ${this.table} SET ${claimSql("$1", "$2")}, next_attempt_at = ${fromNowSql("$2")}, ${set}, updated_at = now()
        WHERE ${where} AND ${isFreeSql(this.table)} RETURNING id`,
      [token, this.leases.duration, ...parameters],
    )
    return rows.map(({ id }) => ({ table: this.table, id, token }))
  }
}
