import type { EntityManager, ObjectLiteral } from "typeorm"
import type { Selection } from "../../api/fields/fields.js"
import {
  conditionsOf,
  orderOf,
  pageOf,
  type FilterSpec,
  type Page,
  type ShortListQuery,
} from "../../api/lists/list-query.js"
import { isEmbedded } from "../data-source-options.js"
import { liveOnly, readGraph, ROOT } from "./read-graph.js"

/** What narrows a list besides the caller's own filters: SQL over {@link ROOT}, with its parameters first. */
export interface Scope {
  where: string
  parameters: unknown[]
}

export interface PageOf<E> extends Page {
  rows: E[]
  count: number
}

const EVERYTHING: Scope = { where: "TRUE", parameters: [] }

/** One page of a list and how many there are in all: two statements, whatever the selection. */
export async function readPage<E extends ObjectLiteral>(
  tx: EntityManager,
  selection: Selection,
  filters: FilterSpec,
  query: ShortListQuery & Record<string, unknown>,
  scope: Scope = EVERYTHING,
  defaultLimit?: number,
): Promise<PageOf<E>> {
  const metadata = tx.dataSource.getMetadata(selection.resource.rows)
  const columns = new Set(metadata.columns.map((column) => column.propertyName))
  const sortable = [...selection.resource.fields.keys()].filter((name) => columns.has(name))
  const orderBy = orderOf(query, sortable, ROOT)
  const parameters = [...scope.parameters]
  const where = `${scope.where} AND ${conditionsOf(filters, query, ROOT, parameters, { hasRegex: !isEmbedded(tx) })}`
  const page = pageOf(query, defaultLimit)
  const [total] = await tx.query<{ count: number }[]>(
    `SELECT count(*)::int AS count FROM "${metadata.tableName}" ${ROOT} WHERE ${liveOnly(metadata, ROOT)}(${where})`,
    parameters,
  )
  const rows = page.limit === 0 ? [] : await readGraph<E>(tx, selection, { where, parameters, orderBy, ...page })
  return { rows, count: total?.count ?? 0, ...page }
}
