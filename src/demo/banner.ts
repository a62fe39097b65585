import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Config } from "../config.js"
import { DEMO_CARTS, type DemoKeys } from "./demo-shop.js"

/** What a start prints: where the service is, and, on the embedded database, all that a first request needs. */
export async function banner(
  app: NestFastifyApplication,
  { tcp, dataDir, databaseUrl }: Config,
  demo?: DemoKeys,
): Promise<string> {
  const url = (await app.getUrl()).replace("[::1]", "localhost").replace(/0\.0\.0\.0|\[::\]/, "localhost")
  const lines = [
    "",
    "  Payment Collections",
    "",
    `  HTTP         ${url}`,
    `  TCP          ${tcp.host}:${tcp.port}${tcp.tls ? " (TLS)" : ""}`,
    `  Swagger UI   ${url}/docs`,
    `  Database     ${databaseUrl ? "PostgreSQL (DATABASE_URL)" : `embedded, in ${dataDir}`}`,
  ]
  if (demo) {
    lines.push(
      `  Publishable  ${demo.publishable}`,
      `  Secret       ${demo.secret}`,
      "",
      "  Try it:",
      "",
      `  curl -s ${url}/store/payment-collections -H 'x-publishable-api-key: ${demo.publishable}' -H 'content-type: application/json' -d '{"cart_id":"${DEMO_CARTS[0].id}"}'`,
    )
  }
  return `${lines.join("\n")}\n\n`
}
