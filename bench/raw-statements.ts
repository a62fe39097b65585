import { DataSource } from "typeorm"
import { parseFields, type Selection } from "../src/common/fields.js"
import { resourceOf } from "../src/common/resource.js"
import { dataSourceOptions, servedConnection } from "../src/database/data-source-options.js"
import { ROOT, rowJson } from "../src/database/read-graph.js"
import { entities } from "../src/entities.js"
import { createStatement } from "../src/payment-collections/collection-for-cart.js"
import { STORE_COLLECTION } from "../src/payment-model/responses/views.js"

/** Named, so that PostgreSQL parses and plans each once per connection. */
export type RawStatements = Record<"create" | "read", { name: string; text: string }>

/** The service's own SQL, which is one statement for a create and two for a repeat, written out once. */
export async function rawStatements(databaseUrl: string): Promise<RawStatements> {
  const dataSource = await new DataSource(dataSourceOptions(servedConnection(databaseUrl, 1), entities)).initialize()
  const { type, defaults, audience } = STORE_COLLECTION
  const whole = parseFields(resourceOf(type), defaults, undefined, audience)
  const fresh: Selection = {
    ...whole,
    relations: new Map([...whole.relations].filter(([name]) => name === "payment_providers")),
  }
  const { manager } = dataSource
  const statements = {
    create: { name: "create", text: createStatement(rowJson(manager, fresh, "written")) },
    read: {
      name: "read",
      text: `SELECT ${rowJson(manager, whole, ROOT)} AS row FROM payment_collection ${ROOT} WHERE ${ROOT}.deleted_at IS NULL AND ${ROOT}.id = $1`,
    },
  }
  await dataSource.destroy()
  return statements
}
