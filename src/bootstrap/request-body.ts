import type { FastifyInstance } from "fastify"
import { UnsupportedMediaType } from "../api/errors/transport.errors.js"
import { InvalidData } from "../common/errors.js"

/** Refuses bytes that are not UTF-8, instead of storing replacement characters. */
const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Accepts JSON in UTF-8 and nothing else. An empty body is `{}`, which the js-sdk relies on. */
export function readBodiesAsJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    const charset = /charset\s*=\s*"?([\w-]+)/i.exec(request.headers["content-type"] ?? "")?.[1]
    if ((charset && !/^utf-?8$/i.test(charset)) || request.headers["content-encoding"] !== undefined) {
      done(new UnsupportedMediaType())
      return
    }
    if (request.routeOptions.config.rawBody) {
      done(null, body)
      return
    }
    if (body.length === 0) {
      done(null, {})
      return
    }
    try {
      done(null, JSON.parse(utf8.decode(body)))
    } catch (error) {
      done(new InvalidData(`The body is not valid JSON: ${(error as Error).message}`))
    }
  })
}
