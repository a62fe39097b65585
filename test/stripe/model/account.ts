import { setTimeout as sleep } from "node:timers/promises"
import type Stripe from "stripe"
import { isMulticapture } from "../../../sandbox/charges.js"
import { StripeSandbox, type Fault, type TestCard } from "../../../sandbox/stripe-sandbox.js"
import { SLOW } from "../../model/faults.js"
import type { AmountChoice, DashboardAct, Elsewhere, Life, Trouble } from "./acts.js"

/** Milliseconds that the service waits for an answer, and until a request that comes late arrives after all. */
export const DEADLINE = 500
const LATE = 750

const REQUESTS: Readonly<Record<Trouble["on"], readonly string[]>> = {
  POST: [
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/:id",
    "POST /v1/payment_intents/:id/confirm",
    "POST /v1/payment_intents/:id/capture",
    "POST /v1/payment_intents/:id/cancel",
    "POST /v1/refunds",
    "POST /v1/customers",
  ],
  GET: ["GET /v1/payment_intents/:id", "GET /v1/refunds", "GET /v1/disputes", "GET /v1/customers"],
}

const BEFORE_PAYMENT = ["requires_payment_method", "requires_confirmation", "requires_action"]
const OPEN_DISPUTES = ["needs_response", "under_review"]

type Intent = Stripe.PaymentIntent
type Dashboard = Extract<Elsewhere, { do: "dashboard" }>

/** An account with Stripe, of which one life at a time has the use; and whoever acts there: shopper, merchant, network. */
export class Account {
  /** The intents whose secrets a storefront was given, and can still have on a page. */
  private readonly shown = new Set<string>()
  private readonly told = new Set<string>()
  private late: Promise<void>[] = []
  /** Whether anybody has moved money at the dashboard. */
  private isTouched = false
  private firstIntent = 0
  private firstEvent = 0

  private constructor(
    readonly name: string,
    readonly stripe: StripeSandbox,
  ) {}

  static async start(name: string): Promise<Account> {
    return new Account(name, await StripeSandbox.start())
  }

  /** The settings by which the service finds it. */
  get env(): Record<string, string> {
    const prefix = `STRIPE_${this.name.toUpperCase()}`
    const { apiKey, webhookSecret, url } = this.stripe
    return { [`${prefix}_API_KEY`]: apiKey, [`${prefix}_WEBHOOK_SECRET`]: webhookSecret, [`${prefix}_API_BASE`]: url }
  }

  begin({ isMulticapture }: Life): void {
    const { stripe } = this
    stripe.offerMulticapture(isMulticapture)
    stripe.holdRefunds(false)
    this.firstIntent = stripe.records.paymentIntents.size
    this.firstEvent = stripe.events.length
    this.isTouched = false
    this.shown.clear()
    this.told.clear()
  }

  /** Whether nobody but the service has moved money. */
  get isLeftAlone(): boolean {
    return !this.isTouched
  }

  /** Of this life, the latest first. */
  get intents(): Intent[] {
    return [...this.stripe.records.paymentIntents.values()].slice(this.firstIntent).reverse()
  }

  /** Plans what goes wrong with the next requests of each kind. */
  trouble({ on, fault }: Trouble): void {
    // What only asks is not declined.
    const isOdd = on === "GET" && fault === "decline"
    for (const pattern of REQUESTS[on]) this.stripe.faults.add(pattern, isOdd ? "429" : this.faultOf(fault))
  }

  /** Nothing more goes wrong, and what was under way has arrived. */
  async calms(): Promise<void> {
    this.stripe.faults.clear()
    await Promise.all(this.late)
    this.late = []
  }

  private faultOf(fault: Trouble["fault"]): Fault {
    switch (fault) {
      case "slow_before":
        return { holdRequest: sleep(SLOW) }
      case "slow_after":
        return { holdResponse: sleep(SLOW) }
      case "late": {
        const arrives = sleep(LATE)
        this.late.push(arrives)
        return { holdRequest: arrives }
      }
      default:
        return fault
    }
  }

