import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { Module, type DynamicModule } from "@nestjs/common"
import { createLogger } from "../src/telemetry/logger.js"
import { readConfig } from "../src/config.js"
import { dataSourceOptions } from "../src/database/data-source-options.js"
import { entities } from "../src/bootstrap/entities.js"
import {
  RegisterPaymentProvider,
  type LookUpCall,
  type PaymentProvider,
  type ProviderCall,
} from "../src/payment-providers/contract/index.js"
import { createApp } from "../src/bootstrap/create-app.js"
import { apiOf, FAKE, SYSTEM, eventNamesOf } from "./support/api.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService, type Answer } from "./support/service.js"
const SINGLE = { provider_id: "pp_fake_single" }
const SCRIPTED = { provider_id: "pp_scripted_default" }

type Method = "initiate" | "update" | "authorize" | "capture" | "refund" | "cancel" | "lookUp"

/** A provider whose code answers, or throws, whatever the test says; without a script it does what it is asked for. */
@RegisterPaymentProvider()
class ScriptedProvider implements PaymentProvider {
  readonly id = "pp_scripted_default"
  readonly capabilities = { multicapture: true, callsNetwork: true, clientFields: "any" } as const
  readonly calls: { method: Method; call: ProviderCall }[] = []
  private readonly scripts: { method: Method; answer: (call: ProviderCall) => unknown }[] = []

  script(method: Method, answer: (call: ProviderCall) => unknown): void {
    this.scripts.push({ method, answer })
  }

  reset(): void {
    this.calls.length = 0
    this.scripts.length = 0
  }

  callsOf(method: Method): ProviderCall[] {
    return this.calls.filter((made) => made.method === method).map(({ call }) => call)
  }

  initiate(call: ProviderCall): Promise<never> {
    return this.answer("initiate", call, { outcome: "pending" })
  }

  update(call: ProviderCall): Promise<never> {
    return this.answer("update", call, { outcome: "pending" })
  }

  authorize(call: ProviderCall): Promise<never> {
    return this.answer("authorize", call, succeeded(call))
  }

  capture(call: ProviderCall): Promise<never> {
    return this.answer("capture", call, succeeded(call))
  }

  refund(call: ProviderCall): Promise<never> {
    return this.answer("refund", call, succeeded(call))
  }

  cancel(call: ProviderCall): Promise<never> {
    return this.answer("cancel", call, succeeded(call))
  }

  lookUp(call: LookUpCall): Promise<never> {
    return this.answer("lookUp", call, succeeded(call))
  }

  /** Nothing of what is answered has to be an outcome. */
  private answer(method: Method, call: ProviderCall, properly: object): Promise<never> {
    this.calls.push({ method, call })
    const at = this.scripts.findIndex((script) => script.method === method)
    const [script] = at < 0 ? [] : this.scripts.splice(at, 1)
    return Promise.resolve((script ? script.answer(call) : properly) as never)
  }
}

function succeeded({ amount }: ProviderCall): object {
  return { outcome: "succeeded", amount }
}

@Module({})
class ScriptedProviderModule {
  static with(provider: ScriptedProvider): DynamicModule {
    return { module: ScriptedProviderModule, providers: [{ provide: ScriptedProvider, useValue: provider }] }
  }
}

const bank = new FakeBank()
const scripted = new ScriptedProvider()
let service: TestService
const { admin, store } = apiOf(() => service)
beforeAll(async () => {
  service = await TestService.start(
    { PROVIDER_TIMEOUT: "500" },
    { modules: [fakeProviders(bank), ScriptedProviderModule.with(scripted)] },
  )
})
afterAll(() => service.close())
beforeEach(() => {
  bank.reset()
  scripted.reset()
})

const sql = (statement: string, parameters: unknown[]) => service.dataSource.query(statement, parameters)
const createFor = async (cartId: string) => (await store.createCollection(cartId)).body.payment_collection
const mark = (id: string, request: object = FAKE) => admin.markAsPaid(id, { order_id: "order_1", ...request })
const payment = async (paymentId: string) =>
  (await service.admin("GET", `/admin/payments/${paymentId}?fields=+authorized_amount,+captured_amount,+canceled_at`))
    .body.payment
