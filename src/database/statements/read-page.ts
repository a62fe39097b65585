import type { EntityManager, ObjectLiteral } from "typeorm"
import { liveOnly, readGraph, ROOT } from "./read-graph.js"
import type { RowSelection } from "./selection.js"

/** A page of a list: conditions and order are SQL over {@link ROOT}, with numbered parameters. */
export interface PageQuery {
  readonly where: string
  readonly parameters: unknown[]
  readonly orderBy: string
  readonly limit: number
  readonly offset: number
}

export interface PageOf<E> {
  readonly rows: E[]
  /** Of all rows that match, not only of the page. */
  readonly count: number
  readonly limit: number
  readonly offset: number
}

/** Reads one page of a list and counts the list: two statements, whatever the selection. A page of no rows takes one. */
export async function readPage<E extends ObjectLiteral>(
  tx: EntityManager,
  selection: RowSelection,
  query: PageQuery,
): Promise<PageOf<E>> {
  const { where, parameters, limit, offset } = query
  const metadata = tx.dataSource.getMetadata(selection.resource.rows)
  const [total] = await tx.query<{ count: number }[]>(
    `SELECT count(*)::int AS count FROM "${metadata.tableName}" ${ROOT} WHERE ${liveOnly(metadata, ROOT)}(${where})`,
    parameters,
  )
  const rows = limit === 0 ? [] : await readGraph<E>(tx, selection, query)
  return { rows, count: total?.count ?? 0, limit, offset }
}
