import { loadStripe } from "./load-stripe.js"
import { isPaid, openSessionOf, Payments } from "./payments.js"
import * as view from "./view.js"

const APPEARANCE = { theme: "stripe", variables: { colorPrimary: "#1d4d4f", borderRadius: "8px" } }

/** What Stripe.js says of these is for the shopper to put right, and in words for them. */
const FOR_THE_SHOPPER = ["card_error", "validation_error"]

const UNFINISHED = "Your bank has not confirmed the payment. Pay again, with this or another card."
const CHANGED = "Your order has changed. Look at the amount before you pay."
const FAILED = "The payment did not go through. Try again."

async function begin() {
  const { cart, service, stripe } = await startOfCheckout()
  view.showItems(cart)
  await new Checkout(cart, new Payments(service), await loadStripe(stripe)).resume()
}

/** The way of one cart, from the form to the payment. What is known is with the service: the page keeps nothing. */
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

  /** Goes on where the shopper is: at the beginning, back from their bank, or after a reload at any time. */
  async resume() {
    const clientSecret = takeReturnedClientSecret()
    const collection = await this.#payments.collectionOf(this.#cart)
    const session = openSessionOf(collection)
    view.showTotal(collection)
    if (isPaid(collection)) return view.showPaid(collection)
    if (clientSecret !== null && session?.data.client_secret !== clientSecret) return view.showElsewhere()
    // One that was opened before may have been paid meanwhile; one that failed waits for another try.
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

  /** Pays what the shopper sees. */
  async #pay() {
    view.showPaying()
    const collection = await this.#payments.collectionOf(this.#cart)
    // The cart may have changed, or been paid in another tab, while the form was open.
    if (!hasSameAmount(openSessionOf(collection), this.#session)) return this.#show(collection, CHANGED)
    const { error } = await this.#stripe.confirmPayment({
      elements: this.#elements,
      confirmParams: { return_url: location.origin + location.pathname },
      // A payment that needs no redirect goes on below; after a redirect, the page begins anew.
      redirect: "if_required",
    })
    if (error && FOR_THE_SHOPPER.includes(error.type)) return view.showForm(this.#session, error.message)
    // Whatever else Stripe.js says: what counts is what the service finds at Stripe.
    return this.#authorize(this.#session, error && FAILED)
  }

  /** Has the service look at Stripe. @param message for the shopper who finds that nothing is paid */
  async #authorize(session, message) {
    view.showWaiting("Confirming your payment…")
    let collection
    try {
      collection = await this.#payments.authorize(session)
    } catch (error) {
      return this.#goOnAfter(error)
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

  async #goOnAfter(error) {
    const message = messageFor(error)
    // Nobody knows yet: a timeout, a lost connection. With the form again the shopper might pay twice.
    if (message === undefined) throw error
    return this.#show(await this.#payments.collectionOf(this.#cart), message)
  }

  /** The thanks, or the form. */
  #show(collection, message) {
    view.showTotal(collection)
    return isPaid(collection) ? view.showPaid(collection) : this.#offer(collection, message)
  }
}

function hasSameAmount(session, shown) {
  return session?.amount === shown.amount && session.currency_code === shown.currency_code
}

/** What a shopper can do something about, in words for them. */
function messageFor({ status, message }) {
  if (status === 422) return message
  if (status === 409) return CHANGED
  return undefined
}

async function startOfCheckout() {
  const response = await fetch("/checkout.json")
  if (!response.ok) throw new Error(`The shop answers ${response.status}`)
  return response.json()
}

/** The client secret that Stripe adds to the return address; it has no business in the shopper's history. */
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

// A browser that kept the page, as it was left for the bank, shows it again on the way back.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload()
})

await attempt(begin)
