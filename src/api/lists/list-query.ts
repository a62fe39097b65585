import type { Type } from "@nestjs/common"
import { ApiPropertyOptional } from "@nestjs/swagger"
import { IsOptional, IsString, ValidateBy, type ValidationArguments } from "class-validator"
import { excerpt, InvalidData } from "../../common/errors.js"
import { parseTime } from "../../common/time.js"
import { isRecord } from "../../common/json.js"
import { HasAtMost, IsOneOf } from "../validation/validation.js"

/** The kinds of filters of a list: text, a point in time, or one of a closed set. */
export type FilterKind = "text" | "time" | readonly string[]
export type FilterSpec = Readonly<Record<string, FilterKind>>

/** Characters of a text to find, and of a column that it is looked for in: comparing takes the product of both. */
const MAX_PATTERN = 255
const SEARCHED = 1_000

/** Conditions of one query, those in `$and` and `$or` included, and how many of them may look for a text. */
const MAX_CONDITIONS = 50
const MAX_PATTERNS = 5

/** A condition on one field, as a client sends it: a value, several, or Medusa's operators. */
type Condition = string | string[] | Record<string, unknown>

export interface Page {
  limit: number
  offset: number
}

const DEFAULT_LIMIT = 20

/** Rows of one page of a table that grows with business. */
export const MAX_LIMIT = 1_000

/** Query of a route whose response is one resource. */
export class SelectQuery {
  // Documented by the route, with the names it may have.
  @IsOptional()
  @IsString()
  fields?: string
}

/** Query of a list that an operator keeps short: a page, an order and a selection. */
export class ShortListQuery extends SelectQuery {
  @ApiPropertyOptional({
    type: "integer",
    minimum: 0,
    default: DEFAULT_LIMIT,
    description: "The largest number of rows to return.",
  })
  @IsOptional()
  @IsNotNegative()
  @IsWholeNumber()
  limit?: string | number

  @ApiPropertyOptional({ type: "integer", minimum: 0, default: 0, description: "The number of rows to skip." })
  @IsOptional()
  @IsNotNegative()
  @IsWholeNumber()
  offset?: string | number

  @ApiPropertyOptional({
    description:
      "The field to sort by, one that the response has, such as `id`; `-id` sorts descending. By id unless given.",
  })
  @IsOptional()
  @IsString()
  order?: string

  @ApiPropertyOptional({
    enum: ["true", "false"],
    description: "Accepted for Medusa's clients; has no effect, as there.",
  })
  @IsOptional()
  @IsOneOf(["true", "false"])
  with_deleted?: string
}

/** Query of a list that grows with business. */
export class ListQuery extends ShortListQuery {
  @ApiPropertyOptional({
    type: "integer",
    minimum: 0,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: "The largest number of rows to return.",
  })
  @IsOptional()
  @IsPageLimit()
  declare limit?: string | number
}

/**
 * The query class of a list with filters; each takes a value, several (`name[]=`), or operators (`name[$gte]=`).
 * @param defaultLimit is documented here; the service that reads the list passes the same to `readList`
 */
export function FilteredListQuery(
  filters: FilterSpec,
  { searchable = false, isShort = false, defaultLimit = DEFAULT_LIMIT } = {},
): Type<ListQuery & Record<string, unknown>> {
  class Query extends (isShort ? ShortListQuery : ListQuery) {}
  if (defaultLimit !== DEFAULT_LIMIT) {
    ApiPropertyOptional({ type: "integer", default: defaultLimit })(Query.prototype, "limit")
  }
  for (const [name, kind] of Object.entries(filters)) {
    IsOptional()(Query.prototype, name)
    IsCondition(kind)(Query.prototype, name)
    ApiPropertyOptional({ type: String, description: describe(name, kind) })(Query.prototype, name)
  }
  for (const name of ["$and", "$or"]) {
    IsOptional()(Query.prototype, name)
    IsFilterList(filters)(Query.prototype, name)
  }
  if (searchable) {
    IsOptional()(Query.prototype, "q")
    HasAtMost(MAX_PATTERN)(Query.prototype, "q")
    IsString()(Query.prototype, "q")
    ApiPropertyOptional({ type: String, description: "Text to find." })(Query.prototype, "q")
  }
  return Query as Type<ListQuery & Record<string, unknown>>
}

export function pageOf(query: ShortListQuery, defaultLimit = DEFAULT_LIMIT): Page {
  return { limit: Number(query.limit ?? defaultLimit), offset: Number(query.offset ?? 0) }
}

/**
 * The order of a list as SQL, ties by id.
 * @throws InvalidData when the name is none of the sortable ones
 */
