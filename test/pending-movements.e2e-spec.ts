import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { apiOf, FAKE } from "./support/api.js"
import { newPayment } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"
const SINGLE = { provider_id: "pp_fake_single" }

const bank = new FakeBank()
/** Waits for a provider as long as it takes. */
let service: TestService
const { admin, store } = apiOf(() => service)
/** Waits for a provider for a moment only: for requests that wait in vain. */
let hasty: TestService
let tcp: TcpConnection
beforeAll(async () => {
  service = await TestService.start({ PROVIDER_TIMEOUT: "20000" }, { modules: [fakeProviders(bank)] })
  hasty = await TestService.start({ PROVIDER_TIMEOUT: "300" }, { modules: [fakeProviders(bank)] })
  tcp = await TcpConnection.open(service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await hasty.close()
  await service.close()
})
beforeEach(() => {
  bank.reset()
})

type Kind = "capture" | "refund"

interface Response {
  status: number
  body: any
}

/** Sends a request to capture, refund or cancel. */
type Send = (paymentId: string, kind: Kind | "cancel", body?: object) => Promise<Response>

const http: Send = (paymentId, kind, body) => admin.requestOn(paymentId, kind, body)
const overTcp: Send = async (paymentId, kind, body) => {
  const { response, err } = await tcp.ask(`payments.${kind}`, { id: paymentId, ...body })
  return err ? { status: STATUSES[err.type] ?? 0, body: err } : { status: 200, body: response }
}

/** The status that an error of a type has over HTTP, of those that come here. */
const STATUSES: Record<string, number> = {
  invalid_data: 400,
  payment_authorization_error: 422,
  payment_provider_error: 504,
}

const paymentOf = async (id: string, instance = service) => {
  const fields =
    "captured_amount,refunded_amount,canceled_at,captures.amount,captures.status,refunds.amount,refunds.status"
  return (await instance.admin("GET", `/admin/payments/${id}?fields=${fields}`)).body.payment
}
const callsOf = (kind: string) => bank.calls.filter((call) => call.kind === kind)
const eventsOf = async (collectionId: string, instance = service): Promise<string[]> => {
  const rows = await instance.dataSource.query<{ name: string }[]>(
    "SELECT name FROM outbox_event WHERE aggregate_id = $1 AND name LIKE 'payment.%' ORDER BY id",
    [collectionId],
  )
  return rows.map(({ name }) => name)
}
const statusesOf = (responses: readonly Response[]) => responses.map(({ status }) => status)

/** Looks up what has no outcome yet, as the reconciler does once it is due. */
async function reconcile(collectionId: string, instance = service): Promise<string[]> {
  const [rows] = await instance.dataSource.query<[{ id: string }[], number]>(
    "UPDATE payment_operation SET claimed_until = NULL WHERE payment_collection_id = $1 AND resolved_at IS NULL RETURNING id",
    [collectionId],
  )
  const states: string[] = []
  for (const { id } of rows) {
    states.push((await instance.admin("POST", `/admin/operations/${id}/retry`)).body.operation.state as string)
  }
  return states
}

async function until(holds: () => boolean): Promise<void> {
  for (const start = Date.now(); !holds();) {
    if (Date.now() - start > 15_000) throw new Error("What the test waits for did not come about")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Sends a request, and resolves once it waits for an operation. */
async function waiting(send: () => Promise<Response>): Promise<{ response: Promise<Response> }> {
  service.statements.take()
  const response = send()
  await until(() => service.statements.take().some((statement) => statement.includes('"isResolved"')))
  return { response }
}

function barrier() {
  let open: () => void = () => undefined
  const wait = new Promise<void>((resolve) => (open = resolve))
  return { wait, open }
}

/** A payment of 10.00; for a refund it is captured. */
async function paymentFor(kind: Kind, { instance = service, request = FAKE } = {}) {
  const payment = await newPayment(instance, {}, request)
  if (kind === "refund") {
    const { status } = await instance.admin("POST", `/admin/payments/${payment.paymentId}/capture`)
    expect(status).toBe(200)
  }
  return payment
}

const CASES: [string, Kind, number | undefined, number][] = [
  ["a partial capture", "capture", 4, 4],
  ["a capture of all the rest", "capture", undefined, 10],
  ["a partial refund", "refund", 4, 4],
  ["a refund of all the rest", "refund", undefined, 10],
]
const TRANSPORTS: [string, Send][] = [
  ["HTTP", http],
  ["TCP", overTcp],
]

const movedOf = (payment: any, kind: Kind) => (kind === "capture" ? payment.captured_amount : payment.refunded_amount)
const listOf = (payment: any, kind: Kind) => (kind === "capture" ? payment.captures : payment.refunds)
const bodyOf = (amount: number | undefined) => (amount === undefined ? {} : { amount })

describe.each(TRANSPORTS)("a request over %s without a key that equals one in progress", (_, send) => {
  it.each(CASES)("%s whose response was lost: waits, and moves nothing more", async (_case, kind, amount, moved) => {
    const { id, paymentId } = await paymentFor(kind)
    bank.script(kind, "fail_after")
    const first = await send(paymentId, kind, bodyOf(amount))
    expect([first.status, first.body.code]).toEqual([504, "outcome_unknown"])
    const again = await waiting(() => send(paymentId, kind, bodyOf(amount)))
    expect(await reconcile(id)).toEqual(["succeeded"])
    const { status, body } = await again.response
    expect([status, listOf(body.payment, kind)]).toMatchObject([200, [{ amount: moved, status: "succeeded" }]])
    expect(movedOf(await paymentOf(paymentId), kind)).toBe(moved)
    expect(callsOf(kind)).toHaveLength(1)
  })

  it.each(CASES)("%s that was sent twice at the same time: moves money once", async (_case, kind, amount, moved) => {
    const { paymentId } = await paymentFor(kind)
    const { wait, open } = barrier()
    bank.script(kind, { wait, then: "succeed" })
    const first = send(paymentId, kind, bodyOf(amount))
    await until(() => callsOf(kind).length > 0)
    const second = await waiting(() => send(paymentId, kind, bodyOf(amount)))
    open()
    const responses = [await first, await second.response]
    expect(statusesOf(responses)).toEqual([200, 200])
    for (const { body } of responses) {
      expect(listOf(body.payment, kind)).toMatchObject([{ amount: moved, status: "succeeded" }])
    }
    expect([callsOf(kind).length, movedOf(await paymentOf(paymentId), kind)]).toEqual([1, moved])
  })

  it.each(CASES)("%s that is declined: is judged anew", async (_case, kind, amount, moved) => {
    const { paymentId } = await paymentFor(kind)
    const { wait, open } = barrier()
    bank.script(kind, { wait, then: "decline" })
    const first = send(paymentId, kind, bodyOf(amount))
    await until(() => callsOf(kind).length > 0)
    const second = await waiting(() => send(paymentId, kind, bodyOf(amount)))
    open()
    expect(statusesOf([await first, await second.response])).toEqual([422, 200])
    const payment = await paymentOf(paymentId)
    expect(listOf(payment, kind).map(({ status }: any) => status)).toEqual(["failed", "succeeded"])
    expect([callsOf(kind).length, movedOf(payment, kind)]).toEqual([2, moved])
  })
})

describe("a request without a key that equals one in progress", () => {
  it.each(CASES)("%s: is 409 while nobody knows the outcome", async (_case, kind, amount) => {
    const { paymentId } = await paymentFor(kind, { instance: hasty })
    bank.script(kind, "fail_after")
    const send = () => hasty.admin("POST", `/admin/payments/${paymentId}/${kind}`, bodyOf(amount))
    const [first, again] = [await send(), await send()]
    expect(again).toMatchObject({
      status: 409,
      body: { type: "conflict", code: "operation_in_progress", operation_id: first.body.operation_id },
    })
    expect(again.headers.get("retry-after")).toBe("1")
    expect([callsOf(kind).length, movedOf(await paymentOf(paymentId, hasty), kind)]).toEqual([1, 0])
  })

  it.each(CASES)("%s: is 409 without a wait when the operation is stuck", async (_case, kind, amount) => {
    const { paymentId } = await paymentFor(kind)
    bank.script(kind, "report_other_currency")
    const first = await http(paymentId, kind, bodyOf(amount))
    const again = await http(paymentId, kind, bodyOf(amount))
    expect(again).toMatchObject({
      status: 409,
      body: { code: "operation_in_progress", operation_id: first.body.operation_id },
    })
    expect(callsOf(kind)).toHaveLength(1)
  })

  it("waits also for one that came with a key", async () => {
    const { id, paymentId } = await paymentFor("refund")
    bank.script("refund", "fail_after")
    const keyed = { headers: { "idempotency-key": randomUUID() } }
    const path = `/admin/payments/${paymentId}/refund`
    expect((await service.admin("POST", path, { amount: 4 }, keyed)).status).toBe(504)
    const again = await waiting(() => http(paymentId, "refund", { amount: 4 }))
    await reconcile(id)
    expect((await again.response).status).toBe(200)
    expect(await paymentOf(paymentId)).toMatchObject({ refunded_amount: 4 })
  })

  it("is a request of its own with a key of its own, and with another amount", async () => {
    const { id, sessionId, paymentId } = await paymentFor("refund")
    bank.script("refund", "fail_after")
    expect((await http(paymentId, "refund", { amount: 4 })).status).toBe(504)
    const path = `/admin/payments/${paymentId}/refund`
    const keyed = { headers: { "idempotency-key": randomUUID() } }
    expect((await service.admin("POST", path, { amount: 4 }, keyed)).status).toBe(200)
    expect((await http(paymentId, "refund", { amount: 1 })).status).toBe(200)
    expect(await reconcile(id)).toEqual(["succeeded"])
    expect(await paymentOf(paymentId)).toMatchObject({ refunded_amount: 9 })
    expect(bank.books.get(sessionId)).toMatchObject({ refunded: 900n })
  })

  it("gets the result of a partial capture with a provider that captures once", async () => {
    const { paymentId } = await paymentFor("capture", { request: SINGLE })
    const { wait, open } = barrier()
    bank.script("capture", { wait, then: "succeed" })
    const first = http(paymentId, "capture", { amount: 4 })
    await until(() => callsOf("capture").length > 0)
    const second = await waiting(() => http(paymentId, "capture", { amount: 4 }))
    open()
    expect(statusesOf([await first, await second.response])).toEqual([200, 200])
    expect(callsOf("capture")).toHaveLength(1)
  })

  it("cancels once; a cancellation that is declined is judged anew", async () => {
    const { paymentId } = await paymentFor("capture")
    const { wait, open } = barrier()
    bank.script("cancel_payment", { wait, then: "decline" })
    const first = http(paymentId, "cancel")
    await until(() => callsOf("cancel_payment").length > 0)
    const second = await waiting(() => http(paymentId, "cancel"))
    open()
    expect(statusesOf([await first, await second.response])).toEqual([422, 200])
    expect((await http(paymentId, "cancel")).status).toBe(200)
    expect(callsOf("cancel_payment")).toHaveLength(2)
  })

  it("moves money twice with a provider without a network, which has an outcome under the lock", async () => {
    const { paymentId } = await newPayment(service)
    const responses = await Promise.all([1, 2].map(() => http(paymentId, "capture", { amount: 4 })))
    expect(statusesOf(responses)).toEqual([200, 200])
    expect(await paymentOf(paymentId)).toMatchObject({ captured_amount: 8 })
  })
})

describe("a capture of a payment that is captured in full", () => {
  it.each(TRANSPORTS)("changes nothing over %s, with an amount or without", async (_, send) => {
    const { paymentId } = await paymentFor("refund")
    for (const body of [{}, { amount: 10 }, { amount: 3 }, { amount: 11 }]) {
      const { status, body: answered } = await send(paymentId, "capture", body)
      expect([status, answered.payment.captures]).toMatchObject([200, [{ amount: 10, status: "succeeded" }]])
    }
    expect(callsOf("capture")).toHaveLength(1)
  })

  it.each([{ amount: 10 }, { amount: 3 }, { amount: 11 }])("waits for a capture that is pending: %j", async (body) => {
    const { paymentId } = await paymentFor("capture")
    const { wait, open } = barrier()
    bank.script("capture", { wait, then: "succeed" })
    const first = http(paymentId, "capture")
    await until(() => callsOf("capture").length > 0)
    const second = await waiting(() => http(paymentId, "capture", body))
    open()
    expect(statusesOf([await first, await second.response])).toEqual([200, 200])
    expect(callsOf("capture")).toHaveLength(1)
  })

  it("is refused above the rest of a payment that is captured in part", async () => {
    const { paymentId } = await paymentFor("capture")
    expect((await http(paymentId, "capture", { amount: 4 })).status).toBe(200)
    expect(await http(paymentId, "capture", { amount: 6.01 })).toMatchObject({
      status: 400,
      body: { type: "invalid_data" },
    })
    expect(await paymentOf(paymentId)).toMatchObject({ captured_amount: 4 })
  })
})

describe("a refund that the provider has accepted", () => {
  it.each(TRANSPORTS)("is 200 over %s and listed as pending", async (_, send) => {
    const { paymentId } = await paymentFor("refund")
    bank.script("refund", "pending_async")
    const { status, body } = await send(paymentId, "refund", { amount: 4 })
    expect([status, body.payment.refunds]).toMatchObject([200, [{ amount: 4, status: "pending" }]])
    expect(await paymentOf(paymentId)).toMatchObject({ refunded_amount: 0 })
  })

  it.each([
    ["succeed", "succeeded", 4, "payment.refunded"],
    ["decline", "failed", 0, "payment.refund_failed"],
  ] as const)(
    "is reported pending once, however often it is looked up, before it can %s",
    async (end, status, amount, event) => {
      const { id, paymentId } = await paymentFor("refund")
      bank.script("refund", "pending_async")
      await http(paymentId, "refund", { amount: 4 })
      for (let times = 0; times < 3; times++) expect(await reconcile(id)).toEqual(["pending"])
      for (const key of bank.unfinished) bank.finish(key, end)
      await reconcile(id)
      expect(await paymentOf(paymentId)).toMatchObject({ refunded_amount: amount, refunds: [{ amount: 4, status }] })
      const names = ["payment.authorized", "payment.captured", "payment.refund_pending", event]
      expect(await eventsOf(id)).toEqual(names)
    },
  )

  it("is reported pending also when only a lookup says so", async () => {
    const { id, paymentId } = await paymentFor("refund", { instance: hasty })
    const { wait, open } = barrier()
    bank.script("refund", { wait, then: "pending_async" })
    const { status } = await hasty.admin("POST", `/admin/payments/${paymentId}/refund`, { amount: 4 })
    expect([status, await eventsOf(id, hasty)]).toEqual([504, ["payment.authorized", "payment.captured"]])
    open()
    await until(() => bank.unfinished.length > 0)
    for (let times = 0; times < 2; times++) {
      await reconcile(id, hasty)
      const names = ["payment.authorized", "payment.captured", "payment.refund_pending"]
      expect(await eventsOf(id, hasty)).toEqual(names)
      expect(await paymentOf(paymentId, hasty)).toMatchObject({ refunds: [{ amount: 4, status: "pending" }] })
    }
  })

  it("has no event when it is declined right away", async () => {
    const { id, paymentId } = await paymentFor("refund")
    bank.script("refund", "decline")
    expect((await http(paymentId, "refund", { amount: 4 })).status).toBe(422)
    expect(await paymentOf(paymentId)).toMatchObject({ refunds: [{ amount: 4, status: "failed" }] })
    expect(await eventsOf(id)).toEqual(["payment.authorized", "payment.captured"])
  })

  it("keeps an equal request without a key waiting, and lets one with a key begin", async () => {
    const { paymentId } = await paymentFor("refund", { instance: hasty })
    bank.script("refund", "pending_async")
    const send = (headers = {}) =>
      hasty.admin("POST", `/admin/payments/${paymentId}/refund`, { amount: 4 }, { headers })
    expect((await send()).status).toBe(200)
    expect(await send()).toMatchObject({ status: 409, body: { code: "operation_in_progress" } })
    const own = await send({ "idempotency-key": randomUUID() })
    expect([own.status, own.body.payment.refunds]).toMatchObject([
      200,
      [{ status: "pending" }, { status: "succeeded" }],
    ])
  })

  it.each(["capture", "refund"] as const)(
    "or a capture likewise: a repeat with its key, whose response was lost, is 200 and lists it: %s",
    async (kind) => {
      const { paymentId } = await paymentFor(kind)
      const key = randomUUID()
      const send = () => admin.requestOn(paymentId, kind, 4, { headers: { "idempotency-key": key } })
      bank.script(kind, "pending_async")
      const first = await send()
      await service.dataSource.query(
        "UPDATE idempotency_key SET response = NULL, claimed_until = now() - interval '1 second' WHERE key = $1",
        [key],
      )
      const again = await send()
      expect([again.status, again.body]).toEqual([200, first.body])
      expect(callsOf(kind)).toHaveLength(1)
    },
  )
})

describe("a refund", () => {
  const metadata = { return_id: "ret_1", lines: [{ sku: "a", quantity: 2 }] }

  it.each(TRANSPORTS)("keeps metadata over %s, which storefronts do not see", async (_, send) => {
    const { id, paymentId } = await paymentFor("refund")
    const { body } = await send(paymentId, "refund", { amount: 4, metadata })
    expect(body.payment.refunds).toHaveLength(1)
    const { body: read } = await service.admin("GET", `/admin/payments/${paymentId}?fields=refunds.metadata`)
    expect(read.payment.refunds).toMatchObject([{ metadata }])
    const { body: shown } = await store.getCollection(id)
    expect(shown.payment_collection.payments[0].refunds).toMatchObject([{ amount: 4, metadata: null }])
  })

  it("takes null for no metadata", async () => {
    const { paymentId } = await paymentFor("refund")
    expect((await http(paymentId, "refund", { amount: 4, metadata: null })).status).toBe(200)
    const { body } = await service.admin("GET", `/admin/payments/${paymentId}?fields=refunds.metadata`)
    expect(body.payment.refunds).toMatchObject([{ metadata: null }])
  })

  it.each([["text"], [["list"]], [1], [true]])("refuses metadata that is no object: %j", async (wrong) => {
    const { paymentId } = await paymentFor("refund")
    expect(await http(paymentId, "refund", { amount: 4, metadata: wrong })).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: expect.stringContaining("Expected type: 'record' for field 'metadata'") },
    })
    expect(await paymentOf(paymentId)).toMatchObject({ refunds: [] })
  })

  it("refuses metadata that the database cannot store", async () => {
    const { paymentId } = await paymentFor("refund")
    expect((await http(paymentId, "refund", { amount: 4, metadata: { a: "\0" } })).status).toBe(400)
    expect(await paymentOf(paymentId)).toMatchObject({ refunds: [] })
  })
})

describe("an amount that a client computed with floats", () => {
  it.each(TRANSPORTS)("is what exact arithmetic gives, for captures and refunds over %s", async (_, send) => {
    const { paymentId } = await newPayment(service, { total: 100.1 })
    expect((await send(paymentId, "capture", { amount: 100.1 - 33.4 })).status).toBe(200)
    expect((await send(paymentId, "refund", { amount: 0.1 + 0.2 })).status).toBe(200)
    expect(await paymentOf(paymentId)).toMatchObject({ captured_amount: 66.7, refunded_amount: 0.3 })
    for (const kind of ["capture", "refund"] as const) {
      expect((await send(paymentId, kind, { amount: 1.001 })).status).toBe(400)
      // It is nothing, to the minor unit.
      expect((await send(paymentId, kind, { amount: 1e-12 })).status).toBe(400)
    }
  })

  it("is what exact arithmetic gives, for a collection of an order", async () => {
    const create = (amount: number) =>
      admin.createCollection({
        order_id: `order_${randomUUID()}`,
        currency_code: "eur",
        amount,
      })
    expect((await create(100.1 - 33.4)).body.payment_collection).toMatchObject({ amount: 66.7 })
    expect((await create(66.699)).status).toBe(400)
  })
})
