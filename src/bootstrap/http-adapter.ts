import { FastifyAdapter } from "@nestjs/platform-fastify"
import type { FastifyReply, FastifyRequest } from "fastify"
import type { IncomingMessage } from "node:http"
import { parse as parseQuery } from "qs"
import { translateHttpError } from "../api/errors/error.filter.js"
import { ERROR_KINDS, excerpt, InvalidData } from "../common/errors.js"
import { newId } from "../common/ids.js"
import type { Config } from "../config.js"
import { refuseBrokenRequest } from "./broken-requests.js"
import { CACHE_CONTROL } from "./cache-control.js"
import { BODY_LIMIT, HTTP_LIMITS, serverOptions, type HttpLimits } from "./http-limits.js"

/** The header with the id of a request, in both directions. */
export const REQUEST_ID_HEADER = "x-request-id"

/** The service keeps an id that a caller gives its request if it looks like one. */
const REQUEST_ID = /^[\w.:-]{1,128}$/

/** How deep a query is parsed. No URL that Node accepts has more parameters, so none is silently dropped. */
const QUERY_LIMITS = { depth: 5, arrayLimit: 1_000, parameterLimit: 10_000 }

/** Creates Fastify as production and the tests run it. */
export function createHttpAdapter({ docs }: Pick<Config, "docs">, limits: HttpLimits = HTTP_LIMITS): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: "idle",
    requestTimeout: limits.requestTimeout,
    http: serverOptions(limits),
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers[REQUEST_ID_HEADER]
      return typeof given === "string" && REQUEST_ID.test(given) ? given : newId("req")
    },
    requestIdHeader: false,
    clientErrorHandler: refuseBrokenRequest,
    // The router refuses some requests itself, such as those with a malformed URL. They never reach the error filter.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const refusal = translateHttpError(error, docs) ?? new InvalidData(excerpt(error.message))
      void reply.header(CACHE_CONTROL.name, CACHE_CONTROL.value)
      void reply.status(ERROR_KINDS[refusal.kind].status).send(refusal.toBody(request.id))
    },
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: 500,
      // A key with a dot is one level of nesting, as in Medusa: created_at.$gte=...
      querystringParser: (query) => (query === "" ? {} : readQuery(query)),
    },
  })
}

/** Medusa's clients may send a locale with every request; nothing here depends on it. */
function readQuery(query: string): Record<string, unknown> {
  const { locale: _locale, ...rest } = parseQuery(query, { ...QUERY_LIMITS, allowDots: true })
  return rest
}
