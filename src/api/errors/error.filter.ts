import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common"
import type { FastifyReply, FastifyRequest } from "fastify"
import type { Logger } from "pino"
import { throwError, type Observable } from "rxjs"
import { BodyTooLarge, UnsupportedMediaType } from "./transport.errors.js"
import {
  ERROR_KINDS,
  excerpt,
  InvalidData,
  NotFound,
  ServiceError,
  Unavailable,
  UnknownError,
} from "../../common/errors.js"
import { contextOf } from "../request-context.js"

/** Translates errors of one library into ours; undefined for other errors. */
export type ErrorTranslator = (error: unknown) => ServiceError | undefined

/**
 * Renders every error: as JSON body over HTTP, as the same object over TCP. An error that is not a {@link ServiceError} and
 * that no translator knows is a fault of the service: it is logged in full, and the caller gets an unknown error.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly translators: readonly ErrorTranslator[],
    private readonly docs: boolean,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): Observable<never> | undefined {
    const error = this.translate(exception)
    if (host.getType() === "rpc") {
      const { requestId: id } = contextOf(host.switchToRpc().getContext<object>())
      this.log(error, { request_id: id })
      return throwError(() => error.toBody(id))
    }
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    this.log(error, { request_id: request.id })
    if (error.retryAfter !== undefined) void reply.header("retry-after", String(error.retryAfter))
    void reply.status(ERROR_KINDS[error.kind].status).send(error.toBody(request.id))
    return undefined
  }

  private translate(exception: unknown): ServiceError {
    if (exception instanceof ServiceError) return exception
    for (const translate of this.translators) {
      const error = translate(exception)
      if (error) return error
    }
    return translateHttpError(exception, this.docs) ?? new UnknownError(exception)
  }

  private log(error: ServiceError, context: object): void {
    if (ERROR_KINDS[error.kind].status < 500) return
    const { operationId: operation_id } = error
    this.logger.error({ ...context, ...(operation_id && { operation_id }), err: error.cause ?? error }, error.message)
  }
}

/**
 * Translates refusals of Nest and Fastify themselves, such as an unknown route or a body that cannot be read.
 * @param docs whether there is an API document to point to
 */
export function translateHttpError(error: unknown, docs: boolean): ServiceError | undefined {
  const status = statusOf(error)
  // It may quote a whole URL.
  const message = error instanceof Error ? excerpt(error.message) : ""
  switch (status) {
    case undefined:
      return undefined
    case 400:
      return new InvalidData(message)
    case 404:
      return new NotFound(docs ? `${message}. See /docs for the routes of this service.` : `${message}.`)
    case 413:
      return new BodyTooLarge()
    case 415:
      return new UnsupportedMediaType()
    case 503:
      return new Unavailable({ cause: error })
    default:
      return status < 500 ? new InvalidData(message) : undefined
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus()
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number") return error.statusCode
  return undefined
}
