import { newId } from "../../common/ids.js"
import type { Succeeded } from "../../payment-providers/contract/index.js"
import type { Aggregate } from "../aggregate.js"
import type { PaymentSession } from "../entities/payment-session.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { paymentEvent, sessionEvent } from "../events.js"
import { recordVoid } from "./record-cancel-payment.js"
import { recordExternalCapture } from "./record-capture.js"
import { returnedData } from "./returned-data.js"

/** The amounts of an authorization as the provider reports them. */
export type Authorization = Pick<
  Succeeded,
  "amount" | "captured" | "isClosed" | "captureBefore" | "data" | "privateData"
>

/**
 * The session becomes a payment of the amount that the provider reports, whatever was requested.
 * @returns a message if the outcome contradicts our records: then nothing is recorded
 */
export function recordAuthorization(
  aggregate: Aggregate,
  session: PaymentSession,
  outcome: Authorization,
  now: Date,
): string | undefined {
  const contradiction = findAuthorizationContradiction(session, outcome)
  if (contradiction !== undefined) return contradiction
  aggregate.moveSession(session, "authorized", { ...returnedData(outcome), authorized_at: now })
  aggregate.changes.recordEvent(() => sessionEvent("payment_session.authorized", session))
  const payment = openPayment(aggregate, session, outcome)
  if (outcome.isClosed && aggregate.capturedAmount(payment) < payment.authorized_amount) {
    recordVoid(aggregate, payment, now)
  }
  return undefined
}

/** @returns a message if the outcome contradicts our records */
export function findAuthorizationContradiction(
  { amount: requested, currency_code }: Pick<PaymentSession, "amount" | "currency_code">,
  { amount: { minor, currency }, captured }: Authorization,
): string | undefined {
  if (currency !== currency_code || minor > requested || (minor === 0n) !== (requested === 0n)) {
    return `The provider reports ${minor} ${currency} (minor units) where ${requested} ${currency_code} was asked for.`
  }
  if (captured && (captured.currency !== currency_code || captured.minor > minor)) {
    return `The provider reports ${captured.minor} ${captured.currency} (minor units) captured of ${minor} ${currency}.`
  }
  return undefined
}

/** Adds a payment of what the provider has authorized for a session, and of what it has captured by itself. */
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
  if (captured && captured.minor > 0n) recordExternalCapture(aggregate, payment, captured.minor)
  return payment
}
