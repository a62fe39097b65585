import type { ProviderOutcome } from "../../payment-providers/contract/index.js"
import type { Aggregate } from "../aggregate.js"
import type { PaymentOperation } from "../entities/payment-operation.entity.js"

/**
 * Records the outcome of a provider call in the session or the payment that the operation is about. Pure: it changes the
 * aggregate in memory. It also runs for an outcome that is unknown.
 *
 * @returns a message if the outcome contradicts our records: then nothing is recorded, and a person has to look
 */
export type OutcomeRecorder = (
  aggregate: Aggregate,
  operation: PaymentOperation,
  outcome: ProviderOutcome,
  now: Date,
) => string | undefined
