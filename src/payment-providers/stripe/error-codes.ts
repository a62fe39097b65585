import type Stripe from "stripe"
import type { Declined } from "../contract/index.js"

// Maps each error code of Stripe to its meaning for this service. https://docs.stripe.com/error-codes

/** The SDK also allows any other text, because an older SDK may meet a newer code. */
type Listed<Code extends string> = Code extends string ? (string extends Code ? never : Code) : never

/** Every code that the SDK lists: a new version of it that adds one does not compile until the code has a row. */
export type StripeErrorCode = Listed<NonNullable<Stripe.PaymentIntent.LastPaymentError["code"]>>

/** The meaning of a code. */
export interface CodeMeaning {
  readonly refusedBy: NonNullable<Declined["refusedBy"]>
  /** For the caller, and for shoppers if Stripe sends no sentence that was made for them. */
  readonly message: string
  readonly retryable: boolean
  /** Whether the code shows that the payment's state is not the one on record. */
  readonly stateDiffers?: boolean
}

/** The meaning of a code; undefined for one that the SDK does not list. */
export function meaningOf(code: string | undefined): CodeMeaning | undefined {
  return code !== undefined && Object.hasOwn(MEANINGS, code) ? MEANINGS[code as StripeErrorCode] : undefined
}

const FOR_GOOD = { retryable: false }
const MAY_PASS = { retryable: true }

const issuer = (message: string, { retryable } = FOR_GOOD): CodeMeaning => ({ refusedBy: "issuer", message, retryable })
const caller = (message: string): CodeMeaning => ({ refusedBy: "caller", message, retryable: false })
const provider = (message: string, { retryable } = FOR_GOOD): CodeMeaning => ({
  refusedBy: "provider",
  message,
  retryable,
})
const state = (message: string): CodeMeaning => ({ refusedBy: "state", message, retryable: false, stateDiffers: true })

/** Gives several codes the same meaning. */
function rows<const Code extends StripeErrorCode>(
  meaning: CodeMeaning,
  ...codes: readonly Code[]
): Record<Code, CodeMeaning> {
  return Object.fromEntries(codes.map((code) => [code, meaning])) as Record<Code, CodeMeaning>
}

const CHOOSE = "Choose another way to pay. The log names the reason."

