import type { INestApplication } from "@nestjs/common"
import type { CorsOptionsDelegate } from "@nestjs/common/interfaces/external/cors-options.interface.js"
import type { MicroserviceOptions } from "@nestjs/microservices"
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { readFileSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Logger } from "pino"
import { parse as parseQuery } from "qs"
import { setUpApiDocument } from "./api-document.js"
import { translateHttpError } from "./common/error.filter.js"
import { ERROR_KINDS, InvalidData, UnsupportedMediaType } from "./common/errors.js"
import { newId } from "./common/ids.js"
import { TcpServer } from "./common/tcp-server.js"
import type { Config, CorsOrigin } from "./config.js"

/** Bytes of a body, as Medusa. */
const BODY_LIMIT = 100 * 1024

/** Milliseconds within which a request has to have arrived whole. */
const REQUEST_TIMEOUT = 30_000

/** An id that a caller gave its request is kept when it looks like one. */
const REQUEST_ID = /^[\w.:-]{1,128}$/

/** What providers tell arrives below it. */
const WEBHOOK_PATH = "/hooks/payment/"

const REQUEST_ID_HEADER = "x-request-id"

/** How far a query is taken apart. No URL that Node accepts has more parameters, so none is dropped unseen. */
const QUERY_LIMITS = { depth: 5, arrayLimit: 1_000, parameterLimit: 10_000 }

/** Fastify as production and the tests run it. */
export function createAdapter({ docs }: Pick<Config, "docs">): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: "idle",
    requestTimeout: REQUEST_TIMEOUT,
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers[REQUEST_ID_HEADER]
      return typeof given === "string" && REQUEST_ID.test(given) ? given : newId("req")
    },
    requestIdHeader: false,
    clientErrorHandler: answerBrokenRequest,
    // What the router itself refuses, a malformed URL for one, never reaches the filter.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const refusal = translateHttpError(error, docs) ?? new InvalidData(error.message)
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

/** What is no HTTP at all, or has headers without end, is refused before there is a request. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  const tooLarge = error.code === "HPE_HEADER_OVERFLOW"
  const refusal = new InvalidData(tooLarge ? "The headers are larger than 16 kB." : "The request is not valid HTTP.")
  const body = JSON.stringify(refusal.toBody(newId("req")))
  socket.end(
    `HTTP/1.1 ${tooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\nconnection: close\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** Everything about the application that is no module of it: transports, headers, bodies, documents. */
export function configureApp(app: NestFastifyApplication, config: Config, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance()
  readBodiesAsJson(fastify)
  logRequests(fastify, logger)
  answerBeforeClosing(fastify)
  app.useSecurityHeaders({
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  })
  allowOrigins(app, config)
  if (config.tcp.isOn) {
    app.connectMicroservice<MicroserviceOptions>(
      { strategy: createTcpServer(config, logger) },
      { inheritAppConfig: true },
    )
  }
  if (config.docs) setUpApiDocument(app)
}

function createTcpServer({ tcp: { host, port, tls } }: Config, logger: Logger): TcpServer {
  const tlsOptions = tls && {
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: true }),
  }
  return new TcpServer({ host, port, ...(tlsOptions && { tlsOptions }) }, logger)
}

/** JSON in UTF-8 and nothing else; an empty body is `{}`, which the js-sdk relies on. */
function readBodiesAsJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    const charset = /charset\s*=\s*"?([\w-]+)/i.exec(request.headers["content-type"] ?? "")?.[1]
    if ((charset && !/^utf-?8$/i.test(charset)) || request.headers["content-encoding"] !== undefined) {
      done(new UnsupportedMediaType(notJson))
      return
    }
    // Whether a webhook is genuine can be told from its very bytes alone.
    if (pathOf(request).startsWith(WEBHOOK_PATH)) {
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

const notJson = "Send the body as uncompressed JSON in UTF-8, with the header 'content-type: application/json'."

/** Refuses what is not UTF-8, instead of storing marks of replacement. */
const utf8 = new TextDecoder("utf-8", { fatal: true })

/** One line per request, with its id, which the answer carries too. Paths hold ids; queries and bodies are not logged. */
function logRequests(fastify: FastifyInstance, logger: Logger): void {
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

/**
 * On shutdown every request under way is answered, then whatever is left open is closed: a browser keeps connections
 * that never carried a request, and waiting for those would take a minute.
 */
function answerBeforeClosing(fastify: FastifyInstance): void {
  let underWay = 0
  let closing = false
  const closeWhenDone = () => {
    if (closing && underWay === 0) fastify.server.closeAllConnections()
  }
  fastify.addHook("onRequest", (_request, reply, done) => {
    underWay++
    reply.raw.once("close", () => {
      underWay--
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

function pathOf({ url }: FastifyRequest): string {
  const query = url.indexOf("?")
  return query < 0 ? url : url.slice(0, query)
}

/** Browsers may call the store routes from one set of origins, the admin routes from another, and no others. */
function allowOrigins(app: INestApplication, { cors }: Config): void {
  const shared = {
    credentials: true,
    methods: ["GET", "POST", "PUT", "DELETE"],
    exposedHeaders: [REQUEST_ID_HEADER, "retry-after", "idempotent-replayed"],
    strictPreflight: false,
    maxAge: 600,
  }
  const originsOf = (path: string): CorsOrigin[] => {
    if (path.startsWith("/store/")) return cors.store
    return path.startsWith("/admin/") ? cors.admin : []
  }
  const delegate: CorsOptionsDelegate<FastifyRequest> = (request, callback) => {
    callback(null, { ...shared, origin: originsOf(pathOf(request)) })
  }
  app.enableCors(delegate)
}
