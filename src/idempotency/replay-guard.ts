import type { Caller } from "../api/request-context.js"

/** The subject of a storefront's request. Two shoppers of one storefront share its API key, but no cart or collection. */
export interface StoreSubject {
  readonly kind: "cart" | "payment_collection"
  readonly id: string
}

/** Decides whether a caller may still see a stored response. The feature that owns the subjects implements it. */
export abstract class ReplayGuard {
  /** @throws NotFound as the request itself would, if the subject belongs to other sales channels than the caller's key */
  abstract check(subject: StoreSubject, caller: Caller): Promise<void>
}
