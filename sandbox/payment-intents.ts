import { stringify } from "qs"
import type Stripe from "stripe"
import type { Attempts, Confirmation } from "./attempts.js"
import type { Records, StoredIntent, StoredMethod } from "./records.js"
import { AUTHENTICATION_REQUIRED, type Decline, type TestCard } from "./cards.js"
import type { Authorizations } from "./authorizations.js"
import { methodTypeOf } from "./customer-objects.js"
import type { Customers } from "./customers.js"
import { change } from "./ids.js"
import { checkCapture, checkConfirmable, refuseMulticapture, unexpectedState } from "./intent-checks.js"
import { intentChanges } from "./intent-parameters.js"
import { newIntent } from "./objects.js"
import { Parameters } from "./parameters.js"
import { fitsCapture } from "./payment-method-types.js"
import { badParameter, declined, notPossible, wrongState } from "./errors.js"

type Status = Stripe.PaymentIntent.Status
type CancellationReason = Stripe.PaymentIntent.CancellationReason

/** New objects are searchable "in less than a minute" (docs.stripe.com/search, data freshness). */
const SEARCH_DELAY = 60

const BEFORE_PAYMENT: readonly Status[] = ["requires_payment_method", "requires_confirmation", "requires_action"]
const ALWAYS_CHANGEABLE: readonly string[] = ["description", "expand", "metadata", "receipt_email"]
/** Stripe's reference adds `processing` "in rare cases"; this is not one. */
const CANCELABLE: readonly Status[] = [...BEFORE_PAYMENT, "requires_capture"]

export interface CaptureRequest {
  /** Minor units; by default everything that can be captured. */
  readonly amount?: number
  readonly isFinal: boolean
  readonly changes?: Partial<StoredIntent>
}

/** Payment intents, and the calls on them. */
export class PaymentIntents {
  constructor(
    private readonly records: Records,
    private readonly authorizations: Authorizations,
    private readonly customers: Customers,
    private readonly attempts: Attempts,
  ) {}

  create(parameters: Parameters): StoredIntent {
    const isConfirmed = parameters.flag("confirm") ?? false
    for (const param of ["return_url", "off_session"]) {
      if (!parameters.has(param) || isConfirmed) continue
      throw badParameter(`The \`${param}\` parameter can only be used when \`confirm\` is \`true\`.`, { param })
    }
    const amount = parameters.requiredInteger("amount")
    const intent = newIntent(this.records.clock.now(), amount, parameters.requiredText("currency"))
    change(intent, intentChanges(this.records, parameters, intent))
    if (this.records.settings.multicapture === "refused_at_creation") refuseMulticapture(intent)
    this.choose(intent, this.customers.methodAskedFor(parameters))
    const method = isConfirmed ? this.methodToConfirm(intent, parameters) : undefined
    this.records.paymentIntents.set(intent.id, intent)
    this.records.events.record("payment_intent.created", intent)
    this.records.clock.after(SEARCH_DELAY, () => {
      if (this.records.has(intent.id)) this.records.indexed.add(intent.id)
    })
    if (method) this.confirmWith(intent, method, parameters)
    return intent
  }

  update(id: string, parameters: Parameters): StoredIntent {
    const intent = this.records.intent(id)
    // Descriptions and metadata can always be changed, the terms of the payment only before it.
    const agreed = parameters.names.find((name) => !ALWAYS_CHANGEABLE.includes(name))
    if (agreed !== undefined && !BEFORE_PAYMENT.includes(intent.status)) {
      throw unexpectedState(
        intent,
        `This PaymentIntent's ${agreed} could not be updated because it has a status of ${intent.status}. You may ` +
          `only update the ${agreed} of a PaymentIntent with one of the following statuses: ` +
          `${BEFORE_PAYMENT.join(", ")}.`,
      )
    }
    const changes = intentChanges(this.records, parameters, intent)
    if (this.records.settings.multicapture === "refused_at_creation") refuseMulticapture({ ...intent, ...changes })
    // "It will be cleared if the PaymentIntent is later updated for any reason" (API reference of last_payment_error).
    change(intent, { ...changes, last_payment_error: null })
    if (parameters.text("payment_method") === "") {
      change(intent, { payment_method: null, status: "requires_payment_method", next_action: null })
    }
    this.choose(intent, this.customers.methodAskedFor(parameters))
    // The challenge was for another amount or method.
    if (intent.status === "requires_action" && agreed !== undefined) {
      change(intent, { status: "requires_confirmation", next_action: null })
    }
    return intent
  }

  confirm(id: string, parameters: Parameters): StoredIntent {
    const intent = this.records.intent(id)
    if (!BEFORE_PAYMENT.includes(intent.status)) {
      const reason =
        intent.status === "succeeded"
          ? "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
          : `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`
      throw unexpectedState(intent, reason)
    }
    change(intent, intentChanges(this.records, parameters, intent))
    this.choose(intent, this.customers.methodAskedFor(parameters))
    this.confirmWith(intent, this.methodToConfirm(intent, parameters), parameters)
    return intent
  }

