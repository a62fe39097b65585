import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { providerChecks, type KitSession, type ProviderHarness } from "../src/provider-kit/index.js"
import type {
  Gone,
  InspectCall,
  LookUpCall,
  CallNotFound,
  PaymentProvider,
  PaymentState,
  Pending,
  ProviderCall,
  ProviderOutcome,
} from "../src/payment-providers/contract/index.js"
import { SystemPaymentProvider } from "../src/payment-providers/system/system.provider.js"
import {
  FakeBank,
  FakePaymentProvider,
  FakeSingleCaptureProvider,
  LineInside,
  LineOverHttp,
  serveBank,
  type BankAccount,
  type BankLine,
} from "./support/fake-provider.js"

const bank = new FakeBank()
let served: Awaited<ReturnType<typeof serveBank>>
beforeAll(async () => {
  served = await serveBank(bank)
})
afterAll(() => served.close())

const near = () => new LineInside(bank)
const far = () => new LineOverHttp(served.url)

describe.each<[string, ProviderHarness]>([
  ["the system provider", { provider: () => new SystemPaymentProvider(), clientData: { iban: "DE02" } }],
  ["a fake provider", fake((line) => new FakePaymentProvider(line), near)],
  ["a fake provider that captures once", fake((line) => new FakeSingleCaptureProvider(line), near)],
  ["a fake provider whose payments change elsewhere", changing((line) => new AwareProvider(line))],
  ["a fake provider over a network", fake((line) => new FakePaymentProvider(line), far)],
])("%s", (_, harness) => {
  for (const check of providerChecks(harness)) it(check.name, check.run)
})

describe("the checks", () => {
  it("that a harness has nothing for are left out, and say so", () => {
    const checks = providerChecks({ provider: () => new SystemPaymentProvider() })
    const leftOut = checks.filter(({ isLeftOut }) => isLeftOut).map(({ name }) => name)
    expect(leftOut).toHaveLength(15)
    for (const name of leftOut) expect(name).toMatch(/^LEFT OUT \(the harness has no [\w.]+\): /)
  })

  it.each<[string, Partial<PaymentProvider>, check: string, reason: string]>([
    ["has a strange id", { id: "gift-cards" }, "has an id of the form", "did not match"],
    ["captures again when the same capture comes again", forgetful("capture"), "capture: a repeat", "6660n !== 3330n"],
    ["refunds again when the same refund comes again", forgetful("refund"), "refund: a repeat", "6660n !== 3330n"],
    ["opens another session for the same key", forgetful("initiate"), "initiate: a repeat", "with another key"],
    ["finds nothing", { lookUp: () => Promise.resolve({ outcome: "not_found" }) }, "capture: a lookup", "not_found"],
    [
      "finds everything",
      { lookUp: agree },
      "returns not_found by a lookup of a call that never arrived",
      "'succeeded'",
    ],
    ["captures whole units", { capture: inWholeUnits }, "5003 minor units of jpy", "50 jpy"],
    ["reports floats", { capture: inFloats }, "opens a session", "a bigint of minor units"],
    [
      "throws its refusals",
      { refund: () => Promise.reject(new Error("insufficient funds")) },
      "declines a capture or refund above",
      "insufficient funds",
    ],
    [
      "shows what is private",
      { initiate: opening(({ privateData }) => ({ ...privateData })) },
      "keeps private data out",
      "A secret is in",
    ],
    ["leaves what is no JSON", { initiate: opening(() => ({ at: new Date() })) }, "opens a session", "a JSON object"],
    [
      "takes a lost line for a refusal",
      { capture: refusing },
      "returns unknown for a capture whose response is lost",
      "Expected unknown",
    ],
    ["never gives up", { capture: () => new Promise(() => {}) }, "ends a call soon", "does not end"],
    ["does not cancel", { cancel: agree }, "cancels an authorization", "Expected declined"],
    [
      "keeps the old amount",
      { update: () => Promise.resolve({ outcome: "pending" }) },
      "changes the amount",
      "10007 eur",
    ],
  ])("fail a provider that %s", async (_, wrong, name, reason) => {
    const harness = fake((line) => Object.assign(new FakePaymentProvider(line), wrong), near)
    const check = providerChecks(harness).find((candidate) => candidate.name.startsWith(name))
    await expect(check?.run()).rejects.toThrow(reason)
  })
})

