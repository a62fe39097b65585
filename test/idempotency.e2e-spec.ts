import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { randomUUID } from "node:crypto"
import pg from "pg"
import type { Messages } from "../src/client/index.js"
import { RefundReasonsService } from "../src/refund-reasons/refund-reasons.service.js"
import { apiOf, FAKE, withKey } from "./support/api.js"
import { describeServed } from "./support/served.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks } from "./support/fake-books.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { REGION, TestService, type Answer, type CallOptions } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"
const PROVIDER_TIMEOUT = 3_000

const bank = new FakeBank()
let service: TestService
const { admin, store } = apiOf(() => service)
let tcp: TcpConnection
beforeAll(async () => {
  const env = { PROVIDER_TIMEOUT: String(PROVIDER_TIMEOUT), STORE_CORS: "https://shop.example" }
  service = await TestService.start(env, { modules: [fakeProviders(bank), providerWithBooks(new FakeBooks())] })
  tcp = await TcpConnection.open(service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await service.close()
})
beforeEach(() => {
  bank.reset()
})
afterEach(() => {
  jest.restoreAllMocks()
})

const REPLAYED = "idempotent-replayed"

/** POST as an operator, with a key. */
const post = (path: string, key: string, body?: unknown) => service.admin("POST", path, body, withKey(key))
const capture = (paymentId: string, key: string, body: unknown = { amount: 4 }) =>
  post(`/admin/payments/${paymentId}/capture`, key, body)

const newFakePayment = async () => (await newPayment(service, {}, FAKE)).paymentId
/** What comes back for a message over TCP. */
const ask = async (pattern: string, message: unknown) => {
  const { response, err } = await tcp.ask(pattern, message)
  return { response, err }
}

const callsOf = (kind: string) => bank.calls.filter((call) => call.kind === kind)
/** The amounts of the captures that succeeded. */
const capturesOf = async (paymentId: string): Promise<number[]> =>
  (await admin.getPayment(paymentId)).body.payment.captures
    .filter(({ status }: { status: string }) => status === "succeeded")
    .map(({ amount }: { amount: number }) => amount)

interface KeyRow {
  id: string
  scope: string
  response: any
  claimed_until: Date | null
  expires_at: Date
  created_at: Date
}

const rowsOf = (key: string): Promise<KeyRow[]> =>
  service.dataSource.query("SELECT * FROM idempotency_key WHERE key = $1 ORDER BY scope", [key])
const rowOf = async (key: string): Promise<KeyRow> => {
  const [row, ...others] = await rowsOf(key)
  if (!row || others.length > 0) throw new Error(`${others.length + (row ? 1 : 0)} rows have the key ${key}`)
  return row
}

/** What a dead process leaves: the answer was not kept, and its lease has ended. */
const loseAnswer = (key: string) =>
  service.dataSource.query(
    "UPDATE idempotency_key SET response = NULL, claim_token = 'of a dead process', claimed_until = now() - interval '1 second' WHERE key = $1",
    [key],
  )

/** A claim of a process that is believed to be alive. */
const takeClaim = (key: string) =>
  service.dataSource.query(
    "UPDATE idempotency_key SET response = NULL, claim_token = 'of another process', claimed_until = now() + interval '1 minute' WHERE key = $1",
    [key],
  )

const expire = (key: string) =>
  service.dataSource.query("UPDATE idempotency_key SET expires_at = now() - interval '1 second' WHERE key = $1", [key])

function expectReplayed(again: Answer, first: Answer): void {
  expect(first.headers.get(REPLAYED)).toBeNull()
  expect(again.headers.get(REPLAYED)).toBe("true")
  expect([again.status, again.headers.get("content-type")]).toEqual([first.status, first.headers.get("content-type")])
  const { request_id: id, ...body } = again.body
  const { request_id: firstId, ...firstBody } = first.body
  // As text, for names have an order too.
  expect(JSON.stringify(body)).toBe(JSON.stringify(firstBody))
  if (first.status >= 400) expect([id === firstId, id]).toEqual([false, again.headers.get("x-request-id")])
}

function expectMismatch({ status, body }: Answer): void {
  expect([status, body.type, body.code]).toEqual([422, "invalid_data", "idempotency_key_reused"])
}

function expectInUse({ status, body, headers }: Answer): void {
  expect([status, body.type, body.code]).toEqual([409, "conflict", "idempotency_key_in_use"])
  expect(headers.get("retry-after")).toBe("1")
  expect(body.message).toContain("Retry it with the same key")
}

/** Holds the next calls of that kind at the bank until they are released. */
function holdAtBank(kind: "capture" | "refund", times = 1): { arrived: () => Promise<void>; release: () => void } {
  let release = () => {}
  const wait = new Promise<void>((resolve) => (release = resolve))
  bank.script(kind, { wait, then: "succeed" }, times)
  const before = callsOf(kind).length
  return {
    release,
    arrived: async () => {
      while (callsOf(kind).length < before + times) await new Promise(setImmediate)
    },
  }
}

describe("W14: a repeated capture or refund", () => {
  it("W14: with the same key moves money once, and is answered the same", async () => {
    const paymentId = await newFakePayment()
    const [key, otherKey] = [randomUUID(), randomUUID()]
    const first = await capture(paymentId, key)
    expect([first.status, await capturesOf(paymentId)]).toEqual([200, [4]])
    expectReplayed(await capture(paymentId, key), first)
    expectReplayed(await capture(paymentId, key), first)
    expect(callsOf("capture")).toHaveLength(1)

    const refund = (with_: string) => post(`/admin/payments/${paymentId}/refund`, with_, { amount: 1.5 })
    const refunded = await refund(otherKey)
    expectReplayed(await refund(otherKey), refunded)
    expect(refunded.body.payment.refunds.map(({ amount }: { amount: number }) => amount)).toEqual([1.5])
    expect(callsOf("refund")).toHaveLength(1)
  })

  it("W14: with another key moves it again, and so does one without", async () => {
    const paymentId = await newFakePayment()
    await capture(paymentId, randomUUID())
    await capture(paymentId, randomUUID())
    await admin.capture(paymentId, 1)
    await admin.capture(paymentId, 1)
    expect(await capturesOf(paymentId)).toEqual([4, 4, 1, 1])
  })

  it.each(["pp_fake_default", "pp_system_default"])(
    "W14: whose process died before its answer was kept moves money once (%s)",
    async (provider_id) => {
      const { paymentId } = await newPayment(service, {}, { provider_id })
      const key = randomUUID()
      const first = await capture(paymentId, key)
      await loseAnswer(key)
      const { id } = await rowOf(key)
      const again = await capture(paymentId, key)
      expect(again.headers.get(REPLAYED)).toBeNull()
      expect([again.status, again.body]).toEqual([200, first.body])
      expect([await capturesOf(paymentId), callsOf("capture").length]).toEqual([
        [4],
        provider_id === FAKE.provider_id ? 1 : 0,
      ])
      expect((await rowOf(key)).id).toBe(id)
      expectReplayed(await capture(paymentId, key), first)
    },
  )

  it("W14: refunds and cancellations are found again likewise", async () => {
    const paymentId = await newFakePayment()
    await capture(paymentId, randomUUID())
    for (const [act, kind, body] of [
      ["refund", "refund", { amount: 1 }],
      ["cancel", "cancel_payment", undefined],
    ] as const) {
      const key = randomUUID()
      const first = await post(`/admin/payments/${paymentId}/${act}`, key, body)
      await loseAnswer(key)
      const again = await post(`/admin/payments/${paymentId}/${act}`, key, body)
      expect([again.status, again.body]).toEqual([200, first.body])
      expect(callsOf(kind)).toHaveLength(1)
    }
  })

  it("W14: after a provider that did not answer takes up the same operation", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    bank.script("capture", "fail_after")
    const first = await capture(paymentId, key)
    expect([first.status, first.body.code]).toEqual([504, "outcome_unknown"])
    const { operation_id: operationId } = first.body

    const unsettled = await capture(paymentId, key)
    expect([unsettled.status, unsettled.body.code, unsettled.body.operation_id]).toEqual([
      409,
      "operation_in_progress",
      operationId,
    ])
    await service.dataSource.query("UPDATE payment_operation SET claimed_until = NULL WHERE id = $1", [operationId])
    await admin.retryOperation(operationId)
    const settled = await capture(paymentId, key)
    expect([settled.status, await capturesOf(paymentId), callsOf("capture").length]).toEqual([200, [4], 1])
    expectReplayed(await capture(paymentId, key), settled)
  })

  it("W14: after a provider that refused the request itself is another try", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    bank.script("capture", "refuse")
    expect((await capture(paymentId, key)).status).toBe(502)
    expectMismatch(await capture(paymentId, key, { amount: 5 }))
    const again = await capture(paymentId, key)
    expect([again.status, await capturesOf(paymentId)]).toEqual([200, [4]])
  })
})

