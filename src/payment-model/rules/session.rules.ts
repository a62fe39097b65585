import { isDeepStrictEqual } from "node:util"
import type { SessionStatus } from "../status.js"

// Pure: what there is and what is wanted in, what to do next out. Amounts are minor units.

/** The open session of a collection, as far as it matters. */
export interface OpenSession {
  readonly status: SessionStatus
  readonly provider_id: string
  readonly amount: bigint
  readonly currency_code: string
  readonly client_data: unknown
  /** The customer in the provider's books who pays; absent for a guest, and where there are no such books. */
  readonly account_holder?: string
  /** The customer as the shop knows them; null for a guest. */
  readonly customer_id?: string | null
}

/** What a client asks for, and what the collection is for by now. */
export type WantedSession = Omit<OpenSession, "status">

export type SessionStep = "update" | "cancel_session" | "keep"

/**
 * What to do for an open session to be as wanted: the same provider is asked to change it in place, and not even that
 * when nothing changed, unless it failed; the session of another provider, or of another customer, is canceled first.
 */
export function nextSessionStep(open: OpenSession, wanted: WantedSession): SessionStep {
  if (open.provider_id !== wanted.provider_id) return "cancel_session"
  // What one customer has begun is not handed to another; a guest who logs in goes on.
  if (open.account_holder !== undefined && open.account_holder !== wanted.account_holder) return "cancel_session"
  return open.status !== "error" && isDeepStrictEqual(figuresOf(open), figuresOf(wanted)) ? "keep" : "update"
}

/** Whether a session is for what is to be paid now. */
export function coversAmount(
  session: Pick<OpenSession, "amount" | "currency_code">,
  toPay: Pick<OpenSession, "amount" | "currency_code">,
): boolean {
  return session.amount === toPay.amount && session.currency_code === toPay.currency_code
}

/** Where a session stands after its provider answered that it waits, or for whom. */
export function waitingStatus(outcome: { outcome: string; asynchronous?: boolean }): SessionStatus {
  if (outcome.outcome === "requires_more") return "requires_more"
  return outcome.asynchronous ? "pending_authorization" : "pending"
}

/** Data as the database gives it back: a client may send a -0, which is kept as 0. */
function figuresOf({ amount, currency_code, client_data, account_holder, customer_id = null }: WantedSession) {
  const data: unknown = JSON.parse(JSON.stringify(client_data))
  return { amount, currency_code, client_data: data, account_holder, customer_id }
}