  /** What a storefront is answered leads its shopper to an intent. */
  shows(intentId: unknown): void {
    if (typeof intentId === "string") this.shown.add(intentId)
  }

  isShown({ id }: Intent): boolean {
    return this.shown.has(id)
  }

  /** @returns what happened, in words; undefined where nothing can happen */
  does(act: Elsewhere): string | undefined {
    switch (act.do) {
      case "pay":
        return this.pays(act.intent, act.card)
      case "challenge":
        return this.endsChallenge(act.passes)
      case "settle":
        return this.settles(act.succeeds)
      case "dashboard":
        return this.dashboard(act)
      case "dispute":
        return this.disputeGoes(act.goes)
      case "refund_ends":
        return this.refundEnds(act.refund, act.succeeds)
      case "slow_refunds":
        this.stripe.holdRefunds(act.on)
        return `refunds are ${act.on ? "slow" : "quick"}`
      case "index":
        this.stripe.updateSearchIndex()
        return "the search has caught up"
    }
  }

  private pays(nth: number, card: TestCard): string | undefined {
    const intent = pick(
      this.intents.filter((each) => this.isShown(each) && this.stripe.canPay(each.id, card)),
      nth,
    )
    return intent && `pays ${intent.id}: ${this.stripe.pay(intent.id, card).status}`
  }

  private endsChallenge(passes: boolean): string | undefined {
    const intent = this.intents.find((each) => each.status === "requires_action" && !transferOf(each))
    if (!intent) return undefined
    const { status } = passes ? this.stripe.completeChallenge(intent.id) : this.stripe.failChallenge(intent.id)
    return `ends the challenge of ${intent.id}: ${status}`
  }

  /** A debit or a transfer of the shopper's gets through, or not yet. */
  private settles(succeeds: boolean): string | undefined {
    const intent = this.intents.find((each) => each.status === "processing" || transferOf(each))
    if (!intent) return undefined
    const { id } = intent
    return `${id} settles: ${this.settle(intent, succeeds).status}`
  }

  private settle(intent: Intent, succeeds: boolean): Intent {
    const { id } = intent
    const transfer = transferOf(intent)
    if (transfer) return this.stripe.receiveTransfer(id, succeeds ? (transfer.amount_remaining ?? 0) : 1)
    return succeeds ? this.stripe.completeProcessing(id) : this.stripe.failProcessing(id)
  }

  /** Does the first thing of those that is possible. */
  private dashboard({ whats, nth, amount: choice }: Dashboard): string | undefined {
    for (const what of whats) {
      const possible = this.intents.filter((each) => this.isPossible(each, what))
      const intent = pick(possible, nth)
      if (!intent) continue
      this.isTouched = true
      return this.actOn(intent, what, choice)
    }
    return undefined
  }

  private actOn(intent: Intent, what: DashboardAct, choice: AmountChoice): string {
    const { id } = intent
    switch (what) {
      case "capture": {
        const amount = amountOf(intent.amount_capturable, choice)
        const charge = this.stripe.records.latestCharge(this.stripe.records.intent(id))
        const isFinal = choice !== "unit" || !charge || !isMulticapture(charge)
        this.stripe.capture(id, amount, isFinal)
        return `captures ${amount ?? "all"} of ${id} there`
      }
      case "refund": {
        const amount = amountOf(this.refundable(intent), choice)
        this.stripe.refund(id, amount)
        return `refunds ${amount ?? "all"} of ${id} there`
      }
      case "cancel":
        this.stripe.cancel(id)
        return `cancels ${id} there`
      case "expire":
        this.stripe.expireAuthorization(id)
        return `${id} expires`
      case "dispute":
        this.stripe.openDispute(id)
        return `disputes ${id}`
    }
  }

