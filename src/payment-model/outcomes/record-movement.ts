import type { ProviderOutcome, Succeeded } from "../../payment-providers/contract/index.js"
import type { Aggregate } from "../aggregate.js"
import { PaymentOperation } from "../entities/payment-operation.entity.js"
import { mayHaveHappened } from "../rules/operation.rules.js"
import type { MovementStatus } from "../status.js"

// Shared by captures, refunds and cancellations of a payment. A smaller amount than the requested one is recorded as it is.
// A larger one contradicts our records: nothing is recorded, and a person has to look.

/** Records an outcome other than success; `setStatus` sets the status of the capture or refund. */
export function recordNotSucceeded(
  { changes }: Aggregate,
  operation: PaymentOperation,
  outcome: Exclude<ProviderOutcome, Succeeded>,
  setStatus: (status: MovementStatus) => void,
): string | undefined {
  switch (outcome.outcome) {
    case "pending":
      if (!operation.is_accepted) changes.update(PaymentOperation, operation, { is_accepted: true })
      return undefined
    case "requires_more":
    case "already_authorized":
      return "The provider asks the shopper for something, which money that was authorized does not need."
    case "declined":
      setStatus(outcome.stateDiffers ? "superseded" : "declined")
      return undefined
    case "unknown":
      setStatus("unknown")
      return undefined
    case "gone":
      setStatus(mayHaveHappened(operation) ? "unknown" : "declined")
      return undefined
  }
}

/** @param most what our records allow, in minor units */
export function findAmountContradiction(
  { amount }: Succeeded,
  operation: PaymentOperation,
  most: bigint,
): string | undefined {
  if (amount.currency !== operation.currency_code) {
    return `The provider reports ${amount.currency} where ${operation.currency_code} was asked for.`
  }
  if (amount.minor > 0n && amount.minor <= most && amount.minor <= operation.amount) return undefined
  return `The provider reports ${amount.minor} (minor units) where ${operation.amount} was asked for and at most ${most} is possible.`
}
