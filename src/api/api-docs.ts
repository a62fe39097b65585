import { applyDecorators, type Type } from "@nestjs/common"
import { ApiExtraModels, ApiOkResponse, ApiParam, getSchemaPath } from "@nestjs/swagger"

/** Documents the id in the path of a route. */
export function ApiId(description: string, example: string): MethodDecorator {
  return ApiParam({ name: "id", description, example })
}

/** A value that stands beside the resource in an envelope. */
export interface Beside {
  readonly schema: { readonly type: "boolean"; readonly description: string }
  readonly example: unknown
}

/**
 * Documents an answer of one resource in its envelope: `{ payment_collection: {...} }`.
 * @param beside what else is in the envelope, by name
 */
export function ApiEnvelope(
  key: string,
  type: Type,
  description: string,
  example: unknown,
  beside: Readonly<Record<string, Beside>> = {},
): MethodDecorator {
  const others = Object.entries(beside)
  const properties = {
    [key]: { $ref: getSchemaPath(type) },
    ...Object.fromEntries(others.map(([name, { schema }]) => [name, schema])),
  }
  return applyDecorators(
    ApiExtraModels(type),
    ApiOkResponse({
      description,
      content: {
        "application/json": {
          schema: { type: "object", required: Object.keys(properties), properties },
          example: { [key]: example, ...Object.fromEntries(others.map(([name, each]) => [name, each.example])) },
        },
      },
    }),
  )
}

/** Documents a page of a list: `{ payments: [...], count, offset, limit }`. */
export function ApiPage(key: string, type: Type, description: string, example: unknown): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(type),
    ApiOkResponse({
      description,
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: [key, "count", "offset", "limit"],
            properties: {
              [key]: { type: "array", items: { $ref: getSchemaPath(type) } },
              count: { type: "integer", description: "How many there are in all." },
              offset: { type: "integer", description: "How many were passed over." },
              limit: { type: "integer", description: "How many were asked for." },
            },
          },
          example: { [key]: [example], count: 1, offset: 0, limit: 20 },
        },
      },
    }),
  )
}
