import type { FastifyInstance } from "fastify"

/**
 * On shutdown, closes the remaining connections as soon as every pending request has its response. Browsers keep
 * connections that never carried a request; waiting for those would take a minute.
 */
export function closeAfterResponses(fastify: FastifyInstance): void {
  let pending = 0
  let closing = false
  const closeWhenDone = () => {
    if (closing && pending === 0) fastify.server.closeAllConnections()
  }
  fastify.addHook("onRequest", (_request, reply, done) => {
    pending++
    reply.raw.once("close", () => {
      pending--
      closeWhenDone()
    })
    done()
  })
  fastify.addHook("preClose", (done) => {
    closing = true
    closeWhenDone()
    done()
  })
}
