import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import { Unauthorized } from "../common/errors.js"
import { equalInConstantTime } from "./api-key.rules.js"

/** Where the operator set a token for TCP, every message has to carry it. */
@Injectable()
export class TcpTokenGuard implements CanActivate {
  constructor(private readonly token: string | undefined) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== "rpc" || this.token === undefined) return true
    const given = context.switchToRpc().getData<{ token?: unknown } | null | undefined>()?.token
    if (typeof given !== "string" || !equalInConstantTime(given, this.token)) {
      throw new Unauthorized("Unauthorized. Send the token of this service (TCP_TOKEN) as 'token' in the message.")
    }
    return true
  }
}
