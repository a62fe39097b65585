import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Config } from "../config.js"
import { DEMO_CARTS, type DemoKeys } from "./demo-shop.js"

/** What a served service needs before TCP listens, so that nobody unknown can use it. */
export const HOW_TO_TURN_TCP_ON = "set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA"

/** What a start prints: where the service is, and, with the demo shop, all that a first request needs. */
export async function banner(
  app: NestFastifyApplication,
  { tcp, dataDir, databaseUrl, docs }: Config,
  demo?: DemoKeys,
): Promise<string> {
  const url = (await app.getUrl()).replace("[::1]", "localhost").replace(/0\.0\.0\.0|\[::\]/, "localhost")
  const lines = [
    "",
    "  Payment Collections",
    "",
    `  HTTP         ${url}`,
    `  TCP          ${tcp.isOn ? `${tcp.host}:${tcp.port}${tcp.tls ? " (TLS)" : ""}` : `off: ${HOW_TO_TURN_TCP_ON}`}`,
    `  Swagger UI   ${docs ? `${url}/docs` : "off (DOCS)"}`,
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
  } else {
    lines.push("  Secret keys  npm run keys -- create --type secret --title ops")
  }
  return `${lines.join("\n")}\n\n`
}