const operation = async (id: string) => (await service.admin("GET", `/admin/operations/${id}`)).body.operation
const callsOf = (kind: string) => bank.calls.filter((call) => call.kind === kind)
const now = () => new Date().toISOString()

function expectUnknown({ status, body }: Answer): string {
  expect([status, body.type, body.code]).toEqual([504, "payment_provider_error", "outcome_unknown"])
  expect(body.message).toContain(body.operation_id)
  return body.operation_id as string
}

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown
  }
}

describe("a provider whose code answers what is no outcome", () => {
  const unusable = (words: string) => `The provider's answer cannot be used: ${words}`
  const withData = (data: unknown) => (call: ProviderCall) => ({ ...succeeded(call), data })

  const NONSENSE: [string, (call: ProviderCall) => unknown, string][] = [
    ["succeeded without an amount", () => ({ outcome: "succeeded" }), unusable("it has no amount")],
    [
      "minor units as a number",
      () => ({ outcome: "succeeded", amount: { minor: 1000, currency: "eur" } }),
      unusable("it has no amount"),
    ],
    [
      "an amount beyond 15 digits",
      () => ({ outcome: "succeeded", amount: { minor: 10n ** 15n, currency: "eur" } }),
      unusable("its amount is out of range"),
    ],
    ["an unknown word", () => ({ outcome: "paid" }), unusable("it is no outcome")],
    ["undefined", () => undefined, unusable("it is no outcome")],
    ["data with a NUL", withData({ note: "a\0b" }), unusable("its data cannot be stored")],
    ["data with half of a surrogate pair", withData({ note: "\ud83d" }), unusable("its data cannot be stored")],
    ["data with a bigint", withData({ minor: 1n }), unusable("Do not know how to serialize a BigInt")],
    [
      "that it does not know what it was asked for",
      () => ({ outcome: "not_found" }),
      "The provider says that it does not know what it was just asked for.",
    ],
    ["an object without a prototype, thrown", throwing(Object.create(null)), "The provider failed without a word."],
    ["an error that quotes a NUL", throwing(new Error("Unexpected '\0' in the answer")), "Unexpected '' in the answer"],
    [
      "an error of many words",
      throwing(new Error("x".repeat(499) + "\u{1f4b3}".repeat(10))),
      expect.stringMatching(/^x{499}/) as never,
    ],
  ]

  const expectWaiting = async (operationId: string, words: string) => {
    const { last_error, next_attempt_at, ...rest } = await operation(operationId)
    expect([last_error, rest]).toMatchObject([words, { state: "unknown", is_stuck: false, resolved_at: null }])
    expect(Date.parse(next_attempt_at as string)).toBeGreaterThan(Date.now())
  }

  it.each(NONSENSE)("%s, on a capture: 504 until it answers properly", async (_, answer, words) => {
    const { id, paymentId } = await newPayment(service, {}, SCRIPTED)
    scripted.script("capture", answer)
    const operationId = expectUnknown(await admin.capture(paymentId, 4))
    await expectWaiting(operationId, words)
    const pending = { captures: [{ amount: 4, status: "pending" }], captured_amount: 0 }
    expect(await payment(paymentId)).toMatchObject(pending)
    expect((await admin.retryOperation(operationId)).body.operation).toMatchObject({
      state: "succeeded",
      last_error: null,
    })
    const succeeded = { captures: [{ amount: 4, status: "succeeded" }], captured_amount: 4 }
    expect(await payment(paymentId)).toMatchObject(succeeded)
    expect(await store.readCollection(id)).toMatchObject({ captured_amount: 4 })
    expect(scripted.callsOf("capture")).toHaveLength(1)
  })

  it.each(NONSENSE)("%s, on an authorization: 504 until it answers properly", async (_, answer, words) => {
    const { id, sessionId } = await newSession(service, {}, SCRIPTED)
    scripted.script("authorize", answer)
    const operationId = expectUnknown(await store.authorize(id, sessionId))
    await expectWaiting(operationId, words)
    expect((await admin.retryOperation(operationId)).body.operation.state).toBe("succeeded")
    expect(await store.readCollection(id)).toMatchObject({ status: "authorized", payments: [{ amount: 10 }] })
  })

  it.each(NONSENSE.filter(([name]) => !/amount|units/.test(name)))(
    "%s, on opening a session: 504 until it answers properly",
    async (_, answer, words) => {
      const { id } = await newCollection(service)
      scripted.script("initiate", answer)
      const operationId = expectUnknown(await store.openSession(id, SCRIPTED))
      await expectWaiting(operationId, words)
      scripted.script("lookUp", () => ({ outcome: "not_found" }))
      expect((await admin.retryOperation(operationId)).body.operation.state).toBe("succeeded")
      expect((await store.readCollection(id)).payment_sessions).toMatchObject([{ status: "pending", amount: 10 }])
      expect(scripted.callsOf("initiate").map(({ idempotencyKey }) => idempotencyKey)).toEqual([
        operationId,
        operationId,
      ])
    },
  )

  it.each(NONSENSE.filter(([name]) => !name.startsWith("that it does not know")))(
    "%s, when it is looked up: the operation stays unknown",
    async (_, answer, words) => {
      const { paymentId } = await newPayment(service, {}, SCRIPTED)
      scripted.script("refund", throwing(new Error("The line broke")))
      await admin.capture(paymentId)
      const operationId = expectUnknown(await admin.refund(paymentId, 3))
      scripted.script("lookUp", answer)
      expect((await admin.retryOperation(operationId)).status).toBe(200)
      await expectWaiting(operationId, words)
      expect((await admin.retryOperation(operationId)).body.operation.state).toBe("succeeded")
      expect((await payment(paymentId)).refunds).toMatchObject([{ amount: 3 }])
    },
  )

  it("a currency that no database takes: 504, and the operation says so in words", async () => {
    const { paymentId } = await newPayment(service, {}, SCRIPTED)
    scripted.script("capture", () => ({ outcome: "succeeded", amount: { minor: 1000n, currency: "eu\0" } }))
    const operationId = expectUnknown(await admin.capture(paymentId))
    const { state, last_error } = await operation(operationId)
    expect([state, last_error]).toEqual(["unknown", expect.stringMatching(/\w+ \w+/)])
    expect((await admin.retryOperation(operationId)).body.operation.state).toBe("succeeded")
  })

  it.each([
    ["a NUL", "No\0 funds.", "No funds."],
    ["half of a surrogate pair", "No funds \ud83d", "No funds \ufffd"],
    ["more words than are kept", "x".repeat(499) + "\u{1f4b3}".repeat(10), expect.stringMatching(/^x{499}/)],
  ])("a refusal with %s is a refusal, in words that can be kept", async (_, message, words) => {
    const { paymentId, id } = await newPayment(service, {}, SCRIPTED)
    scripted.script("capture", () => ({ outcome: "declined", message, code: "a\0b" }))
    const { status, body } = await admin.capture(paymentId)
    expect([status, body]).toMatchObject([422, { message: words, code: "ab" }])
    expect(await operation(body.operation_id as string)).toMatchObject({ state: "declined", last_error: words })
    expect((await admin.capture(paymentId)).status).toBe(200)
    expect((await store.readCollection(id)).status).toBe("completed")
  })
})

