import type { Story } from "../common/example.js"
import { EXAMPLE } from "../payment-model/responses/examples.js"

/** A new collection: nobody has begun to pay it. */
export const NEW_COLLECTION: Story = { payment_session: null, payment: null }

/** What is different once it was paid, and a part given back. */
export const PAID_COLLECTION: Story = {
  payment_collection: {
    status: "completed",
    authorized_amount: 49.9,
    captured_amount: 49.9,
    refunded_amount: 10,
    completed_at: EXAMPLE.time,
  },
  payment_session: { status: "authorized", authorized_at: EXAMPLE.time },
}
