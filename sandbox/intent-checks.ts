import { checkDigits, checkPrecision } from "./amounts.js"
import type { Records, StoredCharge, StoredIntent, StoredMethod } from "./records.js"
import { isMulticapture } from "./charges.js"
import { isCapturedManually } from "./payment-method-types.js"
import { badParameter, notPossible } from "./errors.js"

// The checks of an intent before it is confirmed or captured.

/** "Up to 50 times for a single PaymentIntent" (docs.stripe.com/payments/multicapture). */
const MOST_CAPTURES = 50

/** The checks that depend on the chosen method. */
export function checkConfirmable({ settings }: Records, intent: StoredIntent, { type, card }: StoredMethod): void {
  checkDigits(intent.amount, intent.currency, [{ type, brand: card?.brand }], settings)
  const isRefused = settings.multicapture === "refused_at_confirmation" && type === "card"
  if (isRefused && isCapturedManually(intent, type)) refuseMulticapture(intent)
}

export function checkCapture(
  records: Records,
  intent: StoredIntent,
  charge: StoredCharge,
  amount: number,
  isFinal: boolean,
): void {
  if (records.lapsed.has(charge.id)) {
    throw notPossible("The charge cannot be captured because its authorization has expired.", {
      code: records.settings.codes.captureOfLapsed,
    })
  }
  if ((records.captures.get(charge.id) ?? 0) >= MOST_CAPTURES) {
    throw notPossible(`A PaymentIntent can be captured up to ${MOST_CAPTURES} times.`)
  }
  if (!isFinal && !isMulticapture(charge)) {
    throw notPossible("`final_capture` can only be `false` when multicapture is available for the PaymentIntent.", {
      param: "final_capture",
    })
  }
  // Releases the rest (docs.stripe.com/payments/multicapture).
  const isRelease = amount === 0 && isFinal && intent.amount_received > 0
  if (amount < 1 && !isRelease) {
    throw badParameter("This value must be greater than or equal to 1.", {
      code: "parameter_invalid_integer",
      param: "amount_to_capture",
    })
  }
  checkPrecision(amount, intent.currency, "amount_to_capture")
  if (amount <= intent.amount_capturable) return
  throw notPossible("The amount to capture is greater than the amount of this PaymentIntent that can be captured.", {
    code: "amount_too_large",
    param: "amount_to_capture",
    payment_intent: intent,
  })
}

/** As public reports quote it (activemerchant 5417, and integrations that then repeat the call without the feature). */
export function refuseMulticapture({ payment_method_options: options }: StoredIntent): void {
  if (options?.card?.request_multicapture !== "if_available") return
  throw badParameter(
    "This account is not eligible for the requested card features. See " +
      "https://stripe.com/docs/payments/flexible-payments for more details.",
    { code: "payment_intent_invalid_parameter" },
  )
}

export const unexpectedState = (intent: StoredIntent, message: string): Error =>
  notPossible(message, { code: "payment_intent_unexpected_state", payment_intent: intent })