describe("a cart that was free", () => {
  const freeAndComplete = async () => {
    const opened = await newPayment(service, { total: 0 }, SYSTEM)
    expect(await store.readCollection(opened.id)).toMatchObject({ status: "completed", amount: 0 })
    return opened
  }
  const expectNew = async (cartId: string, old: string) => {
    const created = await createFor(cartId)
    expect(created).toMatchObject({ amount: 12, status: "not_paid", payment_sessions: [], payments: [] })
    expect(created.id).not.toBe(old)
    expect(await createFor(cartId)).toMatchObject({ id: created.id })
    expect((await store.getCollection(old)).status).toBe(404)
    const [session] = (await store.openSession(created.id as string, FAKE)).body.payment_collection.payment_sessions
    expect((await store.authorize(created.id as string, session.id as string)).body.payment_collection).toMatchObject({
      status: "authorized",
      authorized_amount: 12,
    })
    return created.id as string
  }

  it("gets a new collection once something is to be paid", async () => {
    const { cartId, id } = await freeAndComplete()
    await putCart(service, { id: cartId, total: 12 })
    const next = await expectNew(cartId, id)
    expect([await eventNamesOf(service, id), await eventNamesOf(service, next)]).toEqual([
      expect.arrayContaining(["payment_collection.completed", "payment_collection.deleted"]),
      expect.arrayContaining(["payment_collection.created"]),
    ])
  })

  it("gets it from create also where nobody followed the change", async () => {
    const { cartId, id } = await freeAndComplete()
    await sql("UPDATE cart SET total = 1200 WHERE id = $1", [cartId])
    await expectNew(cartId, id)
  })

  it("gets one, however many ask at once", async () => {
    const { cartId, id } = await freeAndComplete()
    await sql("UPDATE cart SET total = 1200 WHERE id = $1", [cartId])
    const ids = new Set((await Promise.all(Array.from({ length: 8 }, () => createFor(cartId)))).map((made) => made.id))
    expect([ids.size, ids.has(id)]).toEqual([1, false])
  })

  it("keeps its collection once it is an order, and while it is free", async () => {
    const [free, ordered] = [await freeAndComplete(), await freeAndComplete()]
    await putCart(service, { id: free.cartId, total: 0, email: "other@example.com" })
    await putCart(service, { id: ordered.cartId, total: 12, completed_at: now() })
    for (const { cartId, id } of [free, ordered]) {
      expect(await createFor(cartId)).toMatchObject({ id, amount: 0, status: "completed" })
    }
  })
})

