import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import { CrossSiteRequest } from "./api-key.errors.js"
import type { FastifyRequest } from "fastify"
import type { CorsOrigin } from "../config.js"

/** The values that browsers send for a page of this service, or for the person at the address bar. */
const OWN_SITES: readonly unknown[] = ["same-origin", "none"]

/**
 * Refuses requests to /admin that a browser makes for a page of another origin, unless ADMIN_CORS names it. CORS alone
 * only hides the response, and a browser repeats a secret key by itself once somebody has entered it as a Basic user name.
 * Global, because it stands before the guard of every controller below /admin.
 */
@Injectable()
export class FetchSiteGuard implements CanActivate {
  constructor(private readonly origins: readonly CorsOrigin[]) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== "http") return true
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    if (!request.routeOptions.url?.startsWith("/admin/") || request.method === "OPTIONS") return true
    const { "sec-fetch-site": site, origin } = request.headers
    // Only browsers send it.
    if (site === undefined || OWN_SITES.includes(site) || this.isAllowed(origin)) return true
    throw new CrossSiteRequest()
  }

  private isAllowed(origin: string | undefined): boolean {
    if (origin === undefined) return false
    return this.origins.some((allowed) => (typeof allowed === "string" ? allowed === origin : allowed.test(origin)))
  }
}
