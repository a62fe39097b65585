import { describeDatabase, type DatabaseName } from "../database/database-name.js"
import { DEMO_CARTS, type DemoKeys } from "./demo-shop.js"

/** How an operator turns TCP on for a served service. */
export const HOW_TO_TURN_TCP_ON = "set TCP_TOKEN, or client certificates with TCP_TLS_CERT, TCP_TLS_KEY and TCP_TLS_CA"

/** The part of a start report that the banner shows. */
export interface BannerContent {
  readonly version: string
  readonly url: string
  readonly tcp: { readonly address: string; readonly tls: boolean } | null
  readonly docs: string | null
  readonly database: DatabaseName
  readonly demo?: DemoKeys
}

/** Renders the banner of a start on a terminal: the addresses and, with the demo shop, a first request to paste. */
export function banner({ version, url, tcp, docs, database, demo }: BannerContent): string {
  const lines = [
    "",
    `  Payment Collections ${version}`,
    "",
    `  HTTP         ${url}`,
    `  TCP          ${tcp ? `${tcp.address}${tcp.tls ? " (TLS)" : ""}` : `off: ${HOW_TO_TURN_TCP_ON}`}`,
    `  Swagger UI   ${docs ?? "off (DOCS)"}`,
    `  Database     ${describeDatabase(database)}`,
  ]
  if (demo) {
    lines.push(
      `  Publishable  ${demo.publishable}`,
      `  Secret       ${demo.secret}`,
      "",
      "  Try it:",
      "",
      `  ${curlLine(url, demo)}`,
    )
  } else {
    lines.push("  Secret keys  npm run keys -- create --type secret --title ops")
  }
  return `${lines.join("\n")}\n\n`
}

/** A first request that works when pasted. */
export function curlLine(url: string, { publishable }: DemoKeys): string {
  return `curl -s ${url}/store/payment-collections -H 'x-publishable-api-key: ${publishable}' -H 'content-type: application/json' -d '{"cart_id":"${DEMO_CARTS[0].id}"}'`
}
