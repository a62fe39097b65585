import { randomUUID } from "node:crypto"
import type { DataSource } from "typeorm"
import type { Lease } from "../../src/database/leases.js"

/** Claims rows as another process does once their leases have ended, whoever holds them. */
export async function takeClaims(
  { dataSource }: { dataSource: Pick<DataSource, "query"> },
  table: Lease["table"],
  ids: readonly string[],
): Promise<Lease[]> {
  const token = randomUUID()
  await dataSource.query(
    `UPDATE ${table} SET claim_token = $2, claimed_until = now() + interval '1 minute' WHERE id = ANY($1)`,
    [ids, token],
  )
  return ids.map((id) => ({ table, id, token }))
}