  private isPossible(intent: Intent, what: DashboardAct): boolean {
    const { status, amount_received } = intent
    switch (what) {
      case "capture":
      case "expire":
        return status === "requires_capture"
      case "cancel":
        return status === "requires_capture" || BEFORE_PAYMENT.includes(status)
      case "refund":
        return this.refundable(intent) > 0 && this.disputesOf(intent).every(({ status }) => status === "won")
      case "dispute":
        return amount_received > 0 && this.disputesOf(intent).length === 0
    }
  }

  private disputeGoes(how: "on" | "won" | "lost"): string | undefined {
    const dispute = this.intents.flatMap((intent) => this.disputesOf(intent)).find(isOpen)
    if (!dispute) return undefined
    if (how === "on") this.stripe.submitEvidence(dispute.id)
    else this.stripe.closeDispute(dispute.id, how)
    return `${dispute.id} goes ${how}`
  }

  private refundEnds(nth: number, succeeds: boolean): string | undefined {
    const refunds = this.intents.flatMap((intent) => this.refundsOf(intent)).reverse()
    const refund = pick(
      refunds.filter(({ status }) => status === "pending" || (status === "succeeded" && !succeeds)),
      nth,
    )
    if (!refund) return undefined
    this.isTouched = true
    if (succeeds) this.stripe.completeRefund(refund.id)
    else this.stripe.failRefund(refund.id)
    return `${refund.id} ${succeeds ? "settles" : "fails"}`
  }

  /** Whatever takes days is over. */
  finishes(): void {
    this.stripe.holdRefunds(false)
    for (const intent of this.intents) {
      if (intent.status === "processing") this.settle(intent, true)
      for (const dispute of this.disputesOf(intent)) if (isOpen(dispute)) this.stripe.closeDispute(dispute.id, "won")
      for (const { id, status } of this.refundsOf(intent)) if (status === "pending") this.stripe.completeRefund(id)
    }
  }

  /** What was refunded, without the releases that an account with an older API version books as refunds. */
  refundsOf({ id }: Intent): Stripe.Refund[] {
    return [...this.stripe.records.refunds.values()].filter(
      ({ payment_intent, destination_details }) =>
        payment_intent === id && destination_details?.card?.type !== "reversal",
    )
  }

  disputesOf({ id }: Intent): Stripe.Dispute[] {
    return [...this.stripe.records.disputes.values()].filter(({ payment_intent }) => payment_intent === id)
  }

  private refundable(intent: Intent): number {
    const refunds = this.refundsOf(intent).filter(({ status }) => status !== "failed")
    return intent.amount_received - refunds.reduce((sum, { amount }) => sum + amount, 0)
  }

  /** The events that were not told, in their order. */
  get untold(): Stripe.Event[] {
    return this.events.filter(({ id }) => !this.told.has(id))
  }

  /** The events that were told. */
  get retold(): Stripe.Event[] {
    return this.events.filter(({ id }) => this.told.has(id))
  }

  private get events(): Stripe.Event[] {
    return this.stripe.events.slice(this.firstEvent)
  }

  /** Posts an event to an instance of the service, and answers the status. */
  async tell(serviceUrl: string, event: Stripe.Event): Promise<number> {
    const url = `${serviceUrl}/hooks/payment/stripe_${this.name}`
    const [response] = await this.stripe.webhooks.deliver(url, [event])
    if (response?.ok) this.told.add(event.id)
    return response?.status ?? 0
  }
}

export function pick<T>(from: readonly T[], nth: number): T | undefined {
  return from[nth % from.length]
}

/** Minor units; undefined for all there is. */
export function amountOf(possible: number, choice: AmountChoice): number | undefined {
  switch (choice) {
    case "part":
      return Math.max(1, Math.floor(possible / 2))
    case "rest":
      return Math.max(1, possible)
    case "unit":
      return 1
    case "none":
      return undefined
  }
}

function transferOf({ status, next_action }: Intent) {
  return status === "requires_action" ? next_action?.display_bank_transfer_instructions : undefined
}

function isOpen({ status }: Stripe.Dispute): boolean {
  return OPEN_DISPUTES.includes(status)
}
