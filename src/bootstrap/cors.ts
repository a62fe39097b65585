import type { INestApplication } from "@nestjs/common"
import type { CorsOptionsDelegate } from "@nestjs/common/interfaces/external/cors-options.interface.js"
import type { FastifyRequest } from "fastify"
import type { Config, CorsOrigin } from "../config.js"
import { REQUEST_ID_HEADER } from "./http-adapter.js"
import { pathOf } from "./request-log.js"

/** Lets browsers call the store routes from one set of origins and the admin routes from another. */
export function allowOrigins(app: INestApplication, { cors }: Pick<Config, "cors">): void {
  const shared = {
    credentials: true,
    methods: ["GET", "POST", "PUT", "DELETE"],
    exposedHeaders: [REQUEST_ID_HEADER, "retry-after", "idempotent-replayed"],
    strictPreflight: false,
    maxAge: 600,
  }
  const originsOf = (path: string): CorsOrigin[] => {
    if (path.startsWith("/store/")) return cors.store
    return path.startsWith("/admin/") ? cors.admin : []
  }
  const delegate: CorsOptionsDelegate<FastifyRequest> = (request, callback) => {
    callback(null, { ...shared, origin: originsOf(pathOf(request)) })
  }
  app.enableCors(delegate)
}
