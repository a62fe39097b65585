import { Injectable, SetMetadata, type CallHandler, type ExecutionContext, type NestInterceptor } from "@nestjs/common"
import { Reflector } from "@nestjs/core"
import { map, type Observable } from "rxjs"
import { requestContextOf } from "../request-context.js"
import type { Input, ResponseBody } from "../response-body.js"

const RESPONSE_BODY = Symbol("response body")

/** A method decorator for handlers that return this, or promise it. */
export type HandlerDecorator<Result> = <Handler extends (...args: never[]) => Result | Promise<Result>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void

/** Declares the body that the handler's result is rendered as. Routes over HTTP declare it with `@Endpoint`. */
export function RespondsWith<Result>(body: ResponseBody<Result>): HandlerDecorator<Result> {
  return SetMetadata(RESPONSE_BODY, body)
}

/**
 * Applies the projection that `fields` asks for. It reads `fields` before the handler runs, so that an unknown name
 * changes nothing, and renders what the handler returned. Works on HTTP queries and TCP messages alike.
 */
@Injectable()
export class FieldsInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const body = this.reflector.get<ResponseBody<unknown> | undefined>(RESPONSE_BODY, execution.getHandler())
    if (!body) return next.handle()
    const context = requestContextOf(execution)
    const { fields, input } = inputOf(execution)
    if (body.select) context.selection = body.select(fields)
    return next.handle().pipe(map((result: unknown) => body.render(result, context, input)))
  }
}

function inputOf(execution: ExecutionContext): { fields: unknown; input: Input } {
  if (execution.getType() === "http") {
    const { query, params = {} } = execution
      .switchToHttp()
      .getRequest<{ query?: { fields?: unknown }; params?: Input }>()
    return { fields: query?.fields, input: params }
  }
  const message = execution.switchToRpc().getData<Input | null | undefined>() ?? {}
  return { fields: message["fields"], input: message }
}
