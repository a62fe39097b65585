import type Stripe from "stripe"
import type { TestCard } from "./cards.js"
import { Clock } from "./clock.js"
import { EventLog } from "./events.js"
import { notFound } from "./errors.js"
import { type AccountSettings, DEFAULT_SETTINGS } from "./settings.js"

/** As it is stored: an expandable field holds an id. */
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

/** Everything that the account has. Maps are in the order of creation. */
export class Records {
  readonly settings: AccountSettings = { ...DEFAULT_SETTINGS, codes: { ...DEFAULT_SETTINGS.codes } }
  readonly clock = new Clock()
  readonly events = new EventLog(this.clock)
  readonly paymentIntents = new Map<string, StoredIntent>()
  readonly charges = new Map<string, StoredCharge>()
  readonly refunds = new Map<string, StoredRefund>()
  readonly disputes = new Map<string, StoredDispute>()
  readonly customers = new Map<string, Stripe.Customer>()
  readonly deletedCustomers = new Set<string>()
  readonly paymentMethods = new Map<string, StoredMethod>()
  readonly setupIntents = new Map<string, StoredSetupIntent>()
  /** Methods that were detached from a customer, or were paid with without one: they cannot be used again. */
  readonly spentMethods = new Set<string>()
  /** Charges that cannot be refunded, whatever was captured. */
  readonly unrefundable = new Set<string>()
  /** Charges whose authorization the bank has ended while the intent is not canceled yet. */
  readonly lapsed = new Set<string>()
  /** How often each charge was captured. */
  readonly captures = new Map<string, number>()
  /** How each payment method behaves. */
  readonly cards = new Map<string, TestCard>()
  /** The intents that the search finds. */
  readonly indexed = new Set<string>()

  updateSearchIndex(): void {
    for (const id of this.paymentIntents.keys()) this.indexed.add(id)
  }

  /** Deletes an object without a trace, with its charges, refunds and disputes. */
  delete(id: string): void {
    for (const map of this.maps) map.delete(id)
    this.deletedCustomers.delete(id)
    this.indexed.delete(id)
    for (const map of [this.charges, this.refunds, this.disputes]) {
      for (const { id: part, payment_intent } of map.values()) if (payment_intent === id) map.delete(part)
    }
  }

  /** Whether there is an object of this id. */
  has(id: string): boolean {
    return this.maps.some((map) => map.has(id))
  }

  deleteEverything(): void {
    for (const map of this.maps) map.clear()
    this.deletedCustomers.clear()
    this.indexed.clear()
  }

  /** @param param the parameter that named it, for the error if there is none */
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

  private get maps(): readonly Map<string, { id: string }>[] {
    const money = [this.paymentIntents, this.charges, this.refunds, this.disputes]
    return [...money, this.customers, this.paymentMethods, this.setupIntents]
  }

  /** The charge that holds the money of an intent. */
  latestCharge(intent: StoredIntent): StoredCharge | undefined {
    return intent.latest_charge === null ? undefined : this.charge(intent.latest_charge)
  }
}

function find<T>(map: ReadonlyMap<string, T>, what: string, id: string, param: string): T {
  const found = map.get(id)
  if (found !== undefined) return found
  throw notFound(what, id, param)
}
