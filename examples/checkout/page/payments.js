import Medusa from "@medusajs/js-sdk"

const PROVIDER = "pp_stripe_stripe"

const PAID = ["authorized", "completed"]
const OPEN = ["pending", "requires_more", "pending_authorization", "error"]

/** The requests of the page to the payment service. A refusal is an error of the sdk with the HTTP `status`. */
export class Payments {
  #sdk

  /** @param {{ baseUrl: string, publishableKey: string }} settings */
  constructor(settings) {
    this.#sdk = new Medusa(settings)
  }

  /** Returns the payment collection of a cart. The first request creates it. */
  async collectionOf(cart) {
    const { payment_collection } = await this.#sdk.client.fetch("/store/payment-collections", {
      method: "POST",
      body: { cart_id: cart.id },
    })
    return payment_collection
  }

  /**
   * Sees to it that there is a session for what is to be paid now, with the client secret of its payment intent. May be
   * repeated: the session that is there is kept, or brought up to date.
   */
  async openSession(cart, collection) {
    const { payment_collection } = await this.#sdk.store.payment.initiatePaymentSession(
      { ...cart, payment_collection: collection },
      { provider_id: PROVIDER },
    )
    return openSessionOf(payment_collection)
  }

  /**
   * Asks whether the shopper's authorization stands, and makes the payment of it. May be repeated, and the webhook may
   * have been quicker: there is one payment.
   */
  async authorize({ payment_collection_id, id }) {
    const path = `/store/payment-collections/${payment_collection_id}/payment-sessions/${id}/authorize`
    const { payment_collection } = await this.#sdk.client.fetch(path, { method: "POST" })
    return payment_collection
  }
}

export const isPaid = ({ status }) => PAID.includes(status)

/** The session that can still become a payment. There is one at most. */
export const openSessionOf = ({ payment_sessions }) => payment_sessions.find(({ status }) => OPEN.includes(status))
