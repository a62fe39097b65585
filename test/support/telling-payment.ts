import type {
  DisputeState,
  PaymentState,
  ProviderOutcome,
  RefundState,
} from "../../src/payment-providers/contract/index.js"

/** What an account knows of a session, in minor units. */
export interface TellingPayment {
  readonly sessionId: string
  currency: string
  /** What the shopper is asked to authorize. */
  amount: bigint
  status: PaymentState["authorization"]["status"]
  isAsynchronous: boolean
  authorized: bigint
  captured: bigint
  /** Nothing more can be captured. */
  isClosed: boolean
  refunds: RefundState[]
  disputes: DisputeState[]
  /** For the storefront. */
  data: Record<string, unknown>
}

/** What the books say of it. */
export function stateOf({ sessionId, status, isAsynchronous, ...payment }: TellingPayment): PaymentState {
  const { isClosed, refunds, disputes, data } = payment
  const authorization =
    status === "authorized"
      ? ({ status, ...authorizationOf(payment) } as const)
      : status === "pending"
        ? { status, asynchronous: isAsynchronous }
        : { status }
  return { sessionId, authorization, isClosed, refunds: [...refunds], disputes: [...disputes], data }
}

/** What is answered to whoever asks whether it is authorized. */
export function answerOf(payment: TellingPayment): ProviderOutcome {
  switch (payment.status) {
    case "authorized":
      return { outcome: "succeeded", ...authorizationOf(payment) }
    case "pending":
      return { outcome: "pending", asynchronous: payment.isAsynchronous }
    case "requires_more":
      return { outcome: "requires_more" }
    case "failed":
    case "canceled":
      return { outcome: "declined", message: "The card was declined." }
  }
}

/** What is held, and what of it was taken. */
export function authorizationOf(payment: Pick<TellingPayment, "authorized" | "captured" | "currency">) {
  const { authorized, captured, currency } = payment
  return { amount: { minor: authorized, currency }, captured: { minor: captured, currency } }
}

/** What was given back, or is about to be. */
export function given(refunds: readonly RefundState[]): bigint {
  return refunds.filter(({ status }) => status !== "failed").reduce((sum, { amount }) => sum + amount.minor, 0n)
}
