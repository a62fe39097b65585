import { Controller } from "@nestjs/common"
import { Ctx, MessagePattern, type TcpContext } from "@nestjs/microservices"
import { NotFound } from "./errors.js"
import { UNKNOWN_PATTERN } from "./tcp-server.js"

/** Characters of an unknown pattern that the refusal repeats. */
const SHOWN = 100

/** Whatever else arrives over TCP. It makes the guards stand before unknown messages too, as before unknown routes. */
@Controller()
export class UnknownMessagesController {
  @MessagePattern(UNKNOWN_PATTERN)
  refuse(@Ctx() context: TcpContext): never {
    // A message without a pattern has none here either, whatever the type says.
    const pattern = context.getPattern() as string | undefined
    throw new NotFound(`There is no message '${pattern?.slice(0, SHOWN)}' in this service.`)
  }
}
