import type { EntityManager, EntityMetadata, ObjectLiteral } from "typeorm"
import { prepared } from "./prepared.js"
import { ResponseTooLarge } from "../../common/errors.js"
import type { RowRelation, RowSelection } from "./selection.js"

/** The rows to read: conditions and order are SQL over {@link ROOT}, with numbered parameters. */
export interface GraphQuery {
  where: string
  parameters: unknown[]
  orderBy?: string
  limit?: number
  offset?: number
}

/** Bytes of JSON that one read may bring into memory. A response of 5 MB takes less: it has a few names more per row. */
const MAX_BYTES = 4 * 1024 * 1024

/** The alias of the root in {@link GraphQuery}. */
export const ROOT = "root"

/**
 * Reads rows with exactly the relations of a selection in one statement, however deep or wide it is: relations come as
 * JSON that PostgreSQL builds, so there is no product of joins and no query per row. Columns marked `select: false`
 * (private data) are never read.
 *
 * @throws ResponseTooLarge before rows that are too large together leave the database
 */
export async function readGraph<E extends ObjectLiteral>(
  tx: EntityManager,
  selection: RowSelection,
  query: GraphQuery,
): Promise<E[]> {
  const metadata = tx.dataSource.getMetadata(selection.resource.rows)
  // An offset keeps PostgreSQL from computing each row a second time for its size.
  const page = query.limit === undefined ? " OFFSET 0" : ` LIMIT ${query.limit} OFFSET ${query.offset ?? 0}`
  const rowsStatement =
    `SELECT ${rowJson(tx, selection, ROOT)} AS row FROM ${quote(metadata.tableName)} ${ROOT} ` +
    `WHERE ${liveOnly(metadata, ROOT)}(${query.where}) ORDER BY ${query.orderBy ?? `${ROOT}.id`}${page}`
  const statement =
    `SELECT CASE WHEN sum(octet_length(row::text)) OVER (ROWS UNBOUNDED PRECEDING) <= ${MAX_BYTES} THEN row END ` +
    `AS row FROM (${rowsStatement}) page`
  // A default selection of one row is the same text every time; lists vary with their filters.
  const isRepeated = selection.isDefault && query.limit === undefined
  const rows = await tx.query<{ row: Json | null }[]>(isRepeated ? prepared`${statement}` : statement, query.parameters)
  return rows.map(({ row }) => {
    if (row === null) throw new ResponseTooLarge()
    return revive(tx, selection, row) as E
  })
}

/** SQL for the rows of one relation of a parent row, as a JSON array or object. */
function relationJson(tx: EntityManager, selection: RowSelection, name: string, parent: string): string {
  const relation = selection.resource.relations.get(name)
  const child = selection.relations.get(name)
  if (!relation || !child) throw new Error(`${selection.resource.name} has no relation ${name} here`)
  const alias = aliasBelow(parent)
  const metadata = tx.dataSource.getMetadata(child.resource.rows)
  const row = rowJson(tx, child, alias)
  const join = joinSql(tx.dataSource.getMetadata(selection.resource.rows), name, relation, parent, alias)
  const from = `FROM ${quote(metadata.tableName)} ${alias} WHERE ${relation.withDeleted ? "" : liveOnly(metadata, alias)}${join}`
  if (!relation.many) return `(SELECT ${row} ${from} LIMIT 1)`
  return `(SELECT coalesce(json_agg(${row} ORDER BY ${orderOf(metadata, alias)}), '[]') ${from})`
}

/** SQL that ties the related rows to their parent row: the columns of the entity's relation, and what narrows it. */
function joinSql(entity: EntityMetadata, name: string, { where }: RowRelation, parent: string, child: string): string {
  const declared = entity.findRelationWithPropertyPath(name)
  const conditions = declared ? joinConditions(declared, parent, child) : []
  if (where) conditions.push(where(child, parent))
  if (conditions.length === 0) throw new Error(`${entity.name} has no relation ${name}`)
  return conditions.join(" AND ")
}

/** The columns of the foreign key stand on the owning side, which is the parent's or the child's. */
function joinConditions(relation: RelationMetadata, parent: string, child: string): string[] {
  const [owner, referenced] = relation.isOwning ? [parent, child] : [child, parent]
  const { joinColumns } = relation.isOwning ? relation : (relation.inverseRelation ?? relation)
  return joinColumns.map((column) => {
    return `${owner}.${quote(column.databaseName)} = ${referenced}.${quote(column.referencedColumn?.databaseName ?? "id")}`
  })
}

