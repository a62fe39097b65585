import { createHmac } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import type {
  Declined,
  Gone,
  LookUpCall,
  CallNotFound,
  NotOurs,
  PaymentState,
  ProviderCall,
  ProviderData,
  ProviderEvent,
  ProviderOutcome,
  ReceivedWebhook,
  RefundState,
  WebhookRequest,
  WebhookSource,
} from "../../src/payment-providers/contract/index.js"
import type { BankAccount } from "./fake-bank.js"
import { answerOf, authorizationOf, given, stateOf, type TellingPayment } from "./telling-payment.js"

const SIGNATURE = "x-telling-signature"
const SECRET = "telling-secret"

/** Whatever the session. */
const ANY = ""

type Method = "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel" | "lookUp"
type Kind = Method | "inspect" | "report"

/**
 * An account with a provider that tells what happens there. Its books are the test's, which plays shopper and dashboard
 * by changing them; calls act on them as a real provider would.
 */
export class TellingAccount implements WebhookSource {
  readonly calls: { readonly kind: Kind; readonly sessionId: string }[] = []
  /** Refunds are taken on, and stay pending until the test changes them. */
  takesRefundsOn = false
  private readonly payments = new Map<string, TellingPayment>()
  /** Sessions whose payments the account does not know any more. */
  private readonly vanished = new Set<string>()
  private readonly answers = new Map<string, { fingerprint: object; outcome: ProviderOutcome }>()
  private readonly barriers: { kind: Kind; sessionId: string; reach: () => void; wait: Promise<void> }[] = []
  private readonly failures: { kind: Kind; sessionId: string }[] = []
  private readonly refusals: { kind: Method; sessionId: string; about: Partial<Declined> }[] = []

  /**
   * Keeps the answer of the next such call back: it is found already, and may be old when it arrives.
   * @param sessionId what the call is about; anything, unless it is given
   */
  hold(kind: Kind, sessionId = ANY): { reached: Promise<void>; release: () => void } {
    let reach: () => void = () => undefined
    let release: () => void = () => undefined
    const reached = new Promise<void>((resolve) => (reach = resolve))
    const wait = new Promise<void>((resolve) => (release = resolve))
    this.barriers.push({ kind, sessionId, reach, wait })
    return { reached, release }
  }

  /** The next such calls are carried out, and their answers are lost. */
  fail(kind: Kind, sessionId: string, times = 1): void {
    this.failures.push(...Array.from({ length: times }, () => ({ kind, sessionId })))
  }

  /** The next such call is refused, for the moment. */
  refuse(kind: Method, sessionId: string, about: Partial<Declined> = {}): void {
    this.refusals.push({ kind, sessionId, about })
  }

  /** Forgets a payment, as an account does that is reached with another API key. */
  vanish(sessionId: string): void {
    this.vanished.add(sessionId)
  }

  /** Knows a payment again. */
  restore(sessionId: string): void {
    this.vanished.delete(sessionId)
  }

  reset(): void {
    this.takesRefundsOn = false
    this.vanished.clear()
    for (const list of [this.calls, this.barriers, this.failures, this.refusals]) list.length = 0
  }

  countOf(kind: Kind, sessionId: string): number {
    return this.calls.filter((call) => call.kind === kind && call.sessionId === sessionId).length
  }

  /** A payment in the books. */
  of(sessionId: string): TellingPayment {
    const payment = this.payments.get(sessionId)
    if (!payment) throw new Error(`The account has no books of ${sessionId}`)
    return payment
  }

  open(sessionId: string, amount = 1000n, currency = "eur"): TellingPayment {
    const none = { authorized: 0n, captured: 0n, isClosed: false, isAsynchronous: false }
    const data = { client_secret: `told_${sessionId}` }
    const payment = {
      sessionId,
      currency,
      amount,
      status: "pending",
      ...none,
      refunds: [],
      disputes: [],
      data,
    } as const
    this.payments.set(sessionId, { ...payment, refunds: [], disputes: [] })
    return this.of(sessionId)
  }

  /** The shopper authorizes; the account may capture at once. */
  pay(sessionId: string, { captured = 0n } = {}): TellingPayment {
    const payment = this.of(sessionId)
    return Object.assign(payment, { status: "authorized", authorized: payment.amount, captured })
  }

  /** Somebody refunds in the dashboard. */
  giveBack(sessionId: string, amount: bigint, about: Partial<RefundState> = {}): RefundState {
    const { refunds, currency } = this.of(sessionId)
    const refund = { id: `tr_${sessionId}_${refunds.length}`, amount: { minor: amount, currency }, ...about }
    refunds.push({ status: "succeeded", ...refund })
    return { status: "succeeded", ...refund }
  }

  /** Something changes of a refund. */
  change(sessionId: string, refund: number, about: Partial<RefundState>): void {
    const payment = this.of(sessionId)
    payment.refunds = payment.refunds.map((each, index) => (index === refund ? { ...each, ...about } : each))
  }

  /** As a bank's books are compared. */
  get books(): Map<string, BankAccount> {
    return new Map(
      [...this.payments].map(([id, { currency, amount, authorized, captured, status, isClosed, refunds }]) => [
        id,
        {
          currency,
          amount,
          authorized,
          captured,
          refunded: given(refunds),
          canceled: status === "canceled" || isClosed,
        },
      ]),
    )
  }

  receive({ body, headers }: WebhookRequest): ReceivedWebhook {
    if (headers[SIGNATURE] !== sign(body)) return { verdict: "forged", reason: "The signature does not match." }
    const payload = JSON.parse(new TextDecoder().decode(body)) as Record<"id" | "type" | "reference", string>
    const { session_id: sessionId } = payload as { session_id?: string }
    if (payload.type === "ping") return { verdict: "ignored" }
    const { id, type, reference } = payload
    return { verdict: "event", event: { id, type, reference, ...(sessionId && { sessionId }), payload } }
  }

