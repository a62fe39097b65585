import type Stripe from "stripe"
import type { DataSource } from "typeorm"
import type { Records } from "../../sandbox/records.js"
import { differences } from "../model/row-rules.js"

// Our books beside Stripe's, once everything is settled and told. Amounts are minor units, of currencies in which Stripe's
// units are the same.

/** A session with a provider of Stripe's, and its payment where it has one. */
interface OurSession {
  id: string
  status: string
  currency: string
  amount: number
  isGone: boolean
  intent: string | null
  payments: OurPayment[]
}

interface OurPayment {
  id: string
  intent: string | null
  currency: string
  authorized: number
  captured: number
  refunded: number
  isCanceled: boolean
  refunds: { key: string; amount: number; status: string }[]
  disputes: { id: string; amount: number; status: string }[]
}

const UNPAID = ["requires_payment_method", "requires_confirmation", "requires_action"]

const STATEMENT = `SELECT session.id, session.status, session.currency_code AS currency, session.amount::int,
    session.deleted_at IS NOT NULL AS "isGone", session.private_data->>'payment_intent' AS intent,
    (SELECT coalesce(json_agg(json_build_object('id', payment.id, 'intent', payment.private_data->>'payment_intent',
      'currency', payment.currency_code, 'authorized', payment.authorized_amount, 'captured', payment.captured_amount,
      'refunded', payment.refunded_amount, 'isCanceled', payment.canceled_at IS NOT NULL,
      'refunds', (SELECT coalesce(json_agg(json_build_object('key', coalesce(operation.id, refund.external_id),
          'amount', refund.amount, 'status', refund.status) ORDER BY refund.id), '[]')
        FROM refund LEFT JOIN payment_operation operation ON operation.refund_id = refund.id
        WHERE refund.payment_id = payment.id),
      'disputes', (SELECT coalesce(json_agg(json_build_object('id', external_id, 'amount', amount, 'status', status)
        ORDER BY external_id), '[]') FROM dispute WHERE dispute.payment_id = payment.id))), '[]')
      FROM payment WHERE payment.payment_session_id = session.id) AS payments
  FROM payment_session session WHERE session.provider_id LIKE 'pp_stripe%' AND session.payment_collection_id = ANY($1)`

interface Circumstances {
  /** Whether somebody may have got to know the secret of an intent: only then can it be paid. */
  readonly isKnown: (intent: Stripe.PaymentIntent) => boolean
  /** Whether all webhooks have been applied. Without them, nobody may have asked about an open session since it was paid. */
  readonly isTold: boolean
}

/** What is wrong between our books of some collections and Stripe's, one line each, which begins with our session. */
export async function stripeBookProblems(
  database: Pick<DataSource, "query">,
  collectionIds: readonly string[],
  records: Records,
  circumstances: Circumstances,
): Promise<string[]> {
  const sessions = await database.query<OurSession[]>(STATEMENT, [collectionIds])
  return sessions.flatMap((session) => {
    const intents = [...records.paymentIntents.values()].filter(({ metadata }) => metadata["session_id"] === session.id)
    return [...new SessionRules(session, intents, records, circumstances).problems()].map(
      (line) => `${session.id}: ${line}`,
    )
  })
}

class SessionRules {
  constructor(
    private readonly session: OurSession,
    private readonly intents: readonly Stripe.PaymentIntent[],
    private readonly records: Records,
    private readonly circumstances: Circumstances,
  ) {}

  *problems(): Generator<string> {
    const { payments, isGone, intent: id } = this.session
    const [payment, ...more] = payments
    if (more.length > 0) yield `has ${payments.length} payments`
    const current = this.intents.find((intent) => intent.id === (payment ? payment.intent : isGone ? null : id))
    if (payment) yield* this.paymentProblems(payment, current)
    else if (!isGone) yield* this.openProblems(current)
    for (const intent of this.intents) if (intent !== current) yield* this.leftProblems(intent)
  }