const MEANINGS = {
  // The shopper's bank, or what the shopper entered.
  ...rows(
    issuer("The payment was declined. Try another way to pay."),
    "card_declined",
    "charge_exceeds_transaction_limit",
    "charge_exceeds_source_limit",
    "payment_method_provider_decline",
    "payment_intent_payment_attempt_failed",
    "refer_to_customer",
    "setup_attempt_failed",
  ),
  ...rows(
    issuer("The shopper declined the payment. Try again, or choose another way to pay.", MAY_PASS),
    "payment_method_customer_decline",
  ),
  ...rows(
    issuer("There is not enough money for this payment. Try another way to pay.", MAY_PASS),
    "insufficient_funds",
  ),
  ...rows(
    issuer("Too many payments with this card were declined. Try again later, or use another card.", MAY_PASS),
    "card_decline_rate_limit_exceeded",
  ),
  ...rows(issuer("The card has expired. Use another card."), "expired_card"),
  ...rows(issuer("The payment method has expired. Choose another way to pay."), "expired_payment_method"),
  ...rows(issuer("The card number is incorrect. Check it, or use another card."), "incorrect_number", "invalid_number"),
  ...rows(issuer("The card's security code is incorrect. Check it, and try again."), "incorrect_cvc", "invalid_cvc"),
  ...rows(
    issuer("The card's expiry date is incorrect. Check it, and try again."),
    "invalid_expiry_month",
    "invalid_expiry_year",
  ),
  ...rows(
    issuer("The billing address does not match the card. Check it, and try again."),
    "incorrect_address",
    "incorrect_postal_code",
    "incorrect_zip",
  ),
  ...rows(issuer("This kind of card cannot be used here. Use another card."), "invalid_card_type"),
  ...rows(
    issuer("The payment needs the shopper's confirmation. Confirm it, and try again.", MAY_PASS),
    "authentication_required",
    "payment_intent_action_required",
    "invoice_payment_intent_requires_action",
    "approval_required",
  ),
  ...rows(
    issuer("The shopper could not be authenticated. Try again, or choose another way to pay."),
    "authentication_failure",
    "payment_intent_authentication_failure",
    "setup_intent_authentication_failure",
    "three_d_secure_authentication_not_supported",
  ),
  ...rows(
    issuer("The shopper's bank could not authenticate the payment at the moment. Try again later.", MAY_PASS),
    "three_d_secure_authentication_upstream_error",
  ),
  ...rows(
    issuer(
      "The payment could not be processed at the moment. Try again later, or choose another way to pay.",
      MAY_PASS,
    ),
    "processing_error",
    "payment_method_provider_timeout",
    "payment_method_microdeposit_processing_error",
  ),
  ...rows(
    issuer("The payment was not completed in time. Try again, or choose another way to pay.", MAY_PASS),
    "payment_intent_payment_attempt_expired",
    "setup_intent_setup_attempt_expired",
  ),
  ...rows(
    issuer("The bank account does not allow this payment. Use another account, or choose another way to pay."),
    "account_closed",
    "bank_account_declined",
    "bank_account_restricted",
    "bank_account_unusable",
    "debit_not_authorized",
    "no_account",
    "payment_method_bank_account_blocked",
    "sepa_unsupported_account",
    "payment_method_restricted",
  ),
  ...rows(
    issuer("The mandate for this payment is not valid any more. Choose another way to pay."),
    "billing_invalid_mandate",
    "india_recurring_payment_mandate_canceled",
    "payment_intent_mandate_invalid",
    "setup_intent_mandate_invalid",
  ),
  ...rows(
    issuer("The bank account is not verified. Verify it, or choose another way to pay."),
    "acss_debit_session_incomplete",
    "bank_account_unverified",
    "bank_account_verification_failed",
    "intent_verification_method_missing",
    "payment_method_microdeposit_failed",
    "payment_method_microdeposit_verification_amounts_invalid",
    "payment_method_microdeposit_verification_amounts_mismatch",
    "payment_method_microdeposit_verification_attempts_exceeded",
    "payment_method_microdeposit_verification_descriptor_code_mismatch",
    "payment_method_microdeposit_verification_timeout",
  ),
  ...rows(
    issuer("The confirmation number was rejected. Enter a valid phone number."),
    "payment_intent_konbini_rejected_confirmation_number",
  ),

  // The data of the caller. Each sentence says what to change.
  ...rows(caller("The amount is more than the payment provider takes. Send a smaller amount."), "amount_too_large"),
  ...rows(caller("The amount is less than the payment provider takes. Send a larger amount."), "amount_too_small"),
  ...rows(caller("The payment provider does not take this amount. Send another amount."), "invalid_charge_amount"),
  ...rows(
    caller("This payment_method cannot be used for this payment. Send another payment_method."),
    "payment_intent_incompatible_payment_method",
    "payment_method_bank_account_already_verified",
    "payment_method_currency_mismatch",
    "payment_method_not_available",
    "payment_method_unexpected_state",
    "payment_method_unsupported_type",
    "token_already_used",
    "token_card_network_invalid",
    "token_in_use",
    "invalid_source_usage",
  ),
  ...rows(
    caller("The payment_method has no complete billing address. Send a payment_method with one."),
    "payment_method_billing_details_address_missing",
  ),
  ...rows(
    caller("The customer has too many saved payment methods. Delete one of them first."),
    "customer_max_payment_methods",
  ),
  ...rows(caller("The payment provider does not take this email address. Send another one."), "email_invalid"),
  ...rows(
    caller("The payment provider does not take the characters of a value. Send letters, digits and common signs."),
    "invalid_characters",
  ),
  ...rows(
    caller("The payment provider does not take the address. Send a complete and valid address."),
    "country_code_invalid",
    "country_unsupported",
    "customer_tax_location_invalid",
    "invalid_tax_location",
    "postal_code_invalid",
    "shipping_address_invalid",
    "state_unsupported",
  ),
  ...rows(
    caller("The payment provider does not take the bank account's numbers. Send other ones."),
    "account_number_invalid",
    "bank_account_bad_routing_numbers",
    "clearing_code_unsupported",
    "routing_number_invalid",
  ),
  ...rows(caller("The payment provider does not take a URL that was sent. Send another one."), "url_invalid"),
  ...rows(
    caller("The payment provider does not take the tax id. Send another one."),
    "siret_invalid",
    "tax_id_invalid",
    "tax_id_prohibited",
  ),

  // The present state of the payment, which is not the one on record.
  ...rows(
    state("The payment has changed at the payment provider. Look at it again before you repeat the request."),
    "charge_already_captured",
    "charge_already_refunded",
    "intent_invalid_state",
    "payment_intent_unexpected_state",
    "return_intent_already_processed",
    "setup_intent_unexpected_state",
    "status_transition_invalid",
  ),
  ...rows(
    state("The authorization has expired or was canceled. It cannot be captured."),
    "capture_charge_authorization_expired",
    "capture_unauthorized_payment",
    "charge_expired_for_capture",
  ),
  ...rows(
    state("The shopper has disputed the payment, so it cannot be refunded. Respond to the dispute instead."),
    "charge_disputed",
    "refund_disputed_payment",
  ),
  ...rows(
    state("The payment provider cannot refund this payment. Its payment method or its state does not allow it."),
    "charge_not_refundable",
  ),

  // The provider, or the account with it.
  ...rows(
    provider("The balance at the payment provider does not cover this at the moment.", MAY_PASS),
    "balance_insufficient",
  ),
  ...rows(
    provider("The payment provider is busy at the moment. Try again later.", MAY_PASS),
    "idempotency_key_in_use",
    "lock_timeout",
    "payment_intent_rate_limit_exceeded",
    "rate_limit",
    "forwarding_api_retryable_upstream_error",
    "forwarding_api_upstream_connection_error",
    "forwarding_api_upstream_connection_timeout",
    "forwarding_api_upstream_error",
  ),
  ...rows(
    provider("The payment provider stopped the request because it looked unusual. The log names the reason."),
    "action_blocked",
    "anomalous_money_movement_request",
    "request_blocked",
  ),
  ...rows(
    provider(`The shop cannot reach the payment provider at the moment. ${CHOOSE}`),
    "api_key_expired",
    "livemode_mismatch",
    "platform_account_required",
    "platform_api_key_expired",
    "secret_key_required",
    "testmode_charges_only",
    "tls_version_unsupported",
  ),
  ...rows(
    provider(`The account with the payment provider cannot take this payment. ${CHOOSE}`),
    "account_country_invalid_address",
    "account_error_country_change_requires_additional_steps",
    "account_information_mismatch",
    "account_invalid",
    "account_token_required_for_v2_account",
    "application_fees_not_allowed",
    "capability_not_active",
    "not_allowed_on_standard_account",
    "ownership_declaration_not_allowed",
    "progressive_onboarding_limit_exceeded",
    "setup_intent_mobile_wallet_unsupported",
    "storer_capability_missing",
    "storer_capability_not_active",
    "stripe_tax_inactive",
  ),
  ...rows(
    provider(`A payment method is not set up with the payment provider. ${CHOOSE}`),
    "alipay_upgrade_required",
    "bitcoin_upgrade_required",
    "payment_method_configuration_failures",
    "payment_method_unactivated",
  ),
  ...rows(
    provider("The payment provider does not know an object that the request needs. The log names the reason."),
    "missing",
    "resource_missing",
  ),
  ...rows(
    provider("The payment provider already has an object that the request would create. The log names the reason."),
    "bank_account_exists",
    "resource_already_exists",
  ),
  ...rows(
    provider("The payment provider rejected the form of the request. The log names the reason."),
    "balance_invalid_parameter",
    "cardholder_phone_number_required",
    "charge_invalid_parameter",
    "forwarding_api_invalid_parameter",
    "invalid_mandate_reference_prefix_format",
    "parameter_invalid_empty",
    "parameter_invalid_integer",
    "parameter_invalid_string_blank",
    "parameter_invalid_string_empty",
    "parameter_missing",
    "parameter_unknown",
    "parameters_exclusive",
    "payment_evaluation_on_api_version_not_supported",
    "payment_intent_invalid_parameter",
    "payment_method_invalid_parameter",
    "payment_method_invalid_parameter_testmode",
    "setup_intent_invalid_parameter",
  ),
  // Of features of Stripe that this service does not use.
  ...rows(
    provider("The payment provider rejected a request for a feature that this service does not use."),
    "coupon_expired",
    "customer_max_subscriptions",
    "customer_session_expired",
    "dispute_evidence_page_limit_exceeded",
    "failed_tax_calculation",
    "financial_account_balance_does_not_support_currency",
    "financial_account_capability_not_enabled",
    "financial_account_capability_restricted",
    "financial_connections_account_inactive",
    "financial_connections_account_pending_account_numbers",
    "financial_connections_account_unavailable_account_numbers",
    "financial_connections_consent_locale_invalid",
    "financial_connections_consent_locale_unsupported",
    "financial_connections_no_successful_transaction_refresh",
    "forwarding_api_inactive",
    "instant_payouts_config_disabled",
    "instant_payouts_currency_disabled",
    "instant_payouts_limit_exceeded",
    "instant_payouts_unsupported",
    "invalid_canceled_subscription_fields",
    "invoice_no_customer_line_items",
    "invoice_no_payment_method_types",
    "invoice_no_subscription_line_items",
    "invoice_not_editable",
    "invoice_on_behalf_of_not_editable",
    "invoice_upcoming_none",
    "out_of_inventory",
    "payout_reconciliation_not_ready",
    "payouts_limit_exceeded",
    "payouts_not_allowed",
    "product_inactive",
    "service_period_coupon_with_metered_tiered_item_unsupported",
    "shipping_calculation_failed",
    "sku_inactive",
    "smart_disputes_not_available",
    "subscription_update_trial_after_billing_cycle_anchor",
    "taxes_calculation_failed",
    "terminal_location_country_unsupported",
    "terminal_reader_busy",
    "terminal_reader_hardware_fault",
    "terminal_reader_invalid_location_for_activation",
    "terminal_reader_invalid_location_for_payment",
    "terminal_reader_offline",
    "terminal_reader_timeout",
    "transfer_source_balance_parameters_mismatch",
    "transfers_not_allowed",
  ),
} satisfies Record<StripeErrorCode, CodeMeaning>

/** Every code that the SDK lists; docs/errors.md shows what each becomes. */
export const LISTED_CODES = Object.keys(MEANINGS) as StripeErrorCode[]
