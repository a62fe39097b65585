import { All, Controller, NotFoundException, Req, UseGuards } from "@nestjs/common"
import { ApiExcludeController } from "@nestjs/swagger"
import type { FastifyRequest } from "fastify"
import { excerpt } from "../common/errors.js"
import { PublishableKeyGuard, SecretKeyGuard } from "./key.guards.js"

// Unknown routes are guarded as well, so that nobody without a key learns which routes exist.

@ApiExcludeController()
@UseGuards(PublishableKeyGuard)
@Controller("store")
export class UnknownStoreRoutesController {
  @All("*")
  refuse(@Req() request: FastifyRequest): never {
    throw unknownRoute(request)
  }
}

@ApiExcludeController()
@UseGuards(SecretKeyGuard)
@Controller("admin")
export class UnknownAdminRoutesController {
  @All("*")
  refuse(@Req() request: FastifyRequest): never {
    throw unknownRoute(request)
  }
}

function unknownRoute({ method, url }: FastifyRequest): NotFoundException {
  return new NotFoundException(`Cannot ${method} ${excerpt(url.split("?")[0])}`)
}
