import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import Stripe from "stripe"
import { ApiServer, type LoggedRequest } from "./api-server.js"
import { Attempts } from "./attempts.js"
import { Authorizations } from "./authorizations.js"
import type { TestCard } from "./cards.js"
import { Charges } from "./charges.js"
import { ControlServer } from "./control/control-server.js"
import { Customers } from "./customers.js"
import { Disputes, type DisputeOpening } from "./disputes.js"
import { type Fault, Faults } from "./faults.js"
import { PaymentIntents } from "./payment-intents.js"
import { Records } from "./records.js"
import { Refunds } from "./refunds.js"
import type { AccountSettings } from "./settings.js"
import { SetupIntents } from "./setup-intents.js"
import { type Delivery, RETRY_DELAYS, type SignedWebhook, type Signing, Webhooks } from "./webhooks.js"

export type { AccountSettings, Delivery, DisputeOpening, Fault, LoggedRequest, Signing, SignedWebhook, TestCard }

type Codes = AccountSettings["codes"]

/** Settings of the account, to be changed in part. */
export type SettingsChange = Partial<Omit<AccountSettings, "codes">> & { codes?: Partial<Codes> }

/** The last API version in which a release made a refund. */
const LAST_WITH_RELEASES = "2025-02-24.acacia"

export interface SandboxOptions {
  /** 0 for any free port. */
  readonly port?: number
  /** Seconds before each retry of a webhook. */
  readonly retryDelays?: readonly number[]
}

/**
 * A stand-in for Stripe's API over HTTP, in memory. The `stripe` package connects to it with
 * `new Stripe(sandbox.apiKey, sandbox.connection)`. It stores objects, checks what Stripe checks, and records an event for
 * every change. The source of each behaviour stands beside its code. A parameter that it does not support is rejected like
 * one that Stripe does not know.
 *
 * Its methods are what happens outside of the API: acts of the shopper, of banks, of staff in the Dashboard, and faults of
 * the network. The control routes under `/_control` do the same over HTTP.
 */
export class StripeSandbox {
  readonly apiKey = "sk_test_sandbox"
  readonly publishableKey = "pk_test_sandbox"
  readonly webhookSecret = "whsec_sandbox"
  /** Everything that the account has, live. */
  readonly records = new Records()
  readonly faults = new Faults()
  readonly webhooks: Webhooks

  private readonly customers = new Customers(this.records)
  private readonly setupIntents = new SetupIntents(this.records, this.customers)
  private readonly refunds = new Refunds(this.records)
  private readonly disputes = new Disputes(this.records)
  private readonly authorizations: Authorizations
  private readonly attempts: Attempts
  private readonly intents: PaymentIntents
  private readonly api: ApiServer

  private constructor(
    private readonly server: Server,
    /** Without a slash at its end. */
    readonly url: string,
    retryDelays: readonly number[],
  ) {
    const { records, customers } = this
    this.webhooks = new Webhooks(records.events, records.clock, this.webhookSecret, retryDelays)
    const charges = new Charges(records, this.refunds)
    this.authorizations = new Authorizations(records, charges)
    this.attempts = new Attempts(records, charges, this.authorizations, customers, url)
    this.intents = new PaymentIntents(records, this.authorizations, customers, this.attempts)
    const { intents, attempts, refunds, setupIntents } = this
    this.api = new ApiServer(this, this.faults, { records, intents, attempts, refunds, customers, setupIntents })
    const control = new ControlServer(this)
    server.on("request", (request, response) => {
      void (control.handles(request) ? control : this.api).receive(request, response)
    })
  }

  /** @throws Error with the code `EADDRINUSE` if the port is taken */
  static async start({ port = 0, retryDelays = RETRY_DELAYS }: SandboxOptions = {}): Promise<StripeSandbox> {
    const server = createServer()
    server.listen(port, "127.0.0.1")
    await once(server, "listening")
    return new StripeSandbox(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, retryDelays)
  }

  async stop(): Promise<void> {
    this.records.clock.stop()
    this.webhooks.stop()
    const closed = once(this.server, "close")
    this.server.close()
    // Calls without a response would keep it open.
    this.server.closeAllConnections()
    await closed
  }

  /** The options with which the `stripe` package connects to the sandbox. */
  get connection(): { host: string; port: string; protocol: "http" } {
    const { hostname, port } = new URL(this.url)
    return { host: hostname, port, protocol: "http" }
  }

  // The account.

  /** Changes what differs between accounts, API versions, or documentation and reports. */
  configure({ codes, ...settings }: SettingsChange): void {
    Object.assign(this.records.settings, settings)
    Object.assign(this.records.settings.codes, codes)
    this.records.events.apiVersion = this.records.settings.releasesMakeRefunds ? LAST_WITH_RELEASES : Stripe.API_VERSION
  }

  /** Whether intents that request multicapture get it; by default they do not. */
  offerMulticapture(isOffered = true): void {
    this.configure({ multicapture: isOffered ? "available" : "ignored" })
  }

  /** Whether refunds stay pending until {@link completeRefund}, {@link failRefund} or some days later; by default not. */
  holdRefunds(arePending = true): void {
    this.configure({ refundsArePending: arePending })
  }

  /** Moves the clock forward. Everything that falls due meanwhile happens, in order. */
  advance(seconds: number): void {
    this.records.clock.advance(seconds)
  }

  /** Deletes an object as if it never existed: an intent, a customer, a payment method, ... */
  deleteObject(id: string): void {
    this.records.delete(id)
  }

  /** Deletes all objects and idempotency keys, as if the API key were another account's. The events stay. */
  deleteEverything(): void {
    this.records.deleteEverything()
    this.expireIdempotencyKeys()
  }

