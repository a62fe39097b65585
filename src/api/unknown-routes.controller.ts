import { All, Controller, NotFoundException, Req } from "@nestjs/common"
import { ApiExcludeController } from "@nestjs/swagger"
import type { FastifyRequest } from "fastify"
import { excerpt } from "../common/errors.js"

/**
 * Whatever else is asked below /store and /admin. It makes the guards stand before unknown routes too, so that nobody
 * without a key learns which routes there are.
 */
@ApiExcludeController()
@Controller()
export class UnknownRoutesController {
  @All(["store/*", "admin/*"])
  refuse(@Req() { method, url }: FastifyRequest): never {
    throw new NotFoundException(`Cannot ${method} ${excerpt(url.split("?")[0])}`)
  }
}
