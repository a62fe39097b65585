import { RouteConfig } from "@nestjs/platform-fastify"
import type { FastifyContextConfig } from "fastify"

declare module "fastify" {
  interface FastifyContextConfig {
    rawBody?: boolean
  }
}

/** Hands the body to the route as the bytes that arrived, because a signature is verified over those. */
export const RawBody = () => RouteConfig({ rawBody: true } satisfies FastifyContextConfig)
