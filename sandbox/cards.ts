/** How a means of payment behaves. The numbers and names are those of docs.stripe.com/testing. */
export type TestCard =
  | "ok"
  /** As `ok`, of American Express. */
  | "amex"
  /** The bank declines. */
  | "declined"
  | "insufficient_funds"
  /** 3-D Secure: `requires_action`, until the shopper completes or fails the challenge. */
  | "challenge"
  /** As `ok`; a refund is `pending` for some days. */
  | "pending_refund"
  /** As `ok`; a refund is `succeeded` at first, and fails some days later. */
  | "failing_refund"
  /** A direct debit: `processing` for some days, then it succeeds. */
  | "asynchronous"
  /** A direct debit: `processing` for some days, then it fails. */
  | "asynchronous_failing"
  /** A bank transfer: `requires_action`, until all of the money has arrived. */
  | "bank_transfer"

/** By the card number or IBAN that the shopper enters. */
const CARDS_BY_NUMBER: Readonly<Record<string, TestCard>> = {
  "4242424242424242": "ok",
  "378282246310005": "amex",
  "4000000000000002": "declined",
  "4000000000009995": "insufficient_funds",
  "4000002500003155": "challenge",
  "4000002760003184": "challenge",
  "4000000000007726": "pending_refund",
  "4000000000005126": "failing_refund",
  DE89370400440532013000: "asynchronous",
  DE62370400440532013001: "asynchronous_failing",
}

/** Stripe's test payment methods; each use creates a new one. */
const CARDS_BY_METHOD: Readonly<Record<string, TestCard>> = {
  pm_card_visa: "ok",
  pm_card_amex: "amex",
  pm_card_chargeDeclined: "declined",
  pm_card_chargeDeclinedInsufficientFunds: "insufficient_funds",
  pm_card_authenticationRequired: "challenge",
  pm_card_threeDSecure2Required: "challenge",
  pm_card_pendingRefund: "pending_refund",
  pm_card_refundFail: "failing_refund",
}

const LAST_DIGITS: Readonly<Record<TestCard, string>> = {
  ok: "4242",
  amex: "0005",
  declined: "0002",
  insufficient_funds: "9995",
  challenge: "3184",
  pending_refund: "7726",
  failing_refund: "5126",
  asynchronous: "3000",
  asynchronous_failing: "3001",
  bank_transfer: "0000",
}

/** All names of test cards. */
export const CARD_NAMES = Object.keys(LAST_DIGITS) as TestCard[]

export const isDebit = (card: TestCard): boolean => card === "asynchronous" || card === "asynchronous_failing"

export const cardOfNumber = (number: string): TestCard | undefined => CARDS_BY_NUMBER[number.replaceAll(/\s/g, "")]

export const cardOfMethod = (methodId: string): TestCard | undefined => CARDS_BY_METHOD[methodId]

export const lastDigitsOf = (card: TestCard): string => LAST_DIGITS[card]

/** A decline, as Stripe words it. */
export interface Decline {
  readonly code: string
  readonly declineCode?: string
  readonly message: string
}

export const GENERIC_DECLINE: Decline = {
  code: "card_declined",
  declineCode: "generic_decline",
  message: "Your card was declined.",
}

export const INSUFFICIENT_FUNDS: Decline = {
  code: "card_declined",
  declineCode: "insufficient_funds",
  message: "Your card has insufficient funds.",
}

/** The shopper is not there to be challenged. */
export const AUTHENTICATION_REQUIRED: Decline = {
  code: "authentication_required",
  declineCode: "authentication_required",
  message: "Your card was declined. This transaction requires authentication.",
}

export const AUTHENTICATION_FAILED: Decline = {
  code: "payment_intent_authentication_failure",
  message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
}

export const DEBIT_FAILED: Decline = {
  code: "payment_intent_payment_attempt_failed",
  message: "The payment failed.",
}
