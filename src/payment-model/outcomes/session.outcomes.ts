import { newId } from "../../common/ids.js"
import { capturedOf, type Aggregate } from "../aggregate.js"
import { paymentEvent, sessionEvent } from "../events.js"
import type { PaymentOperation } from "../entities/payment-operation.entity.js"
import type { PaymentSession } from "../entities/payment-session.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { waitingStatus } from "../rules/session.rules.js"
import type { Succeeded } from "../../payment-providers/contract/payment-provider.contract.js"
import type { OutcomeRecorder } from "../../payment-providers/calls/operation-runner.js"
import { returnedData, recordCancellation, recordCapture } from "./payment.outcomes.js"

// What becomes of a session once its provider has answered. A refusal or an answer that stays out leaves the session
// as the provider has it.

export const recordInitiate: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = sessionOf(aggregate, operation)
  switch (outcome.outcome) {
    case "succeeded":
    case "pending":
    case "requires_more":
      aggregate.moveSession(session, waitingStatus(outcome), returnedData(outcome))
      aggregate.changes.recordEvent(() => sessionEvent("payment_session.created", session))
      return undefined
    case "declined":
      // The provider has nothing that could be paid, so there is no session.
      dropFailed(aggregate, session, now)
      return undefined
    case "gone":
      // Nothing was opened: the customer is created anew first.
      if (outcome.object === "account_holder") aggregate.dropSession(session, "error", now)
      else dropFailed(aggregate, session, now)
      return undefined
    case "already_authorized":
      return "The provider says that the shopper has authorized what was only just to be opened."
    case "unknown":
      return undefined
  }
}

/** Ends a session that nobody can pay any more: it was canceled, or the provider does not know it. */
export function endSession(aggregate: Aggregate, session: PaymentSession, now: Date): void {
  aggregate.dropSession(session, "canceled", now)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.canceled", session))
}

function dropFailed(aggregate: Aggregate, session: PaymentSession, now: Date): void {
  aggregate.dropSession(session, "error", now)
  forgetMarking(aggregate)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.failed", session))
}

/** Whoever pays next pays on their own account: an operator would have to mark the collection as paid anew. */
function forgetMarking(aggregate: Aggregate): void {
  if (aggregate.collection.marking_paid_at !== null) aggregate.updateCollection({ marking_paid_at: null })
}

/** Session and collection take on the new figures together. */
export const recordUpdate: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = sessionOf(aggregate, operation)
  if (outcome.outcome === "unknown") return undefined
  if (outcome.outcome === "already_authorized") return recordAuthorization(aggregate, session, outcome, now)
  if (outcome.outcome === "gone") {
    if (outcome.object !== "account_holder") endSession(aggregate, session, now)
    return undefined
  }
  if (outcome.outcome === "declined") {
    // One that failed before, and cannot be mended either, makes way for a new one. It stays where it may be better later,
    // for the shopper may be paying it at this very moment, or with another request.
    const mayBeMended = outcome.retryable === true || outcome.refusedBy === "caller"
    if (session.status === "error" && !mayBeMended) dropFailed(aggregate, session, now)
    return undefined
  }
  const { amount, currency_code, request } = operation
  aggregate.moveSession(session, waitingStatus(outcome), {
    amount,
    currency_code,
    client_data: request.client_data,
    context: request.context,
    ...returnedData(outcome),
  })
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.updated", session))
  const ofCollection = { amount: BigInt(request.collection_amount ?? amount), currency_code }
  aggregate.adopt({ ...(request.is_following && ofCollection), ...request.place }, now)
  return undefined
}

export const recordAuthorize: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = sessionOf(aggregate, operation)
  switch (outcome.outcome) {
    case "succeeded":
    case "already_authorized":
      return recordAuthorization(aggregate, session, outcome, now)
    case "pending": {
      const before = session.status
      aggregate.moveSession(session, waitingStatus(outcome), returnedData(outcome))
      if (session.status !== before)
        aggregate.changes.recordEvent(() => sessionEvent("payment_session.updated", session))
      return undefined
    }
    case "requires_more":
      aggregate.moveSession(session, "requires_more", returnedData(outcome))
      aggregate.changes.recordEvent(() => sessionEvent("payment_session.requires_more", session))
      return undefined
    case "declined":
      // A session in another state than on record has not failed: its state is fetched next.
      if (!outcome.stateDiffers) recordFailure(aggregate, session)
      return undefined
    case "gone":
      if (outcome.object === "account_holder") recordFailure(aggregate, session)
      else endSession(aggregate, session, now)
      return undefined
    case "unknown":
      return undefined
  }
}

