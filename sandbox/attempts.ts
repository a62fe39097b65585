import type Stripe from "stripe"
import type { Authorizations } from "./authorizations.js"
import type { Records, StoredIntent, StoredMethod } from "./records.js"
import {
  AUTHENTICATION_FAILED,
  AUTHENTICATION_REQUIRED,
  DEBIT_FAILED,
  type Decline,
  GENERIC_DECLINE,
  INSUFFICIENT_FUNDS,
} from "./cards.js"
import type { Charges } from "./charges.js"
import type { Customers } from "./customers.js"
import { wrongState } from "./errors.js"
import { change } from "./ids.js"
import { isCapturedManually } from "./payment-method-types.js"

/** The circumstances of an attempt to pay. */
export interface Confirmation {
  /** Where the shopper returns to; without it, Stripe.js shows a challenge. */
  readonly returnUrl?: string
  /** The shopper is not there, so nobody can pass a challenge. */
  readonly isOffSession?: boolean
}

/** A SEPA debit typically takes five business days (docs.stripe.com/payments/sepa-debit). */
const PROCESSING_TIME = 5 * 24 * 60 * 60

/** Attempts to pay an intent, from its confirmation until the money is there or is not. */
export class Attempts {
  /** Where the shopper of an intent returns to after a challenge. */
  private readonly returnUrls = new Map<string, string>()

  constructor(
    private readonly records: Records,
    private readonly charges: Charges,
    private readonly authorizations: Authorizations,
    private readonly customers: Customers,
    /** The address of the sandbox, which serves the challenge's page. */
    private readonly url: string,
  ) {}

  /** Tries to pay. Returns the decline, if the bank declines. */
  begin(intent: StoredIntent, method: StoredMethod, confirmation: Confirmation): Decline | undefined {
    change(intent, { last_payment_error: null, next_action: null })
    const card = this.customers.cardOf(method)
    switch (card) {
      case "ok":
      case "amex":
      case "pending_refund":
      case "failing_refund":
        this.authorize(intent, method, confirmation)
        return undefined
      case "declined":
        return this.decline(intent, method, GENERIC_DECLINE)
      case "insufficient_funds":
        return this.decline(intent, method, INSUFFICIENT_FUNDS)
      case "challenge":
        if (confirmation.isOffSession) return this.decline(intent, method, AUTHENTICATION_REQUIRED)
        this.requireAction(intent, this.challenge(intent, confirmation.returnUrl))
        return undefined
      case "bank_transfer":
        this.requireAction(intent, this.transferInstructions(intent))
        return undefined
      case "asynchronous":
      case "asynchronous_failing":
        this.process(intent, method, card === "asynchronous" ? "succeeded" : "failed")
        return undefined
    }
  }

  /** Waits for the bank. @param outcome what the bank reports, unless something else ends the processing before */
  private process(intent: StoredIntent, method: StoredMethod, outcome: "succeeded" | "failed"): void {
    const isCaptured = !isCapturedManually(intent, method.type)
    const { id } = this.charges.make(intent, method, { isPending: true, isCaptured })
    intent.status = "processing"
    this.records.events.record("payment_intent.processing", intent)
    this.records.clock.after(PROCESSING_TIME, () => {
      const isProcessing = this.records.has(intent.id) && intent.status === "processing"
      if (isProcessing && intent.latest_charge === id) this.processingEnds(intent.id, outcome)
    })
  }

  private requireAction(intent: StoredIntent, action: Stripe.PaymentIntent.NextAction): void {
    change(intent, { status: "requires_action", next_action: action })
    this.records.events.record("payment_intent.requires_action", intent)
  }

