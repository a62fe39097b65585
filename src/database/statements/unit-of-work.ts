import type { EntityManager, EntityMetadata, ObjectLiteral, EntityTarget } from "typeorm"
import { prepared } from "./prepared.js"

/** A row that is new, or columns of one that is there. */
export type Write =
  | { readonly insert: EntityTarget<ObjectLiteral>; readonly row: ObjectLiteral }
  | { readonly update: EntityTarget<ObjectLiteral>; readonly id: string; readonly set: ObjectLiteral }

/** A time by the database's clock: this many milliseconds after now(). */
export class FromNow {
  constructor(readonly milliseconds: number) {}
}

/** @param milliseconds parameter of the statement */
export function fromNowSql(milliseconds: string): string {
  return `now() + ${milliseconds}::float8 * interval '1 millisecond'`
}

/**
 * Writes rows of several tables in one statement, so that a use case takes one trip to the database however much it changes. The rows
 * of one table are inserted in the order given. PostgreSQL does not define the order among the parts, so no row may
 * be in two of them; foreign keys among them are checked at the end.
 */
export async function writeRows(tx: EntityManager, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return
  const parameters: unknown[] = []
  const parts = [...inserts(tx, writes, parameters), ...updates(tx, writes, parameters)]
  const last = parts.pop() ?? ""
  const before = parts.map((part, index) => `written_${index} AS (${part})`).join(", ")
  await tx.query(prepared`${before && `WITH ${before} `}${last}`, parameters)
}

function inserts(tx: EntityManager, writes: readonly Write[], parameters: unknown[]): string[] {
  const rowsByTable = new Map<EntityMetadata, ObjectLiteral[]>()
  for (const write of writes) {
    if (!("insert" in write)) continue
    const metadata = tx.dataSource.getMetadata(write.insert)
    rowsByTable.set(metadata, [...(rowsByTable.get(metadata) ?? []), write.row])
  }
  return [...rowsByTable].map(([metadata, rows]) => {
    const columns = metadata.columns.filter(({ propertyName }) => rows.some((row) => row[propertyName] !== undefined))
    const values = rows.map((row) => {
      const bound = columns.map((column) =>
        row[column.propertyName] === undefined
          ? "DEFAULT"
          : bind(tx, metadata, column.propertyName, row[column.propertyName], parameters),
      )
      return `(${bound.join(", ")})`
    })
    const names = columns.map((column) => `"${column.databaseName}"`).join(", ")
    return `INSERT INTO "${metadata.tableName}" (${names}) VALUES ${values.join(", ")}`
  })
}

function updates(tx: EntityManager, writes: readonly Write[], parameters: unknown[]): string[] {
  return writes.flatMap((write) => {
    if (!("update" in write)) return []
    const metadata = tx.dataSource.getMetadata(write.update)
    const set = Object.entries(write.set).map(([name, value]) => {
      return `"${name}" = ${bind(tx, metadata, name, value, parameters)}`
    })
    if (metadata.updateDateColumn && !("updated_at" in write.set))
      set.push(`"${metadata.updateDateColumn.databaseName}" = now()`)
    const id = bind(tx, metadata, "id", write.id, parameters)
    return [`UPDATE "${metadata.tableName}" SET ${set.join(", ")} WHERE id = ${id}`]
  })
}

/** Numbers a value as a parameter, in the form in which the driver takes it. */
function bind(
  tx: EntityManager,
  metadata: EntityMetadata,
  name: string,
  value: unknown,
  parameters: unknown[],
): string {
  const column = metadata.findColumnWithPropertyName(name)
  if (!column) throw new Error(`${metadata.tableName} has no column ${name}`)
  if (value instanceof FromNow) return fromNowSql(`$${parameters.push(value.milliseconds)}`)
  return `$${parameters.push(tx.dataSource.driver.preparePersistentValue(value, column))}::${String(column.type)}`
}
