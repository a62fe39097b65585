import { Injectable } from "@nestjs/common"
import Stripe from "stripe"
import type { Money } from "../../common/money.js"
import {
  RegisterPaymentProvider,
  type AccountHolders,
  type Declined,
  type Gone,
  type InspectCall,
  type LookUpCall,
  type CallNotFound,
  type PaymentProvider,
  type PaymentState,
  type ProviderCall,
  type ProviderCapabilities,
  type ProviderOutcome,
  type WebhookSource,
} from "../contract/payment-provider.contract.js"
import { inexactness, checkAmount, toStripeAmount } from "./amounts.js"
import { markerAmount, addMarker, addSharedMarker } from "./capture-marks.js"
import { CLIENT_FIELDS, isDeclined, readClientData, type ClientData } from "./client-data.js"
import {
  toError,
  isKeyReused,
  isMetadataFull,
  isOtherState,
  isPaymentMissing,
  isStoredFailure,
  isWithoutMethod,
  noPaymentMethod,
  notDone,
  otherState,
  outcomeOfError,
} from "./errors.js"
import {
  createParams,
  enabledTypes,
  EXPAND,
  metadataOf,
  takesCards,
  updateParams,
  type Terms,
} from "./intent-params.js"
import {
  alreadyAuthorized,
  toReturnedData,
  authorizationOutcome,
  hasMoreToRecord,
  isMulticapture,
  openOutcome,
  privateDataOf,
} from "./intents.js"
import { toPaymentState } from "./payment-state.js"
import { findRefund, refundOutcome } from "./refunds.js"
import { untilAborted } from "../../common/abort.js"
import type { StripeClients } from "./stripe-client.js"

/** What the providers of an account have in common. */
export interface StripeShared {
  readonly stripe: StripeClients
  readonly webhooks?: WebhookSource
  readonly accountHolders: AccountHolders
}

/**
 * Milliseconds for which Stripe may yet complete a refund that it failed at: whoever is told that it was not done makes
 * another one. All else can be done once only.
 */
const MAY_YET_BE_DONE = 3_600_000

/** Calls about money that our records say is there. */
const MOVING_MONEY: readonly LookUpCall["operation"][] = ["capture", "refund", "cancel_payment"]

const NOT_FOUND: CallNotFound = { outcome: "not_found" }

/**
 * Payments as Stripe's payment intents, one per session. Every call carries our operation's id as Stripe's idempotency
 * key, and leaves it in the metadata of what it makes or changes: that is how a lookup finds what became of it.
 */
@Injectable()
@RegisterPaymentProvider()
export class StripePaymentProvider implements PaymentProvider {
  readonly id: string
  readonly capabilities: ProviderCapabilities = {
    multicapture: isMulticapture,
    callsNetwork: true,
    clientFields: CLIENT_FIELDS,
  }
  readonly webhooks?: WebhookSource
  readonly accountHolders: AccountHolders
  private readonly stripe: StripeClients

  constructor(
    private readonly terms: Terms,
    { stripe, webhooks, accountHolders }: StripeShared,
  ) {
    this.id = `pp_${terms.variant.identifier}_${terms.account.id}`
    this.stripe = stripe
    this.webhooks = webhooks
    this.accountHolders = accountHolders
  }

  checkAmount(amount: Money, of: "payment" | "part"): string | undefined {
    if (of === "part") return inexactness(amount)
    return checkAmount(amount, { hasMinimum: !this.terms.variant.takesLittle, takesCards: takesCards(this.terms) })
  }

  async initiate(call: ProviderCall): Promise<ProviderOutcome> {
    return this.withClientData(call, async (data) => {
      try {
        return await untilAborted(call.signal, () => this.create(call, data, call.idempotencyKey))
      } catch (error) {
        if (isWithoutMethod(error)) return noPaymentMethod(data.payment_method_types !== undefined)
        // Nobody has got to know the client secret of an intent that may have been made: it harms nobody.
        return isStoredFailure(error) || isKeyReused(error) ? notDone() : outcomeOfError(error)
      }
    })
  }