describe("the checks of what happens at the provider", () => {
  const refuses = (call: ProviderCall, how: object) =>
    Promise.resolve({ outcome: "declined", message: `No: ${call.amount.minor}.`, ...how } as ProviderOutcome)

  it.each<[string, Partial<PaymentProvider>, check: string, reason: string]>([
    ["refuses what is gone", { capture: (call) => refuses(call, {}) }, "capture: returns gone", "does not know"],
    [
      "fails at what is gone",
      { refund: () => Promise.reject(new Error("no such payment")) },
      "refund: returns gone",
      "no such",
    ],
    [
      "says that the customer is gone",
      { update: () => Promise.resolve({ outcome: "gone", object: "account_holder" }) },
      "update: returns gone",
      "The payment is what is gone",
    ],
    [
      "finds nothing of what is gone",
      { lookUp: () => Promise.resolve({ outcome: "not_found" }) },
      "cancel_session: returns gone",
      "not_found",
    ],
    [
      "still sees what is gone",
      { inspect: (call) => Promise.resolve(standing(call, 1n)) },
      "authorize: returns gone",
      "inspect",
    ],
    [
      "keeps the other state to itself",
      { capture: (call) => refuses(call, {}) },
      "capture: is declined with stateDiffers after a capture",
      "stateDiffers",
    ],
    [
      "cannot report the other state",
      { inspect: undefined },
      "cancel: is declined with stateDiffers after a capture",
      "has inspect",
    ],
    [
      "reports the state before",
      { inspect: (call) => Promise.resolve(standing(call, 0n)) },
      "capture: is declined with stateDiffers after a capture",
      "inspect reports what was captured",
    ],
    [
      "reports a canceled payment as authorized",
      { inspect: (call) => Promise.resolve(standing(call, 0n)) },
      "capture: is declined with stateDiffers after a cancellation",
      "inspect reports that the payment is canceled",
    ],
    [
      "reports no refunds",
      { inspect: (call) => Promise.resolve(standing(call, 10_007n)) },
      "refund: is declined with stateDiffers after a refund",
      "inspect reports what was refunded",
    ],
    [
      "authorizes more than was asked for",
      { authorize: tenfold("authorize") },
      "reports no more than was requested",
      "100070 eur instead of 10007 eur",
    ],
    [
      "captures more than was asked for",
      { capture: tenfold("capture") },
      "reports no more than was requested",
      "33300 eur instead of 3330 eur",
    ],
    [
      "refunds more than was asked for",
      { refund: tenfold("refund") },
      "reports no more than was requested",
      "11100 eur instead of 1110 eur",
    ],
  ])("fail a provider that %s", async (_, wrong, name, reason) => {
    const harness = changing((line) => Object.assign(new AwareProvider(line), wrong))
    const check = providerChecks(harness).find((candidate) => candidate.name.startsWith(name))
    await expect(check?.run()).rejects.toThrow(reason)
  })
})

/** A provider that knows when a payment is gone, and when its bank's books are not what a call assumes. */
class AwareProvider extends FakePaymentProvider {
  override initiate = (call: ProviderCall) => super.initiate(call)
  override update = (call: ProviderCall) => this.aware(call, () => super.update(call))
  override authorize = (call: ProviderCall) => this.aware(call, () => super.authorize(call))
  override capture = (call: ProviderCall) => this.aware(call, () => super.capture(call))
  override refund = (call: ProviderCall) => this.aware(call, () => super.refund(call))
  override cancel = (call: ProviderCall) => this.aware(call, () => super.cancel(call))

  override async lookUp(call: LookUpCall): Promise<ProviderOutcome | CallNotFound> {
    const isOpen = call.operation !== "initiate"
    return isOpen && !bank.books.has(call.sessionId) ? { outcome: "gone" } : super.lookUp(call)
  }

  inspect(call: InspectCall): Promise<PaymentState | Gone> {
    const account = bank.books.get(call.sessionId)
    return Promise.resolve(account ? stateIn(call, account) : { outcome: "gone" })
  }

