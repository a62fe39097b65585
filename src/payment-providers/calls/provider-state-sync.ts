import type { PaymentOperation } from "../../payment-model/entities/payment-operation.entity.js"

/**
 * Fetches the provider's current state of a session and records it. Whatever may follow from a state is known by the
 * features above this folder, so one of them provides the implementation under this token.
 */
export abstract class ProviderStateSync {
  /**
   * @throws NotAllowed when the provider cannot report a state
   * @throws ProviderError, retryable, when the provider does not answer
   * @throws StateConflict when the provider does not know the payment, or its state contradicts our records
   * @throws Conflict `operation_in_progress` when another call for the session stays unresolved
   */
  abstract refresh(session: SessionReference): Promise<void>
}

/** The session whose state is meant. */
export type SessionReference = Pick<PaymentOperation, "payment_session_id" | "provider_id">
