import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common"
import { CrossSiteRequest } from "./api-key.errors.js"
import type { CorsOrigin } from "../config.js"
import { requestBelow } from "./key.guards.js"

/** What browsers say of requests that a page of this service, or the person at the address bar, makes. */
const OWN_SITES: readonly unknown[] = ["same-origin", "none"]

/**
 * Refuses requests to /admin that a browser makes for a page of another origin, unless ADMIN_CORS names it. CORS alone
 * only hides the response, and a browser adds a secret key by itself that somebody once entered as a Basic user name.
 */
@Injectable()
export class FetchSiteGuard implements CanActivate {
  constructor(private readonly origins: readonly CorsOrigin[]) {}

  canActivate(context: ExecutionContext): boolean {
    const request = requestBelow("/admin", context)
    if (!request || request.method === "OPTIONS") return true
    const { "sec-fetch-site": site, origin } = request.headers
    // Nothing but a browser sends it.
    if (site === undefined || OWN_SITES.includes(site) || this.isAllowed(origin)) return true
    throw new CrossSiteRequest()
  }

  private isAllowed(origin: string | undefined): boolean {
    if (origin === undefined) return false
    return this.origins.some((allowed) => (typeof allowed === "string" ? allowed === origin : allowed.test(origin)))
  }
}
