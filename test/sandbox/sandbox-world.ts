import { createServer, type IncomingHttpHeaders } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type Stripe from "stripe"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { clientOf, QUICK_RETRIES } from "../support/stripe-sdk.js"

export const RETURN_URL = "https://shop.example/return"

/** A sandbox with the `stripe` package connected to it. */
export class SandboxWorld {
  readonly sdk: Stripe

  private constructor(readonly stripe: StripeSandbox) {
    this.sdk = clientOf(stripe)
  }

  static async start(): Promise<SandboxWorld> {
    return new SandboxWorld(await StripeSandbox.start({ retryDelays: QUICK_RETRIES }))
  }

  create(
    params: Partial<Stripe.PaymentIntentCreateParams> = {},
    options?: Stripe.RequestOptions,
  ): Promise<Stripe.Response<Stripe.PaymentIntent>> {
    return this.sdk.paymentIntents.create({ amount: 1000, currency: "eur", ...params }, options)
  }

  /** Creates an intent that waits for its capture. */
  async authorized(params: Partial<Stripe.PaymentIntentCreateParams> = {}): Promise<Stripe.PaymentIntent> {
    const { id } = await this.create({ capture_method: "manual", ...params })
    return this.stripe.pay(id)
  }

  /** Creates an intent that is paid. */
  async paid(): Promise<Stripe.PaymentIntent> {
    return this.stripe.pay((await this.create()).id)
  }

  multicapture(): Promise<Stripe.PaymentIntent> {
    this.stripe.offerMulticapture()
    return this.authorized({ payment_method_options: { card: { request_multicapture: "if_available" } } })
  }

  async chargeOf(id: string): Promise<Stripe.Charge> {
    const { latest_charge: charge } = await this.sdk.paymentIntents.retrieve(id, { expand: ["latest_charge.refunds"] })
    if (charge === null || typeof charge === "string") throw new Error("The charge is not expanded")
    return charge
  }

  /** The types of the events that an act causes. */
  async eventsOf(act: () => unknown): Promise<string[]> {
    const before = this.stripe.events.length
    await act()
    return typesOf(this.stripe.events.slice(before))
  }
}

export const typesOf = (events: readonly Stripe.Event[]): string[] => events.map(({ type }) => type)

export interface Shop {
  readonly origin: string
  /** Where it receives webhooks. */
  readonly url: string
  /** The statuses of the next responses, in order; 200 once they are used up. */
  readonly statuses: number[]
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: string }[]
  readonly close: () => Promise<void>
}

/** Starts a server for webhooks. @param pageOf the page that it shows, by the shop's origin */
export async function startShop(pageOf: (origin: string) => string = () => ""): Promise<Shop> {
  const statuses: number[] = []
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body })
      response.writeHead(statuses.shift() ?? 200, { "content-type": "text/html" }).end(pageOf(origin))
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    const closed = once(server, "close")
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { origin, url: `${origin}/hooks`, statuses, received, close }
}
