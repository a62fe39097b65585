import { createParamDecorator, type ExecutionContext } from "@nestjs/common"
import type { FastifyRequest } from "fastify"

/** Who calls: a key over HTTP, a service over TCP. */
export interface Caller {
  /** The key's id, or the service's name; becomes `created_by`. */
  readonly id: string
  /** The sales channels it is confined to; empty for all. */
  readonly salesChannelIds: readonly string[]
  /** Names the request where it came with an idempotency key: the same when the same request comes again. */
  readonly requestKey?: string
}

/** What a service that does not name itself over TCP is called. */
const UNNAMED_SERVICE = "internal"

const CALLER = Symbol("caller")

type IdentifiedRequest = FastifyRequest & { [CALLER]?: Caller }

/** Remembers who a request comes from; the guards do. */
export function identify(request: FastifyRequest, caller: Caller): void {
  const identified: IdentifiedRequest = request
  identified[CALLER] = caller
}

/** Injects who calls. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  if (context.getType() === "rpc") {
    // Read before the message is validated, which then refuses what is none.
    const data = context.switchToRpc().getData<{ caller?: string } | null | undefined>()
    return { id: data?.caller ?? UNNAMED_SERVICE, salesChannelIds: [] }
  }
  const caller = context.switchToHttp().getRequest<IdentifiedRequest>()[CALLER]
  if (!caller) throw new Error("No guard identified the caller of this route")
  return caller
})
