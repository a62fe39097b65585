import { isDeepStrictEqual } from "node:util"
import { newId } from "../../common/ids.js"
import type { Aggregate } from "../aggregate.js"
import { Dispute } from "../entities/dispute.entity.js"
import { paymentEvent, sessionEvent, type EventName } from "../events.js"
import { PaymentOperation } from "../entities/payment-operation.entity.js"
import { PaymentSession } from "../entities/payment-session.entity.js"
import { Payment } from "../entities/payment.entity.js"
import { Refund } from "../entities/refund.entity.js"
import { waitingStatus } from "../rules/session.rules.js"
import type { RefundStatus } from "../status.js"
import type { DisputeState, PaymentState, RefundState } from "../../payment-providers/contract/index.js"
import { recordAuthorization } from "./record-authorization.js"
import { recordVoid } from "./record-cancel-payment.js"
import { recordExternalCapture } from "./record-capture.js"
import { returnedData } from "./returned-data.js"
import { recordSessionFailure } from "./session-end.js"

// Brings a session and its payment in line with what the provider's books say. Pure: the aggregate is changed in memory.
// What is there already is left alone, so that it does not matter how often, or after which event, it is done.

/** What the books hold of a payment besides the aggregate. */
export interface Records {
  readonly disputes: readonly Dispute[]
  /** Our own calls for refunds. */
  readonly operations: readonly PaymentOperation[]
}

/** The provider's books and ours say what cannot both be true; a person has to look. */
export class Contradiction extends Error {}

/** A session that is nobody's payment yet. @throws Contradiction */
export function applyToSession(aggregate: Aggregate, session: PaymentSession, state: PaymentState, now: Date): void {
  const { authorization } = state
  switch (authorization.status) {
    case "authorized": {
      const { data, privateData, captureBefore } = state
      const found = { ...authorization, data, privateData, captureBefore }
      const contradiction = recordAuthorization(aggregate, session, found, now)
      if (contradiction !== undefined) throw new Contradiction(contradiction)
      return
    }
    case "canceled":
      aggregate.dropSession(session, "canceled", now)
      aggregate.changes.recordEvent(() => sessionEvent("payment_session.canceled", session))
      return
    case "failed":
      if (session.status !== "error") recordSessionFailure(aggregate, session)
      keepReturnedData(aggregate, PaymentSession, session, state)
      return
    case "pending":
    case "requires_more": {
      const status = waitingStatus({ outcome: authorization.status, ...authorization })
      if (session.status !== status) {
        aggregate.moveSession(session, status)
        const name = status === "requires_more" ? "payment_session.requires_more" : "payment_session.updated"
        aggregate.changes.recordEvent(() => sessionEvent(name, session))
      }
      keepReturnedData(aggregate, PaymentSession, session, state)
    }
  }
}

/** A payment, with what was captured, refunded and disputed of it by whatever means. @throws Contradiction */
export function applyToPayment(
  aggregate: Aggregate,
  payment: Payment,
  state: PaymentState,
  records: Records,
  now: Date,
): void {
  applyCaptures(aggregate, payment, state)
  if (state.isClosed && payment.canceled_at === null && aggregate.capturedAmount(payment) < payment.authorized_amount) {
    recordVoid(aggregate, payment, now)
  }
  for (const refund of state.refunds) applyRefund(aggregate, payment, refund, records)
  for (const dispute of state.disputes) applyDispute(aggregate, payment, dispute, records)
  keepReturnedData(aggregate, Payment, payment, state)
  const { captureBefore } = state
  if (captureBefore && captureBefore.getTime() !== payment.capture_before?.getTime()) {
    aggregate.changes.update(Payment, payment, { capture_before: captureBefore })
  }
  const session = aggregate.sessions.find(({ id }) => id === payment.payment_session_id)
  if (session) keepReturnedData(aggregate, PaymentSession, session, state)
}

