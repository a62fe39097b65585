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
} from "../contract/index.js"
import { inexactness, checkAmount, toStripeAmount } from "./amounts.js"
import { markerAmount, addMarker, addSharedMarker } from "./capture-markers.js"
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

/** The parts that all providers of an account share. */
export interface StripeShared {
  readonly stripe: StripeClients
  readonly webhooks?: WebhookSource
  readonly accountHolders: AccountHolders
}

/**
 * Milliseconds in which Stripe may still complete a refund that failed with a 5xx. Until then it must not count as declined,
 * because the caller would create another one. Other calls can take effect once only.
 */
const REFUND_RETRY_PERIOD = 3_600_000

/** Calls that move money of our records. */
const MOVING_MONEY: readonly LookUpCall["operation"][] = ["capture", "refund", "cancel_payment"]

const NOT_FOUND: CallNotFound = { outcome: "not_found" }

/**
 * Payments as Stripe's payment intents, one per session. Every call carries our operation's id as Stripe's idempotency key
 * and in the metadata of the object that it creates or changes, so that a lookup finds the outcome.
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
    return checkAmount(amount, { hasMinimum: !this.terms.variant.hasNoMinimum, takesCards: takesCards(this.terms) })
  }

  async initiate(call: ProviderCall): Promise<ProviderOutcome> {
    return this.withClientData(call, async (data) => {
      try {
        return await untilAborted(call.signal, () => this.create(call, data, call.idempotencyKey))
      } catch (error) {
        if (isWithoutMethod(error)) return noPaymentMethod(data.payment_method_types !== undefined)
        // An intent that may exist is harmless, because nobody knows its client secret.
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

  /** Confirms the intent first if the storefront sent the payment method and left the confirmation to the server. */
  async authorize(call: ProviderCall): Promise<ProviderOutcome> {
    return this.make({ ...call, operation: "authorize" }, async () => {
      const intent = await this.retrieve(call)
      if (hasMoreToRecord(intent)) return otherState()
      if (!awaitsServerConfirmation(intent, call)) return authorizationOutcome(intent)
      const { return_url } = call.clientData
      const params = { ...(typeof return_url === "string" && { return_url }), expand: EXPAND }
      const confirmed = await this.stripe(call.signal).paymentIntents.confirm(intent.id, params, keyOf(call))
      return authorizationOutcome(confirmed)
    })
  }

  /** If the payment can be captured in parts, the rest stays authorized. Otherwise Stripe releases it. */
  async capture(call: ProviderCall): Promise<ProviderOutcome> {
    return this.make({ ...call, operation: "capture" }, async () => {
      const { multicapture } = privateDataOf(call)
      const amount = toStripeAmount(call.amount)
      const intent = multicapture ? await this.retrieve(call) : undefined
      const earlier = intent && captured(intent, call)
      if (earlier) return earlier
      const isFinal = !intent || amount >= intent.amount_capturable
      const done = await this.captureWithMarker(call, amount, isFinal ? {} : { final_capture: false }, intent)
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

  /** Releases the rest of a partially captured payment by a final capture of zero. */
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
        return canceled(await this.captureWithMarker(call, 0, { final_capture: true }, before), call)
      } catch (error) {
        if (!isOtherState(error)) throw error
        return this.cancelInOtherState(call)
      }
    })
  }

  /**
   * Reads Stripe's records. Reads by id are immediately up to date. The id of a new payment intent is not known here; the
   * search may find it but lags behind, so an empty result proves nothing. After `not_found` the service repeats the call with
   * the same key, and Stripe replays its response for a day, so nothing is created twice.
   */
  async lookUp(call: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    try {
      return await untilAborted(call.signal, () => this.find(call))
    } catch (error) {
      if (isPaymentMissing(error)) return { outcome: "gone" }
      // A failed lookup says nothing about the call.
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
      // Distinguishes a missing refund from a missing payment.
      await this.retrieve(call)
      return NOT_FOUND
    }
    const intent = await this.retrieve(call)
    switch (call.operation) {
      case "update":
        if (intent.metadata["operation_id"] === call.idempotencyKey) return openOutcome(intent)
        return alreadyAuthorized(intent) ?? NOT_FOUND
      case "authorize":
        return awaitsServerConfirmation(intent, call) ? NOT_FOUND : authorizationOutcome(intent)
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
      // Nobody can pay a canceled intent, so the session has not started.
      return intent.status === "canceled" ? notDone() : openOutcome(intent)
    } catch (error) {
      // Some accounts and restricted keys may not search.
      const { StripeInvalidRequestError, StripePermissionError } = Stripe.errors
      if (error instanceof StripeInvalidRequestError || error instanceof StripePermissionError) return NOT_FOUND
      throw error
    }
  }

  /**
   * Makes a call. If Stripe's error leaves open whether the call took effect, the service looks it up. In particular, Stripe
   * would replay a stored failure of the key for a day.
   */
  private async make(call: LookUpCall, attempt: () => Promise<ProviderOutcome>): Promise<ProviderOutcome> {
    const context = { movesMoney: MOVING_MONEY.includes(call.operation) }
    try {
      return await untilAborted(call.signal, attempt)
    } catch (error) {
      if (!isStoredFailure(error) && !isKeyReused(error) && !isOtherState(error)) return outcomeOfError(error, context)
      const found = await this.lookUp(call)
      if (found.outcome !== "not_found") return found
      // The parameters of a repeat may differ, for example if a capture is not the final one any more. Stripe's records show
      // that the call had no effect, and the key cannot be used again.
      const isUndone = (isStoredFailure(error) || isKeyReused(error)) && !mayStillComplete(call)
      return isUndone ? notDone() : outcomeOfError(error, context)
    }
  }

  private async create(call: ProviderCall, data: ClientData, idempotencyKey: string): Promise<ProviderOutcome> {
    const params = createParams(call, data, this.terms)
    const intent = await this.stripe(call.signal).paymentIntents.create(params, { idempotencyKey })
    return this.payable(intent, call, data)
  }

  /** Stripe removes payment methods that do not fit an intent. If none is left, nobody can pay it, so it is canceled. */
  private async payable(intent: Stripe.PaymentIntent, call: ProviderCall, data: ClientData): Promise<ProviderOutcome> {
    if (intent.payment_method_types.length > 0) return openOutcome(intent)
    const idempotencyKey = `${call.idempotencyKey}-useless`
    await this.stripe(call.signal).paymentIntents.cancel(intent.id, {}, { idempotencyKey })
    const refusal = noPaymentMethod(data.payment_method_types !== undefined)
    // The session is open in our records, and its intent is canceled now.
    const isOpen = call.privateData["payment_intent"] === intent.id
    return isOpen ? { ...refusal, stateDiffers: true } : refusal
  }

  /**
   * Captures and adds a marker to the metadata. If other programs have filled the metadata, the marker goes into the value of
   * a shared name. The money is captured in any case.
   *
   * @param before the intent, if old markers may have to be removed
   */
  private async captureWithMarker(
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

  /** Handles an update after the shopper authorized, or after a cancellation at Stripe, when the session gets a new intent. */
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
    run: (data: ClientData) => Promise<ProviderOutcome>,
  ): Promise<ProviderOutcome> {
    const { returnOrigins } = this.terms.account
    const data = readClientData(clientData, { types: enabledTypes(this.terms), returnOrigins })
    return isDeclined(data) ? data : run(data)
  }
}

function mayStillComplete({ operation, startedAt }: LookUpCall): boolean {
  return operation === "refund" && Date.now() - startedAt.getTime() < REFUND_RETRY_PERIOD
}

function keyOf({ idempotencyKey }: ProviderCall): Stripe.RequestOptions {
  return { idempotencyKey }
}

/** Whether the server has to confirm. If the shopper chose the payment method in the browser, the browser confirms. */
function awaitsServerConfirmation({ status }: Stripe.PaymentIntent, { clientData }: ProviderCall): boolean {
  return status === "requires_confirmation" && clientData["payment_method"] !== undefined
}

/** The outcome of a capture, if the intent has its marker. */
function captured(intent: Stripe.PaymentIntent, { idempotencyKey }: ProviderCall): ProviderOutcome | undefined {
  const amount = markerAmount(intent, idempotencyKey)
  return amount && { outcome: "succeeded", amount, ...toReturnedData(intent) }
}

/** The outcome of a cancellation. The uncaptured amount is released. */
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
