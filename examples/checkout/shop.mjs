import { randomUUID } from "node:crypto"

const CURRENCY = "eur"

/** Prices in cents. They come from the server: a browser must never set the amount. */
const ITEMS = [
  { name: "Pour-over kettle", quantity: 1, unitPrice: 3990 },
  { name: "Paper filters, pack of 100", quantity: 2, unitPrice: 500 },
]

/** The carts of the shop. A real shop stores them in its database, and its shoppers fill them. */
export class Shop {
  #carts = new Map()
  #settings

  /** @param {{ serviceUrl: string, secretKey: string }} settings */
  constructor(settings) {
    this.#settings = settings
  }

  /**
   * Returns the shopper's cart, or opens a new one.
   *
   * @param {string | undefined} id
   * @throws {Error} if the payment service refuses the new cart
   */
  async cartOf(id) {
    return this.#carts.get(id) ?? this.#openCart()
  }

  async #openCart() {
    const cents = ITEMS.map(({ quantity, unitPrice }) => quantity * unitPrice)
    const cart = {
      id: `cart_${randomUUID()}`,
      currency_code: CURRENCY,
      items: ITEMS.map(({ name, quantity }, index) => ({ name, quantity, total: toMajor(cents[index]) })),
      total: toMajor(cents.reduce((sum, amount) => sum + amount, 0)),
    }
    await this.#reportCart(cart)
    this.#carts.set(cart.id, cart)
    return cart
  }

  /** A shop does this after each change of a cart, so that the amount to pay follows. */
  async #reportCart({ id, currency_code, total }) {
    const { serviceUrl, secretKey } = this.#settings
    const response = await fetch(`${serviceUrl}/admin/carts/${id}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${secretKey}`, "content-type": "application/json" },
      body: JSON.stringify({ currency_code, total, email: "shopper@example.com" }),
      signal: AbortSignal.timeout(10_000),
    })
    if (!response.ok) throw new Error(`The payment service refused the cart: ${await response.text()}`)
  }
}

/** Amounts in JSON are in major units: 49.9. */
const toMajor = (cents) => cents / 100