describe("a cart change", () => {
  it("that is told with the cart's completion counts: the order is authorized for its total", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    await putCart(service, { id: cartId, total: 30, completed_at: now() })
    expect(await store.readCollection(id)).toMatchObject({
      amount: 30,
      payment_sessions: [{ id: sessionId, amount: 30 }],
    })
    expect((await store.authorize(id, sessionId)).body.payment_collection).toMatchObject({
      status: "authorized",
      authorized_amount: 30,
      payments: [{ amount: 30 }],
    })
    expect(bank.books.get(sessionId)).toMatchObject({ authorized: 3000n })
  })

  it("to nothing gives up a session at a provider that takes no payment of zero", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    await putCart(service, { id: cartId, total: 0 })
    expect(await store.readCollection(id)).toMatchObject({ amount: 0, status: "not_paid", payment_sessions: [] })
    expect([bank.books.get(sessionId)?.canceled, callsOf("update")]).toEqual([true, []])
    const { body } = await store.openSession(id, SYSTEM)
    const free = body.payment_collection.payment_sessions[0].id as string
    expect((await store.authorize(id, free)).body.payment_collection.status).toBe("completed")
  })

  it("to nothing leaves a session at a provider that needs no network", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, SYSTEM)
    await putCart(service, { id: cartId, total: 0 })
    expect(await store.readCollection(id)).toMatchObject({
      amount: 0,
      payment_sessions: [{ id: sessionId, amount: 0 }],
    })
  })

  it.each([
    ["without a session", undefined],
    ["with a session at a provider without a network", SYSTEM],
    ["with a session at a provider with a network", FAKE],
  ])("of region and total at once is told once, %s", async (_, provider) => {
    const { cartId, id } = provider ? await newSession(service, {}, provider) : await newCollection(service)
    const before = (await eventNamesOf(service, id)).length
    await putCart(service, { id: cartId, total: 20, region_id: "reg_of_the_change" })
    const told = (await eventNamesOf(service, id)).slice(before)
    const [row] = await sql("SELECT amount, region_id FROM payment_collection WHERE id = $1", [id])
    expect(row).toEqual({ amount: "2000", region_id: "reg_of_the_change" })
    expect(told.filter((name) => name === "payment_collection.updated")).toHaveLength(1)
  })

  it("of a guest who logs in reaches the open session at its provider, and operators", async () => {
    const { cartId, id, sessionId } = await newSession(service, { email: null }, SCRIPTED)
    const contextOf = async () => (await admin.getCollection(id)).body.payment_collection.payment_sessions[0].context
    expect([scripted.callsOf("initiate")[0]?.context, await contextOf()]).toEqual([{}, {}])
    await putCart(service, { id: cartId, customer_id: "cus_7", email: "seven@example.com" })
    const customer = { customer: { id: "cus_7", email: "seven@example.com" } }
    expect(await contextOf()).toEqual(customer)
    expect((await store.openSession(id, { ...SCRIPTED, data: { note: "after the login" } })).status).toBe(200)
    expect(scripted.callsOf("update").map(({ context }) => context)).toEqual([customer, customer])
    await store.authorize(id, sessionId)
    expect(scripted.callsOf("authorize").map(({ context }) => context)).toEqual([customer])
  })
})

