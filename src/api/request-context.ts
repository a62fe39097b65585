import type { ExecutionContext } from "@nestjs/common"
import { carrierOf } from "./carrier.js"

/** Who calls: a key over HTTP, a service over TCP. */
export interface Caller {
  /** The key's id, or `tcp:` and the name of the service; becomes `created_by`. */
  readonly id: string
  /** The sales channels it is confined to; empty for all. */
  readonly salesChannelIds: readonly string[]
  /** Names the request where it came with an idempotency key: the same when the same request comes again. */
  readonly requestKey?: string
}

/** What a service that does not name itself over TCP is called. */
const UNNAMED_SERVICE = "internal"

/** Who the requests under way come from, by the object that stands for the request. */
const callers = new WeakMap<object, Caller>()

/** Remembers who a request comes from; the guards do. */
export function setCaller(request: object, caller: Caller): void {
  callers.set(request, caller)
}

/** Gives the request a name that it has again when it comes again. */
export function setRequestKey(context: ExecutionContext, requestKey: string): void {
  callers.set(carrierOf(context), { ...callerOf(context), requestKey })
}

export function callerOf(context: ExecutionContext): Caller {
  const caller = callers.get(carrierOf(context))
  if (caller) return caller
  if (context.getType() !== "rpc") throw new Error("No guard identified the caller of this route")
  // Read before the message is validated, which then refuses what is none.
  const name = context.switchToRpc().getData<{ caller?: unknown } | null | undefined>()?.caller
  // A service chooses its name: the prefix keeps it from passing for a key or a provider.
  return { id: `tcp:${typeof name === "string" ? name : UNNAMED_SERVICE}`, salesChannelIds: [] }
}
