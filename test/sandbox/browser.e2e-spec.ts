import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import type { Browser, Page } from "playwright-core"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { inBrowser, launchChromium } from "../support/chromium.js"
import { RETURN_URL, SandboxWorld, startShop, type Shop } from "./sandbox-world.js"

let world: SandboxWorld
let stripe: StripeSandbox
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe } = world)
})
afterEach(() => world.stripe.stop())

describe("the API for browsers", () => {
  const asShopper = (path: string, form: Record<string, string>): Promise<Response> =>
    fetch(`${stripe.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${stripe.publishableKey}` },
      body: new URLSearchParams(form),
    })

  it("confirms with the publishable key and the client secret only", async () => {
    const { id, client_secret: secret } = await world.create()
    const form = {
      return_url: RETURN_URL,
      "payment_method_data[type]": "card",
      "payment_method_data[card][number]": "4242 4242 4242 4242",
    }
    const path = `/v1/payment_intents/${id}/confirm`
    expect((await asShopper(path, { ...form, client_secret: "guessed" })).status).toBe(401)
    expect((await asShopper("/v1/refunds", { payment_intent: id })).status).toBe(404)
    const confirmed = await asShopper(path, { ...form, client_secret: secret ?? "" })
    expect(await confirmed.json()).toMatchObject({ id, status: "succeeded" })
    expect(confirmed.headers.get("access-control-allow-origin")).toBe("*")
  })

  it("shows a challenge and redirects the shopper back to the shop", async () => {
    const { id, client_secret: secret } = await world.create({
      payment_method: "pm_card_authenticationRequired",
      confirm: true,
      return_url: RETURN_URL,
    })
    const page = await fetch(`${stripe.url}/challenge/${id}`)
    expect(await page.text()).toContain("Complete authentication")
    const answer = await fetch(`${stripe.url}/challenge/${id}`, {
      method: "POST",
      body: new URLSearchParams({ result: "passed" }),
      redirect: "manual",
    })
    const back = new URL(answer.headers.get("location") ?? "")
    expect(Object.fromEntries(back.searchParams)).toEqual({
      payment_intent: id,
      payment_intent_client_secret: secret,
      redirect_status: "succeeded",
    })
    expect(stripe.records.intent(id).status).toBe("succeeded")
  })
})

inBrowser("Stripe.js on a shop's page", () => {
  let browser: Browser
  let page: Page
  let shop: Shop
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    shop = await startShop((origin) => checkoutPage(stripe.url, stripe.publishableKey, `${origin}/return`))
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.close()
    await shop.close()
  })

  const paysInBrowser = async (cardNumber: string): Promise<string> => {
    const { id, client_secret: secret } = await world.create()
    await page.goto(`${shop.origin}/checkout?secret=${secret ?? ""}`)
    await page.getByLabel("Card number").fill(cardNumber)
    await page.getByRole("button", { name: "Pay" }).click()
    return id
  }

  it("pays with a good card, and shows a decline", async () => {
    const declinedId = await paysInBrowser("4000 0000 0000 0002")
    await page.getByText("Your card was declined.").waitFor()
    expect(stripe.records.intent(declinedId).status).toBe("requires_payment_method")
    const id = await paysInBrowser("4242 4242 4242 4242")
    await page.getByText("succeeded").waitFor()
    expect(stripe.records.intent(id).status).toBe("succeeded")
  })

  it("leads through a challenge back to the shop", async () => {
    const id = await paysInBrowser("4000 0027 6000 3184")
    await page.getByRole("button", { name: "Complete authentication" }).click()
    await page.waitForURL(`${shop.origin}/return?*`)
    const returned = new URL(page.url()).searchParams
    expect([returned.get("payment_intent"), returned.get("redirect_status")]).toEqual([id, "succeeded"])
    expect(stripe.records.intent(id).status).toBe("succeeded")
  })
})

const checkoutPage = (stripeUrl: string, publishableKey: string, returnUrl: string): string => `<!doctype html>
<script src="${stripeUrl}/stripe.js"></script>
<div id="payment"></div><button id="pay">Pay</button><p id="outcome"></p>
<script>
  const stripe = Stripe("${publishableKey}")
  const elements = stripe.elements({ clientSecret: new URL(location.href).searchParams.get("secret") })
  elements.create("payment").mount("#payment")
  document.querySelector("#pay").onclick = async () => {
    const result = await stripe.confirmPayment({
      elements, confirmParams: { return_url: "${returnUrl}" }, redirect: "if_required",
    })
    document.querySelector("#outcome").textContent = result.error?.message ?? result.paymentIntent.status
  }
</script>`
