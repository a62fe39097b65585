import { isDeepStrictEqual } from "node:util"
import type { OperationKind } from "../../src/payment-model/status.js"
import type { Declined, CallNotFound, ProviderOutcome } from "../../src/payment-providers/contract/index.js"

/** What the bank does with a call. Without a script it does what it is asked for. */
export type Behaviour =
  /** Does it: a session is open and waits for the shopper, an authorization stands, money has moved. */
  | "succeed"
  /** The shopper's bank says no. */
  | "decline"
  /** The provider itself says no. */
  | "refuse"
  /** The shopper has to do something first. */
  | "require_more"
  /** The shopper is not through yet. */
  | "pending"
  /** Takes it on; {@link FakeBank.finish} ends it. */
  | "pending_async"
  /** Neither does it nor answers. */
  | "hang"
  /** Does it and never answers. */
  | "hang_after"
  /** Drops the line without doing it. */
  | "fail_before"
  /** Does it and drops the line. */
  | "fail_after"
  /** Does it for one minor unit less, and says so. */
  | "report_less"
  /** Does it, and reports one minor unit more than was asked for. */
  | "report_more"
  /** Knows nothing of the payment. */
  | "gone"
  /** Knows nothing of the customer who pays. */
  | "account_holder_gone"
  /** Does it and reports another currency. */
  | "report_other_currency"
  /** The service's process dies before the bank gets to it; over a served bank alone. */
  | "die_before"
  /** The bank does it, and the service's process dies before it sees the answer; over a served bank alone. */
  | "die_after"
  /** A barrier. */
  | { readonly wait: Promise<void>; readonly then: Behaviour }

/** What arrives at the bank. */
export interface BankRequest {
  /** `cancel` of a session or of a payment: the bank's books say which. */
  readonly method: "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel" | "lookUp"
  readonly idempotencyKey: string
  readonly sessionId: string
  readonly amount: bigint
  readonly currency: string
  /** Whether a capture gives up the rest. */
  readonly isFinal: boolean
  /** What the bank gave out with the session. */
  readonly intent: unknown
  /** All else that came with the call; a retry has to repeat it. */
  readonly rest: unknown
}

/** What comes back over the line: an outcome, silence, nothing but a broken line, or the death of the caller. */
export type BankAnswer =
  | { readonly line: "answer"; readonly outcome: ProviderOutcome | CallNotFound }
  | { readonly line: "silent" | "broken" | "dead" }

/** A call that arrived, whatever became of it. */
export interface BankCall {
  readonly kind: OperationKind | "lookUp"
  readonly idempotencyKey: string
  readonly amount: bigint
  readonly sessionId: string
}

/** What the bank knows of a session, in minor units. */
export interface BankAccount {
  currency: string
  /** What the shopper is asked to authorize. */
  amount: bigint
  authorized: bigint
  captured: bigint
  refunded: bigint
  canceled: boolean
}

/** A call that was decided upon. */
interface Entry {
  readonly request: BankRequest
  outcome: ProviderOutcome
  /** What is left to do of a call that was taken on. */
  todo?: () => ProviderOutcome
}

/**
 * A bank with books of its own. It knows idempotency keys: a call that comes again is answered as it was and does
 * nothing, and one that comes with other parameters is refused. It keeps its own limits, whatever the service thinks.
 */
export class FakeBank {
  readonly calls: BankCall[] = []
  readonly books = new Map<string, BankAccount>()
  private readonly entries = new Map<string, Entry>()
  private readonly scripts = new Map<BankCall["kind"], Behaviour[]>()

  /** What to do with the next calls of that kind; scripts queue up. A lookUp can be late or lost, and no more. */
  script(kind: BankCall["kind"], behaviour: Behaviour, times = 1): void {
    const queue = this.scripts.get(kind) ?? []
    this.scripts.set(kind, [...queue, ...Array.from({ length: times }, () => behaviour)])
  }

