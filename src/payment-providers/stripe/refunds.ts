import type Stripe from "stripe"
import type { ProviderOutcome, RefundState } from "../payment-provider.contract.js"
import { fromStripeAmount } from "./amounts.js"

/** How many objects Stripe answers at once, at most. */
const PAGE = 100

/** What was given back of what was captured, by whomever. @param intent with its latest charge */
export async function refundsOf(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<RefundState[]> {
  const refunds = await listRefunds(stripe, intent.id)
  return refunds.filter((refund) => !isRelease(refund, refunds, intent)).map(refundState)
}

/**
 * Stripe also books as a refund what was authorized and is not captured any more: all of a canceled payment, or the rest
 * of one that was captured in part. That is done at the capture, and so before anything else could be refunded.
 */
function isRelease(
  refund: Stripe.Refund,
  newestFirst: readonly Stripe.Refund[],
  intent: Stripe.PaymentIntent,
): boolean {
  if (intent.amount_received === 0) return true
  const { latest_charge: charge } = intent
  if (typeof charge !== "object" || !charge?.captured || refund.metadata?.["operation_id"] !== undefined) return false
  const isParts = charge.payment_method_details?.card?.multicapture?.status === "available"
  return !isParts && refund === newestFirst.at(-1) && refund.amount === charge.amount - charge.amount_captured
}

async function listRefunds(stripe: Stripe, paymentIntent: string): Promise<Stripe.Refund[]> {
  const refunds: Stripe.Refund[] = []
  for await (const refund of stripe.refunds.list({ payment_intent: paymentIntent, limit: PAGE })) refunds.push(refund)
  return refunds
}

/** The refund that one of our calls made. */
export async function findRefund(
  stripe: Stripe,
  paymentIntent: string,
  operationId: string,
): Promise<Stripe.Refund | undefined> {
  const refunds = await listRefunds(stripe, paymentIntent)
  return refunds.find(({ metadata }) => metadata?.["operation_id"] === operationId)
}

function refundState(refund: Stripe.Refund): RefundState {
  const { id, amount, currency, metadata, failure_reason } = refund
  const idempotencyKey = metadata?.["operation_id"]
  const status = statusOf(refund)
  return {
    id,
    amount: fromStripeAmount(amount, currency),
    status,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(status === "failed" && { failure: (failure_reason ?? refund.status ?? "unknown").replaceAll("_", " ") }),
  }
}

export function refundOutcome(refund: Stripe.Refund): ProviderOutcome {
  const { amount, status, failure } = refundState(refund)
  switch (status) {
    case "succeeded":
      return { outcome: "succeeded", amount }
    case "pending":
      return { outcome: "pending" }
    case "failed":
      return {
        outcome: "declined",
        message: `The refund failed: ${failure ?? "unknown"}.`,
        code: "refund_failed",
        declineCode: refund.failure_reason,
        retryable: false,
        refusedBy: "provider",
      }
  }
}

function statusOf({ status }: Stripe.Refund): RefundState["status"] {
  switch (status) {
    case "succeeded":
      return "succeeded"
    // Some means of payment ask the shopper where the money should go; and it may be that nothing is known yet.
    case "pending":
    case "requires_action":
    case null:
      return "pending"
    case "failed":
    case "canceled":
      return "failed"
    default:
      throw new Error(`Stripe says '${status}' of a refund, which is not known here`)
  }
}
