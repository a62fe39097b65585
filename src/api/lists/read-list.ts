import type { EntityManager, ObjectLiteral } from "typeorm"
import { isEmbedded } from "../../database/data-source-options.js"
import { ROOT } from "../../database/statements/read-graph.js"
import { readPage, type PageOf } from "../../database/statements/read-page.js"
import type { Selection } from "../fields/fields.js"
import { conditionsOf, orderOf, pageOf, type FilterSpec, type ShortListQuery } from "./list-query.js"

/** Narrows a list besides the caller's own filters: SQL over {@link ROOT}, with its parameters first. */
export interface Scope {
  readonly where: string
  readonly parameters: readonly unknown[]
}

const EVERYTHING: Scope = { where: "TRUE", parameters: [] }

/**
 * Reads the page of a list that a request asked for: its filters, order, limit and offset.
 * @throws InvalidData for a filter or an order that the list does not have
 */
export async function readList<E extends ObjectLiteral>(
  tx: EntityManager,
  selection: Selection,
  filters: FilterSpec,
  query: ShortListQuery & Record<string, unknown>,
  scope: Scope = EVERYTHING,
  defaultLimit?: number,
): Promise<PageOf<E>> {
  const { columns } = tx.dataSource.getMetadata(selection.resource.rows)
  const columnNames = new Set(columns.map((column) => column.propertyName))
  const sortable = [...selection.resource.fields.keys()].filter((name) => columnNames.has(name))
  const orderBy = orderOf(query, sortable, ROOT)
  const parameters = [...scope.parameters]
  const where = `${scope.where} AND ${conditionsOf(filters, query, ROOT, parameters, { hasRegex: !isEmbedded(tx) })}`
  return readPage<E>(tx, selection, { where, parameters, orderBy, ...pageOf(query, defaultLimit) })
}