export function orderOf(query: ShortListQuery, sortable: readonly string[], alias: string): string {
  if (!query.order) return `${alias}.id`
  const descending = query.order.startsWith("-")
  const name = descending ? query.order.slice(1) : query.order
  if (!sortable.includes(name)) {
    throw new InvalidData(`Order field ${excerpt(name)} is not valid`, {
      details: [
        { field: "order", message: "Sort by one of these; '-' before it sorts descending.", allowed: sortable },
      ],
    })
  }
  return `${alias}."${name}" ${descending ? "DESC" : "ASC"}, ${alias}.id`
}

/** The filters of a query as SQL; values go into the parameters, never into the text. */
export function conditionsOf(
  filters: FilterSpec,
  query: Record<string, unknown>,
  alias: string,
  parameters: unknown[],
  { hasRegex = true } = {},
): string {
  if (!hasRegex) assertNoRegex(query)
  assertCheap(filters, query)
  const bind = (value: unknown) => `$${parameters.push(value)}`
  const ofOne = (conditions: Record<string, unknown>) => {
    const clauses = Object.keys(filters).flatMap((name) => {
      const condition = conditions[name]
      return condition === undefined || condition === null
        ? []
        : clausesOf(`${alias}."${name}"`, condition as Condition, (value) => bind(comparable(filters[name], value)))
    })
    return clauses.length > 0 ? clauses.join(" AND ") : "TRUE"
  }
  const ofList = (list: unknown, glue: string) =>
    Array.isArray(list) && list.length > 0
      ? [`(${list.map((element) => `(${ofOne(element as Record<string, unknown>)})`).join(glue)})`]
      : []
  return [ofOne(query), ...ofList(query["$and"], " AND "), ...ofList(query["$or"], " OR ")].join(" AND ")
}

const COMPARISONS = new Map<string, (column: string, value: string) => string>([
  ["$eq", (column, value) => `${column} IS NOT DISTINCT FROM ${value}`],
  ["$ne", (column, value) => `${column} IS DISTINCT FROM ${value}`],
  ["$gt", (column, value) => `${column} > ${value}`],
  ["$gte", (column, value) => `${column} >= ${value}`],
  ["$lt", (column, value) => `${column} < ${value}`],
  ["$lte", (column, value) => `${column} <= ${value}`],
  ["$like", (column, value) => `${searchedSql(column)} LIKE ${value}`],
  ["$ilike", (column, value) => `${searchedSql(column)} ILIKE ${value}`],
  ["$re", (column, value) => `${searchedSql(column)} ~ ${value}`],
  ["$in", (column, value) => `${column} = ANY(${value})`],
  ["$nin", (column, value) => `${column} <> ALL(${value})`],
])

/** SQL for the part of a text column that is searched. */
export function searchedSql(column: string): string {
  return `left(${column}::text, ${SEARCHED})`
}

const PATTERN_OPERATORS = ["$like", "$ilike", "$re"]

/** @throws InvalidData if a query has more, or longer, conditions than a person would write */
function assertCheap(filters: FilterSpec, query: Record<string, unknown>): void {
  const parts = [query, ...flat(query["$and"]), ...flat(query["$or"])].filter(isRecord)
  const conditions = parts.flatMap((part) => Object.keys(filters).flatMap((name) => operationsOf(part[name])))
  if (conditions.length > MAX_CONDITIONS) {
    throw new InvalidData(`Invalid request: The query has more than ${MAX_CONDITIONS} conditions. Send fewer.`)
  }
  const patterns = conditions.filter(([operator]) => PATTERN_OPERATORS.includes(operator))
  if (patterns.length > MAX_PATTERNS) {
    throw new InvalidData(`Invalid request: The query looks for more than ${MAX_PATTERNS} texts. Send fewer.`)
  }
  if (patterns.some(([, pattern]) => String(pattern).length > MAX_PATTERN)) {
    throw new InvalidData(`Invalid request: A text to find is longer than ${MAX_PATTERN} characters. Shorten it.`)
  }
}

function operationsOf(condition: unknown): [string, unknown][] {
  if (condition === undefined || condition === null) return []
  return isRecord(condition) ? Object.entries(condition) : [["$eq", condition]]
}

/** @throws InvalidData if a filter is a regular expression, because the embedded database cannot interrupt it */
function assertNoRegex(filters: unknown): void {
  if (filters === null || typeof filters !== "object") return
  for (const [name, value] of Object.entries(filters)) {
    if (name === "$re") {
      throw new InvalidData(
        "Invalid request: The embedded database has no regular expressions. Filter with '$ilike', as in order_id[$ilike]=order_%.",
      )
    }
    assertNoRegex(value)
  }
}

