import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import type { FastifyRequest } from "fastify"
import { contextOf } from "../api/request-context.js"
import {
  PUBLISHABLE_KEY_HEADER,
  PublishableKeyInvalid,
  PublishableKeyMissing,
  SecretKeyRequired,
} from "./api-key.errors.js"
import { secretTokenOf } from "./api-key.rules.js"
import { KeyRing } from "./key-ring.js"

/** Requires a publishable key. Stands on every controller below /store. */
@Injectable()
export class PublishableKeyGuard implements CanActivate {
  constructor(private readonly ring: KeyRing) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const token = request.headers[PUBLISHABLE_KEY_HEADER]
    if (typeof token !== "string" || token === "") throw new PublishableKeyMissing()
    const key = isStorable(token) ? await this.ring.open("publishable", token) : undefined
    if (!key) throw new PublishableKeyInvalid()
    contextOf(request).caller = { id: key.id, salesChannelIds: key.sales_channel_ids }
    return true
  }
}

/** Requires a secret key. Stands on every controller below /admin. */
@Injectable()
export class SecretKeyGuard implements CanActivate {
  constructor(private readonly ring: KeyRing) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const token = secretTokenOf(request.headers.authorization)
    const key = token ? await this.ring.open("secret", token) : undefined
    if (!key) throw new SecretKeyRequired()
    contextOf(request).caller = { id: key.id, salesChannelIds: [] }
    return true
  }
}

/** PostgreSQL cannot store a NUL, and no key is that long. */
function isStorable(token: string): boolean {
  return !token.includes("\0") && token.length <= 255
}
