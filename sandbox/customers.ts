import type Stripe from "stripe"
import type { Records, StoredMethod } from "./records.js"
import { cardOfMethod, cardOfNumber, type TestCard } from "./cards.js"
import { newCustomer, newMethod } from "./customer-objects.js"
import { change } from "./ids.js"
import type { Parameters } from "./parameters.js"
import { badParameter, notFound, notPossible } from "./errors.js"

/** The text fields of a customer. */
const TEXTS = ["description", "email", "name", "phone"] as const

export const CUSTOMER_PARAMETERS = [...TEXTS, "metadata"] as const

/** Customers, and their payment methods. */
export class Customers {
  constructor(private readonly records: Records) {}

  create(parameters: Parameters): Stripe.Customer {
    const customer = newCustomer(this.records.clock.now())
    apply(customer, parameters)
    this.records.customers.set(customer.id, customer)
    this.records.events.record("customer.created", customer)
    return customer
  }

  update(id: string, parameters: Parameters): Stripe.Customer {
    const customer = this.records.customer(id, "id")
    const previous = { ...customer }
    apply(customer, parameters)
    const changed = [...TEXTS, "metadata" as const].filter((name) => customer[name] !== previous[name])
    const before = Object.fromEntries(changed.map((name) => [name, previous[name]]))
    this.records.events.record("customer.updated", customer, before)
    return customer
  }

  /** Detaches the customer's payment methods, too. */
  remove(id: string): Stripe.DeletedCustomer {
    const customer = this.records.customer(id, "id")
    for (const method of this.methodsOf(id)) this.detach(method.id)
    this.records.customers.delete(id)
    this.records.deletedCustomers.add(id)
    this.records.events.record("customer.deleted", customer)
    return { id, object: "customer", deleted: true }
  }

  /** Returns a deleted customer as deleted. */
  get(id: string): Stripe.Customer | Stripe.DeletedCustomer {
    return this.records.deletedCustomers.has(id)
      ? { id, object: "customer", deleted: true }
      : this.records.customer(id, "id")
  }

  /** Refuses a method that is not the customer's. */
  methodOf(customerId: string, methodId: string): StoredMethod {
    this.records.customer(customerId)
    const method = this.records.method(methodId, "id")
    if (method.customer === customerId) return method
    throw notFound("PaymentMethod", methodId)
  }

  /** Oldest first. */
  methodsOf(customerId: string): StoredMethod[] {
    this.records.customer(customerId)
    return [...this.records.paymentMethods.values()].filter(({ customer }) => customer === customerId)
  }

  createMethod(card: TestCard): StoredMethod {
    const method = newMethod(this.records.clock.now(), card)
    this.records.paymentMethods.set(method.id, method)
    this.records.cards.set(method.id, card)
    return method
  }

  attach(methodId: string, customerId: string): StoredMethod {
    const method = this.methodNamed(methodId, "id")
    this.records.customer(customerId)
    if (this.records.spentMethods.has(method.id)) {
      throw notPossible(
        "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, " +
          "and may not be used again.",
      )
    }
    if (method.customer !== null && method.customer !== customerId) {
      throw notPossible("The payment method you provided has already been attached to a customer.", {
        code: "payment_method_unexpected_state",
      })
    }
    method.customer = customerId
    this.records.events.record("payment_method.attached", method)
    return method
  }

  detach(methodId: string): StoredMethod {
    const method = this.records.method(methodId, "id")
    if (method.customer === null) {
      throw notPossible("The payment method you provided is not attached to a customer so detachment is impossible.")
    }
    const previous = { customer: method.customer }
    method.customer = null
    this.records.spentMethods.add(method.id)
    this.records.events.record("payment_method.detached", method, previous)
    return method
  }

  /** A known payment method, or a new one if the id is a test payment method's (`pm_card_visa`). */
  methodNamed(id: string, param?: string): StoredMethod {
    const card = cardOfMethod(id)
    return card === undefined ? this.records.method(id, param) : this.createMethod(card)
  }

  /** The payment method that a request names, or describes as Stripe.js does; undefined if it does neither. */
  methodAskedFor(parameters: Parameters): StoredMethod | undefined {
    const id = parameters.text("payment_method")
    if (id !== undefined && id !== "") return this.unspent(this.methodNamed(id))
    const data = parameters.nested("payment_method_data")?.only(["type", "card", "billing_details"])
    if (!data) return undefined
    if (data.requiredText("type") === "sepa_debit") return this.createMethod("asynchronous")
    const number = data.nested("card")?.only(["number", "exp_month", "exp_year", "cvc"]).requiredText("number")
    const card = number === undefined ? undefined : cardOfNumber(number)
    if (card !== undefined) return this.createMethod(card)
    throw badParameter("Your card number is incorrect.", {
      code: "incorrect_number",
      param: "payment_method_data[card][number]",
    })
  }

  /**
   * Refuses a method that cannot be used again: "Detachment is permanent and irreversible" (API reference of detach). The
   * words are those of public reports, which quote neither a code nor a parameter (woocommerce-payments 323).
   */
  unspent(method: StoredMethod): StoredMethod {
    if (!this.records.spentMethods.has(method.id)) return method
    throw notPossible(
      "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a " +
        "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To " +
        "use a PaymentMethod multiple times, you must attach it to a Customer first.",
    )
  }

  /** How a payment method behaves. */
  cardOf(method: StoredMethod): TestCard {
    return this.records.cards.get(method.id) ?? "ok"
  }
}

function apply(customer: Stripe.Customer, parameters: Parameters): void {
  for (const name of TEXTS) {
    const text = parameters.nullableText(name)
    if (text !== undefined) change(customer, { [name]: text })
  }
  if (parameters.has("metadata")) customer.metadata = parameters.metadata(customer.metadata)
}