function applyCaptures(aggregate: Aggregate, payment: Payment, { authorization, isClosed }: PaymentState): void {
  if (authorization.status !== "authorized") {
    if (isClosed && aggregate.capturedAmount(payment) === 0n) return
    throw new Contradiction(`The provider says that the payment is ${authorization.status}, which was authorized.`)
  }
  const { captured } = authorization
  if (captured.currency !== payment.currency_code) {
    throw new Contradiction(`The provider captured ${captured.currency} where ${payment.currency_code} was authorized.`)
  }
  const further = captured.minor - aggregate.capturedAmount(payment)
  if (further < 0n || captured.minor > payment.amount) {
    throw new Contradiction(
      `The provider has captured ${captured.minor} (minor units) where ${payment.captured_amount} is recorded and ` +
        `${payment.amount} was authorized.`,
    )
  }
  if (further > 0n) recordExternalCapture(aggregate, payment, further)
}

/**
 * What is news of a refund, by what is recorded of it. A refund that a provider refused may be done later all the same,
 * and one that succeeded may come back from the shopper's bank.
 */
const REFUND_NEWS: Readonly<Record<RefundStatus, readonly RefundState["status"][]>> = {
  pending: ["succeeded", "failed"],
  unknown: ["succeeded", "failed"],
  declined: ["pending", "succeeded"],
  superseded: ["pending", "succeeded"],
  succeeded: ["failed"],
  failed: ["succeeded"],
}

const REFUND_EVENTS = {
  pending: "payment.refund_pending",
  succeeded: "payment.refunded",
  failed: "payment.refund_failed",
} as const satisfies Record<RefundState["status"], EventName>

function applyRefund(aggregate: Aggregate, payment: Payment, state: RefundState, { operations }: Records): void {
  const operation = operations.find(({ id }) => id === state.idempotencyKey)
  const known = aggregate.refunds.find(
    ({ id, external_id, payment_id }) =>
      payment_id === payment.id && (id === operation?.refund_id || external_id === state.id),
  )
  // An operation of ours without an outcome records what becomes of its refund.
  if (known && aggregate.operations.some(({ refund_id }) => refund_id === known.id)) return
  if (known && !REFUND_NEWS[known.status].includes(state.status)) return
  const refund = known ?? addRefund(aggregate, payment, state)
  if (operation && known?.status === "succeeded") {
    const words = `The refund failed afterwards: ${state.failure ?? "the provider does not say why."}`
    aggregate.changes.update(PaymentOperation, operation, { last_error: words })
  }
  const amount = state.status === "failed" ? refund.amount : state.amount.minor
  if (known) aggregate.changes.update(Refund, refund, { status: state.status, amount, external_id: state.id })
  aggregate.changes.recordEvent(() => paymentEvent(REFUND_EVENTS[state.status], payment, { refund }))
}

/** A refund that was made with the provider directly. One that failed is recorded too, whatever was reported before. */
function addRefund(aggregate: Aggregate, payment: Payment, { id, amount, status }: RefundState): Refund {
  if (amount.currency !== payment.currency_code) {
    throw new Contradiction(`The provider refunded ${amount.currency} where ${payment.currency_code} was paid.`)
  }
  const about = { amount: amount.minor, status, external_id: id, created_by: payment.provider_id }
  return aggregate.addRefund(payment, about)
}

function applyDispute(aggregate: Aggregate, payment: Payment, state: DisputeState, { disputes }: Records): void {
  const about = {
    amount: state.amount.minor,
    currency_code: state.amount.currency,
    status: state.status,
    reason: state.reason,
  }
  const known = disputes.find(({ payment_id, external_id }) => payment_id === payment.id && external_id === state.id)
  if (known) {
    const { amount, currency_code, status, reason } = known
    if (isDeepStrictEqual(about, { amount, currency_code, status, reason })) return
    aggregate.changes.update(Dispute, known, about)
  }
  const dispute =
    known ??
    aggregate.changes.insert(Dispute, {
      id: newId("disp"),
      payment_id: payment.id,
      external_id: state.id,
      opened_at: state.createdAt,
      ...about,
    })
  aggregate.changes.recordEvent(() => paymentEvent("payment.disputed", payment, { dispute }))
}

/** What the provider has left by now, for storefronts and for itself. */
function keepReturnedData<E extends PaymentSession | Payment>(
  { changes }: Aggregate,
  type: new () => E,
  row: E,
  state: PaymentState,
): void {
  const answer = returnedData(state)
  const { data, private_data } = row
  if (isDeepStrictEqual({ data, private_data, ...answer }, { data, private_data })) return
  changes.update(type, row, answer as Partial<E>)
}
