import { createHmac } from "node:crypto"

// Stripe as far as a webhook goes: what it tells, how it signs that, and what it says when it is asked.

/** Whose webhooks are measured. */
export const STRIPE = "pp_stripe_stripe"

const WEBHOOK_SECRET = "whsec_bench"

/** The settings of an account with Stripe. @param apiBase where its API is */
export function stripeEnv(apiBase: string): Record<string, string> {
  return { STRIPE_API_KEY: "sk_test_bench", STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, STRIPE_API_BASE: apiBase }
}

/** The header that shows that a webhook is of now, and of who knows the secret. */
export function signatureOf(body: string): Record<string, string> {
  const time = Math.floor(Date.now() / 1000)
  const signature = createHmac("sha256", WEBHOOK_SECRET).update(`${time}.${body}`).digest("hex")
  return { "stripe-signature": `t=${time},v1=${signature}` }
}

/** The body of a webhook: a session was paid. Indented, as Stripe sends it. @param ulid of the session */
export function paidEvent(ulid: string): string {
  const event = {
    id: `evt_${ulid}`,
    object: "event",
    api_version: "2026-10-28.preview",
    created: CREATED,
    data: { object: { ...paidIntent(ulid), latest_charge: "ch_3QzPxyLkdIwHu7ix0FtBxkWz" } },
    livemode: false,
    pending_webhooks: 1,
    request: { id: "req_8QwEr7TyUiOpAs", idempotency_key: "0b1f7c0e-52d1-4c55-9b6e-3c3e0f6d9a77" },
    type: "payment_intent.succeeded",
  }
  return JSON.stringify(event, null, 2)
}

/** A payment intent with its latest charge: the 10 euros of a session, authorized and captured. */
export function paidIntent(ulid: string) {
  return {
    id: `pi_${ulid}`,
    object: "payment_intent",
    amount: 1000,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 1000,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `pi_${ulid}_secret_2mVzJt0qYc1rXwGk8LdEoBn4s`,
    confirmation_method: "automatic",
    created: CREATED,
    currency: "eur",
    customer: "cus_QzPxyLkdIwHu7i",
    customer_account: null,
    description: "Order of the bench shop",
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: {
      id: "ch_3QzPxyLkdIwHu7ix0FtBxkWz",
      object: "charge",
      amount: 1000,
      amount_captured: 1000,
      amount_refunded: 0,
      captured: true,
      created: CREATED,
      currency: "eur",
      disputed: false,
      paid: true,
      payment_intent: `pi_${ulid}`,
      payment_method_details: {
        card: { brand: "visa", last4: "4242", multicapture: { status: "unavailable" } },
        type: "card",
      },
      refunded: false,
      status: "succeeded",
    },
    livemode: false,
    metadata: { session_id: `payses_${ulid}`, operation_id: `op_${ulid}` },
    next_action: null,
    on_behalf_of: null,
    payment_method: "pm_1QzPxyLkdIwHu7ixY7bEwCkV",
    payment_method_configuration_details: { id: "pmc_1QzPxyLkdIwHu7ixvYJGmNhA", parent: null },
    payment_method_options: {
      bancontact: { preferred_language: "en" },
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic" },
      eps: {},
      ideal: {},
      klarna: { preferred_locale: null },
      link: { persistent_token: null },
      sepa_debit: {},
    },
    payment_method_types: ["card", "bancontact", "eps", "ideal", "klarna", "link", "sepa_debit"],
    processing: null,
    receipt_email: "buyer@example.com",
    review: null,
    setup_future_usage: null,
    shipping: {
      address: {
        city: "Berlin",
        country: "DE",
        line1: "Invalidenstrasse 116",
        line2: null,
        postal_code: "10115",
        state: null,
      },
      carrier: null,
      name: "Erika Mustermann",
      phone: null,
      tracking_number: null,
    },
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "succeeded",
    transfer_data: null,
    transfer_group: null,
  }
}

const CREATED = 1_795_392_000
