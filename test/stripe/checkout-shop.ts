import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Page } from "playwright-core"
import { eventually, HOOK, startWithStripe, type StripeWorld } from "./stripe-world.js"

/** examples/checkout, as its README starts it, with the service and Stripe behind it. */
export class CheckoutShop {
  private constructor(
    readonly world: StripeWorld,
    readonly url: string,
    private readonly server: ChildProcess,
  ) {}

  static async start(): Promise<CheckoutShop> {
    const world = await startWithStripe()
    const { service, stripe, controls } = world
    await controls.deliver({ url: service.url + HOOK })
    const server = spawn(process.execPath, ["examples/checkout/server.mjs"], {
      env: {
        PATH: process.env["PATH"],
        PORT: "0",
        SERVICE_URL: service.url,
        PUBLISHABLE_KEY: service.publishableKey,
        SECRET_KEY: service.secretKey,
        STRIPE_PUBLISHABLE_KEY: stripe.publishableKey,
        STRIPE_JS_URL: `${stripe.url}/stripe.js`,
      },
      stdio: ["ignore", "pipe", "inherit"],
    })
    try {
      return new CheckoutShop(world, await announcedUrl(server), server)
    } catch (error) {
      await world.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.server.kill()
    await once(this.server, "close")
    await this.world.close()
  }

  async cartIdIn(page: Page): Promise<string> {
    const cookies = await page.context().cookies(this.url)
    const cart = cookies.find(({ name }) => name === "cart")
    if (!cart) throw new Error("The browser has no cart")
    return cart.value
  }

  /** The collection of the cart that a browser has, with all that belongs to it. */
  async collectionIn(page: Page): Promise<any> {
    const cartId = await this.cartIdIn(page)
    const { body } = await this.world.service.admin("GET", `/admin/payment-collections?cart_id=${cartId}`)
    expectOne(body.payment_collections)
    return body.payment_collections[0]
  }

  /** The payment intent that a page is about to pay. */
  async intentIn(page: Page): Promise<string> {
    const { payment_sessions: sessions } = await this.collectionIn(page)
    expectOne(sessions)
    return sessions[0].data.id
  }

  async becomes(page: Page, status: string): Promise<void> {
    await eventually(
      () => this.collectionIn(page),
      (collection) => collection.status === status,
    )
  }
}

function expectOne(list: readonly unknown[]): void {
  if (list.length !== 1) throw new Error(`There should be one, not ${list.length}: ${JSON.stringify(list)}`)
}

/** The address that the server prints once it listens. */
async function announcedUrl(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error("The server has no output")
  const lines = createInterface(server.stdout)
  const [line] = (await Promise.race([once(lines, "line"), once(server, "exit")])) as [unknown]
  const url = /http:\S+/.exec(String(line))?.[0]
  if (url === undefined) throw new Error(`The checkout did not start: ${String(line)}`)
  return url
}
