import { InvalidData } from "../common/errors.js"
import { AccountHolderMissing, ProviderUnresponsive } from "../payment-providers/calls/call.errors.js"
import type { Declined, ProviderResult } from "../payment-providers/contract/index.js"
import { REFUSAL_ERRORS } from "../payment-providers/calls/provider-outcome.js"

/** Characters of a customer's id at most; an index takes no text of any length. */
const MAX_CUSTOMER_ID_LENGTH = 255

/** @throws InvalidData when it is empty, or too long to be kept */
export function checkCustomerId(id: string): void {
  if (id.length >= 1 && id.length <= MAX_CUSTOMER_ID_LENGTH) return
  const message = `Value for field 'customer_id' has to be 1 to ${MAX_CUSTOMER_ID_LENGTH} characters`
  throw new InvalidData(`Invalid request: ${message}`, { details: [{ field: "customer_id", message }] })
}

/**
 * What a provider answered of its books.
 * @throws PaymentDeclined, ProviderError, InvalidData by whose no it is
 * @throws ProviderError retryable, when nobody can say what the provider did: no money is in it, so that it may be asked
 *   again at once
 */
export function valueOf<T>(result: ProviderResult<T>): T {
  switch (result.outcome) {
    case "succeeded":
      return result.value
    case "declined":
      throw refusalOf(result)
    case "gone":
      throw new AccountHolderMissing()
    case "unknown":
      throw new ProviderUnresponsive(
        "The payment provider gave no usable answer in time. No money moved: repeat the request.",
        result.cause,
      )
  }
}

/** Whether the provider may never take what it was asked with: another try has to be made with other words. */
export function hasToChange(result: ProviderResult<unknown>): boolean {
  return result.outcome === "declined" && result.retryable !== true
}

/** Whether the provider does not have what the call was about. */
export function isNotThere(result: ProviderResult<unknown>): boolean {
  return result.outcome === "declined" && result.code === "not_found"
}

function refusalOf({ message, code, declineCode, retryable, refusedBy = "issuer" }: Declined) {
  return new REFUSAL_ERRORS[refusedBy](message, { code, declineCode, retryable })
}
