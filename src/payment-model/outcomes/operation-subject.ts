import type { Aggregate } from "../aggregate.js"
import type { PaymentOperation } from "../entities/payment-operation.entity.js"
import type { PaymentSession } from "../entities/payment-session.entity.js"
import type { Payment } from "../entities/payment.entity.js"

/** The session that an operation is about. */
export function getSession({ sessions }: Aggregate, { payment_session_id }: PaymentOperation): PaymentSession {
  return getRow(sessions, payment_session_id)
}

/** The payment that an operation is about. */
export function getPayment({ payments }: Aggregate, { payment_id }: PaymentOperation): Payment {
  return getRow(payments, payment_id)
}

/** A row that an operation names. */
export function getRow<E extends { id: string }>(rows: readonly E[], id: string | null): E {
  const row = rows.find((candidate) => candidate.id === id)
  if (!row) throw new Error(`The operation is about ${id}, which its collection does not have`)
  return row
}
