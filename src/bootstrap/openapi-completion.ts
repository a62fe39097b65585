import type { OpenAPIObject } from "@nestjs/swagger"
import { EXAMPLE_REQUEST_ID, errorResponses, type DocumentedError } from "../api/errors/error-docs.js"
import { unstorableText } from "../common/json.js"
import { invalidRequest, missingField, tooSmall, unknownField } from "../api/validation/validation.js"
import { unknownNames } from "../api/fields/fields.js"
import { CrossSiteRequest } from "../api-keys/api-key.errors.js"
import { BodyTooLarge, UnsupportedMediaType } from "../api/errors/transport.errors.js"
import { ChangedMeanwhile, type ErrorBody, InvalidData } from "../common/errors.js"
import { IdempotencyKeyInUse, IdempotencyKeyReused } from "../idempotency/idempotency.errors.js"

/** The message of an example that {@link nameInvalid} replaces. */
const INVALID_REQUEST = InvalidData.docs.example?.().message

type Operation = NonNullable<OpenAPIObject["paths"][string]["get"]>
type Response = Exclude<Operation["responses"][string], { $ref: string } | undefined>
type Schemas = NonNullable<NonNullable<OpenAPIObject["components"]>["schemas"]>
type Schema = Schemas[string]

/** Adds the parts that many routes share, and those that follow from the document itself. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {}
  for (const [path, { get, post, put, delete: remove }] of Object.entries(document.paths)) {
    for (const operation of [get, post, put, remove]) if (operation) completeBody(operation, schemas)
    for (const operation of [post, put, remove]) if (operation) addErrors(operation, [ChangedMeanwhile])
    if (post && /^\/(store|admin)\//.test(path)) addIdempotency(post)
    for (const operation of [get, post, put, remove]) {
      if (!operation) continue
      if (path.startsWith("/admin/")) addToErrors(operation, [CrossSiteRequest])
      addBasic(operation)
      operation.security ??= []
      nameInvalid(operation, schemas)
      addHeaders(operation)
    }
  }
  document.components = { ...document.components, headers: HEADERS, schemas: usedSchemas(document, schemas) }
  return document
}

/** Gives every body an example made of those of its fields, and makes it optional if it has no required field. */
function completeBody(operation: Operation, schemas: Schemas): void {
  const body = operation.requestBody
  if (!body || "$ref" in body) return
  for (const media of Object.values(body.content)) {
    const schema = resolve(media.schema, schemas)
    body.required = (schema?.required ?? []).length > 0
    media.example = Object.fromEntries(
      Object.entries(schema?.properties ?? {}).map(([name, property]) => [name, resolve(property, schemas)?.example]),
    )
  }
  addErrors(operation, [BodyTooLarge, UnsupportedMediaType])
}

/** Allows Basic besides Bearer on every route that needs a secret key. */
function addBasic(operation: Operation): void {
  if (operation.security?.some((requirement) => "secret_key" in requirement)) {
    operation.security = [...operation.security, { secret_key_basic: [] }]
  }
}

/** Gives the example of a malformed request the message that this route returns. */
function nameInvalid(operation: Operation, schemas: Schemas): void {
  // The routes of a controller share what is declared on it.
  operation.responses = structuredClone(operation.responses)
  const response = operation.responses["400"]
  const examples = response && "content" in response ? response.content?.[JSON_TYPE]?.examples : undefined
  for (const example of Object.values(examples ?? {})) {
    if (!("value" in example) || (example.value as ErrorBody).message !== INVALID_REQUEST) continue
    example.value = invalidExample(operation, schemas).toBody(EXAMPLE_REQUEST_ID)
  }
}

/** Creates the error of a likely mistake: a missing field, else a number that is too small, else an unknown name. */
function invalidExample(operation: Operation, schemas: Schemas): InvalidData {
  const { requestBody, parameters = [] } = operation
  const inputs = parameters.filter((parameter) => "in" in parameter)
  const query = inputs.filter((parameter) => parameter.in === "query")
  const body =
    requestBody && "content" in requestBody ? resolve(requestBody.content[JSON_TYPE]?.schema, schemas) : undefined
  const missing = [...(body?.required ?? []), ...query.filter(({ required }) => required).map(({ name }) => name)]
  if (missing.length > 0) return invalidRequest(missing.map(missingField))
  const limit = query.find(({ name }) => name === "limit")?.schema
  if (limit && "minimum" in limit) return invalidRequest([tooSmall("limit", limit.minimum ?? 0)])
  if (body) return invalidRequest([unknownField("amuont")])
  if (query.some(({ name }) => name === "fields")) return unknownNames(["amuont"], ["amount"])
  return invalidRequest([unstorableText(inputs.find((parameter) => parameter.in === "path")?.name ?? "id")])
}

function resolve(schema: Schema | undefined, schemas: Schemas): Exclude<Schema, { $ref: string }> | undefined {
  if (!schema || !("$ref" in schema)) return schema
  return resolve(schemas[schema.$ref.slice(SCHEMAS.length)], schemas)
}

const SCHEMAS = "#/components/schemas/"

function addErrors(operation: Operation, errors: DocumentedError[]): void {
  for (const { status, ...response } of errorResponses(errors)) operation.responses[status] ??= response
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Makes repeats harmless: the same request with the same key takes effect once, and gets the same response for 24 hours, with " +
    "the header `Idempotent-Replayed: true`. Choose a new random key for each new request, a UUID for one.",
  schema: { type: "string", pattern: "^[\\x21-\\x7E]{1,255}$" },
} as const

function addIdempotency(operation: Operation): void {
  operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY]
  addToErrors(operation, [IdempotencyKeyInUse, IdempotencyKeyReused])
}

/** Adds errors to those that the operation has with the same status. */
function addToErrors(operation: Operation, errors: DocumentedError[]): void {
  for (const { status, ...added } of errorResponses(errors)) {
    const documented = operation.responses[status]
    operation.responses[status] = documented && "content" in documented ? merge(documented, added) : added
  }
}

/** Merges the errors of two responses with the same status. */
function merge(response: Response, { description, content }: Response): Response {
  const [media, added] = [response.content?.[JSON_TYPE], content?.[JSON_TYPE]]
  return {
    ...response,
    description: `${response.description} ${description}`,
    content: { [JSON_TYPE]: { ...media, examples: { ...media?.examples, ...added?.examples } } },
  }
}

const JSON_TYPE = "application/json"

const HEADERS = {
  RequestId: {
    description: "The id of the request: the one it was given, or a new one.",
    schema: { type: "string" },
    example: EXAMPLE_REQUEST_ID,
  },
  RetryAfter: {
    description: "Seconds after which the same request may succeed.",
    schema: { type: "integer" },
    example: 1,
  },
}

const RETRIABLE = new Set(["409", "503", "504"])

function addHeaders({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    if (!response || "$ref" in response) continue
    response.headers = {
      "x-request-id": { $ref: "#/components/headers/RequestId" },
      ...(RETRIABLE.has(status) && { "retry-after": { $ref: "#/components/headers/RetryAfter" } }),
    }
  }
}

/** Removes the schemas of TCP messages, which Nest collects along with those of HTTP requests. */
function usedSchemas(document: OpenAPIObject, schemas: Schemas): Schemas {
  const used = new Set<string>()
  const collect = (part: unknown): void => {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue
      used.add(name)
      collect(schemas[name])
    }
  }
  collect(document.paths)
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)))
}
