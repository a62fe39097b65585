import { Controller } from "@nestjs/common"
import { Ctx, MessagePattern, type TcpContext } from "@nestjs/microservices"
import { excerpt, NotFound } from "../common/errors.js"
import { UNKNOWN_PATTERN } from "./tcp/tcp-server.js"

/** Takes all other messages over TCP, so that the guards stand before unknown messages too, as before unknown routes. */
@Controller()
export class UnknownMessagesController {
  @MessagePattern(UNKNOWN_PATTERN)
  refuse(@Ctx() context: TcpContext): never {
    // A message without a pattern has none here either, whatever the type says.
    const pattern = context.getPattern() as string | undefined
    throw new NotFound(`There is no message '${excerpt(pattern)}' in this service.`)
  }
}
