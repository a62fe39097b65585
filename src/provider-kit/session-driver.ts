import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { Money } from "../common/money.js"
import type {
  Gone,
  LookUpCall,
  PaymentProvider,
  PaymentState,
  ProviderCall,
  ProviderData,
  ProviderOutcome,
} from "../payment-providers/contract/payment-provider.contract.js"
import { checkShape, checkWithin, expectSucceeded, expectWaiting, textOf, type End } from "./expectations.js"
import type { KitSession, ProviderRecords, ProviderHarness } from "./harness.js"

export type Method = "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel"

/** A call, as it is sent, repeated and looked up. */
export interface Prepared {
  readonly method: Method
  readonly operation: LookUpCall["operation"]
  readonly call: ProviderCall
}

export interface Made extends Prepared {
  readonly outcome: ProviderOutcome
}

/** Milliseconds that a call gets, as in a service. */
const DEADLINE = 10_000
/** Milliseconds that a provider gets to notice that nobody waits any more, or that the line is lost. */
const SOON = 2_000
const PATIENCE = 5_000
const BETWEEN_LOOKS = 50

const DEFAULT_AMOUNTS: readonly [Money, ...Money[]] = [
  { minor: 10_007n, currency: "eur" },
  { minor: 5_003n, currency: "jpy" },
  { minor: 12_345n, currency: "kwd" },
]

export function amountsOf({ amounts = DEFAULT_AMOUNTS }: ProviderHarness): readonly [Money, ...Money[]] {
  return amounts
}

/** A session with the provider, played as the service plays it: every outcome is looked at, and what it leaves is kept. */
export class SessionDriver implements KitSession {
  readonly id = newId("payses")
  /** Every outcome so far, in their order. */
  readonly outcomes: End[] = []
  data: ProviderData = {}
  privateData: ProviderData = {}
  private isAuthorized = false

  private constructor(
    readonly provider: PaymentProvider,
    private readonly harness: ProviderHarness,
    public amount: Money,
  ) {}

  static async unopened(harness: ProviderHarness, amount = amountsOf(harness)[0]): Promise<SessionDriver> {
    return new SessionDriver(await harness.provider(), harness, amount)
  }

  static async open(harness: ProviderHarness, amount?: Money): Promise<SessionDriver> {
    const session = await SessionDriver.unopened(harness, amount)
    await session.initiate()
    return session
  }

  static async authorized(harness: ProviderHarness, amount?: Money): Promise<SessionDriver> {
    const session = await SessionDriver.open(harness, amount)
    await session.authorize()
    return session
  }

  static async captured(harness: ProviderHarness, amount?: Money): Promise<SessionDriver> {
    const session = await SessionDriver.authorized(harness, amount)
    await session.move("capture", session.amount)
    return session
  }

  async initiate(): Promise<Made> {
    const made = await this.make("initiate", this.amount)
    expectWaiting(made.outcome)
    return made
  }

  async update(amount: Money): Promise<Made> {
    this.amount = amount
    const made = await this.make("update", amount)
    expectWaiting(made.outcome)
    return made
  }

  /** The shopper authorizes, and the provider says so, for the whole amount. */
  async authorize(): Promise<Made> {
    await this.harness.shopper?.authorizes?.(this)
    return this.move("authorize", this.amount)
  }

  /** Makes a call that has to succeed, for exactly this amount. */
  async move(method: Exclude<Method, "initiate" | "update">, amount: Money): Promise<Made> {
    const made = await this.make(method, amount)
    const end = await this.ended(made)
    if (method === "cancel") assert.equal(end.outcome, "succeeded", `cancel: ${textOf(end)}`)
    else expectSucceeded(end, amount)
    if (method === "authorize") this.isAuthorized = true
    return made
  }

  /** Makes a call, whatever comes of it. */
  async make(method: Method, amount: Money, signal = AbortSignal.timeout(DEADLINE)): Promise<Made> {
    return this.send(this.prepare(method, amount, signal))
  }

  /** A call that can be sent more than once. */
  prepare(method: Method, amount: Money, signal = AbortSignal.timeout(DEADLINE)): Prepared {
    const call: ProviderCall = {
      idempotencyKey: newId("op"),
      startedAt: new Date(),
      sessionId: this.id,
      amount,
      clientData: frozen(this.harness.clientData ?? {}),
      data: frozen(this.data),
      privateData: frozen(this.privateData),
      context: frozen({}),
      signal,
    }
    const canceled = this.isAuthorized ? "cancel_payment" : "cancel_session"
    return { method, operation: method === "cancel" ? canceled : method, call }
  }

