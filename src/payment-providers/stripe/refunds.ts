import { Logger } from "@nestjs/common"
import type Stripe from "stripe"
import type { ProviderOutcome, RefundState } from "../contract/index.js"
import { fromStripeAmount } from "./amounts.js"

/** Stripe's largest page. */
const PAGE = 100

const logger = new Logger("Stripe")

/** The form of our operations' ids. Other programs may write other values under the same name in the metadata. */
const OPERATION_ID = /^op_[0-9A-HJKMNP-TV-Z]{26}$/

export function isOperationId(text: string): boolean {
  return OPERATION_ID.test(text)
}

/** Reads all refunds of captured money, including those of other programs. @param intent with its latest charge */
export async function refundsOf(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<RefundState[]> {
  const refunds = await listRefunds(stripe, intent.id)
  return withoutReleases(refunds, intent).flatMap((refund) => readableRefund(refund) ?? [])
}

/**
 * Removes refunds that stand for released money. Up to API version 2025-02-24.acacia, Stripe created a refund for a canceled
 * payment, or for the rest of a partial capture, and accounts with an older default version may still have them. Such a
 * refund is a reversal by name, or makes the refunded sum exceed the captured amount.
 */
function withoutReleases(refunds: readonly Stripe.Refund[], intent: Stripe.PaymentIntent): readonly Stripe.Refund[] {
  if (intent.amount_received === 0) return []
  const unnamed = refunds.filter(({ destination_details: to }) => to?.card?.type !== "reversal")
  const done = unnamed.filter(({ status }) => status !== "failed" && status !== "canceled")
  const total = done.reduce((sum, { amount }) => sum + amount, 0)
  if (total <= intent.amount_received) return unnamed
  const rest = uncapturedOf(intent)
  // The newest come first, and a release is older than any refund.
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

/** Finds the refund that one of our calls created. */
export async function findRefund(
  stripe: Stripe,
  paymentIntent: string,
  operationId: string,
): Promise<Stripe.Refund | undefined> {
  const refunds = await listRefunds(stripe, paymentIntent)
  return refunds.find(({ metadata }) => metadata?.["operation_id"] === operationId)
}

/** Returns undefined for an amount that cannot be recorded, so that the rest of the payment is still recorded. */
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

/** The id of our operation that created a refund. */
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
    // Some means of payment ask the shopper for a bank account first.
    case "pending":
    case "requires_action":
    case null:
      return "pending"
    case "failed":
    case "canceled":
      return "failed"
    default:
      // A later version of the API may have more states. The service looks again until Stripe reports one known here.
      logger.warn(`Stripe reports the status '${status}' of a refund, which this service does not know.`)
      return "pending"
  }
}
