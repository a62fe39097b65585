import type { Type } from "@nestjs/common"
import { getSchemaPath } from "@nestjs/swagger"
import type { PageOf } from "../../database/statements/read-page.js"
import type { RequestContext } from "../request-context.js"
import { objectSchema, type ResponseBody } from "../response-body.js"
import { exampleOf, type Story } from "./example.js"
import { parseFields, relationsFor, selectableNames, type Audience, type Selection } from "./fields.js"
import type { Resource } from "./resource.js"

interface ViewOptions<Row> {
  /** The name of the resource in the envelope. */
  readonly key: string
  readonly resource: Resource<Row>
  readonly audience: Audience
  /** The paths that a response has unless `fields` selects others. */
  readonly defaults: readonly string[]
}

/**
 * The part of a resource that a route shows, and to whom. A view maps the rows that a handler returns, selects of them what `fields`
 * asks for, and wraps them: `{ payment: {...} }`.
 */
export class View<Row> implements ResponseBody<Row> {
  private defaultSelection?: Selection

  constructor(readonly options: ViewOptions<Row>) {}

  get types(): Type[] {
    return [this.options.resource.type]
  }

  get defaults(): readonly string[] {
    return this.options.defaults
  }

  /** The same view with other defaults, or for another audience. */
  with(changes: Partial<Pick<ViewOptions<Row>, "audience" | "defaults">>): View<Row> {
    return new View({ ...this.options, ...changes })
  }

  /** A page of the same resource: `{ payments: [...], count, offset, limit }`. */
  list(key: string): ListView<Row> {
    return new ListView({ ...this.options, key })
  }

  select(fields?: unknown): Selection {
    const { resource, defaults, audience } = this.options
    // The validation of the query, which runs later, rejects whatever is not a string.
    if (typeof fields === "string" && fields !== "") return parseFields(resource, defaults, fields, audience)
    this.defaultSelection ??= parseFields(resource, defaults, undefined, audience)
    return this.defaultSelection
  }

  render(row: Row, { selection }: RequestContext): Record<string, unknown> {
    return { [this.options.key]: renderRow(row, selection, this.options.resource, this.options.audience) }
  }

  schema(): object {
    return objectSchema({ [this.options.key]: { $ref: getSchemaPath(this.options.resource.type) } })
  }

  example(story: Story): Record<string, unknown> {
    return { [this.options.key]: exampleOf(this.select(), story) }
  }

  /** A short text, with the names that a client may select. The description of the document has the grammar. */
  describeFields(): string {
    const { resource, audience, defaults } = this.options
    const relations = relationsFor(resource, audience).map(
      (relation) => `- \`${relation.name}\`: ${code(selectableNames(relation.target(), audience))}`,
    )
    return [
      "Comma-separated names of the fields to return; see *Selecting fields* at the top.",
      "",
      `Names: ${code(selectableNames(resource, audience))}`,
      ...(relations.length > 0 ? ["", "Inside relations:", ...relations] : []),
      "",
      `Defaults: ${code(defaults)}${defaults.includes("*") ? "; `*` stands for every name except relations" : ""}`,
    ].join("\n")
  }
}

/** A page of a list. */
export class ListView<Row> implements ResponseBody<PageOf<Row>> {
  private readonly one: View<Row>

  constructor(readonly options: ViewOptions<Row>) {
    this.one = new View(options)
  }

  get types(): Type[] {
    return this.one.types
  }

  select(fields?: unknown): Selection {
    return this.one.select(fields)
  }

  describeFields(): string {
    return this.one.describeFields()
  }

  render({ rows, ...page }: PageOf<Row>, { selection }: RequestContext): Record<string, unknown> {
    const { key, resource, audience } = this.options
    return { [key]: rows.map((row) => renderRow(row, selection, resource, audience)), ...page }
  }

  schema(): object {
    const { key, resource } = this.options
    return objectSchema({
      [key]: { type: "array", items: { $ref: getSchemaPath(resource.type) } },
      count: { type: "integer", description: "The number of matching rows in all." },
      offset: { type: "integer", description: "The number of rows that were skipped." },
      limit: { type: "integer", description: "The number of rows that were requested." },
    })
  }

  example(story: Story): Record<string, unknown> {
    return { [this.options.key]: [exampleOf(this.select(), story)], count: 1, offset: 0, limit: 20 }
  }
}

/**
 * Maps what is selected of a row and of the rows below it. A relation that was not read stays absent.
 * @param resource whose mapper applies, which is that of the selection but for a view that shows the row otherwise
 */
export function renderRow<Row>(
  row: Row,
  { scalars, relations }: Selection,
  resource: Resource<Row>,
  audience: Audience,
  parent?: unknown,
): Record<string, unknown> {
  const rendered: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(resource.toResponse(row, audience, parent))) {
    if (scalars.has(name)) rendered[name] = value
  }
  for (const [name, selection] of relations) {
    const related = (row as Readonly<Record<string, unknown>>)[name]
    const render = (each: unknown) => renderRow(each, selection, selection.resource, audience, row)
    if (Array.isArray(related)) rendered[name] = related.map(render)
    else if (related !== undefined) rendered[name] = related === null ? null : render(related)
  }
  return rendered
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ")
}