  async send(prepared: Prepared): Promise<Made> {
    const outcome = await this.provider[prepared.method](prepared.call)
    checkShape(outcome, prepared.call)
    this.keep(outcome)
    return { ...prepared, outcome }
  }

  /** The same call again, word by word. */
  async repeat({ method, operation, call }: Prepared): Promise<Made> {
    return this.send({ method, operation, call: { ...call, signal: AbortSignal.timeout(DEADLINE) } })
  }

  async lookUp({ operation, call }: Prepared): Promise<End> {
    const outcome = await this.provider.lookUp({ ...call, operation, signal: AbortSignal.timeout(DEADLINE) })
    if (outcome.outcome !== "not_found") checkShape(outcome, call)
    this.keep(outcome)
    return outcome
  }

  /**
   * Finds out how a call ended, as the service does. A session that a provider cannot find is opened again with the same
   * key, which opens no second one; money is not moved again to find out.
   */
  async settle(made: Made): Promise<End> {
    const found = await this.lookUp(made)
    if (found.outcome !== "not_found" || made.operation !== "initiate") return found
    return (await this.repeat(made)).outcome
  }

  /** What the provider reports of the payment now. @throws AssertionError when it cannot report that */
  async inspect(): Promise<PaymentState | Gone> {
    const call = { sessionId: this.id, data: frozen(this.data), privateData: frozen(this.privateData) }
    const state = await this.provider.inspect?.({ ...call, signal: AbortSignal.timeout(DEADLINE) })
    assert.ok(state, "A provider that reports another state has inspect, so that the service can fetch it")
    return state
  }

  /** The state that {@link inspect} reports; it has to be about this session. */
  async state(): Promise<PaymentState> {
    const state = await this.inspect()
    assert.ok("authorization" in state, "inspect reports the state of a payment that the provider knows")
    assert.equal(state.sessionId, this.id, "inspect reports the session that it was asked for")
    if (state.authorization.status === "authorized") checkWithin(state.authorization.amount, this.amount)
    return state
  }

  /** Whether what is authorized can be captured in parts. */
  get hasMulticapture(): boolean {
    const { multicapture } = this.provider.capabilities
    return typeof multicapture === "boolean" ? multicapture : multicapture(this.privateData)
  }

  /** Sends a call that may fail on its way, which has to show soon after its signal. */
  async endOf(prepared: Prepared): Promise<End> {
    const noticed = new AbortController()
    const late = sleep(SOON, undefined, { signal: noticed.signal }).then(() => assert.fail("The call goes on and on"))
    const failed = (cause: unknown): End => {
      if (cause instanceof assert.AssertionError) throw cause
      return { outcome: "unknown", cause }
    }
    const sent = this.send(prepared).then(({ outcome }) => outcome, failed)
    try {
      return await Promise.race([sent, late])
    } finally {
      late.catch(() => undefined)
      noticed.abort()
    }
  }

  /** How a call ended that may have been taken on first. */
  async ended(made: Made): Promise<End> {
    if (made.operation === "initiate" || made.operation === "update") return made.outcome
    const giveUpAt = Date.now() + (this.harness.patience ?? PATIENCE)
    let outcome: End = made.outcome
    while (outcome.outcome === "pending" && Date.now() < giveUpAt) {
      await sleep(BETWEEN_LOOKS)
      outcome = await this.lookUp(made)
    }
    return outcome
  }

  /** As if no answer had arrived so far. */
  forget(): void {
    this.data = {}
    this.privateData = {}
  }

  /** @throws AssertionError when the provider's own books, where they can be seen, say anything else */
  async expectBooks(expected: Partial<ProviderRecords>): Promise<void> {
    const books = await this.harness.records?.(this)
    if (!books) return
    for (const [name, amount] of Object.entries(expected) as [keyof ProviderRecords, bigint][]) {
      assert.equal(books[name], amount, `${name} in the provider's books`)
    }
  }

  private keep(outcome: End): void {
    this.outcomes.push(outcome)
    if (!("data" in outcome || "privateData" in outcome)) return
    this.data = outcome.data ?? this.data
    this.privateData = outcome.privateData ?? this.privateData
  }
}

/** As long as those of the service, and of the same characters: a provider may tell its objects from others by them. */
function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 26).toUpperCase()}`
}

/** A provider that changes what it is given would change what is repeated. */
function frozen(data: ProviderData): ProviderData {
  return Object.freeze({ ...data })
}
