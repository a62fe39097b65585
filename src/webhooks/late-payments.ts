import type { EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import type { Payment } from "../payment-model/entities/payment.entity.js"
import { sessionEvent } from "../payment-model/events.js"
import { Contradiction } from "../payment-model/outcomes/provider-state.js"
import {
  findAuthorizationContradiction,
  openPayment,
  type Authorization,
} from "../payment-model/outcomes/record-authorization.js"
import { returnedData } from "../payment-model/outcomes/returned-data.js"
import type { Decision } from "../payment-providers/calls/operation-runner.js"
import type { PaymentState } from "../payment-providers/contract/index.js"

/** Reads a session that was replaced or canceled, which the aggregate no longer contains. */
export async function findEndedSession(tx: EntityManager, { sessionId }: PaymentState): Promise<PaymentSession> {
  return tx
    .createQueryBuilder(PaymentSession, "session")
    .addSelect(["session.client_data", "session.private_data", "session.context"])
    .withDeleted()
    .where({ id: sessionId })
    .getOneOrFail()
}

/** Voids the authorization of a session that had ended, or whose collection needs no more money. */
export function voidLate(
  aggregate: Aggregate,
  session: PaymentSession,
  state: PaymentState,
  amount: bigint,
  caller: Caller,
): Decision {
  const { data = session.data, privateData = session.private_data ?? {} } = state
  const operation = aggregate.begin("cancel_session", session, {
    amount,
    request: { client_data: {}, data, private_data: privateData, context: {} },
    created_by: caller.id,
  })
  return { kind: "call", operation, isFinal: true }
}

/**
 * Records the payment of a session that had ended, or whose collection needs no more money. The collection keeps the
 * payment if it can still be paid.
 *
 * @throws Contradiction
 */
export function recordLatePayment(
  aggregate: Aggregate,
  session: PaymentSession,
  authorization: Authorization,
  now: Date,
): void {
  const contradiction = findAuthorizationContradiction(session, authorization)
  if (contradiction !== undefined) throw new Contradiction(contradiction)
  if (aggregate.sessions.includes(session)) {
    aggregate.moveSession(session, "authorized", { authorized_at: now })
    aggregate.changes.recordEvent(() => sessionEvent("payment_session.authorized", session))
  }
  openPayment(aggregate, { ...session, ...returnedData(authorization) }, authorization)
}

/**
 * Voids or refunds a payment that came too late: the amount that is held is voided, and the captured amount that is not
 * refunded yet is refunded. If the provider refuses, the next attempt asks it again.
 */
export function refundLate(aggregate: Aggregate, payment: Payment, caller: Caller): Decision {
  const { id, payment_session_id, provider_id, currency_code, data, private_data } = payment
  const session = { id: payment_session_id, provider_id, currency_code }
  const about = {
    payment_id: id,
    request: { client_data: {}, data, private_data: private_data ?? {}, context: {} },
    created_by: caller.id,
  }
  const held = payment.authorized_amount - payment.captured_amount
  if (held > 0n) {
    const operation = aggregate.begin("cancel_payment", session, { ...about, amount: held })
    return { kind: "call", operation, isFinal: true }
  }
  const captured = payment.captured_amount - payment.refunded_amount - aggregate.pendingElsewhere(payment)
  const amount = aggregate
    .reserved(payment, "refund")
    .reduce((left, reservation) => left - reservation.amount, captured)
  if (amount <= 0n) return { kind: "done" }
  const refund = aggregate.addRefund(payment, { amount, created_by: caller.id, note: "Paid after it was given up." })
  const operation = aggregate.begin("refund", session, { ...about, amount, refund_id: refund.id })
  return { kind: "call", operation, isFinal: true }
}
