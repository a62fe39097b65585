import { Logger } from "@nestjs/common"
import type Stripe from "stripe"
import type { ProviderOutcome, RefundState } from "../contract/payment-provider.contract.js"
import { fromStripeAmount } from "./amounts.js"

/** How many objects Stripe answers at once, at most. */
const PAGE = 100

const logger = new Logger("Stripe")

/** The id of an operation of ours. What others write under the same name in the metadata is theirs. */
const OPERATION_ID = /^op_[0-9A-HJKMNP-TV-Z]{26}$/

export function isOperationId(text: string): boolean {
  return OPERATION_ID.test(text)
}

/** What was refunded of what was captured, by whomever. @param intent with its latest charge */
export async function refundsOf(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<RefundState[]> {
  const refunds = await listRefunds(stripe, intent.id)
  return withoutReleases(refunds, intent).flatMap((refund) => readableRefund(refund) ?? [])
}

/**
 * Up to 2025-02-24.acacia, Stripe made a refund of what was released: all of a canceled payment, or the rest of one that
 * was captured in part. An account whose default version is older may still have them. They are reversals by name, or
 * there is more refunded than was captured.
 */
function withoutReleases(refunds: readonly Stripe.Refund[], intent: Stripe.PaymentIntent): readonly Stripe.Refund[] {
  if (intent.amount_received === 0) return []
  const unnamed = refunds.filter(({ destination_details: to }) => to?.card?.type !== "reversal")
  const done = unnamed.filter(({ status }) => status !== "failed" && status !== "canceled")
  const total = done.reduce((sum, { amount }) => sum + amount, 0)
  if (total <= intent.amount_received) return unnamed
  const rest = uncapturedOf(intent)
  // The newest come first, and a release comes before any refund.
  const release = done.findLast((refund) => refund.amount === rest && keyOf(refund) === undefined)
  return unnamed.filter((refund) => refund !== release)
}

function uncapturedOf({ latest_charge: charge }: Stripe.PaymentIntent): number | undefined {
  return typeof charge === "object" && charge ? charge.amount - charge.amount_captured : undefined
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

/** Undefined for an amount that cannot be recorded: it must not keep the rest of the payment from being recorded. */
function readableRefund(refund: Stripe.Refund): RefundState | undefined {
  try {
    return refundState(refund)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    logger.error(`Refund ${refund.id} is not recorded, because its amount cannot be: ${error.message}`)
    return undefined
  }
}

function refundState(refund: Stripe.Refund): RefundState {
  const { id, amount, currency, failure_reason } = refund
  const idempotencyKey = keyOf(refund)
  const status = statusOf(refund)
  return {
    id,
    amount: fromStripeAmount(amount, currency),
    status,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(status === "failed" && { failure: (failure_reason ?? refund.status ?? "unknown").replaceAll("_", " ") }),
  }
}

/** The operation of ours that made a refund. */
function keyOf({ metadata }: Stripe.Refund): string | undefined {
  const id = metadata?.["operation_id"]
  return id !== undefined && isOperationId(id) ? id : undefined
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
      // A later version of the API may have others. It is looked at again until it ends in words known here.
      logger.warn(`Stripe reports the status '${status}' of a refund, which this service does not know.`)
      return "pending"
  }
}
