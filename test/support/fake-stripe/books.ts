import type Stripe from "stripe"
import type { TestCard } from "./cards.js"
import { EventLog } from "./events.js"
import { notFound } from "./refusal.js"
import { type AccountSettings, DEFAULT_SETTINGS } from "./settings.js"

/** As it is kept: what could be expanded is an id. */
export interface StoredIntent extends Stripe.PaymentIntent {
  customer: string | null
  payment_method: string | null
  latest_charge: string | null
}

export interface StoredCharge extends Stripe.Charge {
  customer: string | null
  payment_intent: string
  payment_method_details: Stripe.Charge.PaymentMethodDetails
}

export interface StoredRefund extends Stripe.Refund {
  charge: string
  payment_intent: string
}

export interface StoredDispute extends Stripe.Dispute {
  charge: string
  payment_intent: string
}

export interface StoredMethod extends Stripe.PaymentMethod {
  customer: string | null
}

export interface StoredSetupIntent extends Stripe.SetupIntent {
  customer: string | null
  payment_method: string | null
}

/** Everything that the account holds. Maps are in the order of creation. */
export class Books {
  readonly settings: AccountSettings = { ...DEFAULT_SETTINGS, codes: { ...DEFAULT_SETTINGS.codes } }
  readonly events = new EventLog()
  readonly paymentIntents = new Map<string, StoredIntent>()
  readonly charges = new Map<string, StoredCharge>()
  readonly refunds = new Map<string, StoredRefund>()
  readonly disputes = new Map<string, StoredDispute>()
  readonly customers = new Map<string, Stripe.Customer>()
  readonly deletedCustomers = new Set<string>()
  readonly paymentMethods = new Map<string, StoredMethod>()
  readonly setupIntents = new Map<string, StoredSetupIntent>()
  /** Methods that were detached from a customer, or have paid without one: they cannot be used again. */
  readonly spentMethods = new Set<string>()
  /** Charges whose refunds Stripe refuses whatever was captured. */
  readonly unrefundable = new Set<string>()
  /** Charges whose authorization the bank has ended, and which Stripe has not canceled yet. */
  readonly lapsed = new Set<string>()
  /** How often each charge was captured. */
  readonly captures = new Map<string, number>()
  /** How each payment method behaves. */
  readonly cards = new Map<string, TestCard>()
  /** The intents that the search finds. */
  readonly indexed = new Set<string>()

  index(): void {
    for (const id of this.paymentIntents.keys()) this.indexed.add(id)
  }

  /** As if another account had made it, or none: with what depends on it. */
  forget(id: string): void {
    const shelves = [this.paymentIntents, this.charges, this.refunds, this.disputes, this.customers]
    for (const shelf of [...shelves, this.paymentMethods, this.setupIntents]) shelf.delete(id)
    this.deletedCustomers.delete(id)
    this.indexed.delete(id)
    for (const shelf of [this.charges, this.refunds, this.disputes]) {
      for (const { id: part, payment_intent } of shelf.values()) if (payment_intent === id) shelf.delete(part)
    }
  }

  /** As with the API key of another account, or after the account's data was restored. */
  forgetAll(): void {
    const shelves = [this.paymentIntents, this.charges, this.refunds, this.disputes, this.customers]
    for (const shelf of [...shelves, this.paymentMethods, this.setupIntents]) shelf.clear()
    this.deletedCustomers.clear()
    this.indexed.clear()
  }

  /** @param param the parameter that named it, for the refusal where there is none */
  intent(id: string, param = "intent"): StoredIntent {
    return find(this.paymentIntents, "payment_intent", id, param)
  }

  charge(id: string, param = "charge"): StoredCharge {
    return find(this.charges, "charge", id, param)
  }

  refund(id: string): StoredRefund {
    return find(this.refunds, "refund", id, "refund")
  }

  dispute(id: string): StoredDispute {
    return find(this.disputes, "dispute", id, "dispute")
  }

  customer(id: string, param = "customer"): Stripe.Customer {
    return find(this.customers, "customer", id, param)
  }

  method(id: string, param = "payment_method"): StoredMethod {
    return find(this.paymentMethods, "PaymentMethod", id, param)
  }

  setupIntent(id: string): StoredSetupIntent {
    return find(this.setupIntents, "setupintent", id, "intent")
  }

  /** The charge that the money of an intent is on. */
  latestCharge(intent: StoredIntent): StoredCharge | undefined {
    return intent.latest_charge === null ? undefined : this.charge(intent.latest_charge)
  }
}

function find<T>(shelf: ReadonlyMap<string, T>, what: string, id: string, param: string): T {
  const found = shelf.get(id)
  if (found !== undefined) return found
  throw notFound(what, id, param)
}
