import { applyDecorators } from "@nestjs/common"
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from "@nestjs/swagger"
import { ERROR_KINDS, type ErrorBody, type ErrorKind, type ServiceError } from "../common/errors.js"

export const EXAMPLE_REQUEST_ID = "req_01M81ZBVX6BHV83Q1RCZ2434AT"

/** Stands for what is wrong with a request to the route; the document replaces it. */
export const INVALID_REQUEST = "Invalid request"

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

/** What every route of a kind can refuse, in the same words. */
export type Refusal =
  | Exclude<ErrorKind, "not_found" | "not_allowed" | "duplicate">
  | "publishable_key"
  | "cross_site"
  | "amount_changed"
  | "operation_in_progress"
  | "idempotency_key_in_use"

/** A refusal, or one of a route's own: an error as the route throws it. */
export type DocumentedError = Refusal | ServiceError

interface RefusalDoc {
  kind: ErrorKind
  description: string
  message: string
  /** What the body has besides type and message. */
  more?: Partial<ErrorBody>
}

const REFUSALS: Record<Refusal, RefusalDoc> = {
  invalid_data: {
    kind: "invalid_data",
    description: "The request is malformed, or a value is not valid.",
    message: INVALID_REQUEST,
  },
  publishable_key: {
    kind: "not_allowed",
    description: "The publishable key is missing or not valid.",
    message: "A valid publishable key is required to proceed with the request",
    more: {
      details: [
        {
          field: "x-publishable-api-key",
          message:
            "It does not exist, or is revoked. The operator creates publishable keys (pk_...) with POST /admin/api-keys, or with npm run keys.",
        },
      ],
    },
  },
  cross_site: {
    kind: "not_allowed",
    description: "A browser sent it for a page of an origin that ADMIN_CORS does not name.",
    message:
      "A page of another origin made this request. Add the page's origin to ADMIN_CORS, or call the API from a server.",
  },
  unauthorized: {
    kind: "unauthorized",
    description: "The secret key is missing or not valid.",
    message: "Unauthorized. Send a secret API key as 'Authorization: Bearer sk_...' or, as the js-sdk does, as Basic.",
  },
  conflict: {
    kind: "conflict",
    description: "Another request got in between.",
    message: "Another request changed the same data at the same time. Retry the request.",
  },
  state_conflict: {
    kind: "state_conflict",
    description:
      "The payment provider did nothing, because the present state of the payment does not allow it, or because it does " +
      "not know the payment (`provider_payment_missing`).",
    message: "The payment is being processed at the payment provider. Wait for the end, then try again.",
    more: { code: "payment_processing", retryable: true, operation_id: EXAMPLE_OPERATION_ID },
  },
  amount_changed: {
    kind: "conflict",
    description: "The session is for another amount than is to be paid by now. Create it again.",
    message:
      "The session is for 49.9 eur, but 59.9 eur is to be paid by now. Create the payment session again, then authorize it.",
    more: { code: "amount_changed" },
  },
  operation_in_progress: {
    kind: "conflict",
    description: "A call to the payment provider is not settled yet; retry after the seconds in `Retry-After`.",
    message: `Operation ${EXAMPLE_OPERATION_ID} with the payment provider is not settled yet. Retry the request later.`,
    more: { code: "operation_in_progress", operation_id: EXAMPLE_OPERATION_ID },
  },
  payment_declined: {
    kind: "payment_declined",
    description: "The shopper's bank, or whoever pays, said no.",
    message: "The card was declined.",
    more: { code: "card_declined", decline_code: "insufficient_funds", operation_id: EXAMPLE_OPERATION_ID },
  },
  idempotency_mismatch: {
    kind: "idempotency_mismatch",
    description: "The idempotency key came before, with another request.",
    message: "The idempotency key was used before with another request. Use a new key for a new request.",
    more: { code: "idempotency_key_reused" },
  },
  idempotency_key_in_use: {
    kind: "conflict",
    description: "A request with the same idempotency key is still running; retry after the seconds in `Retry-After`.",
    message: "A request with this idempotency key is still running. Retry it with the same key.",
    more: { code: "idempotency_key_in_use" },
  },
  provider_error: {
    kind: "provider_error",
    description: "The payment provider refused the request itself.",
    message: "The payment provider did not accept the request.",
    more: { code: "amount_too_small", retryable: false, operation_id: EXAMPLE_OPERATION_ID },
  },
  outcome_unknown: {
    kind: "outcome_unknown",
    description: "The payment provider did not say whether it did it. The operation is settled later.",
    message: `Whether it happened is not known yet. Operation ${EXAMPLE_OPERATION_ID} is settled as soon as that is certain; look at the state before you repeat the request.`,
    more: { code: "outcome_unknown", operation_id: EXAMPLE_OPERATION_ID },
  },
  too_large: {
    kind: "too_large",
    description: "The body is larger than 100 kB.",
    message: "The body is larger than the limit of 100 kB. Send less in one request.",
  },
  unsupported_media_type: {
    kind: "unsupported_media_type",
    description: "The body is not JSON in UTF-8.",
    message: "Send the body as uncompressed JSON in UTF-8, with the header 'content-type: application/json'.",
  },
  unavailable: {
    kind: "unavailable",
    description: "The database is lost or overloaded; retry after the seconds in `Retry-After`.",
    message: "The service is temporarily unavailable. Retry the request shortly.",
  },
  unknown: {
    kind: "unknown",
    description: "A fault of the service; `request_id` finds it in the log.",
    message: "An unknown error occurred.",
    more: { code: "unknown_error" },
  },
}

/** What the errors of a kind have in common, for kinds whose words differ from route to route. */
const OWN_WORDS: Record<Exclude<ErrorKind, Refusal>, string> = {
  not_allowed: "The state does not permit it.",
  not_found: "It does not exist, or the key does not see it.",
  duplicate: "One with the same key exists.",
}

/** Documents the errors of a route besides those that every route, write and body has. */
export function ApiErrors(...errors: DocumentedError[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ErrorResponse),
    ...errorResponses([...errors, "unavailable", "unknown"]).map((response) => ApiResponse(response)),
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

/** The second of a name is `invalid_data_2`. */
function nameOf(docs: readonly ErrorDoc[], index: number): string {
  const name = docs[index]?.name ?? ""
  const before = docs.slice(0, index).filter((doc) => doc.name === name).length
  return before === 0 ? name : `${name}_${before + 1}`
}

function docOf(error: DocumentedError): ErrorDoc {
  if (typeof error !== "string") {
    const { kind, code } = error
    const description =
      kind in OWN_WORDS ? OWN_WORDS[kind as keyof typeof OWN_WORDS] : REFUSALS[kind as Refusal].description
    return { name: code ?? kind, kind, description, example: error.toBody(EXAMPLE_REQUEST_ID) }
  }
  const { kind, description, message, more } = REFUSALS[error]
  const example = { ...more, type: ERROR_KINDS[kind].type, message, request_id: EXAMPLE_REQUEST_ID }
  return { name: error, kind, description, example }
}
