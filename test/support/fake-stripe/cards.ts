/** How a means of payment behaves when it is paid with. */
export type TestCard =
  | "ok"
  /** As `ok`, of American Express. */
  | "amex"
  /** The bank says no. */
  | "declined"
  | "insufficient_funds"
  /** 3-D Secure: `requires_action`, until the shopper has completed or failed the challenge. */
  | "challenge"
  /** A direct debit: `processing`, until it settles or fails to. */
  | "asynchronous"
  /** A bank transfer: `requires_action`, until all of the money has arrived. */
  | "bank_transfer"

/** What the shopper types into the card field. */
const CARDS_BY_NUMBER: Readonly<Record<string, TestCard>> = {
  "4242424242424242": "ok",
  "378282246310005": "amex",
  "4000000000000002": "declined",
  "4000000000009995": "insufficient_funds",
  "4000002500003155": "challenge",
  "4000002760003184": "challenge",
}

/** Stripe's ready-made payment methods of the test mode; each use makes a new one. */
const CARDS_BY_METHOD: Readonly<Record<string, TestCard>> = {
  pm_card_visa: "ok",
  pm_card_amex: "amex",
  pm_card_chargeDeclined: "declined",
  pm_card_chargeDeclinedInsufficientFunds: "insufficient_funds",
  pm_card_authenticationRequired: "challenge",
  pm_card_threeDSecure2Required: "challenge",
}

const LAST_DIGITS: Readonly<Record<TestCard, string>> = {
  ok: "4242",
  amex: "0005",
  declined: "0002",
  insufficient_funds: "9995",
  challenge: "3184",
  asynchronous: "3000",
  bank_transfer: "0000",
}

export const cardOfNumber = (number: string): TestCard | undefined => CARDS_BY_NUMBER[number.replaceAll(/\s/g, "")]

export const cardOfMethod = (methodId: string): TestCard | undefined => CARDS_BY_METHOD[methodId]

export const lastDigitsOf = (card: TestCard): string => LAST_DIGITS[card]

/** A bank's no, in Stripe's words. */
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