describe("marking as paid, once it was refused", () => {
  it.each(["authorizes the session that is there", "opens it again and authorizes it"])(
    "does not capture what the shopper authorizes on their own: the shopper %s",
    async (how) => {
      const { id } = await newCollection(service)
      bank.script("authorize", "decline")
      expect((await mark(id)).status).toBe(422)
      if (how.startsWith("opens")) expect((await store.openSession(id, FAKE)).status).toBe(200)
      const [session] = (await store.readCollection(id)).payment_sessions
      expect((await store.authorize(id, session.id as string)).body.payment_collection.status).toBe("authorized")
      expect(await mark(id)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
      expect([callsOf("capture"), (await store.readCollection(id)).captured_amount]).toEqual([[], 0])
    },
  )

  it.each([
    ["no session could be opened", "initiate", "decline", 422],
    ["the provider itself refused to open one", "initiate", "refuse", 502],
  ] as const)("does not capture what the shopper authorizes on their own: %s", async (_, kind, behaviour, status) => {
    const { id } = await newCollection(service)
    bank.script(kind, behaviour)
    expect((await mark(id)).status).toBe(status)
    const [session] = (await store.openSession(id, FAKE)).body.payment_collection.payment_sessions
    expect((await store.authorize(id, session.id as string)).status).toBe(200)
    expect(await mark(id)).toMatchObject({ status: 400, body: { type: "not_allowed" } })
    expect(callsOf("capture")).toEqual([])
  })

  it("can be asked for anew", async () => {
    const { id } = await newCollection(service)
    bank.script("authorize", "decline")
    expect((await mark(id)).status).toBe(422)
    expect((await mark(id)).body.payment_collection).toMatchObject({ status: "completed", captured_amount: 10 })
  })
})

describe("a session whose authorization was declined", () => {
  const declined = async () => {
    const opened = await newSession(service, {}, FAKE)
    bank.script("authorize", "decline")
    expect((await store.authorize(opened.id, opened.sessionId)).status).toBe(422)
    expect((await store.readCollection(opened.id)).payment_sessions).toMatchObject([{ status: "error" }])
    return opened
  }

  it("is asked for again at its provider, and is pending again", async () => {
    const { id, sessionId } = await declined()
    expect((await store.openSession(id, FAKE)).body.payment_collection.payment_sessions).toMatchObject([
      { id: sessionId, status: "pending", amount: 10 },
    ])
    expect([callsOf("update").length, callsOf("initiate").length]).toEqual([1, 1])
    expect((await store.authorize(id, sessionId)).body.payment_collection.status).toBe("authorized")
  })

  it("makes way for a new one where that is refused, too", async () => {
    const { id, sessionId } = await declined()
    bank.script("update", "refuse")
    expect((await store.openSession(id, FAKE)).status).toBe(502)
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
    const [next, ...others] = (await store.openSession(id, FAKE)).body.payment_collection.payment_sessions
    expect([next.status, next.id === sessionId, others]).toEqual(["pending", false, []])
    expect((await store.authorize(id, next.id as string)).body.payment_collection.status).toBe("authorized")
  })
})

describe("a provider that asks the shopper for something, to give a session up", () => {
  const expectStuck = async (answer: Answer, sessionId: string) => {
    const operationId = expectUnknown(answer)
    expect(await operation(operationId)).toMatchObject({
      kind: "cancel_session",
      state: "unknown",
      is_stuck: true,
      next_attempt_at: null,
      last_error: "The provider asks the shopper for something, to give a session up.",
    })
    expect(callsOf("cancel_session")).toHaveLength(1)
    expect(bank.books.get(sessionId)).toMatchObject({ canceled: false })
  }

  it("is asked once when another provider is chosen: 504, and a person has to look", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("cancel_session", "require_more")
    await expectStuck(await store.openSession(id, SINGLE), sessionId)
    expect((await store.readCollection(id)).payment_sessions).toMatchObject([{ id: sessionId }])
    expect(callsOf("initiate")).toHaveLength(1)
  })

  it("is asked once when the collection is deleted: nothing is", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("cancel_session", "require_more")
    await expectStuck(await admin.deleteCollection(id), sessionId)
    expect((await store.readCollection(id)).payment_sessions).toMatchObject([{ id: sessionId }])
  })

  it("is asked once when the cart falls to nothing: the cart is told all the same", async () => {
    const { cartId, id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("cancel_session", "require_more")
    await putCart(service, { id: cartId, total: 0 })
    expect(callsOf("cancel_session")).toHaveLength(1)
    expect(await store.readCollection(id)).toMatchObject({
      amount: 10,
      payment_sessions: [{ id: sessionId, amount: 10 }],
    })
  })
})

