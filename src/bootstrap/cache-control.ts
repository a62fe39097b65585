import type { FastifyInstance } from "fastify"

/** A response shows payments, or belongs to one key: no cache may give it to another caller. */
export const CACHE_CONTROL = { name: "cache-control", value: "no-store" }

/** Forbids caching of every response. The static files of Swagger UI replace the header. */
export function forbidCaching(fastify: FastifyInstance): void {
  fastify.addHook("onRequest", (_request, reply, done) => {
    void reply.header(CACHE_CONTROL.name, CACHE_CONTROL.value)
    done()
  })
}
