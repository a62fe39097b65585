import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import type { FastifyRequest } from "fastify"
import { setCaller } from "../api/request-context.js"
import {
  PUBLISHABLE_KEY_HEADER,
  PublishableKeyInvalid,
  PublishableKeyMissing,
  SecretKeyRequired,
} from "./api-key.errors.js"
import { secretTokenOf } from "./api-key.rules.js"
import { KeyRing } from "./key-ring.js"

/**
 * Every route below /store wants a publishable key. Guards go by the path, not by a decorator: a new controller cannot
 * forget its guard.
 */
@Injectable()
export class PublishableKeyGuard implements CanActivate {
  constructor(private readonly ring: KeyRing) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestBelow("/store", context)
    if (!request) return true
    const token = request.headers[PUBLISHABLE_KEY_HEADER]
    if (typeof token !== "string" || token === "") throw new PublishableKeyMissing()
    const key = isStorable(token) ? await this.ring.open("publishable", token) : undefined
    if (!key) throw new PublishableKeyInvalid()
    setCaller(request, { id: key.id, salesChannelIds: key.sales_channel_ids })
    return true
  }
}

/** Every route below /admin wants a secret key. */
@Injectable()
export class SecretKeyGuard implements CanActivate {
  constructor(private readonly ring: KeyRing) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestBelow("/admin", context)
    if (!request) return true
    const token = secretTokenOf(request.headers.authorization)
    const key = token ? await this.ring.open("secret", token) : undefined
    if (!key) throw new SecretKeyRequired()
    setCaller(request, { id: key.id, salesChannelIds: [] })
    return true
  }
}

/** The request, if it is one over HTTP whose route is below the prefix. */
export function requestBelow(prefix: string, context: ExecutionContext): FastifyRequest | undefined {
  if (context.getType() !== "http") return undefined
  const request = context.switchToHttp().getRequest<FastifyRequest>()
  return request.routeOptions.url?.startsWith(`${prefix}/`) ? request : undefined
}

/** No key has them, and PostgreSQL does not take them. */
function isStorable(token: string): boolean {
  return !token.includes("\0") && token.length <= 255
}
