/** The failure of a call if the provider does not know the object that the call is about. */
export const MISSING = {
  payment: {
    message:
      "The payment provider does not know the payment. It was deleted there, or the service uses another account or API key.",
    code: "provider_payment_missing",
  },
  account_holder: {
    message: "The payment provider does not know the customer any more. Repeat the request.",
    code: "account_holder_missing",
  },
} as const

/** A shopper can continue with a new session. */
export const SESSION_MISSING = {
  payment: {
    message:
      "The payment provider does not know the session's payment any more. Create the payment session again, then authorize it.",
    code: "provider_payment_missing",
  },
  account_holder: {
    message:
      "The payment provider does not know the session's customer any more. Create the payment session again, then authorize it.",
    code: "account_holder_missing",
  },
} as const
