import { Injectable } from "@nestjs/common"
import type { PaymentOperation } from "../../payment-model/entities/payment-operation.entity.js"

/** The session whose state is meant. */
export type SessionReference = Pick<PaymentOperation, "payment_session_id" | "provider_id">

type ResolveListener = (operation: PaymentOperation) => Promise<void>
type AbandonedListener = () => void
type RefreshState = (session: SessionReference) => Promise<void>

/**
 * The points at which features above this folder take part in the life of an operation. Each feature registers when its
 * module starts, so the code that runs operations does not depend on it.
 */
@Injectable()
export class OperationHooks {
  private readonly resolveListeners: ResolveListener[] = []
  private readonly abandonedListeners: AbandonedListener[] = []
  private refresh: RefreshState | undefined

  /**
   * Registers a listener that is awaited after an operation's outcome was looked up and recorded: by the reconciler, a retry
   * or a webhook. The request that started an operation does not call it, because that request continues with its own use case.
   */
  afterResolve(listener: ResolveListener): void {
    this.resolveListeners.push(listener)
  }

  /** Registers a listener that is called when a request waits for an operation whose process died. */
  onAbandoned(listener: AbandonedListener): void {
    this.abandonedListeners.push(listener)
  }

  /** Registers the function that fetches the provider's current state of a session and records it. */
  refreshStateWith(refresh: RefreshState): void {
    this.refresh = refresh
  }

  async notifyResolved(operation: PaymentOperation): Promise<void> {
    for (const listener of this.resolveListeners) await listener(operation)
  }

  notifyAbandoned(): void {
    for (const listener of this.abandonedListeners) listener()
  }

  /**
   * Fetches the provider's current state of a session and records it.
   *
   * @throws NotAllowed when the provider cannot report a state
   * @throws ProviderError, retryable, when the provider does not respond
   * @throws StateConflict when the provider does not know the payment, or its state contradicts our records
   * @throws Conflict `operation_in_progress` when another call for the session stays unresolved
   */
  async refreshState(session: SessionReference): Promise<void> {
    if (!this.refresh) throw new Error("No feature has registered how to refresh a session's state.")
    await this.refresh(session)
  }
}
