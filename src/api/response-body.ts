import type { Type } from "@nestjs/common"
import { getSchemaPath } from "@nestjs/swagger"
import type { Story } from "./fields/example.js"
import type { Selection } from "./fields/fields.js"
import type { RequestContext } from "./request-context.js"

/** The path parameters of a request, or the fields of a TCP message. */
export type Input = Readonly<Record<string, unknown>>

/** The body of a successful response: how it is made of the handler's result, and how it is documented. */
export interface ResponseBody<Result> {
  /** The response classes that the schema refers to. */
  readonly types: readonly Type[]
  /** Parses `fields`; absent if the response has no `fields`. @throws InvalidData for unknown names */
  select?(fields: unknown): Selection
  /** The text of the parameter `fields`. */
  describeFields?(): string
  render(result: Result, context: RequestContext, input: Input): unknown
  schema(): object
  example(story: Story): unknown
}

/** A body that is the same for every client: `fields` cannot select in it. */
export function fixedBody<Result>(
  type: Type,
  toResponse: (result: Result) => object,
  example: unknown,
): ResponseBody<Result> {
  return {
    types: [type],
    render: toResponse,
    schema: () => ({ $ref: getSchemaPath(type) }),
    example: () => example,
  }
}

/** One resource in its envelope, `{ cart: {...} }`, of which `fields` selects nothing. */
export function envelope<Result>(
  key: string,
  type: Type,
  toResponse: (result: Result, input: Input) => object,
  example: unknown,
): ResponseBody<Result> {
  return {
    types: [type],
    render: (result, _context, input) => ({ [key]: toResponse(result, input) }),
    schema: () => objectSchema({ [key]: { $ref: getSchemaPath(type) } }),
    example: () => ({ [key]: example }),
  }
}

/** The response to a DELETE, as in Medusa. */
export interface Deleted<Kind extends string> {
  id: string
  /** The kind of thing that was deleted. */
  object: Kind
  deleted: true
}

/**
 * The response to a DELETE: `{ id, object, deleted: true }`.
 * @param param the path parameter that holds the id; in a TCP message it is `id`
 */
export function deleted(object: string, exampleId: string, param = "id"): ResponseBody<void> {
  return {
    types: [],
    render: (_result, _context, input) => ({ id: input[param] ?? input["id"], object, deleted: true }),
    schema: () =>
      objectSchema({
        id: { type: "string", description: "The id of what was deleted." },
        object: { type: "string", enum: [object], description: "What it was." },
        deleted: { type: "boolean", enum: [true], description: "Always true." },
      }),
    example: () => ({ id: exampleId, object, deleted: true }),
  }
}

export function objectSchema(properties: Readonly<Record<string, object>>): object {
  return { type: "object", required: Object.keys(properties), properties }
}