describe("authorizing with a provider that is not offered any more", () => {
  const offer = (region: string, payment_providers: string[]) =>
    service.admin("POST", `/admin/regions/${region}`, { payment_providers })

  it("is 400 when it was disabled, and voids the session", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    const enable = (is_enabled: boolean) =>
      service.admin("POST", `/admin/payments/payment-providers/${FAKE.provider_id}`, { is_enabled })
    await enable(false)
    try {
      expect(await store.authorize(id, sessionId)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
      expect(callsOf("authorize")).toEqual([])
      expect(callsOf("cancel_session")).toHaveLength(1)
    } finally {
      await enable(true)
    }
    expect((await store.authorize(id, sessionId)).status).toBe(404)
    expect((await store.readCollection(id)).payment_sessions).toEqual([])
  })

  it("is 400 when the region offers others, and voids the session; the session of an order stays", async () => {
    const region_id = "reg_that_changes"
    await offer(region_id, [FAKE.provider_id])
    const [inCart, ordered] = [
      await newSession(service, { region_id }, FAKE),
      await newSession(service, { region_id }, FAKE),
    ]
    await offer(region_id, [SYSTEM.provider_id])
    expect(await store.authorize(inCart.id, inCart.sessionId)).toMatchObject({
      status: 400,
      body: { type: "invalid_data" },
    })
    expect(callsOf("authorize")).toEqual([])
    expect(callsOf("cancel_session")).toMatchObject([{ sessionId: inCart.sessionId }])
    await putCart(service, { id: ordered.cartId, region_id, completed_at: now() })
    expect((await store.authorize(ordered.id, ordered.sessionId)).body.payment_collection.status).toBe("authorized")
  })
})

describe("a field that nobody knows is refused, and changes nothing", () => {
  const NONE = { amount: 3 }
  const refused = {
    status: 400,
    body: { type: "invalid_data", message: "Invalid request: Unrecognized fields: 'amount'" },
  }

  it("with a cancellation", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    expect(await admin.cancel(paymentId, NONE)).toMatchObject(refused)
    expect([callsOf("cancel_payment"), await payment(paymentId)]).toMatchObject([[], { canceled_at: null }])
    expect((await admin.cancel(paymentId, {})).status).toBe(200)
  })

  it("with an authorization", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    expect(await store.authorize(id, sessionId, NONE)).toMatchObject(refused)
    expect([callsOf("authorize"), await store.readCollection(id)]).toMatchObject([[], { status: "not_paid" }])
    expect((await store.authorize(id, sessionId, {})).status).toBe(200)
  })

  it("with another look at an operation", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "fail_after")
    const operationId = expectUnknown(await admin.capture(paymentId))
    expect(await admin.retryOperation(operationId, NONE)).toMatchObject(refused)
    expect([callsOf("lookUp"), await operation(operationId)]).toMatchObject([[], { state: "unknown" }])
    expect((await admin.retryOperation(operationId, {})).body.operation.state).toBe("succeeded")
  })
})

