import { applyDecorators, type Type } from "@nestjs/common"
import { ApiExtraModels, ApiOkResponse, ApiProperty, ApiResponse, getSchemaPath } from "@nestjs/swagger"
import { ERROR_KINDS, type ErrorKind } from "./errors.js"

/** The JSON body of every error. */
export class ErrorResponse {
  @ApiProperty({ description: "What kind of error it is; stable.", example: "invalid_data" })
  type!: string

  @ApiProperty({
    description: "What is wrong and what to do, for people.",
    example: "Invalid request: Field 'cart_id' is required",
  })
  message!: string

  @ApiProperty({ required: false, description: "A finer kind, for programs.", example: "unknown_error" })
  code?: string

  @ApiProperty({
    description: "The id of the request, also in the header `x-request-id` and in the service's log.",
    example: "req_01M81ZBVX6BHV83Q1RCZ2434AT",
  })
  request_id!: string

  @ApiProperty({
    required: false,
    description: "Everything that is wrong, field by field.",
    type: "array",
    items: {
      type: "object",
      required: ["field", "message"],
      properties: {
        field: { type: "string" },
        message: { type: "string" },
        allowed: { type: "array", items: { type: "string" } },
      },
    },
    example: [{ field: "cart_id", message: "Field 'cart_id' is required" }],
  })
  details?: unknown[]
}

const DESCRIPTIONS: Record<ErrorKind, string> = {
  invalid_data: "The request is malformed, or a value is not valid.",
  not_allowed: "The publishable key is missing or not valid, or the state does not permit it.",
  unauthorized: "The secret key is missing or not valid.",
  not_found: "There is no such thing, or the key does not see it.",
  conflict: "Another request got in between.",
  too_large: "The body is larger than 100 kB.",
  unsupported_media_type: "The body is not JSON in UTF-8.",
  duplicate: "There is one like it already.",
  unavailable: "The database is lost or overloaded; retry after the seconds in `Retry-After`.",
  unknown: "A fault of the service; `request_id` finds it in the log.",
}

const EXAMPLES: Record<ErrorKind, string> = {
  invalid_data: "Invalid request: Field 'cart_id' is required",
  not_allowed: "A valid publishable key is required to proceed with the request",
  unauthorized: "Unauthorized. Send a secret API key as 'Authorization: Bearer sk_...'.",
  not_found: "Cart id not found: cart_123",
  conflict: "Another request changed the same data at the same time. Retry the request.",
  too_large: "The body is larger than the limit of 100 kB. Send less in one request.",
  unsupported_media_type: "Send the body as JSON in UTF-8, with the header 'content-type: application/json'.",
  duplicate: "A refund reason with this code exists already.",
  unavailable: "The service is temporarily unavailable. Retry the request shortly.",
  unknown: "An unknown error occurred.",
}

/** Documents the refusals of a route; those of one status stand together. */
export function ApiErrors(...kinds: ErrorKind[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ErrorKind[]>()
  for (const kind of [...kinds, "unavailable" as const, "unknown" as const]) {
    const { status } = ERROR_KINDS[kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind])
  }
  return applyDecorators(
    ApiExtraModels(ErrorResponse),
    ...[...byStatus].map(([status, same]) =>
      ApiResponse({
        status,
        description: same.map((kind) => DESCRIPTIONS[kind]).join(" "),
        content: {
          "application/json": {
            schema: { $ref: getSchemaPath(ErrorResponse) },
            examples: Object.fromEntries(
              same.map((kind) => [
                kind,
                {
                  value: {
                    type: ERROR_KINDS[kind].type,
                    message: EXAMPLES[kind],
                    request_id: "req_01M81ZBVX6BHV83Q1RCZ2434AT",
                  },
                },
              ]),
            ),
          },
        },
      }),
    ),
  )
}

/** Documents an answer of one resource in its envelope: `{ payment_collection: {...} }`. */
export function ApiEnvelope(key: string, type: Type, description: string, example?: unknown): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(type),
    ApiOkResponse({
      description,
      content: {
        "application/json": {
          schema: { type: "object", required: [key], properties: { [key]: { $ref: getSchemaPath(type) } } },
          ...(example !== undefined && { example: { [key]: example } }),
        },
      },
    }),
  )
}

/** Documents a page of a list: `{ payments: [...], count, offset, limit }`. */
export function ApiPage(key: string, type: Type, description: string): MethodDecorator {
  const number = (text: string, example: number) => ({ type: "integer", description: text, example })
  return applyDecorators(
    ApiExtraModels(type),
    ApiOkResponse({
      description,
      schema: {
        type: "object",
        required: [key, "count", "offset", "limit"],
        properties: {
          [key]: { type: "array", items: { $ref: getSchemaPath(type) } },
          count: number("How many there are in all.", 1),
          offset: number("How many were passed over.", 0),
          limit: number("How many were asked for.", 20),
        },
      },
    }),
  )
}
