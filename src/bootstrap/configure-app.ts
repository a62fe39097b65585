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
import { setUpApiDocument } from "./openapi.js"
import { translateHttpError } from "../api/errors/error.filter.js"
import { ERROR_KINDS, excerpt, InvalidData, ResponseTooLarge, UnsupportedMediaType } from "../common/errors.js"
import { newId } from "../common/ids.js"
import { TcpServer } from "../api/tcp/tcp-server.js"
import type { Config, CorsOrigin } from "../config.js"
import { HTTP_LIMITS, limitConnections, MAX_CONNECTIONS, serverOptions, type HttpLimits } from "./http-limits.js"

/** Bytes of a body, as Medusa. */
const BODY_LIMIT = 100 * 1024

/** Bytes of a response to a read. */
const RESPONSE_LIMIT = 5 * 1024 * 1024

/** An id that a caller gave its request is kept when it looks like one. */
const REQUEST_ID = /^[\w.:-]{1,128}$/

const REQUEST_ID_HEADER = "x-request-id"

/** A response tells of payments, or was given to a key: no cache may give it to another caller. */
const CACHE_CONTROL = { name: "cache-control", value: "no-store" }

/** How far a query is taken apart. No URL that Node accepts has more parameters, so none is dropped unseen. */
const QUERY_LIMITS = { depth: 5, arrayLimit: 1_000, parameterLimit: 10_000 }

/** Fastify as production and the tests run it. */
export function createAdapter({ docs }: Pick<Config, "docs">, limits: HttpLimits = HTTP_LIMITS): FastifyAdapter {
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
    clientErrorHandler: answerBrokenRequest,
    // What the router itself refuses, a malformed URL for one, never reaches the filter.
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

/** Why a request was refused before it was one, by the code of Node's error. */
const BROKEN_REQUESTS: Readonly<Record<string, { status: string; message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    message: "The headers are larger than 16 kB.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    message: "The request did not arrive whole in time. Send it again on a new connection.",
  },
}

const NOT_HTTP = { status: "400 Bad Request", message: "The request is not valid HTTP." }

/** What is no HTTP at all, has headers without end, or does not arrive whole, is refused before there is a request. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // A response that the client has not taken is not followed by another one.
  if (!socket.writable || socket.writableLength > 0 || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  const { status, message } = BROKEN_REQUESTS[error.code ?? ""] ?? NOT_HTTP
  const body = JSON.stringify(new InvalidData(message).toBody(newId("req")))
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\n${CACHE_CONTROL.name}: ${CACHE_CONTROL.value}\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  // A client that was silent for so long would not close its side either.
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") socket.destroySoon()
}

/** Everything about the application that is no module of it: transports, headers, bodies, documents. */
export function configureApp(app: NestFastifyApplication, config: Config, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance()
  readBodiesAsJson(fastify)
  logRequests(fastify, logger)
  forbidCaching(fastify)
  limitResponses(fastify)
  limitConnections(fastify.server, logger, MAX_CONNECTIONS)
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
 * The last bound: reads are refused before they leave the database, by a size that is near to that of the response. What a
 * command responds is sent, because it tells what was done.
 */
function limitResponses(fastify: FastifyInstance): void {
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

/** The static files of Swagger UI say themselves how long they may be kept. */
function forbidCaching(fastify: FastifyInstance): void {
  fastify.addHook("onRequest", (_request, reply, done) => {
    void reply.header(CACHE_CONTROL.name, CACHE_CONTROL.value)
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
