import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer, type Server } from "node:http"
import Stripe from "stripe"
import { Attempts } from "./attempts.js"
import { Books } from "./books.js"
import type { TestCard } from "./cards.js"
import { Charges } from "./charges.js"
import { Customers } from "./customers.js"
import { Disputes, type DisputeOpening } from "./disputes.js"
import { type Fault, Faults } from "./faults.js"
import { PaymentIntents } from "./payment-intents.js"
import { Refunds } from "./refunds.js"
import { type LoggedRequest, StripeServer } from "./server.js"
import type { AccountSettings } from "./settings.js"
import { SetupIntents } from "./setup-intents.js"
import { type Delivery, type Signed, type Signing, Webhooks } from "./webhooks.js"

export type { AccountSettings, Delivery, DisputeOpening, Fault, LoggedRequest, Signed, Signing, TestCard }

type Codes = AccountSettings["codes"]

/** The last API version in which a release made a refund. */
const LAST_WITH_RELEASES = "2025-02-24.acacia"

/**
 * Stripe's API over HTTP, in memory: what the `stripe` package talks to with
 * `new Stripe(stripe.apiKey, stripe.connection)`. It keeps books, checks what Stripe checks, and makes an event of every
 * change. Its methods are what the world does meanwhile: the shopper, somebody at Stripe's dashboard, the network.
 *
 * A parameter that it does not play is refused like one that Stripe does not know.
 */
export class FakeStripe {
  readonly apiKey = "sk_test_fake"
  readonly publishableKey = "pk_test_fake"
  readonly webhookSecret = "whsec_fake"
  /** Everything that the account holds, for a test to look into; what is in there is live. */
  readonly books = new Books()

  private readonly faults = new Faults()
  private readonly webhooks = new Webhooks(this.books.events, this.webhookSecret)
  private readonly customers = new Customers(this.books)
  private readonly setupIntents = new SetupIntents(this.books, this.customers)
  private readonly refundsMade = new Refunds(this.books)
  private readonly disputesOpened = new Disputes(this.books)
  private readonly attempts: Attempts
  private readonly intents: PaymentIntents
  private readonly api: StripeServer

  private constructor(
    private readonly server: Server,
    /** Without a slash at its end. */
    readonly url: string,
  ) {
    const charges = new Charges(this.books, this.refundsMade)
    this.attempts = new Attempts(this.books, charges, this.customers, url)
    this.intents = new PaymentIntents(this.books, charges, this.customers, this.attempts)
    this.api = new StripeServer(this, this.faults, {
      books: this.books,
      intents: this.intents,
      attempts: this.attempts,
      refunds: this.refundsMade,
      customers: this.customers,
      setupIntents: this.setupIntents,
    })
    server.on("request", (request, response) => {
      void this.api.receive(request, response)
    })
  }

