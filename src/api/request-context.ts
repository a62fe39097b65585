import { createParamDecorator, type ExecutionContext } from "@nestjs/common"
import type { Selection } from "./fields/fields.js"

/** The client that sends a request: a key over HTTP, a service over TCP. */
export interface Caller {
  /** The key's id, or `tcp:` and the name of the service; becomes `created_by`. */
  readonly id: string
  /** The sales channels that the caller is confined to; empty for all. */
  readonly salesChannelIds: readonly string[]
  /** Identifies a request that has an idempotency key: a repeat of the request has the same. */
  readonly requestKey?: string
}

/** The name of a service that does not name itself over TCP. */
const UNNAMED_SERVICE = "internal"

/** The state of one request, over either transport. Guards and interceptors fill it, handlers read it. */
export class RequestContext {
  /** The id of a TCP message. Fastify keeps that of a request over HTTP. */
  requestId?: string
  private identified?: Caller
  private selected?: Selection

  /** @throws Error if no guard identified the caller, which is a mistake in the route's declaration */
  get caller(): Caller {
    if (!this.identified) throw new Error("No guard identified the caller of this route")
    return this.identified
  }

  set caller(caller: Caller) {
    this.identified = caller
  }

  get isIdentified(): boolean {
    return this.identified !== undefined
  }

  /** The selection of `fields`. @throws Error on a route whose response has no `fields` */
  get selection(): Selection {
    if (!this.selected) throw new Error("This route responds with no view, so that there is no selection")
    return this.selected
  }

  set selection(selection: Selection) {
    this.selected = selection
  }

  /** Marks the request with the key of its idempotency record. */
  setRequestKey(requestKey: string): void {
    this.caller = { ...this.caller, requestKey }
  }
}

/** By the object that stands for the request as long as it is in progress. */
const contexts = new WeakMap<object, RequestContext>()

/** @param carrier the request over HTTP, the context over TCP */
export function contextOf(carrier: object): RequestContext {
  let context = contexts.get(carrier)
  if (!context) contexts.set(carrier, (context = new RequestContext()))
  return context
}

export function requestContextOf(execution: ExecutionContext): RequestContext {
  if (execution.getType() === "http") return contextOf(execution.switchToHttp().getRequest<object>())
  const context = contextOf(execution.switchToRpc().getContext<object>())
  if (!context.isIdentified) context.caller = serviceOf(execution)
  return context
}

/** Injects the context of the request into a handler. */
export const Context = createParamDecorator((_: unknown, execution: ExecutionContext): RequestContext =>
  requestContextOf(execution),
)

/** Reads the name before the message is validated; the validation then rejects whatever is not a name. */
function serviceOf(execution: ExecutionContext): Caller {
  const name = execution.switchToRpc().getData<{ caller?: unknown } | null | undefined>()?.caller
  // A service chooses its name: the prefix keeps it from passing for a key or a provider.
  return { id: `tcp:${typeof name === "string" ? name : UNNAMED_SERVICE}`, salesChannelIds: [] }
}