  private *paymentProblems(payment: OurPayment, intent: Stripe.PaymentIntent | undefined): Generator<string> {
    if (!intent) {
      yield `${payment.id} is of ${payment.intent}, which Stripe does not have for the session`
      return
    }
    const { status, amount, amount_capturable, amount_received, currency } = intent
    const { id, authorized, captured, refunded, isCanceled } = payment
    const refunds = this.refundsOf(intent)
    const isClosed = status === "succeeded" || status === "canceled"
    yield* differences(
      `${id} beside ${intent.id}, which is ${status}`,
      { currency: payment.currency, authorized, captured, refunded, isCanceled },
      {
        currency,
        authorized: isClosed ? amount_received : amount_capturable + amount_received,
        captured: amount_received,
        refunded: refunds.filter(hasSucceeded).reduce((sum, refund) => sum + refund.amount, 0),
        isCanceled: isClosed && amount_received < amount,
      },
    )
    yield* this.refundProblems(payment, refunds)
    const disputes = [...this.records.disputes.values()]
      .filter(({ payment_intent }) => payment_intent === intent.id)
      .map((dispute) => ({ id: dispute.id, amount: dispute.amount, status: dispute.status }))
    yield* different("disputes", payment.disputes, disputes, (dispute) => dispute.id)
  }

  private *refundProblems(payment: OurPayment, refunds: readonly Stripe.Refund[]): Generator<string> {
    const theirs = refunds.map(({ id, amount, status, metadata }) => ({
      key: metadata?.["operation_id"] ?? id,
      amount,
      status: String(status),
    }))
    const keyOf = ({ key }: { key: string }) => key
    yield* different("refunds", payment.refunds.filter(hasSucceeded), theirs.filter(hasSucceeded), keyOf)
    for (const { key, status } of payment.refunds) {
      const their = theirs.find((refund) => refund.key === key)?.status
      if (status === "failed" && their !== "failed") yield `${key} failed here, and is ${their} at Stripe`
      if (!["succeeded", "failed", "declined", "superseded"].includes(status))
        yield `${key} is ${status}, and ${their} at Stripe`
    }
  }

  private *openProblems(intent: Stripe.PaymentIntent | undefined): Generator<string> {
    const { intent: id, status, amount, currency } = this.session
    if (!intent) {
      yield `is open here, and Stripe does not have its intent ${id}`
      return
    }
    const isOpen = UNPAID.includes(intent.status) || intent.status === "processing"
    if (!isOpen && this.circumstances.isTold) yield `is ${status} here, and ${intent.id} is ${intent.status}`
    yield* differences(
      `beside ${intent.id}`,
      { amount, currency },
      { amount: intent.amount, currency: intent.currency },
    )
  }

  /** One that is no session's and no payment's any more: canceled, or unpaid and out of everybody's reach. */
  private *leftProblems(intent: Stripe.PaymentIntent): Generator<string> {
    const { id, status, amount_capturable, amount_received } = intent
    const held = amount_capturable + amount_received
    if (held > 0) yield `${id} holds ${held} at Stripe, and nobody here knows`
    const isGivenUp = this.session.isGone && this.session.status === "error"
    if (UNPAID.includes(status) && this.circumstances.isKnown(intent) && !isGivenUp)
      yield `${id} is ${status}, and nobody needs it`
  }

  private refundsOf({ id }: Stripe.PaymentIntent): Stripe.Refund[] {
    // What is given up without having been taken is booked there as a refund, too.
    return [...this.records.refunds.values()].filter(
      ({ payment_intent, destination_details }) =>
        payment_intent === id && destination_details?.card?.type !== "reversal",
    )
  }
}

function hasSucceeded({ status }: { status: string | null }): boolean {
  return status === "succeeded"
}

function* different<T>(what: string, ours: readonly T[], theirs: readonly T[], keyOf: (one: T) => string) {
  const words = (list: readonly T[]) =>
    JSON.stringify([...list].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)))
  // The order of the fields is that of the statement.
  if (words(ours) !== words(theirs)) yield `${what} are ${words(ours)} here, and ${words(theirs)} at Stripe`
}