const LIST_OPERATORS = new Set(["$in", "$nin"])

/** Operators that are unknown filter nothing, as in Medusa. */
function clausesOf(column: string, condition: Condition, bind: (value: unknown) => string): string[] {
  if (Array.isArray(condition)) return [`${column} = ANY(${bind(listOf(condition))})`]
  if (typeof condition !== "object") return [`${column} = ${bind(condition)}`]
  return Object.entries(condition).flatMap(([operator, value]) => {
    const compare = COMPARISONS.get(operator)
    return compare ? [compare(column, bind(LIST_OPERATORS.has(operator) ? listOf(flat(value)) : value))] : []
  })
}

/** A value as the column has it: times in one form, names of a closed set in lower case. */
function comparable(kind: FilterKind | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => comparable(kind, element))
  if (kind === undefined || kind === "text" || typeof value !== "string") return value
  return kind === "time" ? (parseTime(value)?.toISOString() ?? value) : value.toLowerCase()
}

function flat(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** One element that holds commas is a list, as Medusa reads `id[]=a,b`. */
function listOf(values: unknown[]): unknown[] {
  const [only] = values
  return values.length === 1 && typeof only === "string" ? only.split(",") : values
}

export function IsWholeNumber(): PropertyDecorator {
  return check("isWholeNumber", (value) => /^-?\d{1,15}$/.test(String(value)))
}

function IsPageLimit(): PropertyDecorator {
  return check(
    "isPageLimit",
    (value) => !(Number(value) > MAX_LIMIT),
    () => `Value for field 'limit' too large, expected at most: '${MAX_LIMIT}'`,
  )
}

function IsNotNegative(): PropertyDecorator {
  return check("isNotNegative", (value) => Number(value) >= 0)
}

function IsCondition(kind: FilterKind): PropertyDecorator {
  return check(
    "isCondition",
    (value) => problemWith(kind, value) === undefined,
    (args) => conditionMessage(kind, args),
  )
}

function IsFilterList(filters: FilterSpec): PropertyDecorator {
  const fitsAll = (element: unknown) =>
    isRecord(element) && Object.entries(filters).every(([name, kind]) => problemWith(kind, element[name]) === undefined)
  return check("isArray", (value) => Array.isArray(value) && value.every(fitsAll))
}

function check(
  name: string,
  validate: (value: unknown) => boolean,
  message: (args: ValidationArguments | undefined) => string = () => name,
): PropertyDecorator {
  return ValidateBy({ name, validator: { validate, defaultMessage: (args) => message(args) } })
}

/** The first value that the filter cannot compare with; undefined when all are fine. */
function problemWith(kind: FilterKind, condition: unknown): { value: unknown } | undefined {
  if (condition === undefined) return undefined
  const wrong = comparedValues(condition).find(
    (value) => value !== null && !(typeof value === "string" && fits(kind, value)),
  )
  return wrong === undefined ? undefined : { value: wrong }
}

function comparedValues(condition: unknown): unknown[] {
  if (!isRecord(condition)) return listOf(flat(condition))
  return Object.entries(condition).flatMap(([operator, value]) => {
    if (!COMPARISONS.has(operator)) return []
    return LIST_OPERATORS.has(operator) ? listOf(flat(value)) : [value]
  })
}

function fits(kind: FilterKind, value: string): boolean {
  if (kind === "text") return true
  if (kind === "time") return parseTime(value) !== undefined
  return kind.includes(value.toLowerCase())
}

function conditionMessage(kind: FilterKind, args: ValidationArguments | undefined): string {
  const property = args?.property ?? ""
  const got = excerpt(problemWith(kind, args?.value)?.value)
  if (typeof kind === "object") return `Expected: '${kind.join(", ")}' for field '${property}', but got: '${got}'`
  return `Expected type: '${kind === "time" ? "date" : "string"}' for field '${property}', got: '${got}'`
}

function describe(name: string, kind: FilterKind): string {
  if (kind === "text") return `A value, several (\`${name}[]=a&${name}[]=b\`), or operators (\`${name}[$ne]=a\`).`
  if (kind === "time")
    return `A time, or operators on it: \`${name}[$gte]=2026-11-22T00:00:00Z\`; \`$gt\`, \`$lt\`, \`$lte\` likewise.`
  return `One of ${kind.map((value) => `\`${value}\``).join(", ")}, or several (\`${name}[]=${kind.slice(0, 2).join(`&${name}[]=`)}\`).`
}
