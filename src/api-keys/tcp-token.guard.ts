import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import type { TcpContext } from "@nestjs/microservices"
import { TcpTokenRequired } from "./api-key.errors.js"
import { authenticateConnection } from "../api/tcp/tcp-socket.js"
import { equalInConstantTime } from "./api-key.rules.js"

/** If the operator set a token for TCP, every message has to carry it. The first that passes authenticates its connection. */
@Injectable()
export class TcpTokenGuard implements CanActivate {
  constructor(private readonly token: string | undefined) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== "rpc") return true
    const given = context.switchToRpc().getData<{ token?: unknown } | null | undefined>()?.token
    if (this.token !== undefined && (typeof given !== "string" || !equalInConstantTime(given, this.token))) {
      throw new TcpTokenRequired()
    }
    authenticateConnection(context.switchToRpc().getContext<TcpContext>())
    return true
  }
}
