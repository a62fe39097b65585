import { Logger } from "@nestjs/common"
import type Stripe from "stripe"
import type { DisputeState, PaymentState } from "../contract/index.js"
import { fromStripeAmount } from "./amounts.js"
import { isForbidden } from "./errors.js"
import { toReturnedData, deadlineOf, isClosed, authorizationOf } from "./intents.js"
import { refundsOf } from "./refunds.js"

const logger = new Logger("Stripe")

/** Stripe's largest page. */
const PAGE = 100

/** Reads a payment's current state. @param intent with its latest charge */
export async function toPaymentState(
  stripe: Stripe,
  intent: Stripe.PaymentIntent,
): Promise<Omit<PaymentState, "sessionId">> {
  // Only a paid intent can be disputed.
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

/** Returns no disputes if a restricted key may not read them, so that the payment itself is still recorded. */
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

/** Returns undefined for an amount that cannot be recorded, because a bank may dispute in another currency. */
function readableDispute({ id, amount, currency, status, reason, created }: Stripe.Dispute): DisputeState | undefined {
  try {
    return { id, amount: fromStripeAmount(amount, currency), status, reason, createdAt: new Date(created * 1000) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    logger.error(`Dispute ${id} is not recorded, because its amount cannot be: ${error.message}`)
    return undefined
  }
}