describe("what a provider's code throws", () => {
  const SECRET = "sk_live_a_secret_of_the_provider"

  it("reaches no response; the log has it once, with its cause and the operation, and without keys", async () => {
    const provider = new ScriptedProvider()
    const lines: string[] = []
    const logger = createLogger("info")
    Object.assign(logger, { [streamOf(logger)]: { write: (line: string) => lines.push(line) } })
    const config = readConfig({ PORT: "0", TCP_PORT: "0", LOG_LEVEL: "info", RECONCILER_INTERVAL: "3600000" })
    const options = dataSourceOptions(service.connection, entities)
    const app = await createApp(config, options, logger, [fakeProviders(bank), ScriptedProviderModule.with(provider)])
    try {
      const request = async (method: "GET" | "POST", path: string, payload?: object) => {
        const { statusCode, body } = await app.inject({
          method,
          url: path,
          payload,
          headers: {
            authorization: `Bearer ${service.secretKey}`,
            "x-publishable-api-key": service.publishableKey,
          },
        })
        return { status: statusCode, body, json: () => JSON.parse(body) }
      }
      const fail = () => {
        const cause = Object.assign(new Error(`read ECONNRESET ${SECRET}`), { code: "ECONNRESET" })
        throw Object.assign(new Error(`The provider said 401 to ${SECRET}`, { cause }), {
          config: { headers: { authorization: SECRET } },
        })
      }
      const { id } = await newCollection(service)
      const { id: other, sessionId } = await newSession(service, {}, SCRIPTED)
      const { id: paid, paymentId } = await newPayment(service, {}, SCRIPTED)
      provider.script("initiate", fail)
      provider.script("authorize", fail)
      provider.script("capture", fail)
      const failed = [
        await request("POST", `/store/payment-collections/${id}/payment-sessions`, SCRIPTED),
        await request("POST", `/store/payment-collections/${other}/payment-sessions/${sessionId}/authorize`),
        await request("POST", `/admin/payments/${paymentId}/capture`),
      ]
      expect(failed.map(({ status }) => status)).toEqual([504, 504, 504])
      provider.script("lookUp", fail)
      await request("POST", `/admin/operations/${failed[2]?.json().operation_id}/retry`)
      expect(provider.callsOf("lookUp")).toHaveLength(1)
      const seen = [
        ...failed,
        ...(await Promise.all([id, other, paid].map((one) => request("GET", `/store/payment-collections/${one}`)))),
        await request("GET", `/admin/payments/${paymentId}`),
        await request("GET", "/admin/events?limit=1000"),
      ]
      for (const { body } of seen) expect(body).not.toContain(SECRET)
      expect(lines.filter((line) => line.includes("Whether it happened is not known yet"))).toHaveLength(3)
      expect(lines.filter((line) => line.includes(SECRET))).toEqual([])
      const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      const failures = logged.filter(({ msg }) => msg === "The payment provider failed.")
      const capture = failed[2]?.json().operation_id
      expect(failures).toMatchObject(
        ["initiate", "authorize", "capture", "lookUp"].map((call, index) => ({
          level: "error",
          provider_id: "pp_scripted_default",
          call,
          operation: call === "lookUp" ? "capture" : call,
          operation_id: failed[index]?.json().operation_id ?? capture,
          err: {
            type: "Error",
            message: "The provider said 401 to sk_[redacted]",
            cause: { type: "Error", message: "read ECONNRESET sk_[redacted]", code: "ECONNRESET" },
          },
        })),
      )
      // The response's own line ties the operation to the request, and does not name the cause a second time.
      const responses = logged.filter(({ msg }) => String(msg).startsWith("Whether it happened"))
      expect(responses.map(({ request_id, operation_id }) => ({ request_id, operation_id }))).toEqual(
        failed.map(({ json }) => ({ request_id: json().request_id, operation_id: json().operation_id })),
      )
      for (const { err } of responses) expect(JSON.stringify(err)).not.toContain("401")
    } finally {
      await app.close()
    }
  })

  /** Where a logger of pino keeps the stream that it writes to. */
  function streamOf(logger: object): symbol {
    const symbol = Object.getOwnPropertySymbols(logger).find(({ description }) => description === "pino.stream")
    if (!symbol) throw new Error("The logger has no stream")
    return symbol
  }
})

