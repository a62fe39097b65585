import type { Story } from "../../api/fields/example.js"

/** Values that the examples of the API document share, so that all belong to the same story. */
export const EXAMPLE = {
  collectionId: "pay_col_01M81ZBVX6BHV83Q1RCZ2434AT",
  sessionId: "payses_01M81ZC0D4Q7N6K6Y8W3Z1T9RB",
  paymentId: "pay_01M81ZC4XJ8R5V2M0P7S6H3QEF",
  captureId: "capt_01M81ZC9A2B4C6D8E0F1G3H5J7",
  refundId: "ref_01M81ZCEK9M1N3P5Q7R9S1T3V5",
  disputeId: "disp_01M81ZCR4G6H8J0K2M3N5P7Q9R",
  webhookEventId: "whe_01M81ZCQ3F5G7H9J1K2M4N6P8Q",
  operationId: "op_01M81ZCP2E4F6G8H0J1K3M5N7P",
  /** One of the reasons that are there from the start, so that the example of a refund works as it stands. */
  reasonId: "refr_01M820000000SHIPPING0SSUE0",
  providerId: "pp_system_default",
  stripeId: "pp_stripe_stripe",
  keyId: "apk_01M81YZ0T1S2R3Q4P5N6M7K8J9",
  cartId: "cart_demo_1",
  orderId: "order_123",
  regionId: "reg_demo",
  time: "2026-11-22T10:15:30.000Z",
} as const

/** A new collection: no session is open. */
export const NEW_COLLECTION: Story = { payment_session: null, payment: null }

/** No session is open, and it is for more than it was. */
export const CHANGED_COLLECTION: Story = {
  payment_collection: { amount: 59.9, outstanding_amount: 59.9 },
  payment_session: null,
  payment: null,
}

/** The shopper has chosen how to pay. */
export const OPENED_COLLECTION: Story = {
  payment_session: { data: { note: "Leave it at the door" } },
  payment: null,
}

/** The money is held, and none of it captured. */
export const AUTHORIZED_COLLECTION: Story = {
  payment_collection: { status: "authorized", authorized_amount: 49.9, outstanding_amount: 0 },
  payment_session: { status: "authorized", authorized_at: EXAMPLE.time, data: { note: "Leave it at the door" } },
  payment: { captured_amount: 0, refunded_amount: 0 },
  capture: null,
  refund: null,
}

/** It was paid, and a part refunded. */
export const PAID_COLLECTION: Story = {
  payment_collection: {
    status: "completed",
    authorized_amount: 49.9,
    captured_amount: 49.9,
    refunded_amount: 10,
    outstanding_amount: 0,
    completed_at: EXAMPLE.time,
  },
  payment_session: { status: "authorized", authorized_at: EXAMPLE.time },
}

/** A part of a payment was captured. */
export const CAPTURED_IN_PART: Story = { payment: { captured_at: null }, capture: { amount: 20 }, refund: null }

/** All of a payment was captured, and a part refunded. */
export const REFUNDED_IN_PART: Story = { payment: { captured_at: EXAMPLE.time } }

/** The uncaptured rest of a payment was voided. */
export const CANCELED_PAYMENT: Story = {
  payment: { captured_at: null, canceled_at: EXAMPLE.time, authorized_amount: 0 },
  capture: null,
  refund: null,
}