  referenceOf({ reference }: ProviderData): string | undefined {
    return typeof reference === "string" ? reference : undefined
  }

  async inspect({ reference }: ProviderEvent): Promise<PaymentState | NotOurs> {
    const payment = [...this.payments.values()].find(
      ({ sessionId }) => referenceOf(sessionId) === reference && !this.vanished.has(sessionId),
    )
    return this.arrive("inspect", payment?.sessionId ?? "", () => (payment ? stateOf(payment) : {}))
  }

  /** The state of a payment, when the service asks for it. */
  async report(sessionId: string): Promise<PaymentState | Gone> {
    return this.arrive("report", sessionId, () =>
      this.vanished.has(sessionId) ? { outcome: "gone" } : stateOf(this.of(sessionId)),
    )
  }

  /** A key that comes again is answered as it was; with other parameters it is refused. */
  async take(method: Method, call: ProviderCall): Promise<ProviderOutcome> {
    const { idempotencyKey, sessionId, signal: _, ...rest } = call
    return this.arrive(method, sessionId, () => {
      if (this.vanished.has(sessionId)) return { outcome: "gone" }
      const fingerprint = { method, ...rest }
      const known = this.answers.get(idempotencyKey)
      if (known && !isDeepStrictEqual(known.fingerprint, fingerprint)) return refused("A key repeats one call.")
      const refusal = this.refusals.findIndex((each) => each.kind === method && each.sessionId === sessionId)
      const [scripted] = refusal >= 0 ? this.refusals.splice(refusal, 1) : []
      const outcome =
        known?.outcome ?? (scripted ? { ...refused("Not at the moment."), ...scripted.about } : this.act(method, call))
      this.answers.set(idempotencyKey, { fingerprint, outcome })
      return outcome
    })
  }

  async lookUp({ idempotencyKey, sessionId, amount }: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    return this.arrive("lookUp", sessionId, () => {
      if (this.vanished.has(sessionId)) return { outcome: "gone" }
      const refund = this.payments.get(sessionId)?.refunds.find((each) => each.idempotencyKey === idempotencyKey)
      if (refund?.status === "succeeded") return { outcome: "succeeded", amount }
      if (refund?.status === "failed") return refused("The refund failed.")
      return this.answers.get(idempotencyKey)?.outcome ?? { outcome: "not_found" }
    })
  }

  private async arrive<T>(kind: Kind, sessionId: string, answer: () => T): Promise<T> {
    this.calls.push({ kind, sessionId })
    const found = answer()
    const isMeant = (scripted: { kind: Kind; sessionId: string }) =>
      scripted.kind === kind && [ANY, sessionId].includes(scripted.sessionId)
    const at = this.barriers.findIndex(isMeant)
    const [barrier] = at < 0 ? [] : this.barriers.splice(at, 1)
    barrier?.reach()
    await barrier?.wait
    const failure = this.failures.findIndex(isMeant)
    if (failure < 0) return found
    this.failures.splice(failure, 1)
    throw new Error("The line to the account broke")
  }

  private act(method: Method, { idempotencyKey, sessionId, amount, privateData }: ProviderCall): ProviderOutcome {
    if (method === "initiate") {
      const { data } = this.open(sessionId, amount.minor, amount.currency)
      return { outcome: "pending", data, privateData: { reference: referenceOf(sessionId) } }
    }
    if (privateData["reference"] !== referenceOf(sessionId)) return refused("The account knows no such payment.")
    const payment = this.of(sessionId)
    const isAuthorized = payment.status === "authorized"
    switch (method) {
      case "update":
        if (isAuthorized) return { outcome: "already_authorized", ...authorizationOf(payment) }
        Object.assign(payment, { amount: amount.minor, currency: amount.currency, status: "pending" })
        return { outcome: "pending" }
      case "authorize":
        return answerOf(payment)
      case "capture":
        if (!isAuthorized || payment.isClosed || amount.minor > payment.authorized - payment.captured) return TOO_MUCH
        payment.captured += amount.minor
        return { outcome: "succeeded", amount }
      case "refund":
        if (amount.minor > payment.captured - given(payment.refunds)) return TOO_MUCH
        this.giveBack(sessionId, amount.minor, {
          idempotencyKey,
          status: this.takesRefundsOn ? "pending" : "succeeded",
        })
        return this.takesRefundsOn ? { outcome: "pending" } : { outcome: "succeeded", amount }
      case "cancel":
        // What was taken cannot be given up.
        if (isAuthorized && payment.captured === payment.authorized) {
          return { outcome: "already_authorized", ...authorizationOf(payment) }
        }
        payment.isClosed = true
        if (payment.captured === 0n) payment.status = "canceled"
        return { outcome: "succeeded", amount }
      case "lookUp":
        throw new Error("A lookUp is no call of its own")
    }
  }
}

/** The provider's id of the payment of a session. */
export function referenceOf(sessionId: string): string {
  return `tp_${sessionId}`
}

/** The headers of a webhook that is genuine. */
export function signed(body: string): Record<string, string> {
  return { "content-type": "application/json", [SIGNATURE]: sign(Buffer.from(body)) }
}

function sign(body: Uint8Array): string {
  return createHmac("sha256", SECRET).update(body).digest("hex")
}

function refused(message: string): Declined {
  return { outcome: "declined", message, refusedBy: "provider" }
}

const TOO_MUCH: Declined = { ...refused("There is not that much."), stateDiffers: true }
