/**
 * A small substitute for Stripe.js in a browser: a field for a card number instead of the Payment Element, and the calls
 * that a checkout makes. It calls the server from which it was loaded.
 */
export const STRIPE_JS = `
(() => {
  const server = new URL(document.currentScript.src).origin

  const intentOf = (clientSecret) => clientSecret.split("_secret_")[0]

  async function call(publishableKey, method, path, parameters) {
    const form = new URLSearchParams(parameters).toString()
    const response = await fetch(server + path + (method === "GET" ? "?" + form : ""), {
      method,
      headers: { authorization: "Bearer " + publishableKey, "content-type": "application/x-www-form-urlencoded" },
      body: method === "GET" ? undefined : form,
    })
    const body = await response.json()
    return response.ok ? { paymentIntent: body } : { error: body.error }
  }

  class PaymentElement {
    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target
      place.innerHTML = '<label>Card number <input name="cardnumber" inputmode="numeric" autocomplete="cc-number"></label>'
      this.input = place.querySelector("input")
      this.onReady?.()
    }
    on(event, listener) {
      if (event === "ready") this.onReady = listener
      return this
    }
    unmount() {
      this.input?.closest("label").remove()
    }
    get cardNumber() {
      return this.input.value
    }
  }

  class Elements {
    constructor({ clientSecret }) {
      this.clientSecret = clientSecret
    }
    create() {
      this.payment = new PaymentElement()
      return this.payment
    }
    getElement() {
      return this.payment ?? null
    }
    async submit() {
      return this.payment.cardNumber ? {} : { error: { type: "validation_error", message: "Your card number is incomplete." } }
    }
  }

  window.Stripe = (publishableKey) => ({
    elements: (options) => new Elements(options),
    retrievePaymentIntent: (clientSecret) =>
      call(publishableKey, "GET", "/v1/payment_intents/" + intentOf(clientSecret), { client_secret: clientSecret }),
    async confirmPayment({ elements, clientSecret = elements.clientSecret, confirmParams, redirect = "always" }) {
      const path = "/v1/payment_intents/" + intentOf(clientSecret) + "/confirm"
      const result = await call(publishableKey, "POST", path, {
        client_secret: clientSecret,
        return_url: confirmParams?.return_url ?? location.href,
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": elements.payment.cardNumber,
      })
      if (result.error) return result
      const { paymentIntent } = result
      if (paymentIntent.status === "requires_action") location.assign(paymentIntent.next_action.redirect_to_url.url)
      else if (redirect === "if_required") return result
      else location.assign(returnUrl(confirmParams.return_url, paymentIntent))
      // The browser leaves the page, so this never resolves.
      return new Promise(() => {})
    },
  })

  function returnUrl(base, { id, client_secret: clientSecret }) {
    const url = new URL(base)
    url.searchParams.set("payment_intent", id)
    url.searchParams.set("payment_intent_client_secret", clientSecret)
    url.searchParams.set("redirect_status", "succeeded")
    return url.href
  }
})()
`
