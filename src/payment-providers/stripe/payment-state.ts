import { Logger } from "@nestjs/common"
import type Stripe from "stripe"
import type { DisputeState, PaymentState } from "../contract/payment-provider.contract.js"
import { fromStripeAmount } from "./amounts.js"
import { isForbidden } from "./errors.js"
import { toReturnedData, deadlineOf, isClosed, authorizationOf } from "./intents.js"
import { refundsOf } from "./refunds.js"

const logger = new Logger("Stripe")

/** How many objects Stripe answers at once, at most. */
const PAGE = 100

/** Everything that Stripe reports of a payment now. @param intent with its latest charge */
export async function toPaymentState(
  stripe: Stripe,
  intent: Stripe.PaymentIntent,
): Promise<Omit<PaymentState, "sessionId">> {
  // Only what was paid can be disputed.
  const disputes = intent.amount_received > 0 ? await readableDisputes(stripe, intent.id) : []
  return {
    authorization: authorizationOf(intent),
    isClosed: isClosed(intent),
    ...deadlineOf(intent),
    refunds: await refundsOf(stripe, intent),
    disputes,
    ...toReturnedData(intent),
  }
}

/** None if a restricted key may not read them: the money of the payment is not held up by that. */
async function readableDisputes(stripe: Stripe, paymentIntent: string): Promise<DisputeState[]> {
  try {
    return await disputesOf(stripe, paymentIntent)
  } catch (error) {
    if (!isForbidden(error)) throw error
    logger.error("Disputes are not recorded: the API key has no permission to read them.")
    return []
  }
}

async function disputesOf(stripe: Stripe, paymentIntent: string): Promise<DisputeState[]> {
  const disputes: DisputeState[] = []
  for await (const dispute of stripe.disputes.list({ payment_intent: paymentIntent, limit: PAGE })) {
    const readable = readableDispute(dispute)
    if (readable) disputes.push(readable)
  }
  return disputes
}

/** A bank may dispute in a currency of its own. What cannot be recorded of that must not hold up the payment. */
function readableDispute({ id, amount, currency, status, reason, created }: Stripe.Dispute): DisputeState | undefined {
  try {
    return { id, amount: fromStripeAmount(amount, currency), status, reason, createdAt: new Date(created * 1000) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    logger.error(`Dispute ${id} is not recorded, because its amount cannot be: ${error.message}`)
    return undefined
  }
}
