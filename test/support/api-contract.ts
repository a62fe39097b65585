import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { readFileSync } from "node:fs"
import { ApiSchemas, type ApiSchema } from "./api-schema.js"

const DOCUMENT = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")) as ApiDocument

interface ApiDocument {
  components: unknown
  paths: Record<string, Record<string, ApiOperation>>
}

interface ApiOperation {
  responses: Record<string, { content?: Record<string, { schema: ApiSchema }> }>
}

const schemas = new ApiSchemas(DOCUMENT)

/** What is no route at all gets the error of every route. */
const UNKNOWN = /\*$|^$/
const ERROR = { $ref: "#/components/schemas/ErrorResponse" }

/** What every route may respond before it is reached: Node and Fastify themselves refuse the request. */
const BEFORE_ROUTES = new Set(["408", "414", "431"])

/** Compares every response that a service gives with `docs/openapi.json`, whichever client asked. */
export class ApiContract {
  private readonly violations = new Set<string>()

  watch(fastify: FastifyInstance): void {
    fastify.addHook("onSend", (request, reply, payload, done) => {
      const violation = violationOf(request, reply, payload)
      if (violation !== undefined) this.violations.add(violation)
      done()
    })
  }

  /** @throws Error that names every response that was not as documented */
  assertKept(): void {
    if (this.violations.size === 0) return
    throw new Error(`The service responded otherwise than docs/openapi.json says:\n${[...this.violations].join("\n")}`)
  }
}

function violationOf(
  { method, routeOptions }: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): string | undefined {
  const { url = "" } = routeOptions
  const status = String(reply.statusCode)
  if (url.startsWith("/docs") || ["HEAD", "OPTIONS"].includes(method) || BEFORE_ROUTES.has(status)) return undefined
  const place = `${method} ${url}: ${status}`
  if (UNKNOWN.test(url)) return misfit(place, payload, ERROR)
  const operation = DOCUMENT.paths[url.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()]
  if (!operation) return `${place} of an undocumented route`
  const response = operation.responses[status]
  if (!response) return `${place} is not documented`
  const type = String(reply.getHeader("content-type")).split(";")[0] ?? ""
  const schema = response.content?.[type]?.schema
  if (!schema) return `${place} as ${type} is not documented`
  return misfit(place, payload, schema, type === "application/json")
}

function misfit(place: string, payload: unknown, schema: ApiSchema, isJson = true): string | undefined {
  const body = typeof payload === "string" ? payload : Buffer.isBuffer(payload) ? payload.toString() : undefined
  if (body === undefined) return `${place} is neither text nor bytes`
  const problems = schemas.problemsWith(isJson ? JSON.parse(body) : body, schema)
  return problems.length > 0 ? `${place} ${problems.join("; ")} in ${body.slice(0, 300)}` : undefined
}