  async update(call: ProviderCall): Promise<ProviderOutcome> {
    return this.withClientData(call, (data) =>
      this.make({ ...call, operation: "update" }, async () => {
        const before = privateDataOf(call)
        const params = updateParams(call, data, this.terms, before)
        try {
          const { payment_intent } = before
          const intent = await this.stripe(call.signal).paymentIntents.update(payment_intent, params, keyOf(call))
          return await this.payable(intent, call, data)
        } catch (error) {
          if (isWithoutMethod(error)) return noPaymentMethod(data.payment_method_types !== undefined)
          if (!isOtherState(error)) throw error
          return this.updateInOtherState(call, data)
        }
      }),
    )
  }

  /** Confirms first where the storefront has sent the payment method and leaves the rest to the server. */
  async authorize(call: ProviderCall): Promise<ProviderOutcome> {
    return this.make({ ...call, operation: "authorize" }, async () => {
      const intent = await this.retrieve(call)
      if (hasMoreToRecord(intent)) return otherState()
      if (!isLeftToUs(intent, call)) return authorizationOutcome(intent)
      const { return_url } = call.clientData
      const params = { ...(typeof return_url === "string" && { return_url }), expand: EXPAND }
      const confirmed = await this.stripe(call.signal).paymentIntents.confirm(intent.id, params, keyOf(call))
      return authorizationOutcome(confirmed)
    })
  }

  /** Where the payment can be captured in parts, the rest stays authorized; elsewhere Stripe releases it. */
  async capture(call: ProviderCall): Promise<ProviderOutcome> {
    return this.make({ ...call, operation: "capture" }, async () => {
      const { multicapture } = privateDataOf(call)
      const amount = toStripeAmount(call.amount)
      const intent = multicapture ? await this.retrieve(call) : undefined
      const earlier = intent && captured(intent, call)
      if (earlier) return earlier
      const isFinal = !intent || amount >= intent.amount_capturable
      const done = await this.captureMarked(call, amount, isFinal ? {} : { final_capture: false }, intent)
      return captured(done, call) ?? { outcome: "succeeded", amount: call.amount, ...toReturnedData(done) }
    })
  }

  async refund(call: ProviderCall): Promise<ProviderOutcome> {
    return this.make({ ...call, operation: "refund" }, async () => {
      const { payment_intent } = privateDataOf(call)
      const params = { payment_intent, amount: toStripeAmount(call.amount), metadata: metadataOf(call) }
      return refundOutcome(await this.stripe(call.signal).refunds.create(params, keyOf(call)))
    })
  }

  /** What is left of a payment that was captured in part is released by a last capture, of nothing. */
  async cancel(call: ProviderCall): Promise<ProviderOutcome> {
    const { is_authorized } = privateDataOf(call)
    const operation = is_authorized ? "cancel_payment" : "cancel_session"
    return this.make({ ...call, operation }, async () => {
      const { payment_intent, multicapture } = privateDataOf(call)
      try {
        const before = multicapture ? await this.retrieve(call) : undefined
        if (!before?.amount_received) {
          return canceled(
            await this.stripe(call.signal).paymentIntents.cancel(payment_intent, { expand: EXPAND }, keyOf(call)),
            call,
          )
        }
        return canceled(await this.captureMarked(call, 0, { final_capture: true }, before), call)
      } catch (error) {
        if (!isOtherState(error)) throw error
        return this.cancelInOtherState(call)
      }
    })
  }

  /**
   * Asks Stripe's own books, which are up to date at once for what is read by its id. A new payment intent is not known
   * by its id here: the search may find it, but lags behind, so that finding nothing says nothing. Then `not_found` has the
   * call made again with the same key, which Stripe answers as it did before, for a day; nothing is made twice.
   */
  async lookUp(call: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    try {
      return await untilAborted(call.signal, () => this.find(call))
    } catch (error) {
      if (isPaymentMissing(error)) return { outcome: "gone" }
      // That the question was refused says nothing about the call that it is about.
      return { outcome: "unknown", cause: toError(error) }
    }
  }

  async inspect(call: InspectCall): Promise<PaymentState | Gone> {
    const { sessionId, signal } = call
    try {
      return await untilAborted(signal, async () => {
        const intent = await this.retrieve(call)
        return { sessionId, ...(await toPaymentState(this.stripe(signal), intent)) }
      })
    } catch (error) {
      if (isPaymentMissing(error)) return { outcome: "gone" }
      throw toError(error)
    }
  }