/** Turns the JSON of a row into the entity's values: bigints, dates, related rows. */
export function revive(tx: EntityManager, selection: RowSelection, row: Json): ObjectLiteral {
  const metadata = tx.dataSource.getMetadata(selection.resource.rows)
  const revived = reviveColumns(metadata.columns.filter(isPublic), row)
  for (const [name] of derivedFields(selection)) revived[name] = BigInt(row[name] as string)
  for (const [name, child] of selection.relations) {
    const value = row[name] as Json | Json[] | null
    revived[name] = Array.isArray(value)
      ? value.map((element) => revive(tx, child, element))
      : value && revive(tx, child, value)
  }
  return revived
}

export type Json = Record<string, unknown>

type ColumnMetadata = EntityMetadata["columns"][number]

type RelationMetadata = EntityMetadata["relations"][number]

/** SQL for one row as a JSON object: its columns, and the relations of the selection. */
export function rowJson(tx: EntityManager, selection: RowSelection, alias: string): string {
  const written = sqlBySelection.get(selection) ?? new Map<string, string>()
  sqlBySelection.set(selection, written)
  let sql = written.get(alias)
  if (sql === undefined) {
    sql = writeRowJson(tx, selection, alias)
    written.set(alias, sql)
  }
  return sql
}

/** The default selections come with almost every request, so that their SQL is composed once. */
const sqlBySelection = new WeakMap<RowSelection, Map<string, string>>()

function writeRowJson(tx: EntityManager, selection: RowSelection, alias: string): string {
  const metadata = tx.dataSource.getMetadata(selection.resource.rows)
  const pairs = columnPairs(
    metadata.columns.filter((column) => isPublic(column) && isWanted(column, selection)),
    alias,
  )
  for (const [name, derived] of derivedFields(selection)) pairs.push(`'${name}', (${derived(alias)})::bigint::text`)
  for (const name of selection.relations.keys()) {
    pairs.push(`'${name}', ${relationJson(tx, selection, name, alias)}`)
  }
  return `json_build_object(${pairs.join(", ")})`
}

/** The selected amounts that no column holds. */
function derivedFields({ resource, scalars }: RowSelection): [string, (row: string) => string][] {
  return [...resource.fields].flatMap(([name, { derived }]) => (derived && scalars.has(name) ? [[name, derived]] : []))
}

/** SQL for all columns of a row as a JSON object, private ones too: for decisions, never for a response. */
export function wholeRowJson(metadata: EntityMetadata, alias: string): string {
  return `json_build_object(${columnPairs(metadata.columns, alias).join(", ")})`
}

/** The inverse of {@link wholeRowJson}. */
export function reviveWholeRow(metadata: EntityMetadata, row: Json): ObjectLiteral {
  return reviveColumns(metadata.columns, row)
}

/** JSON may be large, so it is read only if it is selected. The other columns are small, and amounts need the currency. */
function isWanted({ type, propertyName }: ColumnMetadata, { resource, scalars }: RowSelection): boolean {
  return type !== "jsonb" || !resource.fields.has(propertyName) || scalars.has(propertyName)
}

function isPublic(column: ColumnMetadata): boolean {
  return column.isSelect
}

function columnPairs(columns: ColumnMetadata[], alias: string): string[] {
  return columns.map((column) => {
    const text = column.type === "bigint" ? "::text" : ""
    return `'${column.propertyName}', ${alias}.${quote(column.databaseName)}${text}`
  })
}

function reviveColumns(columns: ColumnMetadata[], row: Json): Record<string, unknown> {
  const revived: Record<string, unknown> = {}
  for (const column of columns) {
    const value = row[column.propertyName]
    revived[column.propertyName] = value === null || value === undefined ? null : reviveValue(column.type, value)
  }
  return revived
}

function reviveValue(type: unknown, value: unknown): unknown {
  if (type === "bigint") return BigInt(value as string)
  if (type === "timestamptz") return new Date(value as string)
  return value
}

/** SQL that skips deleted rows, if the table marks rows as deleted. */
export function liveOnly(metadata: EntityMetadata, alias: string): string {
  return metadata.deleteDateColumn ? `${alias}.deleted_at IS NULL AND ` : ""
}

function orderOf(metadata: EntityMetadata, alias: string): string {
  return metadata.createDateColumn ? `${alias}.created_at, ${alias}.id` : `${alias}.id`
}

/** Aliases count the depth: along one path they differ, and they never outgrow PostgreSQL's 63 characters. */
function aliasBelow(parent: string): string {
  return `level${Number(/\d+$/.exec(parent)?.[0] ?? 0) + 1}`
}

function quote(name: string): string {
  return `"${name}"`
}