  private challenge(intent: StoredIntent, returnUrl: string | undefined): Stripe.PaymentIntent.NextAction {
    const url = `${this.url}/challenge/${intent.id}`
    if (returnUrl === undefined) {
      return { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url } }
    }
    this.returnUrls.set(intent.id, returnUrl)
    return { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } }
  }

  private transferInstructions(intent: StoredIntent): Stripe.PaymentIntent.NextAction {
    return {
      type: "display_bank_transfer_instructions",
      display_bank_transfer_instructions: {
        amount_remaining: intent.amount,
        currency: intent.currency,
        hosted_instructions_url: `${this.url}/instructions/${intent.id}`,
        reference: intent.id.slice(-8).toUpperCase(),
        type: "eu_bank_transfer",
      },
    }
  }

  private authorize(intent: StoredIntent, method: StoredMethod, { isOffSession }: Confirmation = {}): void {
    const isManual = isCapturedManually(intent, method.type)
    this.charges.make(intent, method, { isPending: false, isCaptured: !isManual, isOffSession })
    this.moneyIsThere(intent, method)
    if (method.customer !== null) return
    const { customer } = intent
    const isSaved = intent.setup_future_usage !== null && customer !== null && this.records.customers.has(customer)
    if (isSaved) this.customers.attach(method.id, customer)
    else this.records.spentMethods.add(method.id)
  }

  private moneyIsThere(intent: StoredIntent, method: StoredMethod): void {
    change(intent, { next_action: null, processing: null })
    if (isCapturedManually(intent, method.type)) {
      this.authorizations.hold(intent)
    } else {
      change(intent, { status: "succeeded", amount_received: intent.amount })
      this.records.events.record("payment_intent.succeeded", intent)
    }
  }

  decline(intent: StoredIntent, method: StoredMethod, decline: Decline): Decline {
    this.charges.makeFailed(intent, method, decline)
    this.leaveDeclined(intent, method, decline)
    return decline
  }

  private leaveDeclined(intent: StoredIntent, method: StoredMethod, decline: Decline): void {
    change(intent, {
      status: "requires_payment_method",
      payment_method: null,
      next_action: null,
      processing: null,
      last_payment_error: {
        type: "card_error",
        charge: intent.latest_charge ?? undefined,
        code: decline.code,
        decline_code: decline.declineCode,
        message: decline.message,
        payment_method: method,
      },
    })
    this.records.events.record("payment_intent.payment_failed", intent)
  }

  challengeEnds(id: string, result: "passed" | "failed"): StoredIntent {
    const intent = this.inStatus(id, "requires_action")
    const method = this.chosenMethod(intent)
    if (result === "passed") this.authorize(intent, method)
    else this.decline(intent, method, AUTHENTICATION_FAILED)
    return intent
  }

  processingEnds(id: string, result: "succeeded" | "failed"): StoredIntent {
    const intent = this.inStatus(id, "processing")
    const charge = this.records.latestCharge(intent)
    if (!charge) throw wrongState(`The payment intent ${id} has no charge.`)
    if (result === "succeeded") {
      this.charges.succeed(charge)
      this.moneyIsThere(intent, this.chosenMethod(intent))
    } else {
      this.charges.fail(charge, DEBIT_FAILED)
      this.leaveDeclined(intent, this.chosenMethod(intent), DEBIT_FAILED)
    }
    return intent
  }

  /** Money of a bank transfer arrives; a surplus stays in the customer's balance. */
  transferArrives(id: string, amount: number): StoredIntent {
    const intent = this.inStatus(id, "requires_action")
    const instructions = intent.next_action?.display_bank_transfer_instructions
    if (!instructions) throw wrongState(`The payment intent ${id} does not wait for a bank transfer.`)
    const remaining = (instructions.amount_remaining ?? 0) - amount
    if (remaining > 0) {
      instructions.amount_remaining = remaining
      this.records.events.record("payment_intent.partially_funded", intent)
    } else {
      this.authorize(intent, this.chosenMethod(intent))
    }
    return intent
  }

  /** The address that the shopper returns to after the challenge, with the parameters that Stripe adds. */
  returnUrl(intent: StoredIntent): string | undefined {
    const returnUrl = this.returnUrls.get(intent.id)
    if (returnUrl === undefined) return undefined
    const url = new URL(returnUrl)
    url.searchParams.set("payment_intent", intent.id)
    url.searchParams.set("payment_intent_client_secret", intent.client_secret ?? "")
    url.searchParams.set("redirect_status", intent.status === "requires_payment_method" ? "failed" : "succeeded")
    return url.href
  }

  private chosenMethod(intent: StoredIntent): StoredMethod {
    return this.records.method(intent.payment_method ?? "none")
  }

  private inStatus(id: string, status: Stripe.PaymentIntent.Status): StoredIntent {
    const intent = this.records.intent(id)
    if (intent.status !== status) throw wrongState(`The payment intent ${id} is ${intent.status}, not ${status}.`)
    return intent
  }
}