  private async find(call: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    if (call.operation === "initiate") return this.search(call)
    const { payment_intent } = privateDataOf(call)
    if (call.operation === "refund") {
      const refund = await findRefund(this.stripe(call.signal), payment_intent, call.idempotencyKey)
      if (refund) return refundOutcome(refund)
      // Whether there is no such refund, or no such payment.
      await this.retrieve(call)
      return NOT_FOUND
    }
    const intent = await this.retrieve(call)
    switch (call.operation) {
      case "update":
        if (intent.metadata["operation_id"] === call.idempotencyKey) return openOutcome(intent)
        return alreadyAuthorized(intent) ?? NOT_FOUND
      case "authorize":
        return isLeftToUs(intent, call) ? NOT_FOUND : authorizationOutcome(intent)
      case "capture":
        return captured(intent, call) ?? NOT_FOUND
      case "cancel_session":
      case "cancel_payment":
        return intent.status === "canceled" || captured(intent, call) ? canceled(intent, call) : NOT_FOUND
    }
  }

  private async search({ sessionId, idempotencyKey, signal }: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    const stripe = this.stripe(signal)
    const query = `metadata["operation_id"]:"${idempotencyKey}" AND metadata["session_id"]:"${sessionId}"`
    try {
      const { data } = await stripe.paymentIntents.search({ query, limit: 1 })
      const [found] = data
      if (!found) return NOT_FOUND
      const intent = await stripe.paymentIntents.retrieve(found.id, { expand: EXPAND })
      // Of a session that has not begun, nobody can pay it.
      return intent.status === "canceled" ? notDone() : openOutcome(intent)
    } catch (error) {
      // Not every account, nor every restricted key, may search.
      const { StripeInvalidRequestError, StripePermissionError } = Stripe.errors
      if (error instanceof StripeInvalidRequestError || error instanceof StripePermissionError) return NOT_FOUND
      throw error
    }
  }

  /**
   * Makes a call. Where Stripe's error leaves open whether it was done before, its books are asked: in particular a
   * failure that Stripe has stored for the key would be repeated for a day.
   */
  private async make(call: LookUpCall, attempt: () => Promise<ProviderOutcome>): Promise<ProviderOutcome> {
    const context = { movesMoney: MOVING_MONEY.includes(call.operation) }
    try {
      return await untilAborted(call.signal, attempt)
    } catch (error) {
      if (!isStoredFailure(error) && !isKeyReused(error) && !isOtherState(error)) return outcomeOfError(error, context)
      const found = await this.lookUp(call)
      if (found.outcome !== "not_found") return found
      // The parameters of a repeat may differ, of a capture that is not the last any more: Stripe's books say that it was
      // not done, and the key is used up.
      const isOver = (isStoredFailure(error) || isKeyReused(error)) && !mayYetBeDone(call)
      return isOver ? notDone() : outcomeOfError(error, context)
    }
  }

  private async create(call: ProviderCall, data: ClientData, idempotencyKey: string): Promise<ProviderOutcome> {
    const params = createParams(call, data, this.terms)
    const intent = await this.stripe(call.signal).paymentIntents.create(params, { idempotencyKey })
    return this.payable(intent, call, data)
  }

  /** Stripe leaves out payment methods that do not fit an intent. If none is left, nobody can pay it: it is canceled. */
  private async payable(intent: Stripe.PaymentIntent, call: ProviderCall, data: ClientData): Promise<ProviderOutcome> {
    if (intent.payment_method_types.length > 0) return openOutcome(intent)
    const idempotencyKey = `${call.idempotencyKey}-useless`
    await this.stripe(call.signal).paymentIntents.cancel(intent.id, {}, { idempotencyKey })
    const refusal = noPaymentMethod(data.payment_method_types !== undefined)
    // A session that is open on our side has lost its intent.
    const isOpen = call.privateData["payment_intent"] === intent.id
    return isOpen ? { ...refusal, stateDiffers: true } : refusal
  }

