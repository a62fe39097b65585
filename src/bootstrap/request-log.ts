import type { FastifyInstance, FastifyRequest } from "fastify"
import type { Logger } from "pino"
import { REQUEST_ID_HEADER } from "./http-adapter.js"

/** Logs one line per request, with the id that the response carries too. Paths hold ids; queries and bodies are not logged. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook("onRequest", (request, reply, done) => {
    void reply.header(REQUEST_ID_HEADER, request.id)
    done()
  })
  fastify.addHook("onResponse", (request, reply, done) => {
    logger.info(
      {
        request_id: request.id,
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      "request",
    )
    done()
  })
}

/** The path of a request, without its query. */
export function pathOf({ url }: FastifyRequest): string {
  const query = url.indexOf("?")
  return query < 0 ? url : url.slice(0, query)
}