  /** Forgets everything: calls, books, keys and scripts. */
  reset(): void {
    this.calls.length = 0
    for (const memory of [this.books, this.entries, this.scripts]) memory.clear()
  }

  /** Ends a call that was taken on. Who looks it up afterwards, or repeats it, is told. */
  finish(idempotencyKey: string, end: "succeed" | "decline" = "succeed"): void {
    const entry = this.entries.get(idempotencyKey)
    if (!entry?.todo) throw new Error(`The bank has nothing to finish with the key ${idempotencyKey}`)
    entry.outcome = end === "succeed" ? entry.todo() : DECLINED
    entry.todo = undefined
  }

  /** The keys of calls that were taken on and wait for {@link finish}. */
  get unfinished(): string[] {
    return [...this.entries].filter(([, { todo }]) => todo).map(([key]) => key)
  }

  async take(request: BankRequest): Promise<BankAnswer> {
    const kind = this.kindOf(request)
    const { idempotencyKey, amount, sessionId } = request
    this.calls.push({ kind, idempotencyKey, amount, sessionId })
    let behaviour = this.scripts.get(kind)?.shift() ?? "succeed"
    while (typeof behaviour === "object") {
      await behaviour.wait
      behaviour = behaviour.then
    }
    const failure = FAILURES[behaviour]
    if (failure && !failure.isDone) return { line: failure.line }
    const outcome = this.answer(request, behaviour)
    return failure ? { line: failure.line } : { line: "answer", outcome }
  }

  private kindOf({ method, sessionId }: BankRequest): BankCall["kind"] {
    if (method !== "cancel") return method
    const account = this.books.get(sessionId)
    return account && account.authorized > 0n ? "cancel_payment" : "cancel_session"
  }

  private answer(request: BankRequest, behaviour: Behaviour): ProviderOutcome | CallNotFound {
    const known = this.entries.get(request.idempotencyKey)
    if (request.method === "lookUp") return known?.outcome ?? { outcome: "not_found" }
    if (known && !isDeepStrictEqual(known.request, request)) return refused("A key repeats one call, word by word.")
    if (known) return known.outcome
    const entry = this.decide(request, behaviour)
    this.entries.set(request.idempotencyKey, entry)
    return entry.outcome
  }

  private decide(request: BankRequest, behaviour: Behaviour): Entry {
    const refusal = this.refusalOf(request)
    if (refusal !== undefined || behaviour === "refuse") {
      return { request, outcome: refused(refusal ?? "The provider does not do this.") }
    }
    if (behaviour === "gone") return { request, outcome: { outcome: "gone" } }
    if (behaviour === "account_holder_gone") return { request, outcome: { outcome: "gone", object: "account_holder" } }
    if (behaviour === "decline") return { request, outcome: DECLINED }
    const opens = request.method === "initiate" || request.method === "update"
    if (opens) this.open(request, behaviour)
    const left = leftWith(request.sessionId)
    if (behaviour === "require_more") {
      return {
        request,
        outcome: { outcome: "requires_more", ...left, data: { ...left.data, next_action: NEXT_ACTION } },
      }
    }
    if (behaviour === "pending_async") {
      const todo = opens ? undefined : () => this.move(request, behaviour)
      return { request, outcome: { outcome: "pending", asynchronous: true, ...left }, todo }
    }
    if (request.method === "authorize" && this.takenOn(request) > 0n) {
      return { request, outcome: { outcome: "pending", asynchronous: true, ...left } }
    }
    if (behaviour === "pending" || opens) return { request, outcome: { outcome: "pending", ...left } }
    return { request, outcome: this.move(request, behaviour) }
  }

  private open({ sessionId, currency, amount }: BankRequest, behaviour: Behaviour): void {
    const account = this.books.get(sessionId) ?? { authorized: 0n, captured: 0n, refunded: 0n, canceled: false }
    this.books.set(sessionId, { ...account, currency, amount: behaviour === "report_less" ? amount - 1n : amount })
  }