  /**
   * Captures, and leaves a mark in the metadata. Others write metadata, too: if their names fill it, the mark goes into a
   * value of ours. The money is captured in any case.
   *
   * @param before the intent, if its marks may have to make room
   */
  private async captureMarked(
    call: ProviderCall,
    amount: number,
    how: { readonly final_capture?: boolean },
    before?: Stripe.PaymentIntent,
  ): Promise<Stripe.PaymentIntent> {
    const { payment_intent } = privateDataOf(call)
    const { idempotencyKey } = call
    const captureWith = (metadata: Record<string, string>, key: string) =>
      this.stripe(call.signal).paymentIntents.capture(
        payment_intent,
        { amount_to_capture: amount, metadata, ...how, expand: EXPAND },
        { idempotencyKey: key },
      )
    try {
      return await captureWith(addMarker(idempotencyKey, amount, before?.metadata), idempotencyKey)
    } catch (error) {
      if (!isMetadataFull(error)) throw error
      const { metadata } = await this.retrieve(call)
      return captureWith(addSharedMarker(idempotencyKey, amount, metadata), `${idempotencyKey}-shared`)
    }
  }

  /** The shopper was quicker, or the intent was canceled at Stripe: then there is a new one for the session. */
  private async updateInOtherState(call: ProviderCall, data: ClientData): Promise<ProviderOutcome> {
    const intent = await this.retrieve(call)
    if (intent.status === "processing") return isProcessing()
    const authorized = hasMoreToRecord(intent) ? otherState() : alreadyAuthorized(intent)
    if (authorized) return authorized
    return intent.status === "canceled" ? this.create(call, data, `${call.idempotencyKey}-new`) : otherState()
  }

  private async cancelInOtherState(call: ProviderCall): Promise<ProviderOutcome> {
    const { is_authorized } = privateDataOf(call)
    const intent = await this.retrieve(call)
    if (intent.status === "canceled" || captured(intent, call)) return canceled(intent, call)
    if (intent.status === "processing") return isProcessing()
    return (is_authorized || hasMoreToRecord(intent) ? undefined : alreadyAuthorized(intent)) ?? otherState()
  }

  private retrieve(call: InspectCall): Promise<Stripe.PaymentIntent> {
    return this.stripe(call.signal).paymentIntents.retrieve(privateDataOf(call).payment_intent, { expand: EXPAND })
  }

  private async withClientData(
    { clientData }: ProviderCall,
    go: (data: ClientData) => Promise<ProviderOutcome>,
  ): Promise<ProviderOutcome> {
    const { returnOrigins } = this.terms.account
    const data = readClientData(clientData, { types: enabledTypes(this.terms), returnOrigins })
    return isDeclined(data) ? data : go(data)
  }
}

function mayYetBeDone({ operation, startedAt }: LookUpCall): boolean {
  return operation === "refund" && Date.now() - startedAt.getTime() < MAY_YET_BE_DONE
}

function keyOf({ idempotencyKey }: ProviderCall): Stripe.RequestOptions {
  return { idempotencyKey }
}

/** Whether the shopper has chosen with the session how to pay; what they chose in the browser, they confirm there. */
function isLeftToUs({ status }: Stripe.PaymentIntent, { clientData }: ProviderCall): boolean {
  return status === "requires_confirmation" && clientData["payment_method"] !== undefined
}

/** What a call has captured, if it was done: then the intent has its mark. */
function captured(intent: Stripe.PaymentIntent, { idempotencyKey }: ProviderCall): ProviderOutcome | undefined {
  const amount = markerAmount(intent, idempotencyKey)
  return amount && { outcome: "succeeded", amount, ...toReturnedData(intent) }
}

/** All that was not captured is given up. */
function canceled(intent: Stripe.PaymentIntent, { amount }: ProviderCall): ProviderOutcome {
  return { outcome: "succeeded", amount, ...toReturnedData(intent) }
}

function isProcessing(): Declined {
  return {
    outcome: "declined",
    message: "The payment is being processed at the payment provider. Wait for the end, then try again.",
    code: "payment_processing",
    retryable: true,
    refusedBy: "state",
    stateDiffers: true,
  }
}