  capture(id: string, { amount: asked, isFinal, changes = {} }: CaptureRequest): StoredIntent {
    const intent = this.records.intent(id)
    const charge = this.records.latestCharge(intent)
    if (intent.status !== "requires_capture" || !charge) {
      throw unexpectedState(
        intent,
        `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent ` +
          "with one of the following statuses may be captured: requires_capture.",
      )
    }
    const amount = asked ?? intent.amount_capturable
    checkCapture(this.records, intent, charge, amount, isFinal)
    change(intent, changes)
    return this.authorizations.capture(intent, charge, amount, isFinal)
  }

  cancel(id: string, reason: CancellationReason | null): StoredIntent {
    const intent = this.records.intent(id)
    if (!CANCELABLE.includes(intent.status)) {
      throw unexpectedState(
        intent,
        `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with ` +
          `one of the following statuses may be canceled: ${CANCELABLE.join(", ")}.`,
      )
    }
    return this.authorizations.cancel(intent, reason)
  }

  /** Staff in the Dashboard, or another program, write metadata. */
  writeMetadata(id: string, metadata: Record<string, string>): StoredIntent {
    return this.update(id, Parameters.of(stringify({ metadata })))
  }

  /** Whether a shopper can pay the intent, and the card supports its capture method. */
  canBePaid(id: string, card: TestCard): boolean {
    const intent = this.records.intent(id)
    return BEFORE_PAYMENT.includes(intent.status) && fitsCapture(intent, methodTypeOf(card))
  }

  /** The shopper enters a card and confirms. A decline is left on the intent. */
  shopperPays(id: string, card: TestCard, confirmation: Confirmation = {}): StoredIntent {
    const intent = this.records.intent(id)
    if (!BEFORE_PAYMENT.includes(intent.status)) {
      throw wrongState(`The payment intent ${id} is ${intent.status} already.`)
    }
    const method = this.customers.createMethod(card)
    if (!fitsCapture(intent, method.type)) {
      throw wrongState(`The payment intent ${id} is captured manually, and ${method.type} cannot be.`)
    }
    checkConfirmable(this.records, intent, method)
    intent.payment_method = method.id
    this.attempts.begin(intent, method, confirmation)
    return intent
  }

  private choose(intent: StoredIntent, method: StoredMethod | undefined): void {
    if (!method) return
    if (method.customer !== null && method.customer !== intent.customer) {
      throw notPossible(
        `The PaymentMethod ${method.id} belongs to the Customer ${method.customer}. Please include the Customer in ` +
          "the `customer` parameter on the PaymentIntent.",
        { param: "payment_method" },
      )
    }
    // The words are those of a public report (stripe-terminal-react-native 745).
    if (!intent.payment_method_types.includes(method.type)) {
      throw notPossible(
        `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a ` +
          `PaymentMethod of one of the following types: ${intent.payment_method_types.join(", ")}.`,
        { param: "payment_method" },
      )
    }
    intent.payment_method = method.id
    if (intent.status === "requires_payment_method") intent.status = "requires_confirmation"
  }

  /** Refuses an incomplete confirmation. Returns the method to pay with. */
  private methodToConfirm(intent: StoredIntent, parameters: Parameters): StoredMethod {
    if (intent.payment_method === null) {
      throw unexpectedState(
        intent,
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the " +
          "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment " +
          "method or ConfirmationToken.",
      )
    }
    if (!parameters.has("return_url") && intent.automatic_payment_methods?.allow_redirects === "always") {
      throw badParameter(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these " +
          "payment methods might redirect your customer off of your page, you must provide a `return_url`.",
        { param: "return_url" },
      )
    }
    const method = this.customers.unspent(this.records.method(intent.payment_method))
    checkConfirmable(this.records, intent, method)
    return method
  }

  private confirmWith(intent: StoredIntent, method: StoredMethod, parameters: Parameters): void {
    const usesSdk = parameters.flag("use_stripe_sdk") ?? false
    const decline = this.attempts.begin(intent, method, {
      returnUrl: usesSdk ? undefined : parameters.text("return_url"),
      isOffSession: parameters.flag("off_session"),
    })
    if (decline) throw this.cardError(intent, decline)
    if (intent.status !== "requires_action" || !parameters.flag("error_on_requires_action")) return
    this.attempts.decline(intent, method, AUTHENTICATION_REQUIRED)
    throw this.cardError(intent, AUTHENTICATION_REQUIRED)
  }

  private cardError(intent: StoredIntent, { code, declineCode, message }: Decline): Error {
    return declined(message, {
      code,
      decline_code: declineCode,
      charge: intent.latest_charge ?? undefined,
      payment_intent: intent,
      payment_method: intent.last_payment_error?.payment_method,
    })
  }
}
