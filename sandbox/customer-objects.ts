import type Stripe from "stripe"
import type { StoredMethod, StoredSetupIntent } from "./records.js"
import { isDebit, lastDigitsOf, type TestCard } from "./cards.js"
import { newClientSecret, newId } from "./ids.js"
import { NO_ADDRESS } from "./objects.js"

export function newCustomer(now: number): Stripe.Customer {
  const id = newId("cus")
  return {
    id,
    object: "customer",
    address: null,
    balance: 0,
    created: now,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  }
}

export function newMethod(now: number, card: TestCard): StoredMethod {
  return {
    id: newId("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: NO_ADDRESS, email: null, name: null, phone: null, tax_id: null },
    ...kindOf(card),
    created: now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  }
}

/** The type of payment method that a test card stands for. */
export const methodTypeOf = (card: TestCard): string => kindOf(card).type

function kindOf(card: TestCard): Pick<Stripe.PaymentMethod, "type" | "card" | "sepa_debit" | "customer_balance"> {
  if (card === "bank_transfer") return { type: "customer_balance", customer_balance: {} }
  const last4 = lastDigitsOf(card)
  if (isDebit(card)) {
    return {
      type: "sepa_debit",
      sepa_debit: {
        bank_code: "37040044",
        branch_code: "",
        country: "DE",
        fingerprint: "vifs0Ho7vwRn1Miu",
        generated_from: { charge: null, setup_attempt: null },
        last4,
      },
    }
  }
  return {
    type: "card",
    card: {
      brand: brandOf(card),
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: brandOf(card),
      exp_month: 8,
      exp_year: 2040,
      fingerprint: "AOB934RVNwzk6xtn",
      funding: "credit",
      generated_from: null,
      last4,
      networks: { available: [brandOf(card)], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  }
}

const brandOf = (card: TestCard): "amex" | "visa" => (card === "amex" ? "amex" : "visa")

export function newSetupIntent(now: number): StoredSetupIntent {
  const id = newId("seti")
  return {
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    cancellation_reason: null,
    client_secret: newClientSecret(id),
    created: now,
    customer: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: { id: "pmc_sandbox", parent: null },
    payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    single_use_mandate: null,
    status: "requires_payment_method",
    usage: "off_session",
  }
}