  private async aware(call: ProviderCall, ask: () => Promise<ProviderOutcome>): Promise<ProviderOutcome> {
    if (!bank.books.has(call.sessionId)) return { outcome: "gone" }
    const outcome = await ask()
    const isState = outcome.outcome === "declined" && outcome.code === "bank_refused"
    return isState ? { ...outcome, refusedBy: "state", stateDiffers: true } : outcome
  }
}

function stateIn({ sessionId }: InspectCall, account: BankAccount): PaymentState {
  const { currency, authorized, captured, refunded, canceled } = account
  const money = (minor: bigint) => ({ minor, currency })
  return {
    sessionId,
    authorization: canceled
      ? { status: "canceled" }
      : { status: "authorized", amount: money(authorized), captured: money(captured) },
    isClosed: canceled || authorized === captured,
    refunds: refunded > 0n ? [{ id: "1", amount: money(refunded), status: "succeeded" }] : [],
    disputes: [],
  }
}

function standing(call: InspectCall, captured: bigint): PaymentState {
  const account = { currency: "eur", amount: 10_007n, authorized: 10_007n, captured, refunded: 0n, canceled: false }
  return stateIn(call, account)
}

function tenfold(method: "authorize" | "capture" | "refund"): PaymentProvider["authorize"] {
  return async (call) => {
    const outcome = await new FakePaymentProvider(near())[method](call)
    if (outcome.outcome !== "succeeded") return outcome
    return { ...outcome, amount: { ...outcome.amount, minor: outcome.amount.minor * 10n } }
  }
}

/** A fake provider whose bank's books somebody else changes, too. */
function changing(make: (line: BankLine) => PaymentProvider): ProviderHarness {
  const change = (about: (account: BankAccount) => void) => (session: KitSession) => {
    const account = bank.books.get(session.id)
    if (account) about(account)
  }
  return {
    ...fake(make, near),
    dashboard: {
      forgets: ({ id }) => {
        bank.books.delete(id)
      },
      captures: change((account) => {
        account.captured = account.authorized
      }),
      cancels: change((account) => {
        account.canceled = true
      }),
      refunds: change((account) => {
        account.refunded = account.captured
      }),
    },
  }
}

/** A fake provider and its bank, as the kit sees them. */
function fake(make: (line: BankLine) => PaymentProvider, line: () => BankLine): ProviderHarness {
  return {
    provider: () => make(line()),
    clientData: { token: "tok_visa" },
    shopper: {
      declines: () => {
        bank.script("authorize", "decline")
      },
      isAskedForMore: () => {
        bank.script("authorize", "require_more")
      },
    },
    records: ({ id }) => bank.books.get(id) ?? { authorized: 0n, captured: 0n, refunded: 0n },
    secrets: ({ intent }) => [String(intent)],
    network: {
      losesNextResponse: (method) => {
        bank.script(method, "fail_after")
      },
      ignoresNextCall: (method) => {
        bank.script(method, "hang")
      },
    },
  }
}

/** A method that sends its idempotency key with something new every time. */
function forgetful(method: "initiate" | "capture" | "refund"): Partial<PaymentProvider> {
  let calls = 0
  return {
    [method]: (call: ProviderCall) =>
      new FakePaymentProvider(near())[method]({ ...call, idempotencyKey: `${call.idempotencyKey}_${calls++}` }),
  }
}

async function refusing(call: ProviderCall): Promise<ProviderOutcome> {
  const outcome = new FakePaymentProvider(near()).capture(call)
  return outcome.catch(() => ({ outcome: "declined", message: "The card was declined." }))
}

function opening(dataOf: (outcome: Pending) => Record<string, unknown>): PaymentProvider["initiate"] {
  return async (call) => {
    const outcome = (await new FakePaymentProvider(near()).initiate(call)) as Pending
    return { ...outcome, data: dataOf(outcome) }
  }
}

function agree({ amount }: ProviderCall): Promise<ProviderOutcome> {
  return Promise.resolve({ outcome: "succeeded", amount })
}

function inWholeUnits({ amount }: ProviderCall): Promise<ProviderOutcome> {
  return Promise.resolve({ outcome: "succeeded", amount: { ...amount, minor: amount.minor / 100n } })
}

function inFloats({ amount }: ProviderCall): Promise<ProviderOutcome> {
  return Promise.resolve({ outcome: "succeeded", amount: { ...amount, minor: Number(amount.minor) as never } })
}
