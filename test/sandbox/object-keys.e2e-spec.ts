import { afterEach, beforeEach, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import type { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { SandboxWorld } from "./sandbox-world.js"

let world: SandboxWorld
let stripe: StripeSandbox
let sdk: Stripe
beforeEach(async () => {
  world = await SandboxWorld.start()
  ;({ stripe, sdk } = world)
})
afterEach(() => world.stripe.stop())

describe("objects", () => {
  it("have the same keys as Stripe's", async () => {
    stripe.holdRefunds()
    const { id: customer } = await sdk.customers.create({})
    const setup = await sdk.setupIntents.create({ customer })
    stripe.completeSetup(setup.id)
    const { id } = await world.create({ customer })
    stripe.pay(id)
    const refund = await sdk.refunds.create({ payment_intent: id, amount: 100 })
    const dispute = stripe.openDispute(id)
    const [method] = (await sdk.customers.listPaymentMethods(customer)).data
    const objects: Record<string, object | undefined> = {
      payment_intent: await sdk.paymentIntents.retrieve(id),
      charge: await world.chargeOf(id),
      refund,
      dispute,
      customer: await sdk.customers.retrieve(customer),
      payment_method: method,
      setup_intent: await sdk.setupIntents.retrieve(setup.id),
      event: stripe.events[0],
    }
    const keys = Object.entries(objects).map(([name, object]) => [name, Object.keys(object ?? {}).sort()])
    const wanted = Object.entries(KEYS).map(([name, names]) => [name, names.trim().split(/\s+/).sort()])
    expect(Object.fromEntries(keys)).toEqual(Object.fromEntries(wanted))
  })
})

/** The keys of each object; the charge has its refunds expanded. */
const KEYS = {
  payment_intent: `
    allowed_payment_method_types amount amount_capturable amount_details amount_received application
    application_fee_amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret
    confirmation_method created currency customer customer_account description excluded_payment_method_types id
    last_payment_error latest_charge livemode managed_payments metadata next_action object on_behalf_of payment_method
    payment_method_configuration_details payment_method_options payment_method_types payment_record processing
    receipt_email review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group`,
  charge: `
    amount amount_captured amount_refunded application application_fee application_fee_amount balance_transaction
    billing_details calculated_statement_descriptor captured created currency customer description disputed
    failure_balance_transaction failure_code failure_message fraud_details id livemode metadata object on_behalf_of
    outcome paid payment_intent payment_method payment_method_details receipt_email receipt_number receipt_url refunded
    refunds review shipping source source_transfer statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group`,
  refund: `
    amount balance_transaction charge created currency customer customer_account destination_details id metadata object
    payment_intent payment_method reason receipt_number source_transfer_reversal status transfer_reversal`,
  dispute: `
    amount balance_transactions charge created currency enhanced_eligibility_types evidence evidence_details id
    intended_submission_method is_charge_refundable livemode metadata object payment_intent payment_method_details
    reason status`,
  customer: `
    address balance created currency default_source delinquent description discount email id invoice_prefix
    invoice_settings livemode metadata name next_invoice_sequence object phone preferred_locales shipping tax_exempt
    test_clock`,
  payment_method: `
    allow_redisplay billing_details card created customer customer_account id livemode metadata object type`,
  setup_intent: `
    allowed_payment_method_types application automatic_payment_methods cancellation_reason client_secret created
    customer description excluded_payment_method_types flow_directions id last_setup_error latest_attempt livemode
    mandate metadata next_action object on_behalf_of payment_method payment_method_configuration_details
    payment_method_options payment_method_types single_use_mandate status usage`,
  event: "api_version created data id livemode object pending_webhooks request type",
}
