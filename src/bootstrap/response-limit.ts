import type { FastifyInstance } from "fastify"
import { ERROR_KINDS, ResponseTooLarge } from "../common/errors.js"

/** Bytes of a response to a read. */
const RESPONSE_LIMIT = 5 * 1024 * 1024

/**
 * Refuses responses above the limit. Most large reads are refused before they leave the database; this is the last bound.
 * The response of a command is always sent, because it shows what was done.
 */
export function limitResponses(fastify: FastifyInstance): void {
  fastify.addHook("onSend", (request, reply, payload, done) => {
    if (request.method !== "GET" || typeof payload !== "string" || Buffer.byteLength(payload) <= RESPONSE_LIMIT) {
      done(null, payload)
      return
    }
    const refusal = new ResponseTooLarge()
    void reply.status(ERROR_KINDS[refusal.kind].status)
    done(null, JSON.stringify(refusal.toBody(request.id)))
  })
}