/** The shopper's bank, or the provider, said no; the shopper may try again. */
export function recordFailure(aggregate: Aggregate, session: PaymentSession): void {
  aggregate.moveSession(session, "error")
  forgetMarking(aggregate)
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.failed", session))
}

export const recordCancelSession: OutcomeRecorder = (aggregate, operation, outcome, now) => {
  const session = aggregate.sessions.find(({ id }) => id === operation.payment_session_id)
  // It was given up before, and authorized late: there is nothing left of it that could change.
  if (!session) return undefined
  if (outcome.outcome === "requires_more") return "The provider asks the shopper for something, to give a session up."
  if (outcome.outcome === "already_authorized") return recordAuthorization(aggregate, session, outcome, now)
  // What the provider does not know cannot be paid: it counts as canceled.
  if (outcome.outcome === "succeeded" || outcome.outcome === "gone") endSession(aggregate, session, now)
  return undefined
}

/**
 * The session becomes a payment of what the provider holds, whatever was asked for.
 * @returns what is wrong where the outcome contradicts the books: then nothing is recorded
 */
export function recordAuthorization(
  aggregate: Aggregate,
  session: PaymentSession,
  outcome: Authorization,
  now: Date,
): string | undefined {
  const contradiction = contradictionOf(session, outcome)
  if (contradiction !== undefined) return contradiction
  aggregate.moveSession(session, "authorized", { ...returnedData(outcome), authorized_at: now })
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.authorized", session))
  const payment = openPayment(aggregate, session, outcome)
  if (outcome.isClosed && capturedOf(aggregate, payment) < payment.authorized_amount) {
    recordCancellation(aggregate, payment, now)
  }
  return undefined
}

/** What a provider says of an authorization. */
export type Authorization = Pick<
  Succeeded,
  "amount" | "captured" | "isClosed" | "captureBefore" | "data" | "privateData"
>

/** @returns what is wrong where the outcome contradicts the books */
export function contradictionOf(
  { amount: asked, currency_code }: Pick<PaymentSession, "amount" | "currency_code">,
  { amount: { minor, currency }, captured }: Authorization,
): string | undefined {
  if (currency !== currency_code || minor > asked || (minor === 0n) !== (asked === 0n)) {
    return `The provider reports ${minor} ${currency} (minor units) where ${asked} ${currency_code} was asked for.`
  }
  if (captured && (captured.currency !== currency_code || captured.minor > minor)) {
    return `The provider reports ${captured.minor} ${captured.currency} (minor units) captured of ${minor} ${currency}.`
  }
  return undefined
}

/** A payment of what the provider holds for a session, and of what it has captured by itself. */
export function openPayment(
  aggregate: Aggregate,
  session: PaymentSession,
  { amount: { minor }, captured, captureBefore }: Authorization,
): Payment {
  const payment = aggregate.changes.insert(Payment, {
    id: newId("pay"),
    payment_collection_id: session.payment_collection_id,
    payment_session_id: session.id,
    provider_id: session.provider_id,
    currency_code: session.currency_code,
    amount: minor,
    authorized_amount: minor,
    captured_amount: 0n,
    refunded_amount: 0n,
    data: session.data,
    private_data: session.private_data,
    captured_at: null,
    canceled_at: null,
    capture_before: captureBefore ?? null,
    is_surplus: false,
  })
  aggregate.payments.push(payment)
  aggregate.changes.recordEvent(() => paymentEvent("payment.authorized", payment))
  if (captured && captured.minor > 0n) recordCapture(aggregate, payment, captured.minor)
  return payment
}

function sessionOf(aggregate: Aggregate, { payment_session_id }: PaymentOperation): PaymentSession {
  const session = aggregate.sessions.find(({ id }) => id === payment_session_id)
  if (!session) throw new Error(`The operation is about ${payment_session_id}, which its collection does not have`)
  return session
}
