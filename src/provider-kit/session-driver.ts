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
} from "../payment-providers/contract/index.js"
import { checkShape, checkWithin, expectSucceeded, expectWaiting, textOf, type End } from "./expectations.js"
import type { KitSession, ProviderRecords, ProviderHarness } from "./harness.js"

export type Method = "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel"

/** A call that can be sent, repeated and looked up. */
export interface Prepared {
  readonly method: Method
  readonly operation: LookUpCall["operation"]
  readonly call: ProviderCall
}

export interface Made extends Prepared {
  readonly outcome: ProviderOutcome
}

/** Milliseconds until the signal of a call is aborted, as in the service. */
const DEADLINE = 10_000
/** Milliseconds within which a call has to end after its signal is aborted or its connection is lost. */
const SOON = 2_000
const PATIENCE = 5_000
const LOOK_UP_INTERVAL = 50

const DEFAULT_AMOUNTS: readonly [Money, ...Money[]] = [
  { minor: 10_007n, currency: "eur" },
  { minor: 5_003n, currency: "jpy" },
  { minor: 12_345n, currency: "kwd" },
]

export function amountsOf({ amounts = DEFAULT_AMOUNTS }: ProviderHarness): readonly [Money, ...Money[]] {
  return amounts
}

/** Drives a session with the provider as the service does: it checks every outcome and keeps the returned data. */
export class SessionDriver implements KitSession {
  readonly id = newId("payses")
  /** All outcomes so far, in order. */
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

  /** Lets the shopper authorize the whole amount, and asks the provider for the outcome. */
  async authorize(): Promise<Made> {
    await this.harness.shopper?.authorizes?.(this)
    return this.move("authorize", this.amount)
  }

  /** Makes a call that has to succeed for exactly this amount. */
  async move(method: Exclude<Method, "initiate" | "update">, amount: Money): Promise<Made> {
    const made = await this.make(method, amount)
    const end = await this.ended(made)
    if (method === "cancel") assert.equal(end.outcome, "succeeded", `cancel: ${textOf(end)}`)
    else expectSucceeded(end, amount)
    if (method === "authorize") this.isAuthorized = true
    return made
  }

  /** Makes a call that may have any outcome. */
  async make(method: Method, amount: Money, signal = AbortSignal.timeout(DEADLINE)): Promise<Made> {
    return this.send(this.prepare(method, amount, signal))
  }

  /** Prepares a call, so that it can be sent more than once. */
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
    const cancelOperation = this.isAuthorized ? "cancel_payment" : "cancel_session"
    return { method, operation: method === "cancel" ? cancelOperation : method, call }
  }

  async send(prepared: Prepared): Promise<Made> {
    const outcome = await this.provider[prepared.method](prepared.call)
    checkShape(outcome, prepared.call)
    this.keep(outcome)
    return { ...prepared, outcome }
  }

  /** Sends the same call again, unchanged. */
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
   * Looks up how a call ended, as the service does. If the provider does not find the opening of a session, it is sent again
   * with the same key, which opens no second session. A call that moves money is not repeated here.
   */
  async resolve(made: Made): Promise<End> {
    const found = await this.lookUp(made)
    if (found.outcome !== "not_found" || made.operation !== "initiate") return found
    return (await this.repeat(made)).outcome
  }

  /** Fetches the payment's current state. @throws AssertionError when the provider has no `inspect` */
  async inspect(): Promise<PaymentState | Gone> {
    const call = { sessionId: this.id, data: frozen(this.data), privateData: frozen(this.privateData) }
    const state = await this.provider.inspect?.({ ...call, signal: AbortSignal.timeout(DEADLINE) })
    assert.ok(state, "A provider that reports stateDiffers has inspect, so that the service can fetch the state")
    return state
  }

  /** Fetches the payment's current state, and checks that it belongs to this session. */
  async state(): Promise<PaymentState> {
    const state = await this.inspect()
    assert.ok("authorization" in state, "inspect returns the state of a payment that the provider knows")
    assert.equal(state.sessionId, this.id, "inspect returns the requested session")
    if (state.authorization.status === "authorized") checkWithin(state.authorization.amount, this.amount)
    return state
  }

  /** Whether the authorized amount can be captured in several parts. */
  get hasMulticapture(): boolean {
    const { multicapture } = this.provider.capabilities
    return typeof multicapture === "boolean" ? multicapture : multicapture(this.privateData)
  }

  /** Sends a call that may fail on its way. It has to end soon after its signal is aborted. */
  async endOf(prepared: Prepared): Promise<End> {
    const noticed = new AbortController()
    const late = sleep(SOON, undefined, { signal: noticed.signal }).then(() =>
      assert.fail("The call does not end after its signal was aborted"),
    )
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

  /** Waits for the final outcome of a call that may be pending first. */
  async ended(made: Made): Promise<End> {
    if (made.operation === "initiate" || made.operation === "update") return made.outcome
    const deadline = Date.now() + (this.harness.patience ?? PATIENCE)
    let outcome: End = made.outcome
    while (outcome.outcome === "pending" && Date.now() < deadline) {
      await sleep(LOOK_UP_INTERVAL)
      outcome = await this.lookUp(made)
    }
    return outcome
  }

  /** Drops the returned data, as if no response had arrived. */
  forget(): void {
    this.data = {}
    this.privateData = {}
  }

  /** @throws AssertionError when the provider's own records differ, if the harness can read them */
  async expectRecords(expected: Partial<ProviderRecords>): Promise<void> {
    const records = await this.harness.records?.(this)
    if (!records) return
    for (const [name, amount] of Object.entries(expected) as [keyof ProviderRecords, bigint][]) {
      assert.equal(records[name], amount, `${name} in the provider's records`)
    }
  }

  private keep(outcome: End): void {
    this.outcomes.push(outcome)
    if (!("data" in outcome || "privateData" in outcome)) return
    this.data = outcome.data ?? this.data
    this.privateData = outcome.privateData ?? this.privateData
  }
}

/** Creates ids like the service's, because a provider may recognize its objects by their form. */
function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 26).toUpperCase()}`
}

/** Freezes data, because a provider that changed it would change the repeated call. */
function frozen(data: ProviderData): ProviderData {
  return Object.freeze({ ...data })
}