describe("every POST of store and admin takes a key:", () => {
  const routes: Record<string, () => Promise<(key: string) => Promise<Answer>>> = {
    "create a collection": async () => {
      const cart_id = await putCart(service)
      return (key) => store.createCollection(cart_id, withKey(key))
    },
    "open a session": async () => {
      const { id } = await newCollection(service)
      return (key) => store.openSession(id, FAKE, withKey(key))
    },
    "authorize a session, without a body": async () => {
      const { id, sessionId } = await newSession(service, {}, FAKE)
      const path = `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
      return (key) => service.store("POST", path, undefined, withKey(key))
    },
    "capture all that is left, without a body": async () => {
      const paymentId = await newFakePayment()
      return (key) => capture(paymentId, key, undefined)
    },
    "cancel a payment": async () => {
      const paymentId = await newFakePayment()
      return (key) => post(`/admin/payments/${paymentId}/cancel`, key)
    },
    "mark as paid": async () => {
      const { id } = await newCollection(service)
      return (key) => post(`/admin/payment-collections/${id}/mark-as-paid`, key, { order_id: "order_1" })
    },
    "create a collection of an order": async () => {
      const body = { order_id: randomUUID(), amount: 5, currency_code: "eur" }
      return Promise.resolve((key) => post("/admin/payment-collections", key, body))
    },
    "create a refund reason": async () => {
      const body = { label: "Late", code: randomUUID() }
      return Promise.resolve((key) => post("/admin/refund-reasons", key, body))
    },
    "configure a region": async () =>
      Promise.resolve((key) => post("/admin/regions/reg_keyed", key, { payment_providers: ["pp_system_default"] })),
    "create a publishable key": async () =>
      Promise.resolve((key) => post("/admin/api-keys", key, { title: "Keyed", type: "publishable" })),
  }

  it.each(Object.entries(routes))("%s", async (_, prepare) => {
    const call = await prepare()
    const key = randomUUID()
    const first = await call(key)
    expect(first.status).toBe(200)
    expectReplayed(await call(key), first)
  })

  it("a secret that is told once is not told to a repeat, and kept nowhere", async () => {
    const key = randomUUID()
    const create = () => post("/admin/api-keys", key, { title: "Secret", type: "secret" })
    const { api_key } = (await create()).body
    expect(api_key.token).toMatch(/^sk_/)
    const again = await create()
    expect([again.status, again.headers.get(REPLAYED), again.body]).toEqual([
      200,
      "true",
      { api_key: { ...api_key, token: "" } },
    ])
    expect(JSON.stringify(await rowsOf(key))).not.toContain(api_key.token)
  })

  it("the header means nothing to other methods and other paths", async () => {
    const key = randomUUID()
    const { id } = await newCollection(service)
    await service.store("GET", `/store/payment-collections/${id}`, undefined, withKey(key))
    await service.admin("PUT", "/admin/carts/cart_keyed", { currency_code: "eur", total: 1 }, withKey(key))
    await admin.deleteCollection(id, withKey(key))
    await service.call("POST", "/hooks/payment/x", {}, { "idempotency-key": key })
    await service.call("GET", "/health/live", undefined, { "idempotency-key": "é" })
    expect(await rowsOf(key)).toEqual([])
  })
})

describe("a key", () => {
  it.each([
    ["nothing", ""],
    // Node takes off what stands around a value.
    ["a blank", " "],
    ["text with a blank", "a b"],
    ["text beyond ASCII", "é"],
    ["text of 256 characters", "a".repeat(256)],
  ])("is not %s", async (_, key) => {
    const { status, body } = await post("/admin/refund-reasons", key, { label: "x", code: randomUUID() })
    expect([status, body]).toEqual([
      400,
      {
        type: "invalid_data",
        message: "Invalid request: Value for field 'Idempotency-Key' has to be 1 to 255 visible ASCII characters",
        details: [
          {
            field: "Idempotency-Key",
            message: "Value for field 'Idempotency-Key' has to be 1 to 255 visible ASCII characters",
          },
        ],
        request_id: expect.any(String),
      },
    ])
  })

  it("may have 255 characters, and comes once", async () => {
    const key = randomUUID().padEnd(255, "~")
    const code = randomUUID()
    expect((await post("/admin/refund-reasons", key, { label: "x", code })).status).toBe(200)
    const twice = new Headers([
      ["idempotency-key", "a"],
      ["idempotency-key", "b"],
      ["authorization", `Bearer ${service.secretKey}`],
    ])
    const answer = await fetch(`${service.url}/admin/refund-reasons`, { method: "POST", headers: twice })
    expect(answer.status).toBe(400)
  })

  it("costs two statements, its repeat two in all, and a request without one none", async () => {
    const { cartId } = await newCollection(service)
    const statements = async (options?: CallOptions) => {
      service.statements.take()
      expect((await store.createCollection(cartId, options)).status).toBe(200)
      return service.statements.take()
    }
    const key = randomUUID()
    const without = await statements()
    expect(without.filter((statement) => statement.includes("idempotency_key"))).toEqual([])
    expect(await statements(withKey(key))).toHaveLength(without.length + 2)
    expect(await statements(withKey(key))).toHaveLength(2)
  })

  it("may be sent by browsers, which may read whether it was answered from memory", async () => {
    const origin = "https://shop.example"
    const preflight = await service.call("OPTIONS", "/store/payment-collections", undefined, {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,idempotency-key,x-publishable-api-key",
    })
    expect(preflight.headers.get("access-control-allow-headers")).toContain("idempotency-key")
    const cart_id = await putCart(service)
    const answer = await store.createCollection(cart_id, { headers: { origin } })
    expect(answer.headers.get("access-control-expose-headers")).toContain(REPLAYED)
  })
})

describe("the same request", () => {
  it("is the same in whatever order its names come, and its answer is the pruned one", async () => {
    const paymentId = await newFakePayment()
    await capture(paymentId, randomUUID())
    const key = randomUUID()
    const path = `/admin/payments/${paymentId}/refund`
    const first = await post(`${path}?fields=amount,refunds.amount&locale=en`, key, { amount: 1, note: "a" })
    expect(first.body).toEqual({
      payment: { id: paymentId, amount: 10, refunds: [{ id: expect.any(String), amount: 1 }] },
    })
    expectReplayed(await post(`${path}?fields=amount,refunds.amount`, key, { note: "a", amount: 1 }), first)
    expect((await rowOf(key)).response).toEqual({ body: first.body })
  })

  it("is the same without a body and with an empty one", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const first = await post(`/admin/payments/${paymentId}/cancel`, key)
    expectReplayed(await post(`/admin/payments/${paymentId}/cancel`, key, {}), first)
  })

  it("is another with another body, path or `fields`: 422, and nothing is done", async () => {
    const [paymentId, other] = [await newFakePayment(), await newFakePayment()]
    const key = randomUUID()
    const first = await capture(paymentId, key)
    expectMismatch(await capture(paymentId, key, { amount: 5 }))
    expectMismatch(await capture(paymentId, key, { amount: "4" }))
    expectMismatch(await capture(paymentId, key, {}))
    expectMismatch(await capture(other, key))
    expectMismatch(await post(`/admin/payments/${paymentId}/refund`, key, { amount: 4 }))
    expectMismatch(await post(`/admin/payments/${paymentId}/capture?fields=id`, key, { amount: 4 }))
    expect(callsOf("capture").length + callsOf("refund").length).toBe(1)
    expectReplayed(await capture(paymentId, key), first)
  })

  it("is another also while the first is running", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const held = holdAtBank("capture")
    const running = capture(paymentId, key)
    await held.arrived()
    expectMismatch(await capture(paymentId, key, { amount: 5 }))
    held.release()
    expect((await running).status).toBe(200)
  })
})

describe("a refusal", () => {
  const refusals: Record<string, [number, string, () => Promise<(key: string) => Promise<Answer>>]> = {
    "of the validation": [
      400,
      "invalid_data",
      async () => Promise.resolve((key) => post("/admin/refund-reasons", key, { label: 5, ["a\0"]: 1 })),
    ],
    "of unknown names in `fields`": [
      400,
      "invalid_data",
      async () => {
        const paymentId = await newFakePayment()
        return (key) => post(`/admin/payments/${paymentId}/capture?fields=nonsense`, key)
      },
    ],
    "of values that the rules do not permit": [
      400,
      "invalid_data",
      async () => {
        const paymentId = await newFakePayment()
        return (key) => capture(paymentId, key, { amount: 11 })
      },
    ],
    "of what is not there": [404, "not_found", async () => Promise.resolve((key) => capture("pay_unknown", key))],
    "of the state": [
      400,
      "not_allowed",
      async () => {
        const paymentId = await newFakePayment()
        await capture(paymentId, randomUUID(), {})
        return (key) => post(`/admin/payments/${paymentId}/cancel`, key)
      },
    ],
    "of the shopper's bank": [
      422,
      "payment_authorization_error",
      async () => {
        const paymentId = await newFakePayment()
        bank.script("capture", "decline")
        return (key) => capture(paymentId, key)
      },
    ],
    "of a duplicate": [
      422,
      "duplicate_error",
      async () => {
        const body = { label: "Late", code: randomUUID() }
        await admin.createRefundReason(body)
        return (key) => post("/admin/refund-reasons", key, body)
      },
    ],
  }

  it.each(Object.entries(refusals))(
    "%s is given again, under its own request id",
    async (_, [status, type, prepare]) => {
      const call = await prepare()
      const key = randomUUID()
      const first = await call(key)
      expect([first.status, first.body.type]).toEqual([status, type])
      expectReplayed(await call(key), first)
    },
  )

  it("is given again though the state would permit it by now", async () => {
    const cart_id = `cart_${randomUUID()}`
    const key = randomUUID()
    const create = (with_: string) => store.createCollection(cart_id, withKey(with_))
    const first = await create(key)
    await putCart(service, { id: cart_id })
    expectReplayed(await create(key), first)
    expect((await create(randomUUID())).status).toBe(200)
  })
})

describe("what is not definite is not kept:", () => {
  it("401, and whatever comes before the caller is known", async () => {
    const key = randomUUID()
    const headers = { "idempotency-key": key, authorization: "Bearer sk_wrong" }
    expect((await service.call("POST", "/admin/refund-reasons", {}, headers)).status).toBe(401)
    expect((await service.store("POST", "/store/payment-collections", {}, { ...withKey(key), key: null })).status).toBe(
      400,
    )
    const xml = { headers: { "idempotency-key": key, "content-type": "text/xml" } }
    expect((await admin.createRefundReason("<a/>", xml)).status).toBe(415)
    expect(await rowsOf(key)).toEqual([])
  })

  it("409, and the next try does it", async () => {
    const { id, sessionId, cartId } = await newSession(service, {}, FAKE)
    // The provider does not take the new amount, so the session stays at the old one.
    bank.script("update", "refuse")
    await putCart(service, { id: cartId, total: 20 })
    const key = randomUUID()
    const path = `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
    const authorize = () => service.store("POST", path, undefined, withKey(key))
    expect((await authorize()).body.code).toBe("amount_changed")
    await store.openSession(id, FAKE)
    const done = await authorize()
    expect([done.status, done.headers.get(REPLAYED)]).toEqual([200, null])
    expectReplayed(await authorize(), done)
  })

  it.each([
    [500, new Error("a fault of ours")],
    [503, Object.assign(new Error("gone"), { code: "ECONNREFUSED" })],
  ])("%i, and the next try does it", async (status, error) => {
    const key = randomUUID()
    const create = () => post("/admin/refund-reasons", key, { label: "Late", code: key })
    jest.spyOn(service.app.get(RefundReasonsService), "create").mockRejectedValueOnce(error)
    expect((await create()).status).toBe(status)
    const row = await rowOf(key)
    expect([row.response, row.claimed_until]).toEqual([null, null])
    const done = await create()
    expect(done.status).toBe(200)
    expect((await rowOf(key)).id).toBe(row.id)
    expectReplayed(await create(), done)
  })
})

