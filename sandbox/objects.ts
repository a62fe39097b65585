import type Stripe from "stripe"
import type { StoredCharge, StoredDispute, StoredIntent, StoredMethod, StoredRefund } from "./records.js"
import { newClientSecret, newId } from "./ids.js"

/** Builders of whole objects, with every key that Stripe sends. `now` is the time of the sandbox in Unix seconds. */

export const NO_ADDRESS: Stripe.Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
}

const HOUR = 60 * 60
export const WEEK = 7 * 24 * HOUR
/** Visa, if the merchant initiates the payment (docs.stripe.com/payments/place-a-hold-on-a-payment-method). */
const VISA_OFF_SESSION = 4 * 24 * HOUR + 18 * HOUR

export function newIntent(now: number, amount: number, currency: string): StoredIntent {
  const id = newId("pi")
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: newClientSecret(id),
    confirmation_method: "automatic",
    created: now,
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: { id: "pmc_sandbox", parent: null },
    payment_method_options: cardOptions(),
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
  }
}

export const cardOptions = (
  asked: Partial<Stripe.PaymentIntent.PaymentMethodOptions.Card> = {},
): Stripe.PaymentIntent.PaymentMethodOptions => ({
  card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic", ...asked },
})

/** How a charge is authorized. */
interface Authorization {
  readonly isMulticapture: boolean
  readonly isManual: boolean
  readonly isOffSession: boolean
}

/** A succeeded, uncaptured charge of the whole amount of an intent. */
export function newCharge(
  now: number,
  intent: StoredIntent,
  method: StoredMethod,
  authorization: Authorization,
): StoredCharge {
  const id = newId("ch")
  return {
    id,
    object: "charge",
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: "SANDBOX SHOP",
    captured: false,
    created: now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: "approved_by_network",
      reason: null,
      risk_level: "normal",
      risk_score: 20,
      seller_message: "Payment complete.",
      type: "authorized",
    },
    paid: true,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: chargedMethod(now, intent, method, authorization),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: `https://pay.stripe.com/receipts/payment/${id}`,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: "succeeded",
    transfer_data: null,
    transfer_group: intent.transfer_group,
  }
}

function chargedMethod(
  now: number,
  intent: StoredIntent,
  { type, card, sepa_debit: debit }: StoredMethod,
  { isMulticapture, isManual, isOffSession }: Authorization,
): Stripe.Charge.PaymentMethodDetails {
  if (debit) return { type, sepa_debit: { ...debit, mandate: null } }
  if (!card) return { type, customer_balance: {} }
  return {
    type,
    card: {
      amount_authorized: intent.amount,
      authorization_code: "123456",
      brand: card.brand,
      // Only if capture is manual (API reference of the charge).
      ...(isManual && { capture_before: now + (isOffSession && card.brand === "visa" ? VISA_OFF_SESSION : WEEK) }),
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: "disabled" },
      fingerprint: card.fingerprint,
      funding: card.funding,
      incremental_authorization: { status: "unavailable" },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: isMulticapture ? "available" : "unavailable" },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: "123456789012345",
      overcapture: { maximum_amount_capturable: intent.amount, status: "unavailable" },
      regulated_status: "unregulated",
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  }
}

export function newRefund(now: number, charge: StoredCharge, amount: number): StoredRefund {
  return {
    id: newId("re"),
    object: "refund",
    amount,
    balance_transaction: charge.balance_transaction === null ? null : newId("txn"),
    charge: charge.id,
    created: now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  }
}

export function newDispute(
  now: number,
  charge: StoredCharge,
  amount: number,
  reason: string,
  currency = charge.currency,
): StoredDispute {
  return {
    id: newId("dp"),
    object: "dispute",
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: now,
    currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: now + WEEK,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted",
    },
    intended_submission_method: "manual",
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: { brand: "visa", case_type: "chargeback", network: "visa", network_reason_code: "10.4" },
      type: "card",
    },
    reason,
    status: "needs_response",
  }
}

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
}
