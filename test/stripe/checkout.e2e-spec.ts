import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "@jest/globals"
import type { Browser, Page } from "playwright-core"
import { hasChromium, inBrowser, launchChromium, shoot } from "../support/chromium.js"
import { CheckoutShop } from "./checkout-shop.js"
import { eventually, inboxIsEmpty } from "./stripe-world.js"

const CARD = {
  ok: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  challenged: "4000 0027 6000 3184",
}

it("has a browser to run in where all tests have to run", () => {
  expect(hasChromium || process.env["CI"] !== "true").toBe(true)
})

inBrowser("the checkout of examples/checkout", () => {
  let browser: Browser
  let shop: CheckoutShop
  let page: Page
  let problems: string[]
  beforeAll(async () => {
    ;[browser, shop] = await Promise.all([launchChromium(), CheckoutShop.start()])
  })
  afterAll(async () => {
    await browser.close()
    await shop.close()
  })

  /** Each test is a shopper of its own, with a cart of its own. */
  beforeEach(async () => {
    problems = []
    page = await browser.newPage()
    page.setDefaultTimeout(15_000)
    page.on("pageerror", (error) => problems.push(error.message))
  })
  afterEach(async () => {
    await shop.world.controls.deliver({ paused: false })
    await page.close()
    expect(problems).toEqual([])
  })

  const payButton = () => page.getByRole("button", { name: "Pay €49.90" })
  const heading = (name: string) => page.getByRole("heading", { name })
  const thanks = () => heading("Thank you for your order")
  const message = () => page.getByRole("alert")

  async function openCheckout(): Promise<void> {
    await page.goto(shop.url)
    await payButton().waitFor()
  }

  async function payWith(card: keyof typeof CARD): Promise<void> {
    await page.getByLabel("Card number").fill(CARD[card])
    await payButton().click()
  }

  async function openChallenge(): Promise<void> {
    await openCheckout()
    await payWith("challenged")
    await heading("Your bank asks").waitFor()
  }

  const answerChallenge = (answer: "Complete" | "Fail") =>
    page.getByRole("button", { name: `${answer} authentication` }).click()

  /** Shopper, service and Stripe agree, also once every webhook is applied. */
  async function expectOnePayment(isHeld = true): Promise<void> {
    await thanks().waitFor()
    expect(await page.getByText("Your payment of €49.90 is authorized.").isVisible()).toBe(true)
    const deliveries = await eventually(
      () => shop.world.controls.deliveries(),
      (all) => all.every(({ state }) => state === "delivered" || state === "failed"),
    )
    expect(deliveries.filter(({ status }) => status !== 200)).toEqual([])
    await inboxIsEmpty(shop.world.service)
    const collection = await shop.collectionIn(page)
    const status = isHeld ? "authorized" : "completed"
    expect(collection).toMatchObject({ status, amount: 49.9, authorized_amount: 49.9 })
    expect(collection.payments).toMatchObject([{ amount: 49.9, provider_id: "pp_stripe_stripe" }])
    expect(await shop.world.controls.intent(await shop.intentIn(page))).toMatchObject(
      isHeld ? { status: "requires_capture", amount_capturable: 4990 } : { status: "succeeded", amount_received: 4990 },
    )
  }

  it("takes a cart to an authorized payment", async () => {
    await openCheckout()
    expect(await page.getByRole("listitem").allInnerTexts()).toHaveLength(2)
    expect(await page.locator("#total").innerText()).toBe("€49.90")
    await shoot(page, "checkout")
    await payWith("ok")
    await expectOnePayment()
    await shoot(page, "checkout-authorized")
  })

  it("takes it there by way of the bank's challenge, and leaves no secret in the address", async () => {
    await openChallenge()
    await answerChallenge("Complete")
    await expectOnePayment()
    expect(page.url()).toBe(`${shop.url}/`)
  })

  it("shows why a card was declined, and takes another one", async () => {
    await openCheckout()
    await payWith("declined")
    await message().waitFor()
    expect(await message().innerText()).toBe("Your card was declined.")
    await shoot(page, "checkout-declined")
    await payWith("ok")
    await expectOnePayment()
  })

  it("shows why a challenge failed, and takes another card", async () => {
    await openChallenge()
    await answerChallenge("Fail")
    await message().waitFor()
    expect(await message().innerText()).toMatch(/^We are unable to authenticate your payment method\./)
    expect((await shop.collectionIn(page)).payments).toEqual([])
    await payWith("ok")
    await expectOnePayment()
  })

  it("says so when the shopper comes back without an answer to the challenge, and lets them go on", async () => {
    await openChallenge()
    await page.goBack()
    await payButton().waitFor()
    expect(await message().innerText()).toMatch(/^Your bank has not confirmed the payment\./)
    await payWith("challenged")
    await heading("Your bank asks").waitFor()
    await answerChallenge("Complete")
    await expectOnePayment()
  })

  it("comes to the same end when the webhook is there before the shopper is back", async () => {
    await openChallenge()
    await page.route(
      ({ searchParams }) => searchParams.has("payment_intent"),
      async (route) => {
        await shop.becomes(page, "authorized")
        await route.continue()
      },
    )
    await answerChallenge("Complete")
    await expectOnePayment()
  })

  it("comes to the same end when the webhooks arrive after the shopper is done", async () => {
    await shop.world.controls.deliver({ paused: true })
    await openChallenge()
    await answerChallenge("Complete")
    await thanks().waitFor()
    await shop.world.controls.deliver({ paused: false })
    await expectOnePayment()
  })

  it("keeps the cart, its session and its intent through reloads", async () => {
    await openCheckout()
    const before = await shop.collectionIn(page)
    await page.reload()
    await payButton().waitFor()
    const after = await shop.collectionIn(page)
    expect(after.id).toBe(before.id)
    expect(after.payment_sessions).toMatchObject([{ id: before.payment_sessions[0].id }])
    expect(after.payment_sessions[0].data.client_secret).toBe(before.payment_sessions[0].data.client_secret)
    await payWith("ok")
    await thanks().waitFor()
    await page.reload()
    await expectOnePayment()
  })

  it("does not offer to pay again when the answer to the authorization is lost, and finds the payment later", async () => {
    await shop.world.controls.deliver({ paused: true })
    await openCheckout()
    await page.route("**/authorize", (route) => route.abort(), { times: 1 })
    await payWith("ok")
    await heading("We do not know the state of your payment").waitFor()
    expect(await page.getByRole("button", { name: /^Pay/ }).isVisible()).toBe(false)
    await page.getByRole("link", { name: "Check again" }).click()
    await thanks().waitFor()
    await shop.world.controls.deliver({ paused: false })
    await expectOnePayment()
  })

  it("tells of a bank that takes its time, until the money is there", async () => {
    await openCheckout()
    const intentId = await shop.intentIn(page)
    await shop.world.controls.pay(intentId, "asynchronous")
    await page.reload()
    await heading("Your payment is on its way").waitFor()
    await shoot(page, "checkout-processing")
    await shop.world.controls.advance(5 * 24 * 60 * 60)
    await page.getByRole("link", { name: "Check again" }).click()
    // A bank debit cannot be held: Stripe captures it.
    await expectOnePayment(false)
  })

  it("shows the new amount before it is paid, when the cart has changed since the form was shown", async () => {
    await openCheckout()
    const cartId = await shop.cartIdIn(page)
    await shop.world.service.admin("PUT", `/admin/carts/${cartId}`, { currency_code: "eur", total: 60.25 })
    await payWith("ok")
    await page.getByRole("button", { name: "Pay €60.25" }).waitFor()
    expect(await message().innerText()).toMatch(/^Your order has changed\./)
    expect(await page.locator("#total").innerText()).toBe("€60.25")
    expect((await shop.collectionIn(page)).payments).toEqual([])
  })

  it("shows that the cart was paid in another tab while the form was open", async () => {
    await openCheckout()
    await shop.world.controls.pay(await shop.intentIn(page))
    await shop.becomes(page, "authorized")
    await payWith("ok")
    await expectOnePayment()
  })

  it("offers another payment when the one that was begun is canceled at Stripe", async () => {
    await shop.world.controls.deliver({ paused: true })
    await openCheckout()
    const intentId = await shop.intentIn(page)
    await shop.world.controls.cancel(intentId)
    await page.reload()
    await payWith("ok")
    await thanks().waitFor()
    await shop.world.controls.deliver({ paused: false })
    await expectOnePayment()
    expect(await shop.intentIn(page)).not.toBe(intentId)
  })

  it("does not have a shopper pay again who comes back in another browser", async () => {
    await openChallenge()
    const backAt = `${shop.url}/?payment_intent_client_secret=pi_1_secret_1&redirect_status=succeeded`
    const elsewhere = await browser.newPage()
    await elsewhere.goto(backAt)
    await elsewhere.getByRole("heading", { name: "Your payment is being confirmed" }).waitFor()
    expect((await shop.collectionIn(elsewhere)).payment_sessions).toEqual([])
    await elsewhere.close()
  })

  it("begins anew with another cart after an order", async () => {
    await openCheckout()
    await payWith("ok")
    await expectOnePayment()
    const { id } = await shop.collectionIn(page)
    await page.getByRole("button", { name: "Start a new order" }).click()
    await payButton().waitFor()
    expect((await shop.collectionIn(page)).id).not.toBe(id)
  })

  it("keeps the secret key to the server", async () => {
    for (const path of ["/", "/checkout.js", "/checkout.css", "/checkout.json"]) {
      const text = await (await fetch(shop.url + path)).text()
      expect(text).not.toContain(shop.world.service.secretKey)
    }
  })

  it("fits the width of a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await openCheckout()
    await shoot(page, "checkout-phone")
    const width = await page.evaluate("document.documentElement.scrollWidth")
    expect(width).toBeLessThanOrEqual(390)
    await payWith("ok")
    await thanks().waitFor()
    await shoot(page, "checkout-phone-authorized")
  })
})