describe("while a request is running", () => {
  it("its repeat is 409, and the answer is kept though its caller has left", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const held = holdAtBank("capture")
    const leaving = new AbortController()
    const left = fetch(`${service.url}/admin/payments/${paymentId}/capture`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${service.secretKey}`,
        "idempotency-key": key,
        "content-type": "application/json",
      },
      body: JSON.stringify({ amount: 4 }),
      signal: leaving.signal,
    })
    await held.arrived()
    expectInUse(await capture(paymentId, key))
    leaving.abort()
    await expect(left).rejects.toThrow()
    held.release()
    let again = await capture(paymentId, key)
    while (again.status === 409) again = await capture(paymentId, key)
    expect([again.status, again.headers.get(REPLAYED), await capturesOf(paymentId)]).toEqual([200, "true", [4]])
  })

  it("no connection is held: others are served, however many run", async () => {
    const paymentId = await newFakePayment()
    const held = holdAtBank("capture", 12)
    const running = Array.from({ length: 12 }, () => capture(paymentId, randomUUID(), { amount: 0.01 }))
    await held.arrived()
    const key = randomUUID()
    const other = () => post("/admin/refund-reasons", key, { label: "Late", code: key })
    const first = await other()
    expectReplayed(await other(), first)
    held.release()
    for (const answer of await Promise.all(running)) expect(answer.status).toBe(200)
  })

  it("of many at once one runs", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const answers = await Promise.all(Array.from({ length: 20 }, () => capture(paymentId, key)))
    const done = answers.filter(({ status }) => status === 200)
    for (const answer of answers.filter(({ status }) => status !== 200)) expectInUse(answer)
    expect(done.filter(({ headers }) => headers.get(REPLAYED) === null)).toHaveLength(1)
    expect([await capturesOf(paymentId), callsOf("capture").length]).toEqual([[4], 1])
  })
})

describe("a claim", () => {
  it("keeps others out until it runs out, and then the request runs under the same name", async () => {
    const key = randomUUID()
    const create = () => post("/admin/refund-reasons", key, { label: "Late", code: "fixed" })
    const use = jest.spyOn(service.app.get(RefundReasonsService), "create")
    await create()
    const { id } = await rowOf(key)
    await takeClaim(key)
    expectInUse(await create())
    expect(use).toHaveBeenCalledTimes(1)
    await loseAnswer(key)
    expectMismatch(await post("/admin/refund-reasons", key, { label: "Late", code: "other" }))
    // Run again: this use case has no way to find out that it was its own.
    expect(await create()).toMatchObject({ status: 422, body: { type: "duplicate_error" } })
    expect((await rowOf(key)).id).toBe(id)
  })

  it("that ran out under a request that lives moves nothing twice, and the one who took over keeps the answer", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const held = holdAtBank("capture")
    const slow = capture(paymentId, key)
    await held.arrived()
    await loseAnswer(key)
    const heir = capture(paymentId, key)
    let claimed = await rowOf(key)
    while (claimed.claimed_until && claimed.claimed_until <= new Date()) claimed = await rowOf(key)
    held.release()
    const [one, other] = await Promise.all([slow, heir])
    expect([one.status, one.body, other.headers.get(REPLAYED)]).toEqual([200, other.body, null])
    expect([await capturesOf(paymentId), callsOf("capture").length]).toEqual([[4], 1])
    expectReplayed(await capture(paymentId, key), other)
  })

  it("that ran out writes nothing: neither an answer nor that somebody else is at it no more", async () => {
    const reasons = service.app.get(RefundReasonsService)
    const create = reasons.create.bind(reasons)
    for (const end of [create, () => Promise.reject(new Error("a fault of ours"))]) {
      const key = randomUUID()
      jest.spyOn(reasons, "create").mockImplementationOnce(async (request) => {
        await takeClaim(key)
        return end(request)
      })
      await post("/admin/refund-reasons", key, { label: "Late", code: key })
      const { response, claimed_until } = await rowOf(key)
      expect([response, claimed_until]).toEqual([null, expect.any(Date)])
    }
  })

  it("of a request whose answer could not be kept holds no answer back, and a later repeat finds what it did", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    const query = service.dataSource.query.bind(service.dataSource)
    jest.spyOn(service.dataSource, "query").mockImplementation(async (statement, ...rest) => {
      if (statement.includes("SET response")) throw new Error("Connection terminated unexpectedly")
      return query<never>(statement, ...rest)
    })
    const first = await capture(paymentId, key)
    jest.restoreAllMocks()
    expect(first.status).toBe(200)
    expectInUse(await capture(paymentId, key))
    await loseAnswer(key)
    const again = await capture(paymentId, key)
    expect([again.status, again.body, callsOf("capture").length]).toEqual([200, first.body, 1])
  })
})

describe("kept for a day:", () => {
  it("a key that expired is as good as new, also for another request", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    await capture(paymentId, key)
    const row = await rowOf(key)
    expect(row.expires_at.getTime() - row.created_at.getTime()).toBe(24 * 60 * 60 * 1000)
    await expire(key)
    const other = await capture(paymentId, key, { amount: 5 })
    expect([other.status, other.headers.get(REPLAYED), await capturesOf(paymentId)]).toEqual([200, null, [4, 5]])
    expect((await rowOf(key)).id).not.toBe(row.id)
    expectReplayed(await capture(paymentId, key, { amount: 5 }), other)
  })

  it("expired keys go as others come, some at a time, and no live one does", async () => {
    await service.dataSource.query("DELETE FROM idempotency_key")
    const live = randomUUID()
    const use = (key: string) => post("/admin/regions/reg_keyed", key, { payment_providers: [] })
    await use(live)
    await service.dataSource.query(
      `INSERT INTO idempotency_key (id, scope, key, request_hash, response, expires_at)
       SELECT 'idem_old_' || i, 'http:gone', i::text, '', '{}', now() - interval '1 second' FROM generate_series(1, 25) i`,
    )
    const left = async () =>
      (
        await service.dataSource.query<{ count: number }[]>(
          "SELECT count(*)::int AS count FROM idempotency_key WHERE scope = 'http:gone'",
        )
      )[0]?.count
    const counts: (number | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      await use(randomUUID())
      counts.push(await left())
    }
    expect(counts).toEqual([15, 5, 0])
    expect((await use(live)).headers.get(REPLAYED)).toBe("true")
  })
})

describe("a key belongs to its caller:", () => {
  it("another operator, a storefront and a service may use the same", async () => {
    const key = randomUUID()
    const paymentId = await newFakePayment()
    const { api_key } = (await admin.createApiKey({ title: "Other", type: "secret" })).body
    const path = `/admin/payments/${paymentId}/capture`
    const asOther = () =>
      service.call("POST", path, { amount: 1 }, { authorization: `Bearer ${api_key.token}`, "idempotency-key": key })
    const first = await capture(paymentId, key, { amount: 1 })
    const second = await asOther()
    expect([second.status, second.headers.get(REPLAYED)]).toEqual([200, null])
    // A service may call itself anything, also what a key is called.
    const asService = (caller: string) =>
      ask("payments.capture", { id: paymentId, amount: 1, idempotency_key: key, caller })
    const third = await asService(api_key.id as string)
    expect(third.response.payment.captures).toHaveLength(3)
    expect((await asService("shop")).response.payment.captures).toHaveLength(4)
    const cart_id = await putCart(service)
    expect((await store.createCollection(cart_id, withKey(key))).status).toBe(200)

    expectReplayed(await capture(paymentId, key, { amount: 1 }), first)
    expectReplayed(await asOther(), second)
    expect(await asService(api_key.id as string)).toEqual(third)
    expect(await capturesOf(paymentId)).toEqual([1, 1, 1, 1])
    expect((await rowsOf(key)).map(({ scope }) => scope.slice(0, 8))).toEqual([
      "http:apk",
      "http:apk",
      "http:apk",
      "tcp:apk_",
      "tcp:shop",
    ])
  })
})

describe("shoppers of one storefront, who share its key:", () => {
  const create = (cart_id: string, key: string, body: object = {}) =>
    service.store("POST", "/store/payment-collections", { cart_id, ...body }, withKey(key))
  const openSession = (id: string, key: string) => store.openSession(id, FAKE, withKey(key))

  it("the same key is a new one for another cart or collection", async () => {
    const key = randomUUID()
    const [one, other] = [await putCart(service), await putCart(service)]
    const [first, second] = [await create(one, key), await create(other, key)]
    expect([first.status, second.status, second.headers.get(REPLAYED)]).toEqual([200, 200, null])
    const { id } = first.body.payment_collection
    const otherId = second.body.payment_collection.id
    expect(otherId).not.toBe(id)
    const session = await openSession(id as string, key)
    const otherSession = await openSession(otherId as string, key)
    expect([session.status, otherSession.status, otherSession.headers.get(REPLAYED)]).toEqual([200, 200, null])

    expectReplayed(await create(one, key), first)
    expectReplayed(await create(other, key), second)
    expectReplayed(await openSession(id as string, key), session)
    expectReplayed(await openSession(otherId as string, key), otherSession)
    expect(await rowsOf(key)).toHaveLength(4)
  })

  it("another request for the same cart or collection is still refused", async () => {
    const key = randomUUID()
    const cart = await putCart(service)
    const { id } = (await create(cart, key)).body.payment_collection
    expectMismatch(await create(cart, key, { metadata: {} }))
    await openSession(id as string, key)
    const path = `/store/payment-collections/${id}/payment-sessions`
    expectMismatch(await service.store("POST", path, { provider_id: "pp_system_default" }, withKey(key)))
    expectMismatch(await service.store("POST", `${path}/payses_x/authorize`, undefined, withKey(key)))
  })

  it.each([["a".repeat(100_000)], ["a\0"], ["\ud800"], [5], [{ a: 1 }], [null], [""]])(
    "a cart that cannot be one is refused by the validation or as unknown, the same again: %.20p",
    async (cart_id) => {
      const key = randomUUID()
      const first = await create(cart_id as string, key)
      expect([400, 404]).toContain(first.status)
      expectReplayed(await create(cart_id as string, key), first)
    },
  )
})

describe("a replay to a key that is confined to sales channels", () => {
  /** A publishable key of these channels, that sends an idempotency key with each POST. */
  async function confinedTo(channels: string[]) {
    const body = { title: "confined", type: "publishable" }
    const { api_key } = (await admin.createApiKey(body)).body
    const change = (channelChange: object) =>
      service.admin("POST", `/admin/api-keys/${api_key.id}/sales-channels`, channelChange)
    await change({ add: channels })
    const send = (path: string, key: string, sent?: object) =>
      service.store("POST", path, sent, { key: api_key.token, ...withKey(key) })
    return { change, send }
  }

  /** One of each kind of store request, for a cart of that channel. */
  async function requestsFor(sales_channel_id: string) {
    const { cartId, id, sessionId } = await newSession(service, { sales_channel_id }, FAKE)
    return {
      cartId,
      requests: [
        ["/store/payment-collections", { cart_id: cartId }, `Cart id not found: ${cartId}`],
        [`/store/payment-collections/${id}/payment-sessions`, FAKE, `PaymentCollection id not found: ${id}`],
        [
          `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`,
          undefined,
          `PaymentCollection id not found: ${id}`,
        ],
      ] as const,
    }
  }

  it("is 404 once its cart moved to another channel, as the request itself is, and given again when it is back", async () => {
    const { send } = await confinedTo(["sc_here"])
    const { cartId, requests } = await requestsFor("sc_here")
    const done: { path: string; key: string; body?: object; message: string; first: Answer }[] = []
    for (const [path, body, message] of requests) {
      const key = randomUUID()
      done.push({ path, key, body, message, first: await send(path, key, body) })
    }
    expect(done.map(({ first }) => first.status)).toEqual([200, 200, 200])

    await putCart(service, { id: cartId, sales_channel_id: "sc_there" })
    for (const { path, key, body, message } of done) {
      for (const again of [await send(path, key, body), await send(path, randomUUID(), body)]) {
        expect(again).toMatchObject({ status: 404, body: { type: "not_found", message } })
        expect(again.headers.get(REPLAYED)).toBeNull()
      }
    }
    await putCart(service, { id: cartId, sales_channel_id: null })
    for (const { path, key, body, first } of done) expectReplayed(await send(path, key, body), first)
  })

  it("is 404 once the key's channels changed, and costs one statement more", async () => {
    const { change, send } = await confinedTo(["sc_here"])
    const { requests } = await requestsFor("sc_here")
    const keys = requests.map(() => randomUUID())
    const sendAll = async () => {
      const answers: Answer[] = []
      for (const [i, [path, body]] of requests.entries()) answers.push(await send(path, keys[i] ?? "", body))
      return answers
    }
    for (const { status } of await sendAll()) expect(status).toBe(200)
    service.statements.take()
    for (const { headers } of await sendAll()) expect(headers.get(REPLAYED)).toBe("true")
    expect(service.statements.take()).toHaveLength(3 * requests.length)
    await change({ add: ["sc_there"], remove: ["sc_here"] })
    for (const [i, again] of (await sendAll()).entries()) {
      expect(again).toMatchObject({ status: 404, body: { type: "not_found", message: requests[i]?.[2] } })
    }
  })

  it("is a stored refusal, if what it names is not there", async () => {
    const { send } = await confinedTo(["sc_here"])
    const key = randomUUID()
    for (const [path, body] of [
      ["/store/payment-collections", { cart_id: "cart_unknown" }],
      ["/store/payment-collections", { cart_id: "cart_unknown_2", nonsense: 1 }],
      ["/store/payment-collections/pay_col_unknown/payment-sessions", FAKE],
    ] as const) {
      const first = await send(path, key, body)
      expectReplayed(await send(path, key, body), first)
    }
  })
})

describe("over TCP", () => {
  /** Every message to which the typed client gives a key. */
  const commands: {
    [M in keyof Messages as "idempotency_key" extends keyof Messages[M]["request"] ? M : never]: () => Promise<
      Messages[M]["request"]
    >
  } = {
    "payment_collections.create": async () => ({ cart_id: await putCart(service) }),
    "payment_collections.create_for_order": async () =>
      Promise.resolve({ order_id: randomUUID(), amount: 5, currency_code: "eur" }),
    "payment_collections.update": async () => ({ id: await newOrderCollection(), amount: 6 }),
    "payment_collections.mark_as_paid": async () => ({ id: (await newCollection(service)).id, order_id: "order_1" }),
    "payment_collections.delete": async () => ({ id: (await newCollection(service)).id }),
    "payment_sessions.create": async () => ({ payment_collection_id: (await newCollection(service)).id, ...FAKE }),
    "payment_sessions.authorize": async () => {
      const { id, sessionId } = await newSession(service, {}, FAKE)
      return { payment_collection_id: id, id: sessionId }
    },
    "payment_sessions.authorize_for_order": async () => {
      const order_id = randomUUID()
      const { id, sessionId } = await newSession(service, { order_id }, FAKE)
      bank.script("authorize", "pending_async")
      await store.authorize(id, sessionId)
      return { order_id, payment_session_id: sessionId }
    },
    "payments.capture": async () => ({ id: await newFakePayment(), amount: 4 }),
    "payments.refund": async () => {
      const id = await newFakePayment()
      await capture(id, randomUUID())
      return { id, amount: 1 }
    },
    "payments.cancel": async () => ({ id: await newFakePayment() }),
    "payments.refresh": async () => ({ id: (await newPayment(service)).paymentId }),
    "operations.retry": async () => {
      const id = await newFakePayment()
      const [operation] = (await service.admin("GET", `/admin/operations?payment_id=${id}`)).body.operations
      return { id: operation?.id ?? "op_unknown" }
    },
    "webhook_events.replay": async () => ({ id: await newWebhookEvent() }),
    "refund_reasons.create": async () => Promise.resolve({ label: "Late", code: randomUUID() }),
    "refund_reasons.update": async () => ({ id: await newReason(), label: "Later" }),
    "refund_reasons.delete": async () => ({ id: await newReason() }),
    "account_holders.create": async () =>
      Promise.resolve({ provider_id: BOOKS_PROVIDER_ID, customer_id: randomUUID() }),
    "account_holders.delete": async () => ({ id: await newHolder() }),
    "payment_methods.save": async () => ({ account_holder_id: await newHolder() }),
    "payment_methods.delete": async () => {
      const account_holder_id = await newHolder()
      const path = `/admin/account-holders/${account_holder_id}/payment-methods`
      return { account_holder_id, id: (await service.admin("POST", path)).body.payment_method.id }
    },
    "carts.upsert": async () => ({ id: await putCart(service), currency_code: "eur", total: 3 }),
  }

  const newOrderCollection = async () => {
    const body = { order_id: randomUUID(), amount: 5, currency_code: "eur" }
    return (await admin.createCollection(body)).body.payment_collection.id as string
  }

  const newReason = async () =>
    (await admin.createRefundReason({ label: "Late", code: randomUUID() })).body.refund_reason.id as string

  /** Of a provider that this process does not have; so replaying it is all that may happen to it. */
  const newWebhookEvent = async () => {
    const id = `whe_${randomUUID()}`
    await service.dataSource.query(
      `INSERT INTO webhook_event (id, provider_id, external_id, type, reference, state)
       VALUES ($1, 'pp_gone_default', $1, 'any', 'any', 'dead')`,
      [id],
    )
    return id
  }

  const newHolder = async () => {
    const body = { provider_id: BOOKS_PROVIDER_ID, customer_id: randomUUID() }
    return (await service.admin("POST", "/admin/account-holders", body)).body.account_holder.id as string
  }

  it.each(Object.entries(commands))("%s takes a key, and is answered the same for it", async (pattern, prepare) => {
    const message = { ...(await prepare()), idempotency_key: randomUUID() }
    const first = await ask(pattern, message)
    const row = await rowOf(message.idempotency_key)
    expect(row.scope).toBe("tcp:internal")
    const again = await ask(pattern, message)
    expect(again.err?.message).toBe(first.err?.message)
    expect(JSON.stringify(again.response)).toBe(JSON.stringify(first.response))
    if (pattern === "operations.retry") return
    expect(first.err).toBeUndefined()
  })

  it("W14: a capture is made once, also when its answer was lost", async () => {
    const id = await newFakePayment()
    const key = randomUUID()
    const message = { id, amount: 4, idempotency_key: key, caller: "shop" }
    const first = await ask("payments.capture", message)
    expect(await ask("payments.capture", message)).toEqual(first)
    await loseAnswer(key)
    expect(await ask("payments.capture", message)).toEqual(first)
    expect([await capturesOf(id), callsOf("capture").length]).toEqual([[4], 1])
  })

  it("another message under the same key is refused, a token or the order of names makes none", async () => {
    const id = await newFakePayment()
    const key = randomUUID()
    const first = await ask("payments.capture", { id, amount: 4, idempotency_key: key })
    const again = { token: "any", idempotency_key: key, amount: 4, caller: "internal", id }
    expect(await ask("payments.capture", again)).toEqual(first)
    for (const [pattern, message] of [
      ["payments.capture", { id, amount: 5 }],
      ["payments.capture", { id, amount: 4, fields: "id" }],
      ["payments.refund", { id, amount: 4 }],
    ] as const) {
      const { err } = await ask(pattern, { ...message, idempotency_key: key })
      expect([err.type, err.code]).toEqual(["invalid_data", "idempotency_key_reused"])
    }
    expect(callsOf("capture").length + callsOf("refund").length).toBe(1)
  })

  it("while a message is running its repeat is refused", async () => {
    const id = await newFakePayment()
    const message = { id, amount: 4, idempotency_key: randomUUID() }
    const held = holdAtBank("capture")
    const running = ask("payments.capture", message)
    await held.arrived()
    expect((await ask("payments.capture", message)).err).toMatchObject({
      type: "conflict",
      code: "idempotency_key_in_use",
    })
    held.release()
    expect(await ask("payments.capture", message).then(() => running)).toMatchObject({
      response: expect.anything(),
    })
  })

  it("a refusal is given again under its own id", async () => {
    const message = { id: "pay_unknown", idempotency_key: randomUUID() }
    const [first, again] = [await ask("payments.cancel", message), await ask("payments.cancel", message)]
    expect(again.err).toEqual({ ...first.err, request_id: expect.any(String) })
    expect(again.err.request_id).not.toBe(first.err.request_id)
  })

  it.each([
    ["nothing", ""],
    ["text with a blank", "a b"],
    ["text beyond ASCII", "é"],
    ["text of 256 characters", "a".repeat(256)],
    ["a number", 5],
    ["a list", ["a"]],
    ["an object", {}],
  ])("a key is not %s", async (_, idempotency_key) => {
    const { err } = await ask("refund_reasons.create", { label: "x", code: randomUUID(), idempotency_key })
    expect(err).toMatchObject({ type: "invalid_data", details: [{ field: "idempotency_key" }] })
  })

  it.each([
    ["a number", 5],
    ["nothing", ""],
    ["text of 101 characters", "x".repeat(101)],
    ["more than an index takes", "x".repeat(50_000)],
    ["a list", ["a"]],
    ["text with a NUL", "a\0"],
  ])("a caller that is %s is refused by the validation, whatever the key", async (_, caller) => {
    const message = { label: "x", code: randomUUID(), idempotency_key: randomUUID(), caller }
    const { err } = await ask("refund_reasons.create", message)
    expect(err).toMatchObject({ type: "invalid_data", details: [{ field: "caller" }] })
  })

  it("no key is one that is null, and a message that only asks takes none", async () => {
    const reason = { label: "x", code: randomUUID(), idempotency_key: null }
    expect((await ask("refund_reasons.create", reason)).response.refund_reason.id).toMatch(/^refr_/)
    const asking = { region_id: REGION, idempotency_key: randomUUID() }
    expect((await ask("payment_providers.list", asking)).err).toMatchObject({
      type: "invalid_data",
      message: "Invalid request: Unrecognized fields: 'idempotency_key'",
    })
  })
})

const onServed = describeServed("races forced by locks, which need two connections at once")

onServed("forced by locks", () => {
  it("parallel first uses wait for the one that was first, and one runs", async () => {
    const paymentId = await newFakePayment()
    const key = randomUUID()
    // Somebody else's first use, which is not to be: all others have got as far as the constraint by then.
    const client = new pg.Client({ connectionString: service.connection.url })
    await client.connect()
    await client.query("BEGIN")
    const scope = await operatorScope()
    await client.query(
      "INSERT INTO idempotency_key (id, scope, key, request_hash, expires_at) VALUES ('idem_x', $1, $2, '', now())",
      [scope, key],
    )
    const using = Array.from({ length: 6 }, () => capture(paymentId, key))
    for (;;) {
      const [row] = await service.dataSource.query<{ waiting: number }[]>(
        "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
      if (row?.waiting === using.length) break
    }
    await client.query("ROLLBACK")
    await client.end()
    const answers = await Promise.all(using)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) expectInUse(answer)
    expect([await capturesOf(paymentId), callsOf("capture").length]).toEqual([[4], 1])
  })

  async function operatorScope(): Promise<string> {
    const key = randomUUID()
    await post("/admin/regions/reg_keyed", key, { payment_providers: [] })
    return (await rowOf(key)).scope
  }

  it("an instance that never saw the key answers from memory too", async () => {
    const other = await TestService.startOn(service.connection, {}, { modules: [fakeProviders(bank)] })
    try {
      const paymentId = await newFakePayment()
      const key = randomUUID()
      const first = await capture(paymentId, key)
      const headers = { authorization: `Bearer ${service.secretKey}`, "idempotency-key": key }
      expectReplayed(await other.call("POST", `/admin/payments/${paymentId}/capture`, { amount: 4 }, headers), first)
    } finally {
      await other.close()
    }
  })
})
