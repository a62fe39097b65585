import type { Caller } from "../api/request-context.js"

/** What a request of a storefront is about: two shoppers of one storefront share its key, but neither of these. */
export interface StoreSubject {
  readonly kind: "cart" | "payment_collection"
  readonly id: string
}

/** Decides whether a caller may still see what a stored response tells. Whoever owns the subjects implements it. */
export abstract class ReplayGuard {
  /** @throws NotFound as the request itself would, if the subject belongs to other sales channels than the caller's key */
  abstract check(subject: StoreSubject, caller: Caller): Promise<void>
}
