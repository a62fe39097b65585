import { loadStripe } from "./load-stripe.js"
import { isPaid, openSessionOf, Payments } from "./payments.js"
import * as view from "./view.js"

const APPEARANCE = { theme: "stripe", variables: { colorPrimary: "#1d4d4f", borderRadius: "8px" } }

/** Stripe.js words these errors for the shopper, who can correct them. */
const FOR_THE_SHOPPER = ["card_error", "validation_error"]

const UNFINISHED = "Your bank has not confirmed the payment. Pay again, with this or another card."
const CHANGED = "Your order has changed. Look at the amount before you pay."
const FAILED = "The payment did not go through. Try again."

async function start() {
  const { cart, service, stripe } = await startOfCheckout()
  view.showItems(cart)
  await new Checkout(cart, new Payments(service), await loadStripe(stripe)).resume()
}

/** Takes one cart from the form to the payment. The page stores nothing: it asks the service for the current state. */
class Checkout {
  #cart
  #payments
  #stripe
  #session
  #elements

  constructor(cart, payments, stripe) {
    this.#cart = cart
    this.#payments = payments
    this.#stripe = stripe
    view.onPay(() => attempt(() => this.#pay()))
  }

  /** Continues from the current state: at the beginning, back from the bank, or after a reload at any time. */
  async resume() {
    const clientSecret = takeReturnedClientSecret()
    const collection = await this.#payments.collectionOf(this.#cart)
    const session = openSessionOf(collection)
    view.showTotal(collection)
    if (isPaid(collection)) return view.showPaid(collection)
    if (clientSecret !== null && session?.data.client_secret !== clientSecret) return view.showElsewhere()
    // A session that was opened before may have been paid meanwhile; a failed one waits for another attempt.
    const mayBePaid = session && (clientSecret !== null || session.status !== "error")
    return mayBePaid ? this.#authorize(session) : this.#offer(collection)
  }

  /** Shows the form. @param message why the shopper sees it again */
  async #offer(collection, message = "") {
    this.#session = await this.#payments.openSession(this.#cart, collection)
    this.#elements?.getElement("payment").unmount()
    this.#elements = this.#stripe.elements({
      clientSecret: this.#session.data.client_secret,
      appearance: APPEARANCE,
    })
    view.showForm(this.#session, message)
    const element = this.#elements.create("payment")
    element.on("loaderror", view.showProblem)
    element.mount(view.paymentElement)
  }

  /** Pays the amount that the shopper sees. */
  async #pay() {
    view.showPaying()
    const collection = await this.#payments.collectionOf(this.#cart)
    // The cart may have changed, or been paid in another tab, while the form was open.
    if (!hasSameAmount(openSessionOf(collection), this.#session)) return this.#show(collection, CHANGED)
    const { error } = await this.#stripe.confirmPayment({
      elements: this.#elements,
      confirmParams: { return_url: location.origin + location.pathname },
      // A payment that needs no redirect continues below; after a redirect, the page starts again.
      redirect: "if_required",
    })
    if (error && FOR_THE_SHOPPER.includes(error.type)) return view.showForm(this.#session, error.message)
    // Only the state that the service finds at Stripe counts, whatever error Stripe.js reports.
    return this.#authorize(this.#session, error && FAILED)
  }

  /** Lets the service check with Stripe. @param message for the shopper, if nothing is paid */
  async #authorize(session, message) {
    view.showWaiting("Confirming your payment…")
    let collection
    try {
      collection = await this.#payments.authorize(session)
    } catch (error) {
      return this.#continueAfter(error)
    }
    switch (openSessionOf(collection)?.status) {
      case "pending_authorization":
        return view.showProcessing()
      case "requires_more":
        return this.#show(collection, UNFINISHED)
      default:
        return this.#show(collection, message)
    }
  }

  async #continueAfter(error) {
    const message = messageFor(error)
    // After a timeout or a lost connection nobody knows yet. If the form came back, the shopper might pay twice.
    if (message === undefined) throw error
    return this.#show(await this.#payments.collectionOf(this.#cart), message)
  }

  /** Shows the thanks, or the form. */
  #show(collection, message) {
    view.showTotal(collection)
    return isPaid(collection) ? view.showPaid(collection) : this.#offer(collection, message)
  }
}

function hasSameAmount(session, shown) {
  return session?.amount === shown.amount && session.currency_code === shown.currency_code
}

/** The message of an error that the shopper can act on. */
function messageFor({ status, message }) {
  if (status === 422) return message
  if (status === 409) return CHANGED
  return undefined
}

async function startOfCheckout() {
  const response = await fetch("/checkout.json")
  if (!response.ok) throw new Error(`The shop responds ${response.status}`)
  return response.json()
}

/** The client secret that Stripe adds to the return address, which must not stay in the shopper's history. */
function takeReturnedClientSecret() {
  const clientSecret = new URLSearchParams(location.search).get("payment_intent_client_secret")
  if (clientSecret !== null) history.replaceState(null, "", location.pathname)
  return clientSecret
}

async function attempt(step) {
  try {
    await step()
  } catch (error) {
    console.error(error)
    view.showProblem()
  }
}

// A browser may show the cached page again, as it was before the redirect to the bank.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload()
})

await attempt(start)