  private move({ method, sessionId, amount: asked, currency, isFinal }: BankRequest, how: Behaviour): ProviderOutcome {
    const account = this.books.get(sessionId)
    if (!account) throw new Error(`No books for ${sessionId}`)
    let amount = how === "report_less" ? asked - 1n : asked
    switch (method) {
      case "authorize":
        if (account.canceled) return refused("This was canceled.")
        // The shopper authorized what the bank asked for; who asks again is told the same.
        if (account.authorized === 0n) account.authorized = account.amount - (how === "report_less" ? 1n : 0n)
        amount = account.authorized
        break
      case "capture":
        account.captured += amount
        if (isFinal) account.authorized = account.captured
        break
      case "refund":
        account.refunded += amount
        break
      case "cancel":
        account.canceled = true
        break
      case "initiate":
      case "update":
      case "lookUp":
        throw new Error(`A ${method} moves nothing`)
    }
    const reported = how === "report_other_currency" ? otherThan(currency) : currency
    const minor = how === "report_more" ? amount + 1n : amount
    return { outcome: "succeeded", amount: { minor, currency: reported } }
  }

  /** Why the bank does not do it, by its books. */
  private refusalOf(request: BankRequest): string | undefined {
    const { method, sessionId, amount, currency } = request
    const account = this.books.get(sessionId)
    if (method === "initiate") return account && "The session was opened before, with another key."
    if (!account || request.intent !== intentOf(sessionId)) return "The bank knows no such session."
    if (account.canceled && method !== "refund") return "This was canceled."
    if (method === "update") return account.authorized > 0n ? "This was authorized." : undefined
    if (currency !== account.currency) return `The session is in ${account.currency}.`
    if (method === "authorize") return undefined
    const free = method === "refund" ? account.captured - account.refunded : account.authorized - account.captured
    if (method === "cancel") return account.authorized > 0n && free === 0n ? "Nothing is left to give up." : undefined
    return amount > 0n && amount <= free - this.takenOn(request) ? undefined : "There is not that much."
  }

  /** What calls of the same kind, that are not finished, have reserved of the same session. */
  private takenOn({ method, sessionId }: BankRequest): bigint {
    return [...this.entries.values()]
      .filter(({ request, todo }) => todo && request.method === method && request.sessionId === sessionId)
      .reduce((sum, { request }) => sum + request.amount, 0n)
  }
}

/** Behaviours that keep the answer back: whether it is done all the same, and what the caller notices. */
const FAILURES: Partial<Record<Extract<Behaviour, string>, Failure>> = {
  hang: { isDone: false, line: "silent" },
  hang_after: { isDone: true, line: "silent" },
  fail_before: { isDone: false, line: "broken" },
  fail_after: { isDone: true, line: "broken" },
  die_before: { isDone: false, line: "dead" },
  die_after: { isDone: true, line: "dead" },
}

interface Failure {
  readonly isDone: boolean
  readonly line: "silent" | "broken" | "dead"
}

const NEXT_ACTION = { type: "redirect", url: "https://bank.example/challenge" }

const DECLINED: Declined = {
  outcome: "declined",
  message: "The card was declined.",
  code: "card_declined",
  declineCode: "insufficient_funds",
  retryable: true,
  refusedBy: "issuer",
}

function refused(message: string): Declined {
  return { outcome: "declined", message, code: "bank_refused", retryable: false, refusedBy: "provider" }
}

/** What the bank gives out with a session: for the shopper's browser, and for the service alone. */
function leftWith(sessionId: string) {
  return { data: { client_secret: `fake_secret_${sessionId}` }, privateData: { intent: intentOf(sessionId) } }
}

function intentOf(sessionId: string): string {
  return `fi_${sessionId}`
}

function otherThan(currency: string): string {
  return currency === "usd" ? "eur" : "usd"
}