describe("an operation that is too old to be repeated", () => {
  const age = (operationId: string) =>
    sql("UPDATE payment_operation SET created_at = now() - interval '24 hours', claimed_until = NULL WHERE id = $1", [
      operationId,
    ])

  it("is looked up as long as it takes, where the provider has taken it on", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "pending_async")
    expect((await admin.capture(paymentId)).status).toBe(200)
    const [key] = bank.unfinished
    await age(key ?? "")
    const { status, body } = await admin.retryOperation(key ?? "")
    expect([status, body.operation]).toMatchObject([200, { state: "pending", is_stuck: false }])
    expect(Date.parse(body.operation.next_attempt_at as string)).toBeGreaterThan(Date.now())
    bank.finish(key ?? "")
    expect((await admin.retryOperation(key ?? "")).body.operation).toMatchObject({
      state: "succeeded",
      is_stuck: false,
    })
    expect((await payment(paymentId)).captures).toMatchObject([{ amount: 10 }])
    expect(callsOf("capture")).toHaveLength(1)
  })

  it("is not repeated where the provider does not know it: a person has to look", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "fail_before")
    const operationId = expectUnknown(await admin.capture(paymentId))
    await age(operationId)
    const { status, body } = await admin.retryOperation(operationId)
    expect([status, body.operation]).toMatchObject([
      200,
      { state: "unknown", is_stuck: true, next_attempt_at: null, last_error: expect.stringMatching(/too old/) },
    ])
    expect([callsOf("capture").length, callsOf("lookUp").length]).toEqual([1, 1])
    const pending = { captures: [{ amount: 10, status: "pending" }], captured_amount: 0 }
    expect(await payment(paymentId)).toMatchObject(pending)
  })

  it("is settled also when it is stuck, once the provider knows of it", async () => {
    const { paymentId } = await newPayment(service, {}, FAKE)
    bank.script("capture", "fail_after")
    bank.script("lookUp", "fail_before")
    const operationId = expectUnknown(await admin.capture(paymentId))
    await age(operationId)
    expect((await admin.retryOperation(operationId)).body.operation).toMatchObject({ state: "unknown", is_stuck: true })
    expect((await admin.retryOperation(operationId)).body.operation).toMatchObject({
      state: "succeeded",
      is_stuck: false,
    })
    expect((await payment(paymentId)).captures).toMatchObject([{ amount: 10 }])
  })
})

it("a collection for an order is made once, also when the answer to its key was lost", async () => {
  const order_id = "order_whose_answer_was_lost"
  const headers = { "idempotency-key": "key-of-a-lost-answer" }
  const create = () => admin.createCollection({ order_id, amount: 15, currency_code: "eur" }, { headers })
  const first = await create()
  expect(first.status).toBe(200)
  await sql("UPDATE idempotency_key SET response = NULL, claimed_until = NULL WHERE key = $1", [
    headers["idempotency-key"],
  ])
  const second = await create()
  expect([second.status, second.body]).toEqual([200, first.body])
  expect(second.headers.get("idempotent-replayed")).toBeNull()
  const { body } = await service.admin("GET", `/admin/payment-collections?order_id=${order_id}`)
  expect(body).toMatchObject({ count: 1, payment_collections: [{ id: first.body.payment_collection.id }] })
  expect(await eventNamesOf(service, first.body.payment_collection.id as string)).toEqual([
    "payment_collection.created",
  ])
})

it("a refund names its reason after the reason was deleted", async () => {
  const { id, paymentId } = await newPayment(service, {}, FAKE)
  const reason = { label: "Came late", code: "came_late" }
  const created = (await admin.createRefundReason(reason)).body.refund_reason
  await admin.capture(paymentId)
  await admin.refund(paymentId, { amount: 2, refund_reason_id: created.id })
  expect((await service.admin("DELETE", `/admin/refund-reasons/${created.id}`)).status).toBe(200)
  const named = [{ amount: 2, refund_reason_id: created.id, refund_reason: reason }]
  expect((await payment(paymentId)).refunds).toMatchObject(named)
  expect((await store.readCollection(id)).payments[0].refunds).toMatchObject(named)
})
