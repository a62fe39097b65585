import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { providerChecks, type ProviderHarness } from "../src/provider-kit/index.js"
import type { PaymentProvider, Pending, ProviderCall, ProviderOutcome } from "../src/payment-providers/index.js"
import { SystemPaymentProvider } from "../src/payment-providers/system.provider.js"
import {
  FakeBank,
  FakePaymentProvider,
  FakeSingleCaptureProvider,
  LineInside,
  LineOverHttp,
  serveBank,
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
  ["a fake provider over a network", fake((line) => new FakePaymentProvider(line), far)],
])("%s", (_, harness) => {
  for (const check of providerChecks(harness)) it(check.name, check.run)
})

describe("the checks", () => {
  it("that a harness has nothing for are left out, and say so", () => {
    const checks = providerChecks({ provider: () => new SystemPaymentProvider() })
    const leftOut = checks.filter(({ isLeftOut }) => isLeftOut).map(({ name }) => name)
    expect(leftOut).toHaveLength(5)
    for (const name of leftOut) expect(name).toMatch(/^LEFT OUT \(the harness has no [\w.]+\): /)
  })

  it.each<[string, Partial<PaymentProvider>, check: string, reason: string]>([
    ["has a strange id", { id: "gift-cards" }, "its id is of the form", "did not match"],
    ["captures again when the same capture comes again", forgetful("capture"), "capture: repeated", "6660n !== 3330n"],
    ["refunds again when the same refund comes again", forgetful("refund"), "refund: repeated", "6660n !== 3330n"],
    ["opens another session for the same key", forgetful("initiate"), "initiate: repeated", "with another key"],
    ["finds nothing", { lookUp: () => Promise.resolve({ outcome: "not_found" }) }, "capture: a lookup", "not_found"],
    ["finds everything", { lookUp: agree }, "a lookup of a call that never arrived", "'succeeded'"],
    ["captures whole units", { capture: inWholeUnits }, "5003 minor units of jpy", "50 jpy"],
    ["reports floats", { capture: inFloats }, "a session is opened", "a bigint of minor units"],
    [
      "throws its refusals",
      { refund: () => Promise.reject(new Error("insufficient funds")) },
      "more than there is is declined",
      "insufficient funds",
    ],
    [
      "shows what is private",
      { initiate: opening(({ privateData }) => ({ ...privateData })) },
      "what is private stays out",
      "A secret is in",
    ],
    [
      "leaves what is no JSON",
      { initiate: opening(() => ({ at: new Date() })) },
      "a session is opened",
      "a JSON object",
    ],
    ["takes a lost line for a refusal", { capture: refusing }, "a capture whose answer is lost", "Nobody can know"],
    ["never gives up", { capture: () => new Promise(() => {}) }, "a call that nobody waits for", "goes on and on"],
    ["does not cancel", { cancel: agree }, "an authorization is canceled", "should have been declined"],
    [
      "keeps the old amount",
      { update: () => Promise.resolve({ outcome: "pending" }) },
      "an update changes",
      "10007 eur",
    ],
  ])("fail a provider that %s", async (_, wrong, name, reason) => {
    const harness = fake((line) => Object.assign(new FakePaymentProvider(line), wrong), near)
    const check = providerChecks(harness).find((candidate) => candidate.name.startsWith(name))
    await expect(check?.run()).rejects.toThrow(reason)
  })
})

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
    books: ({ id }) => bank.books.get(id) ?? { authorized: 0n, captured: 0n, refunded: 0n },
    secrets: ({ intent }) => [String(intent)],
    line: {
      losesNextAnswer: (method) => {
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
