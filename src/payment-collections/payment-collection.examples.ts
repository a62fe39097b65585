import type { Story } from "../common/example.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"

/** What a first create answers, as it stands in the API document. */
export const NEW_COLLECTION_EXAMPLE = {
  id: EXAMPLE.collectionId,
  currency_code: "eur",
  amount: 49.9,
  status: "not_paid",
  authorized_amount: 0,
  captured_amount: 0,
  refunded_amount: 0,
  completed_at: null,
  created_at: EXAMPLE.time,
  updated_at: EXAMPLE.time,
  metadata: null,
  payment_providers: [{ id: EXAMPLE.providerId }],
  payment_sessions: [],
  payments: [],
}

/** What operators get of the same collection. */
export const ADMIN_COLLECTION_EXAMPLE = {
  id: EXAMPLE.collectionId,
  currency_code: "eur",
  amount: 49.9,
  status: "not_paid",
  authorized_amount: 0,
  captured_amount: 0,
  refunded_amount: 0,
  payment_sessions: [],
  payments: [],
}

/** What is different once it was paid, and a part given back. */
export const PAID_COLLECTION: Story = {
  payment_collection: {
    status: "completed",
    authorized_amount: 49.9,
    captured_amount: 49.9,
    refunded_amount: 10,
    completed_at: EXAMPLE.time,
  },
  payment_session: { status: "captured", authorized_at: EXAMPLE.time },
}
