import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { paidIntent } from "./stripe.js"

/** Milliseconds until it answers, about what Stripe takes. */
const LATENCY = 100

const INTENT = /^\/v1\/payment_intents\/pi_(\w+)/

/** Stands in for Stripe's API, so that nothing leaves the machine: every payment was paid, and nothing refunded. */
export class StripeStandIn {
  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly baseUrl: string,
  ) {}

  static async start(): Promise<StripeStandIn> {
    const server = createServer(({ url = "" }, response) => void answer(url, response))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    return new StripeStandIn(server, `http://127.0.0.1:${port}`)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}

async function answer(url: string, response: ServerResponse): Promise<void> {
  await sleep(LATENCY)
  const ulid = INTENT.exec(url)?.[1]
  const refunds = { object: "list", data: [], has_more: false, url: "/v1/refunds" }
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify(ulid === undefined ? refunds : paidIntent(ulid)))
}
