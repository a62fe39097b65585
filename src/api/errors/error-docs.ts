import { applyDecorators } from "@nestjs/common"
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from "@nestjs/swagger"
import {
  type DocumentedClass,
  ERROR_KINDS,
  type ErrorBody,
  type ErrorKind,
  ServiceError,
  Unavailable,
  UnknownError,
} from "../../common/errors.js"

export const EXAMPLE_REQUEST_ID = "req_01M81ZBVX6BHV83Q1RCZ2434AT"

const EXAMPLE_OPERATION_ID = "op_01M81ZCP2E4F6G8H0J1K3M5N7P"

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
    example: EXAMPLE_REQUEST_ID,
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
        field: { type: "string", description: "Which field; empty for the body itself." },
        message: { type: "string", description: "What is wrong with it." },
        allowed: {
          type: "array",
          items: { type: "string" },
          description: "What it may be, where that is a closed set.",
        },
      },
    },
    example: [{ field: "cart_id", message: "Field 'cart_id' is required" }],
  })
  details?: unknown[]

  @ApiProperty({
    required: false,
    description: "Why the shopper's bank said no, in the provider's words for programs.",
    example: "insufficient_funds",
  })
  decline_code?: string

  @ApiProperty({
    required: false,
    description: "Whether the same request may succeed later, where a payment provider refused it.",
    example: false,
  })
  retryable?: boolean

  @ApiProperty({
    required: false,
    description: "The call to the payment provider that this is about.",
    example: EXAMPLE_OPERATION_ID,
  })
  operation_id?: string
}

/** An error of a route: a class whose example holds for every route, or an error as this very route throws it. */
export type DocumentedError = DocumentedClass | ServiceError

/** Documents the errors of a route besides those that every route, write and body has. */
export function ApiErrors(...errors: DocumentedError[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ErrorResponse),
    ...errorResponses([...errors, Unavailable, UnknownError]).map((response) => ApiResponse(response)),
  )
}

interface ErrorDoc {
  name: string
  kind: ErrorKind
  description: string
  example: ErrorBody
}

/** The responses of these errors; those with the same status share one. */
export function errorResponses(errors: readonly DocumentedError[]) {
  const byStatus = new Map<number, ErrorDoc[]>()
  for (const doc of errors.map(docOf)) {
    const { status } = ERROR_KINDS[doc.kind]
    byStatus.set(status, [...(byStatus.get(status) ?? []), doc])
  }
  return [...byStatus].map(([status, docs]) => ({
    status,
    description: [...new Set(docs.map(({ description }) => description))].join(" "),
    content: {
      "application/json": {
        schema: { $ref: getSchemaPath(ErrorResponse) },
        examples: Object.fromEntries(docs.map(({ example }, index) => [nameOf(docs, index), { value: example }])),
      },
    },
  }))
}

/** Appends `_2` to the second example of a name. */
function nameOf(docs: readonly ErrorDoc[], index: number): string {
  const name = docs[index]?.name ?? ""
  const before = docs.slice(0, index).filter((doc) => doc.name === name).length
  return before === 0 ? name : `${name}_${before + 1}`
}

/** @throws TypeError if a class without an example is given instead of an error as the route throws it */
function docOf(error: DocumentedError): ErrorDoc {
  const { docs } = error
  const example = error instanceof ServiceError ? error : docs.example?.()
  if (!example)
    throw new TypeError(`The errors '${docs.name}' differ from route to route: name one as the route throws it.`)
  const name = error instanceof ServiceError ? (error.code ?? error.kind) : docs.name
  return { name, kind: example.kind, description: docs.when, example: example.toBody(EXAMPLE_REQUEST_ID) }
}
