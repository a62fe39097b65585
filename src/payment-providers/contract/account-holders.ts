import type { ProviderData, ProviderResult } from "./outcomes.js"

/** A customer of ours, to be created in the provider's records. */
export interface AccountHolderCall {
  /** The id of our account holder, also for the provider's metadata. A repeated call creates nothing twice. */
  readonly idempotencyKey: string
  /** The provider's id of the deleted customer that this one replaces. */
  readonly replaces?: string
  readonly customer: { readonly id: string; readonly email?: string; readonly name?: string; readonly phone?: string }
  readonly signal: AbortSignal
}

/** A payment method that a customer has saved. */
export interface SavedMethod {
  readonly id: string
  /** Public data of the provider: it describes the method, and nobody can pay with it elsewhere. */
  readonly data: ProviderData
}

/**
 * Customers in a provider's records, and the payment methods that they saved there. Ids are the provider's. A call about a
 * customer that the provider does not know has the outcome `gone`: the service creates the customer anew.
 */
export interface AccountHolders {
  create(call: AccountHolderCall): Promise<ProviderResult<{ readonly id: string }>>
  /** Removes the customer and everything that was saved. A customer that is already gone counts as removed. */
  remove(holderId: string, signal: AbortSignal): Promise<ProviderResult<null>>
  listMethods(holderId: string, signal: AbortSignal): Promise<ProviderResult<readonly SavedMethod[]>>
  /**
   * Starts to save a payment method; `data` says what the shopper does next.
   * @param data what the client sent, limited to the fields that the provider accepts
   */
  saveMethod(
    holderId: string,
    data: ProviderData,
    idempotencyKey: string,
    signal: AbortSignal,
  ): Promise<ProviderResult<SavedMethod>>
  /** Declined with the code `not_found` if the customer has no such method. */
  removeMethod(holderId: string, methodId: string, signal: AbortSignal): Promise<ProviderResult<null>>
}
