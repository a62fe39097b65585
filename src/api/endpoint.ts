import { applyDecorators, Body, HttpCode, Query, RequestMethod, type Type } from "@nestjs/common"
import { METHOD_METADATA, PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from "@nestjs/common/constants.js"
import { RouteParamtypes } from "@nestjs/common/enums/route-paramtypes.enum.js"
import { ApiExtraModels, ApiOperation, ApiParam, ApiQuery } from "@nestjs/swagger"
import { ApiErrors, type DocumentedError } from "./errors/error-docs.js"
import type { Story } from "./fields/example.js"
import { RespondsWith, type HandlerDecorator } from "./fields/fields.interceptor.js"
import { SelectQuery } from "./lists/list-query.js"
import type { ResponseBody } from "./response-body.js"
import { NoBody } from "./validation/validation.js"

/** The documentation of a path parameter. */
export interface PathParam {
  readonly description: string
  readonly example: string
}

export interface EndpointOptions<Result> {
  readonly summary: string
  /** Names the operation in the API document. */
  readonly operationId: string
  readonly description?: string
  readonly params?: Readonly<Record<string, PathParam>>
  /** The body that the handler's result is rendered as. */
  readonly responds: ResponseBody<Result>
  /** The description of the response. */
  readonly response: string
  /** Values of the example of the response that differ from the examples of the fields. */
  readonly example?: Story
  /** The errors of the route besides those of its controller. */
  readonly errors?: readonly DocumentedError[]
}

const ENDPOINT = Symbol("endpoint")

/**
 * Declares a route over HTTP: its documentation, its response, and the validation of inputs that the handler does not
 * bind. Stands above `@Get()`, `@Post()` and so on. A success is 200, on a POST too.
 */
export function Endpoint<Result>(options: EndpointOptions<Result>): HandlerDecorator<Result> {
  const { summary, operationId, description, params = {}, responds, errors } = options
  const document = applyDecorators(
    HttpCode(200),
    ApiOperation({ summary, operationId, ...(description && { description }) }),
    ...Object.entries(params).map(([name, param]) => ApiParam({ name, ...param })),
    // The document gets the description later, because it follows from all resources.
    ...(responds.select ? [ApiQuery({ name: "fields", required: false, type: String })] : []),
    ApiExtraModels(...responds.types),
    ...(errors ? [ApiErrors(...errors)] : []),
  )
  return (target, name, descriptor) => {
    const handler: object | undefined = descriptor.value
    if (!handler) throw new Error(`${String(name)} is not a method`)
    document(target, name, descriptor)
    RespondsWith(responds)(target, name, descriptor)
    Reflect.defineMetadata(ENDPOINT, options, handler)
    validateUnbound(target, name, handler, responds)
  }
}

/** The options of the route that the method handles; undefined if it is not an endpoint. */
export function endpointOf(handler: object): EndpointOptions<unknown> | undefined {
  return Reflect.getMetadata(ENDPOINT, handler) as EndpointOptions<unknown> | undefined
}

/**
 * Nest validates only what a handler binds. This binds the query of a response with `fields`, and the body of a POST, which
 * is to be empty then, behind the handler's own parameters; the handler does not see them.
 */
function validateUnbound(
  target: object,
  name: string | symbol,
  handler: object,
  responds: Pick<ResponseBody<unknown>, "select">,
): void {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
  if (method === undefined) throw new Error(`@Endpoint stands above the route decorator of ${String(name)}`)
  if (method === RequestMethod.POST && !isBound(target, name, RouteParamtypes.BODY)) {
    bind(target, name, Body(), NoBody)
  }
  if (responds.select && !isBound(target, name, RouteParamtypes.QUERY)) bind(target, name, Query(), SelectQuery)
}

function isBound(target: object, name: string | symbol, input: RouteParamtypes): boolean {
  const bound = (Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, name) ?? {}) as object
  return Object.keys(bound).some((key) => key.startsWith(`${input}:`))
}

function bind(target: object, name: string | symbol, decorator: ParameterDecorator, type: Type): void {
  const types = Reflect.getMetadata(PARAMTYPES_METADATA, target, name) as unknown[]
  decorator(target, name, types.length)
  Reflect.defineMetadata(PARAMTYPES_METADATA, [...types, type], target, name)
}
