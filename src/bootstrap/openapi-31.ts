import type { OpenAPIObject } from "@nestjs/swagger"

type Node = Record<string, unknown>

const NULL = { type: "null" }

/**
 * Turns the schemas of a document that `@nestjs/swagger` made, which are those of OpenAPI 3.0, into JSON Schema, as OpenAPI
 * 3.1 has it. There is no `nullable` in JSON Schema: null is one of several types. And beside `allOf`, `nullable` has no
 * effect in OpenAPI 3.0 either, so a relation that may be null cannot be described there.
 */
export function toOpenApi31(document: OpenAPIObject): OpenAPIObject {
  return { ...(converted(document) as OpenAPIObject), openapi: "3.1.0" }
}

/** Values of an API are no schemas, whatever their names are. */
const VALUES = new Set(["example", "examples", "default", "enum"])

function converted(node: unknown): unknown {
  if (typeof node !== "object" || node === null) return node
  if (isList(node)) return node.map(converted)
  const entries = Object.entries(node as Node).map(([name, child]) => [
    name,
    VALUES.has(name) ? child : converted(child),
  ])
  return withNull(withExclusiveBounds(Object.fromEntries(entries) as Node))
}

/** In OpenAPI 3.0 `nullable` is a boolean; a property that is called so is a schema. */
function withNull({ nullable, ...schema }: Node): Node {
  if (typeof nullable !== "boolean") return nullable === undefined ? schema : { ...schema, nullable }
  if (!nullable) return schema
  const { allOf, type, ...rest } = schema
  if (Array.isArray(allOf)) return { ...rest, anyOf: [...(allOf as unknown[]), NULL] }
  const values = Array.isArray(rest.enum) && { enum: [...(rest.enum as unknown[]), null] }
  return { type: [type, NULL.type], ...rest, ...values }
}

/** In OpenAPI 3.0 the bound stands in `minimum`, and `exclusiveMinimum` says that it is not included. */
function withExclusiveBounds({ exclusiveMinimum, ...schema }: Node): Node {
  if (typeof exclusiveMinimum !== "boolean") {
    return exclusiveMinimum === undefined ? schema : { ...schema, exclusiveMinimum }
  }
  const { minimum, ...rest } = schema
  return exclusiveMinimum ? { ...rest, exclusiveMinimum: minimum } : schema
}

function isList(node: object): node is unknown[] {
  return Array.isArray(node)
}
