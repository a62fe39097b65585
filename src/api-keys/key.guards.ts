import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import type { FastifyRequest } from "fastify"
import { contextOf } from "../api/request-context.js"
import { NotAllowed, Unauthorized } from "../common/errors.js"
import { secretTokenOf } from "./api-key.rules.js"
import { KeyRing } from "./key-ring.js"

const PUBLISHABLE_KEY_HEADER = "x-publishable-api-key"

/** Completes Medusa's messages, which name its dashboard. */
const CREATE_ONE = "The operator creates publishable keys (pk_...) with POST /admin/api-keys, or with npm run keys."

/** Requires a publishable key. Stands on every controller below /store. */
@Injectable()
export class PublishableKeyGuard implements CanActivate {
  constructor(private readonly ring: KeyRing) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const token = request.headers[PUBLISHABLE_KEY_HEADER]
    if (typeof token !== "string" || token === "") {
      throw new NotAllowed(
        `Publishable API key required in the request header: ${PUBLISHABLE_KEY_HEADER}. You can manage your keys in settings in the dashboard.`,
        { details: [{ field: PUBLISHABLE_KEY_HEADER, message: CREATE_ONE }] },
      )
    }
    const key = isStorable(token) ? await this.ring.open("publishable", token) : undefined
    if (!key) {
      throw new NotAllowed("A valid publishable key is required to proceed with the request", {
        details: [{ field: PUBLISHABLE_KEY_HEADER, message: `It does not exist, or is revoked. ${CREATE_ONE}` }],
      })
    }
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
    if (!key)
      throw new Unauthorized(
        "Unauthorized. Send a secret API key as 'Authorization: Bearer sk_...' or, as the js-sdk does, as Basic.",
      )
    contextOf(request).caller = { id: key.id, salesChannelIds: [] }
    return true
  }
}

/** PostgreSQL cannot store a NUL, and no key is that long. */
function isStorable(token: string): boolean {
  return !token.includes("\0") && token.length <= 255
}
