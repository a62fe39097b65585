import type { ExecutionContext } from "@nestjs/common"

/** The object that stands for a request as long as it is under way, over either transport. */
export function carrierOf(context: ExecutionContext): object {
  return context.getType() === "http"
    ? context.switchToHttp().getRequest<object>()
    : context.switchToRpc().getContext<object>()
}