  static async start(port = 0): Promise<FakeStripe> {
    const server = createServer()
    server.listen(port, "127.0.0.1")
    await once(server, "listening")
    return new FakeStripe(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  async stop(): Promise<void> {
    this.webhooks.stop()
    const closed = once(this.server, "close")
    this.server.close()
    // Calls that are never answered would keep it open.
    this.server.closeAllConnections()
    await closed
  }

  /** The options with which the `stripe` package talks to this server. */
  get connection(): { host: string; port: string; protocol: "http" } {
    const { hostname, port } = new URL(this.url)
    return { host: hostname, port, protocol: "http" }
  }

  // What the account is.

  /** Changes what differs between accounts, API versions, or documentation and reports. */
  configure({ codes, ...settings }: Partial<Omit<AccountSettings, "codes">> & { codes?: Partial<Codes> }): void {
    Object.assign(this.books.settings, settings)
    Object.assign(this.books.settings.codes, codes)
    this.books.events.apiVersion = this.books.settings.releasesMakeRefunds ? LAST_WITH_RELEASES : Stripe.API_VERSION
  }

  /** As if the account did not have an object, as with another API key: an intent, a customer, a payment method, ... */
  forget(id: string): void {
    this.books.forget(id)
  }

  /** As if the account had nothing, neither objects nor idempotency keys; its events stay for a test to look into. */
  forgetAll(): void {
    this.books.forgetAll()
    this.api.forgetKeys()
  }

  /** Forgets the idempotency keys, as Stripe may after a day. */
  forgetKeys(): void {
    this.api.forgetKeys()
  }

  /** Whether intents that ask for multicapture get it; they do not unless said so. */
  offersMulticapture(offered = true): void {
    this.configure({ multicapture: offered ? "available" : "ignored" })
  }

  /** Whether refunds stay pending until {@link refundSettles} or {@link refundFails}; they do not unless said so. */
  refundsArePending(pending = true): void {
    this.configure({ refundsArePending: pending })
  }

  /** Lets the search find what was made up to now; until then it finds nothing of it, as Stripe's may. */
  indexes(): void {
    this.books.index()
  }

  // What the shopper does. Throws where the intent does not wait for it.

  /** Pays with Stripe.js, successfully or not: the intent says what came of it. */
  pays(intentId: string, card: TestCard = "ok"): Stripe.PaymentIntent {
    return this.intents.shopperPays(intentId, card)
  }

  /** Whether {@link pays} can be done: the intent waits for it, and can be captured as it says after such a payment. */
  canPay(intentId: string, card: TestCard = "ok"): boolean {
    return this.intents.canBePaid(intentId, card)
  }

  /** Passes the challenge of a `challenge` card. */
  completesChallenge(intentId: string): Stripe.PaymentIntent {
    return this.attempts.challengeEnds(intentId, "passed")
  }

  failsChallenge(intentId: string): Stripe.PaymentIntent {
    return this.attempts.challengeEnds(intentId, "failed")
  }

  /** An `asynchronous` payment gets through. */
  settles(intentId: string): Stripe.PaymentIntent {
    return this.attempts.processingEnds(intentId, "succeeded")
  }

  failsToSettle(intentId: string): Stripe.PaymentIntent {
    return this.attempts.processingEnds(intentId, "failed")
  }

  /** Transfers an amount, in minor units, for a `bank_transfer`: the intent succeeds once all of it is there. */
  transfers(intentId: string, amount: number): Stripe.PaymentIntent {
    return this.attempts.transferArrives(intentId, amount)
  }

  /** Ends a setup intent: the card is saved with its customer, unless it is declined. */
  completesSetup(setupIntentId: string, card: TestCard = "ok"): Stripe.SetupIntent {
    return this.setupIntents.complete(setupIntentId, card)
  }

  /** Leaves a card with a customer, however it came there. */
  savesCard(customerId: string, card: TestCard = "ok"): Stripe.PaymentMethod {
    return this.customers.attach(this.customers.createMethod(card).id, customerId)
  }

  // What somebody does at the dashboard.

  /** @param amount minor units; all that is captured, unless given */
  refunds(intentId: string, amount?: number): Stripe.Refund {
    return this.refundsMade.create({ intentId, amount, metadata: {} })
  }

  /** @param amount minor units; all that can be captured, unless given */
  captures(intentId: string, amount?: number, isFinal = true): Stripe.PaymentIntent {
    return this.intents.capture(intentId, { amount, isFinal })
  }

  cancels(intentId: string): Stripe.PaymentIntent {
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

  /** Writes metadata that is not ours, over what there is; an empty text unsets a name. */
  writeMetadata(intentId: string, metadata: Record<string, string>): Stripe.PaymentIntent {
    return this.intents.writeMetadata(intentId, metadata)
  }

  /** Has Stripe refuse every refund of an intent's charge with `charge_not_refundable`. */
  refuseRefunds(intentId: string): void {
    const charge = this.books.latestCharge(this.books.intent(intentId))
    if (!charge) throw new Error(`The payment intent ${intentId} has no charge`)
    this.books.unrefundable.add(charge.id)
  }

  /** The bank ends the authorization: a capture is refused, though the intent is not canceled before {@link expires}. */
  lapse(intentId: string): Stripe.PaymentIntent {
    return this.intents.lapse(intentId)
  }

  /** What the act leads to is recorded, and its webhooks are lost: `withoutWebhooks(() => stripe.captures(id))`. */
  withoutWebhooks<T>(act: () => T): T {
    return this.books.events.quietly(act)
  }

  /** The authorization runs out, as after seven days. */
  expires(intentId: string): Stripe.PaymentIntent {
    return this.intents.expire(intentId)
  }

  refundSettles(refundId: string): Stripe.Refund {
    return this.refundsMade.settle(refundId)
  }

  /** Also of a refund that has succeeded: the money comes back. */
  refundFails(refundId: string): Stripe.Refund {
    return this.refundsMade.fail(refundId)
  }

  /** The shopper's bank takes the payment back, for now. */
  disputes(intentId: string, opening: DisputeOpening = {}): Stripe.Dispute {
    return this.disputesOpened.open(intentId, opening)
  }

  /** Evidence is handed in. */
  answersDispute(disputeId: string): Stripe.Dispute {
    return this.disputesOpened.answer(disputeId)
  }

  closesDispute(disputeId: string, outcome: "won" | "lost"): Stripe.Dispute {
    return this.disputesOpened.close(disputeId, outcome)
  }

  // What happens to requests.

  /**
   * What becomes of the next requests; faults queue up.
   * @param pattern method and path: `POST /v1/payment_intents/:id/capture`
   */
  fails(pattern: string, fault: Fault, times = 1): void {
    this.faults.add(pattern, fault, times)
  }

  /** Forgets the faults that no request has used up. */
  behaves(): void {
    this.faults.clear()
  }

  /** Every request that arrived, in order, whatever became of it. */
  get requests(): readonly LoggedRequest[] {
    return this.api.requests
  }

  /** The next request that matches the pattern, as it arrives: before anything is done about it. */
  arrival(pattern: string): Promise<LoggedRequest> {
    return this.api.arrival(pattern)
  }

  // Events.

  /** All that happened, in order. */
  get events(): readonly Stripe.Event[] {
    return this.books.events.all
  }

  /** A webhook with Stripe's signature. */
  signed(event: Stripe.Event, signing: Signing = {}): Signed {
    return this.webhooks.signed(event, signing)
  }

  /** Posts events to a URL, one after the other as they are given, and answers the responses. */
  deliver(url: string, events: readonly Stripe.Event[], signing: Signing = {}): Promise<Response[]> {
    return this.webhooks.deliver(url, events, signing)
  }

  /** From now on, posts every event to the URL soon after it has happened; what fails is tried again, five times. */
  sendsTo(url: string, secret = this.webhookSecret): void {
    this.webhooks.sendTo(url, secret)
  }

  /** Keeps back the events that happen from now on. */
  pauses(): void {
    this.webhooks.pause()
  }

  resumes(): void {
    this.webhooks.resume()
  }

  /** Waits until nothing is on its way any more, and answers all deliveries up to now, given up ones among them. */
  delivered(): Promise<readonly Delivery[]> {
    return this.webhooks.delivered()
  }
}
