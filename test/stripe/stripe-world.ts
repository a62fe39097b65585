import type { DataSource } from "typeorm"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { SandboxControls } from "../support/sandbox-controls.js"
import { REGION, TestService } from "../support/service.js"
import { QUICK_RETRIES } from "../support/stripe-sdk.js"

export const STRIPE = "pp_stripe_stripe"
export const HOOK = "/hooks/payment/stripe_stripe"

/** Milliseconds within which what is waited for has to happen. */
const PATIENCE = 15_000

/** The service with Stripe, and Stripe. */
export interface StripeWorld {
  readonly stripe: StripeSandbox
  /** Drives the sandbox over HTTP, as people do. */
  readonly controls: SandboxControls
  readonly service: TestService
  readonly close: () => Promise<void>
}

export async function startWithStripe(env: Record<string, string> = {}): Promise<StripeWorld> {
  const stripe = await StripeSandbox.start({ retryDelays: QUICK_RETRIES })
  const service = await TestService.start({ ...settingsFor(stripe), RECONCILER_INTERVAL: "100", ...env })
  return {
    stripe,
    controls: new SandboxControls(stripe.url),
    service,
    close: async () => {
      await service.close()
      await stripe.stop()
    },
  }
}

export function settingsFor(stripe: StripeSandbox): Record<string, string> {
  return {
    STRIPE_API_KEY: stripe.apiKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    STRIPE_RETURN_ORIGINS: "https://shop.example",
    STRIPE_PAYMENT_METHOD_TYPES: "card,sepa_debit",
    // Without effect in an account that does not have it.
    STRIPE_MULTICAPTURE: "true",
  }
}

export interface Purchase {
  readonly cartId: string
  readonly collectionId: string
  readonly sessionId: string
  readonly intentId: string
}

let carts = 0

/** A collection of 49.90 eur with an open session. */
export async function openSession(
  service: TestService,
  { total = 49.9, cart = {}, data }: { total?: number; cart?: object; data?: object } = {},
): Promise<Purchase> {
  const cartId = `cart_stripe_${carts++}`
  await service.admin("PUT", `/admin/carts/${cartId}`, { currency_code: "eur", total, region_id: REGION, ...cart })
  const created = await service.store("POST", "/store/payment-collections", { cart_id: cartId })
  const collectionId = created.body.payment_collection.id as string
  const opened = await service.store("POST", `/store/payment-collections/${collectionId}/payment-sessions`, {
    provider_id: STRIPE,
    ...(data && { data }),
  })
  if (opened.status !== 200) throw new Error(JSON.stringify(opened.body))
  const [session] = opened.body.payment_collection.payment_sessions
  return { cartId, collectionId, sessionId: session.id, intentId: session.data.id }
}

export const authorize = (service: TestService, { collectionId, sessionId }: Purchase) =>
  service.store("POST", `/store/payment-collections/${collectionId}/payment-sessions/${sessionId}/authorize`)

/** Looks again until it is so. */
export async function eventually<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + PATIENCE
  for (;;) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (Date.now() > giveUpAt) throw new Error(`It does not come to that: ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits until every event that was kept is dealt with. */
export async function inboxIsEmpty({ dataSource }: TestService): Promise<void> {
  await eventually(
    () =>
      dataSource.query<object[]>(
        "SELECT type, state, last_error FROM webhook_event WHERE state IN ('pending', 'parked')",
      ),
    (waiting) => waiting.length === 0,
  )
}

/** What the books hold of a purchase, without ids and times. */
export async function booksOf({ dataSource }: { dataSource: DataSource }, { collectionId }: Purchase) {
  const all = (sql: string) => dataSource.query<Record<string, unknown>[]>(sql, [collectionId])
  return {
    collection: await all(
      `SELECT status, amount, authorized_amount, captured_amount, refunded_amount, completed_at IS NOT NULL AS is_completed
      FROM payment_collection WHERE id = $1`,
    ),
    sessions: await all(
      `SELECT status, amount, data, private_data, deleted_at IS NOT NULL AS is_gone FROM payment_session
      WHERE payment_collection_id = $1 ORDER BY id`,
    ),
    payments: await all(
      `SELECT amount, authorized_amount, captured_amount, refunded_amount, data, private_data,
      captured_at IS NOT NULL AS is_captured, canceled_at IS NOT NULL AS is_canceled
      FROM payment WHERE payment_collection_id = $1 ORDER BY id`,
    ),
    captures: await all(
      `SELECT capture.amount, capture.status FROM capture JOIN payment ON payment.id = payment_id
      WHERE payment_collection_id = $1 ORDER BY capture.amount`,
    ),
    refunds: await all(
      `SELECT refund.amount, refund.status FROM refund JOIN payment ON payment.id = payment_id
      WHERE payment_collection_id = $1 ORDER BY refund.amount`,
    ),
    unsettled: await all(
      "SELECT kind, state FROM payment_operation WHERE payment_collection_id = $1 AND resolved_at IS NULL",
    ),
  }
}
