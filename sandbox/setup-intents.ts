import type { Records, StoredMethod, StoredSetupIntent } from "./records.js"
import { GENERIC_DECLINE, type TestCard } from "./cards.js"
import { newSetupIntent } from "./customer-objects.js"
import type { Customers } from "./customers.js"
import { change } from "./ids.js"
import { refusePaymentMethodTypes } from "./intent-parameters.js"
import type { Parameters } from "./parameters.js"
import { badParameter, declined, wrongState } from "./errors.js"

export const SETUP_INTENT_PARAMETERS = [
  "allowed_payment_method_types",
  "automatic_payment_methods",
  "confirm",
  "customer",
  "description",
  "metadata",
  "payment_method",
  "payment_method_data",
  "payment_method_types",
  "return_url",
  "usage",
] as const

/** Intents to save a payment method. */
export class SetupIntents {
  constructor(
    private readonly records: Records,
    private readonly customers: Customers,
  ) {}

  create(parameters: Parameters): StoredSetupIntent {
    refusePaymentMethodTypes(parameters)
    const isConfirmed = parameters.flag("confirm") ?? false
    if (parameters.has("return_url") && !isConfirmed) {
      throw badParameter("The `return_url` parameter can only be used when `confirm` is `true`.", {
        param: "return_url",
      })
    }
    const customer = parameters.nullableText("customer") ?? null
    if (customer !== null) this.records.customer(customer)
    const method = this.customers.methodAskedFor(parameters)
    const types = parameters.texts("allowed_payment_method_types")
    const intent = change(newSetupIntent(this.records.clock.now()), {
      customer,
      description: parameters.nullableText("description") ?? null,
      metadata: parameters.metadata(),
      usage: parameters.choice("usage", ["off_session", "on_session"]) ?? "off_session",
      payment_method: method?.id ?? null,
      status: method ? "requires_confirmation" : "requires_payment_method",
    })
    if (types) {
      change(intent, {
        allowed_payment_method_types: types,
        payment_method_types: types,
        automatic_payment_methods: null,
      })
    }
    this.records.setupIntents.set(intent.id, intent)
    this.records.events.record("setup_intent.created", intent)
    if (isConfirmed && method) this.confirm(intent, method)
    return intent
  }

  /** The shopper enters a card, and passes a challenge. */
  complete(id: string, card: TestCard): StoredSetupIntent {
    const intent = this.records.setupIntent(id)
    if (intent.status === "succeeded" || intent.status === "canceled") {
      throw wrongState(`The setup intent ${id} is ${intent.status} already.`)
    }
    this.try(intent, this.customers.createMethod(card))
    return intent
  }

  private confirm(intent: StoredSetupIntent, method: StoredMethod): void {
    if (this.try(intent, method)) return
    const { code, declineCode, message } = GENERIC_DECLINE
    throw declined(message, { code, decline_code: declineCode })
  }

  private try(intent: StoredSetupIntent, method: StoredMethod): boolean {
    const card = this.customers.cardOf(method)
    if (card === "declined" || card === "insufficient_funds") {
      const { code, declineCode, message } = GENERIC_DECLINE
      change(intent, {
        status: "requires_payment_method",
        payment_method: null,
        last_setup_error: { type: "card_error", code, decline_code: declineCode, message, payment_method: method },
      })
      this.records.events.record("setup_intent.setup_failed", intent)
      return false
    }
    change(intent, { status: "succeeded", payment_method: method.id, last_setup_error: null })
    if (intent.customer !== null) this.customers.attach(method.id, intent.customer)
    this.records.events.record("setup_intent.succeeded", intent)
    return true
  }
}
