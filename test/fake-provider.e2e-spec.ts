import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import type { ProviderCall } from "../src/payment-providers/contract/index.js"
import { apiOf } from "./support/api.js"
import { booksMatch } from "./support/books-match.js"
import { newPayment, newSession } from "./support/factories.js"
import { FakeBank, FakePaymentProvider, fakeProviders, LineInside, type Behaviour } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"

const bank = new FakeBank()
beforeEach(() => {
  bank.reset()
})

const EUR = (minor: bigint) => ({ minor, currency: "eur" })
const SUCCEEDED = (minor: bigint) => ({ outcome: "succeeded", amount: EUR(minor) })
const DECLINED = (refusedBy: string) => ({ outcome: "declined", refusedBy })

describe("the fake bank", () => {
  const provider = new FakePaymentProvider(new LineInside(bank))
  const call = (idempotencyKey: string, minor = 100n, signal = AbortSignal.timeout(200)): ProviderCall => ({
    idempotencyKey,
    startedAt: new Date("2026-11-23T00:00:00Z"),
    sessionId: "payses_1",
    amount: EUR(minor),
    clientData: {},
    data: {},
    privateData: { intent: "fi_payses_1" },
    context: {},
    signal,
  })
  const lookUp = (key: string) => provider.lookUp({ ...call(key), operation: "capture" })
  const captured = () => bank.books.get("payses_1")?.captured
  beforeEach(async () => {
    await provider.initiate({ ...call("op_i", 1000n), privateData: {} })
    await provider.authorize(call("op_a", 1000n))
  })

  it.each<[Behaviour, answer: object | "nothing", books: bigint, found: object]>([
    ["succeed", SUCCEEDED(100n), 100n, SUCCEEDED(100n)],
    ["decline", DECLINED("issuer"), 0n, DECLINED("issuer")],
    ["refuse", DECLINED("provider"), 0n, DECLINED("provider")],
    ["require_more", { outcome: "requires_more" }, 0n, { outcome: "requires_more" }],
    ["pending_async", { outcome: "pending", asynchronous: true }, 0n, { outcome: "pending" }],
    ["hang", "nothing", 0n, { outcome: "not_found" }],
    ["hang_after", "nothing", 100n, SUCCEEDED(100n)],
    ["fail_before", "nothing", 0n, { outcome: "not_found" }],
    ["fail_after", "nothing", 100n, SUCCEEDED(100n)],
    ["report_less", SUCCEEDED(99n), 99n, SUCCEEDED(99n)],
    ["report_other_currency", { amount: { minor: 100n, currency: "usd" } }, 100n, { outcome: "succeeded" }],
    [{ wait: Promise.resolve(), then: "decline" }, DECLINED("issuer"), 0n, DECLINED("issuer")],
  ])("told to %j a capture, does so", async (behaviour, answer, books, found) => {
    bank.script("capture", behaviour)
    if (answer === "nothing") await expect(provider.capture(call("op_c"))).rejects.toThrow()
    else expect(await provider.capture(call("op_c"))).toMatchObject(answer)
    expect(captured()).toBe(books)
    expect(await lookUp("op_c")).toMatchObject(found)
    expect(bank.calls.map(({ kind }) => kind)).toEqual(["initiate", "authorize", "capture", "lookUp"])
  })

  it("finishes what it has taken on, and reserves it until then", async () => {
    bank.script("capture", "pending_async", 2)
    await provider.capture(call("op_1", 600n))
    await provider.capture(call("op_2", 400n))
    expect(await provider.capture(call("op_3", 1n))).toMatchObject(DECLINED("provider"))
    expect(bank.unfinished).toEqual(["op_1", "op_2"])
    bank.finish("op_1")
    bank.finish("op_2", "decline")
    expect([await lookUp("op_1"), await lookUp("op_2")]).toMatchObject([SUCCEEDED(600n), DECLINED("issuer")])
    expect(captured()).toBe(600n)
  })

  it("refuses a key that comes again with another call", async () => {
    await provider.capture(call("op_c"))
    expect(await provider.capture(call("op_c", 101n))).toMatchObject(DECLINED("provider"))
    expect(await provider.capture({ ...call("op_c"), context: { changed: true } })).toMatchObject(DECLINED("provider"))
    expect(captured()).toBe(100n)
  })

  it("kills no process but one that it is served to", async () => {
    bank.script("capture", "die_after")
    await expect(provider.capture(call("op_c"))).rejects.toThrow("serve the bank")
  })
})

describe("booksMatch", () => {
  let service: TestService
  const { admin } = apiOf(() => service)
  beforeAll(async () => {
    service = await TestService.start({}, { modules: [fakeProviders(bank)] })
  })
  afterAll(() => service.close())

  it("finds nothing as long as service and bank agree, and each difference otherwise", async () => {
    const request = { provider_id: "pp_fake_default" }
    const part = await newPayment(service, {}, request)
    await admin.capture(part.paymentId, 4)
    await admin.cancel(part.paymentId)
    await admin.refund(part.paymentId, 1)
    const final = await newPayment(service, {}, { provider_id: "pp_fake_single" })
    await admin.capture(final.paymentId, 4)
    const canceled = await newPayment(service, {}, request)
    await admin.cancel(canceled.paymentId)
    const open = await newSession(service, {}, request)
    expect(bank.books.size).toBe(4)
    expect(await booksMatch(service, bank)).toEqual([])

    const account = (sessionId: string) => {
      const found = bank.books.get(sessionId)
      if (!found) throw new Error(`The bank does not know ${sessionId}`)
      return found
    }
    account(part.sessionId).captured = 399n
    account(final.sessionId).refunded = 1n
    account(canceled.sessionId).canceled = false
    account(open.sessionId).amount = 999n
    bank.books.set("payses_unheard_of", { ...account(open.sessionId) })
    expect((await booksMatch(service, bank)).sort()).toEqual(
      [
        `${part.sessionId}: authorized is 400 here and 399 at the bank`,
        `${part.sessionId}: captured is 400 here and 399 at the bank`,
        `${final.sessionId}: refunded is 0 here and 1 at the bank`,
        `${canceled.sessionId}: authorized is 0 here and 1000 at the bank`,
        `${open.sessionId}: amount is 1000 here and 999 at the bank`,
        "payses_unheard_of: at the bank alone",
      ].sort(),
    )
    bank.reset()
    expect(await booksMatch(service, bank)).toHaveLength(3)
  })
})
