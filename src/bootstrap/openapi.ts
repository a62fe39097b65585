import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from "@nestjs/swagger"
import { EXAMPLE_REQUEST_ID, INVALID_REQUEST, errorResponses, type DocumentedError } from "../api/api-docs.js"
import { unstorableText } from "../common/json.js"
import { invalidRequest, missingField, tooSmall, unknownField } from "../api/validation/validation.js"
import { documentEndpoints } from "../api/endpoint-docs.js"
import { unknownNames } from "../api/fields/fields.js"
import type { ErrorBody, InvalidData } from "../common/errors.js"
import { toOpenApi31 } from "./openapi-31.js"
import { VERSION } from "../common/version.js"

const DESCRIPTION = `
Everything that is paid for one cart: payment sessions with providers, the payments they become, captures and refunds.
Speaks the wire format of Medusa v2, so \`@medusajs/js-sdk\` works unchanged.

**Try it:** press *Authorize*, enter a publishable key for the store routes and a secret key for the admin routes (in
development the service prints both at start), then *Execute*. Amounts are in major units.

**The order of calls:**

1. \`PUT /admin/carts/{id}\`: the service that owns carts reports a cart.
2. \`POST /store/payment-collections\`: the storefront gets the payment collection of the cart.
3. \`POST /store/payment-collections/{id}/payment-sessions\`: the shopper chooses a provider.
4. \`POST /store/payment-collections/{id}/payment-sessions/{session_id}/authorize\`: the session becomes a payment.
5. \`POST /admin/payments/{id}/capture\`: an operator takes the money, all or a part.
6. \`POST /admin/payments/{id}/refund\`: an operator returns it, all or a part.

**Requests** may carry an id in the header \`x-request-id\` (letters, digits, \`_.:-\`, at most 128); every response
repeats it.

**Selecting fields:** a response holds what \`fields\` selects; only \`id\` is always there. \`fields\` is a comma-separated
list. \`name\` replaces all defaults, \`+name\` adds to them, \`-name\` removes. \`*relation\` (or \`relation.*\`, or
\`relation\`) expands a relation, \`relation.name\` selects inside it. Only the last relation of a path may lead back to a
resource that the path has passed. An unknown name is refused with 400.
`.trim()

/** Serves the API document at /docs-json and Swagger UI at /docs. */
export function setUpApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup("docs", app, () => buildApiDocument(app), {
    jsonDocumentUrl: "docs-json",
    yamlDocumentUrl: "docs-yaml",
    customSiteTitle: "Payment Collections",
    swaggerOptions: {
      docExpansion: "none",
      filter: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
    },
  })
}

/** The groups of routes, in the order of the page. */
const TAGS: Record<string, string> = {
  "Store: payment collections": "What a storefront does first: get the payment collection of a cart.",
  "Store: payment sessions": "Choose how to pay, and pay.",
  "Store: payment providers": "What a shopper can pay with.",
  "Admin: payment collections": "Collections as operators see them, and those of orders.",
  "Admin: payment sessions": "Sessions that an operator opens or authorizes.",
  "Admin: orders": "Orders whose payment the provider authorizes late.",
  "Admin: payments": "The money that providers have authorized.",
  "Admin: payment providers": "The providers that this service was started with.",
  "Admin: refund reasons": "Reasons that a refund can name.",
  "Admin: account holders": "Customers at providers, and the payment methods that they saved there.",
  "Admin: operations": "The calls to providers, with their outcomes.",
  "Admin: webhook events": "Webhooks that payment providers have sent.",
  "Admin: regions": "Which providers a region offers.",
  "Admin: carts": "Carts, as the service that owns them reports them.",
  "Admin: events": "The feed of events, for other services.",
  "Admin: API keys": "Publishable keys for storefronts, secret keys for operators.",
  Webhooks: "Where payment providers send their webhooks.",
  Health: "For load balancers and orchestrators.",
}

function buildApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle("Payment Collections")
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense("MIT", "https://opensource.org/license/mit")
    .addServer("/", "This service")
    .addApiKey(
      {
        type: "apiKey",
        in: "header",
        name: "x-publishable-api-key",
        description: "A publishable key (`pk_...`), for the store routes.",
      },
      "publishable_key",
    )
    .addSecurity("secret_key", {
      type: "http",
      scheme: "bearer",
      description: "A secret key (`sk_...`), for the admin routes.",
    })
    .addSecurity("secret_key_basic", {
      type: "http",
      scheme: "basic",
      description:
        "The same secret key as user name, without a password, as `@medusajs/js-sdk` sends it. One of the two is enough.",
    })
  for (const [name, description] of Object.entries(TAGS)) config.addTag(name, description)
  const document = SwaggerModule.createDocument(app, config.build())
  documentEndpoints(app, document)
  return toOpenApi31(completed(document))
}

type Operation = NonNullable<OpenAPIObject["paths"][string]["get"]>
type Response = Exclude<Operation["responses"][string], { $ref: string } | undefined>
type Schemas = NonNullable<NonNullable<OpenAPIObject["components"]>["schemas"]>
type Schema = Schemas[string]

/** Adds what follows from the document itself, and what is the same for many routes. */
function completed(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {}
  for (const [path, { get, post, put, delete: remove }] of Object.entries(document.paths)) {
    for (const operation of [get, post, put, remove]) if (operation) completeBody(operation, schemas)
    for (const operation of [post, put, remove]) if (operation) addErrors(operation, ["conflict"])
    if (post && /^\/(store|admin)\//.test(path)) addIdempotency(post)
    for (const operation of [get, post, put, remove]) {
      if (!operation) continue
      if (path.startsWith("/admin/")) addToErrors(operation, ["cross_site"])
      addBasic(operation)
      operation.security ??= []
      nameInvalid(operation, schemas)
      addHeaders(operation)
    }
  }
  document.components = { ...document.components, headers: HEADERS, schemas: usedSchemas(document, schemas) }
  return document
}

/** Every body has a ready example, made of those of its fields, and can be left out where nothing in it is required. */
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
  addErrors(operation, ["too_large", "unsupported_media_type"])
}

/** Where a secret key is needed, it may come as Basic, too. */
function addBasic(operation: Operation): void {
  if (operation.security?.some((requirement) => "secret_key" in requirement)) {
    operation.security = [...operation.security, { secret_key_basic: [] }]
  }
}

/** Gives the example of a malformed request the message that a request to this very route gets. */
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

/** The error of a likely mistake: a field is left out, else a number is too small, else a name is unknown. */
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
    "Makes repeats harmless: a request is executed once per key. For 24 hours a repeat with the same key gets the same " +
    "response, with the header `Idempotent-Replayed: true`. Choose a new random key for each new request, such as a UUID.",
  schema: { type: "string", pattern: "^[\\x21-\\x7E]{1,255}$" },
} as const

function addIdempotency(operation: Operation): void {
  operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY]
  addToErrors(operation, ["idempotency_key_in_use", "idempotency_mismatch"])
}

/** Adds errors to those that the operation has with the same status. */
function addToErrors(operation: Operation, errors: DocumentedError[]): void {
  for (const { status, ...added } of errorResponses(errors)) {
    const known = operation.responses[status]
    operation.responses[status] = known && "content" in known ? together(known, added) : added
  }
}

/** Adds to the documentation of one status. */
function together(known: Response, { description, content }: Response): Response {
  const [media, added] = [known.content?.[JSON_TYPE], content?.[JSON_TYPE]]
  return {
    ...known,
    description: `${known.description} ${description}`,
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

/** Without the messages of the TCP transport, which Nest collects along with the requests over HTTP. */
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