  /** Drops the idempotency keys, as Stripe may after a day. */
  expireIdempotencyKeys(): void {
    this.api.expireIdempotencyKeys()
  }

  /** Lets the search find everything up to now; before, it finds nothing new, because Stripe's search lags behind. */
  updateSearchIndex(): void {
    this.records.updateSearchIndex()
  }

  // The shopper and the banks. Throws if the object does not wait for it.

  /** Pays with Stripe.js, successfully or not: the intent shows the result. */
  pay(intentId: string, card: TestCard = "ok"): Stripe.PaymentIntent {
    return this.intents.shopperPays(intentId, card)
  }

  /** Whether the intent waits for {@link pay}, and this card allows its capture method. */
  canPay(intentId: string, card: TestCard = "ok"): boolean {
    return this.intents.canBePaid(intentId, card)
  }

  /** Passes the challenge of a `challenge` card. */
  completeChallenge(intentId: string): Stripe.PaymentIntent {
    return this.attempts.challengeEnds(intentId, "passed")
  }

  failChallenge(intentId: string): Stripe.PaymentIntent {
    return this.attempts.challengeEnds(intentId, "failed")
  }

  /** The bank completes an `asynchronous` payment. */
  completeProcessing(intentId: string): Stripe.PaymentIntent {
    return this.attempts.processingEnds(intentId, "succeeded")
  }

  failProcessing(intentId: string): Stripe.PaymentIntent {
    return this.attempts.processingEnds(intentId, "failed")
  }

  /** Money arrives for a `bank_transfer`, in minor units. The intent succeeds once all of it is there. */
  receiveTransfer(intentId: string, amount: number): Stripe.PaymentIntent {
    return this.attempts.transferArrives(intentId, amount)
  }

  /** Ends a setup intent: the card is saved with its customer, unless it is declined. */
  completeSetup(setupIntentId: string, card: TestCard = "ok"): Stripe.SetupIntent {
    return this.setupIntents.complete(setupIntentId, card)
  }

  /** Saves a card with a customer. */
  saveCard(customerId: string, card: TestCard = "ok"): Stripe.PaymentMethod {
    return this.customers.attach(this.customers.createMethod(card).id, customerId)
  }

  /** The bank ends the authorization: a capture is refused, and the intent is not canceled before it expires. */
  lapseAuthorization(intentId: string): Stripe.PaymentIntent {
    return this.authorizations.lapse(intentId)
  }

  /** The authorization runs out, as after seven days. */
  expireAuthorization(intentId: string): Stripe.PaymentIntent {
    return this.authorizations.expire(intentId)
  }

  completeRefund(refundId: string): Stripe.Refund {
    return this.refunds.complete(refundId)
  }

  /** The money comes back, also from a refund that has succeeded. */
  failRefund(refundId: string): Stripe.Refund {
    return this.refunds.fail(refundId)
  }

  /** The shopper's bank takes the payment back, for now. */
  openDispute(intentId: string, opening: DisputeOpening = {}): Stripe.Dispute {
    return this.disputes.open(intentId, opening)
  }

  submitEvidence(disputeId: string): Stripe.Dispute {
    return this.disputes.submitEvidence(disputeId)
  }

  closeDispute(disputeId: string, outcome: "won" | "lost"): Stripe.Dispute {
    return this.disputes.close(disputeId, outcome)
  }

  // The Dashboard.

  /** @param amount minor units; by default the whole captured rest */
  refund(intentId: string, amount?: number): Stripe.Refund {
    return this.refunds.create({ intentId, amount, metadata: {} })
  }

  /** @param amount minor units; by default everything that can be captured */
  capture(intentId: string, amount?: number, isFinal = true): Stripe.PaymentIntent {
    return this.intents.capture(intentId, { amount, isFinal })
  }

  cancel(intentId: string): Stripe.PaymentIntent {
    return this.intents.cancel(intentId, null)
  }

  /** Deletes a customer; its payment methods are detached. */
  deleteCustomer(customerId: string): Stripe.DeletedCustomer {
    return this.customers.remove(customerId)
  }

  /** Detaches a payment method from its customer, for good. */
  detachMethod(methodId: string): Stripe.PaymentMethod {
    return this.customers.detach(methodId)
  }

  /** Merges metadata into an intent's; an empty text removes a name. */
  writeMetadata(intentId: string, metadata: Record<string, string>): Stripe.PaymentIntent {
    return this.intents.writeMetadata(intentId, metadata)
  }

  /** Refuses every refund of an intent's charge with `charge_not_refundable`. */
  refuseRefunds(intentId: string): void {
    const charge = this.records.latestCharge(this.records.intent(intentId))
    if (!charge) throw new Error(`The payment intent ${intentId} has no charge`)
    this.records.unrefundable.add(charge.id)
  }

  /** Records the events of an act, and loses their webhooks: `withoutWebhooks(() => sandbox.capture(id))`. */
  withoutWebhooks<T>(act: () => T): T {
    return this.records.events.withoutListeners(act)
  }

  // Requests.

  /** Every request to the API, in order, whatever its result. */
  get requests(): readonly LoggedRequest[] {
    return this.api.requests
  }

  /** Resolves with the next request that matches, before it is executed. */
  nextRequest(pattern: string): Promise<LoggedRequest> {
    return this.api.nextRequest(pattern)
  }

  /** Whether the API has a route for a method and a path, whose ids can be placeholders: `/v1/refunds/:id`. */
  hasRoute(method: string, path: string): boolean {
    return this.api.hasRoute(method, path)
  }

  /** All events, in order. */
  get events(): readonly Stripe.Event[] {
    return this.records.events.all
  }
}
