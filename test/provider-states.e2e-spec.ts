import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { apiOf } from "./support/api.js"
import { newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"
import { WebhookWorld } from "./support/webhook-world.js"

const PROVIDER = "pp_telling_default"

let world: WebhookWorld
const { admin, store } = apiOf(() => world.service)
beforeAll(async () => {
  world = await WebhookWorld.start()
})
afterAll(() => world.service.close())
beforeEach(() => {
  for (const account of [world.account, world.other]) account.reset()
})

const paymentOf = async (paymentId: string) =>
  (await world.service.admin("GET", `/admin/payments/${paymentId}?fields=*captures,*refunds,+canceled_at`)).body.payment

describe("a refusal that shows another state, while no webhook came", () => {
  it("of a capture records what was captured at the provider, and returns it", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 1000n
    expect(await world.act(paymentId, "capture")).toMatchObject({
      status: 200,
      body: { payment: { captures: [{ amount: 10, status: "succeeded" }] } },
    })
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 10 })
    expect((await world.act(paymentId, "refund", { amount: 3 })).status).toBe(200)
    expect(world.account.books.get(sessionId)).toMatchObject({ captured: 1000n, refunded: 300n })
  })

  it("of a capture that is too large for what is left there says how much that is", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 700n
    expect(await world.act(paymentId, "capture", { amount: 5 })).toMatchObject({
      status: 400,
      body: { type: "invalid_data" },
    })
    expect(await world.collection(id)).toMatchObject({ captured_amount: 7 })
    expect((await world.act(paymentId, "capture", { amount: 3 })).status).toBe(200)
  })

  it("of a capture with an idempotency key is judged anew under the same key, also when it is repeated", async () => {
    const { sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 400n
    const capture = () => admin.capture(paymentId, {}, { headers: { "idempotency-key": sessionId } })
    const first = await capture()
    expect(first).toMatchObject({ status: 200, body: { payment: { captured_at: expect.any(String) } } })
    expect((await capture()).body).toEqual(first.body)
    expect(world.account.books.get(sessionId)).toMatchObject({ captured: 1000n })
  })

  it("of a capture records that the authorization has expired", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    Object.assign(world.account.of(sessionId), { status: "canceled", isClosed: true })
    expect(await world.act(paymentId, "capture")).toMatchObject({
      status: 400,
      body: { message: `The payment: ${paymentId} has been canceled.` },
    })
    expect(await world.collection(id)).toMatchObject({ status: "canceled", authorized_amount: 0 })
  })

  it("of a refund records what was refunded at the provider", async () => {
    const { id, sessionId, paymentId } = await world.payment(1000n)
    world.account.giveBack(sessionId, 800n)
    expect((await world.act(paymentId, "refund", { amount: 5 })).status).toBe(400)
    expect(await world.collection(id)).toMatchObject({ refunded_amount: 8 })
    expect((await world.act(paymentId, "refund")).status).toBe(200)
    expect(world.account.books.get(sessionId)).toMatchObject({ refunded: 1000n })
  })

  it("is not needed: a refund that our records refuse is done when the provider has captured", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 1000n
    expect((await world.act(paymentId, "refund", { amount: 4 })).status).toBe(200)
    expect(await world.collection(id)).toMatchObject({ captured_amount: 10, refunded_amount: 4 })
    const reports = world.account.countOf("report", sessionId)
    expect((await world.act(paymentId, "refund", { amount: 7 })).status).toBe(400)
    expect(world.account.countOf("report", sessionId)).toBe(reports + 1)
  })

  it("is returned as it is when the provider does not report its state either", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 1000n
    world.account.fail("report", sessionId)
    expect(await world.act(paymentId, "capture")).toMatchObject({
      status: 502,
      body: { type: "payment_provider_error" },
    })
    expect(await world.collection(id)).toMatchObject({ captured_amount: 0 })
    expect((await world.act(paymentId, "capture")).status).toBe(200)
  })

  it("waits for another call whose outcome is unknown: the same request succeeds once that is settled", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.fail("capture", sessionId)
    world.account.fail("lookUp", sessionId)
    expect((await world.act(paymentId, "capture", { amount: 3 })).status).toBe(504)
    world.account.refuse("capture", sessionId, { stateDiffers: true })
    const { status, body } = await world.act(paymentId, "capture", { amount: 4 })
    expect([status, body.code]).toEqual([409, "operation_in_progress"])
    await admin.retryOperation(body.operation_id)
    expect((await world.act(paymentId, "capture", { amount: 4 })).status).toBe(200)
    expect(await world.collection(id)).toMatchObject({ captured_amount: 7 })
    expect(world.account.books.get(sessionId)).toMatchObject({ captured: 700n })
  })

  it("of a refund that follows from a reported state ends there, also when the provider always refuses", async () => {
    const { id, sessionId } = await world.session()
    await world.openSession(id, "pp_telling_other")
    const [session] = (await world.collection(id)).payment_sessions
    world.other.pay(session.id, { captured: 1000n })
    await world.authorize(id, session.id)
    for (let times = 0; times < 20; times++) world.account.refuse("refund", sessionId, { stateDiffers: true })
    Object.assign(world.account.of(sessionId), { isClosed: false })
    world.account.pay(sessionId, { captured: 1000n })
    await world.tell(sessionId, "pending")
    expect(world.account.countOf("refund", sessionId)).toBe(1)
  })

  it("is fetched once: a provider that refuses on the state that it reported is taken at its word", async () => {
    const { sessionId, paymentId } = await world.payment()
    for (let times = 0; times < 2; times++) world.account.refuse("capture", sessionId, { stateDiffers: true })
    expect((await world.act(paymentId, "capture")).status).toBe(502)
    expect(world.account.countOf("report", sessionId)).toBe(1)
  })

  it("is recorded too when the reconciler meets it", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    world.account.refuse("capture", sessionId, { stateDiffers: true })
    world.account.fail("capture", sessionId)
    const { body } = await world.act(paymentId, "capture")
    world.account.of(sessionId).captured = 1000n
    await admin.retryOperation(body.operation_id)
    expect(await world.collection(id)).toMatchObject({ status: "completed", captured_amount: 10 })
  })
})

describe("refreshing a payment", () => {
  it("records what was captured, refunded and canceled at the provider, and moves nothing", async () => {
    const { id, sessionId, paymentId } = await world.payment()
    Object.assign(world.account.of(sessionId), { captured: 600n, isClosed: true })
    world.account.giveBack(sessionId, 200n)
    const { status, body } = await admin.refresh(paymentId)
    expect(status).toBe(200)
    expect(body.payment).toMatchObject({ captures: [{ amount: 6 }], refunds: [{ amount: 2 }] })
    expect(await world.collection(id)).toMatchObject({ captured_amount: 6, refunded_amount: 2, authorized_amount: 6 })
    const before = await world.facts(id)
    expect((await admin.refresh(paymentId)).status).toBe(200)
    expect(await world.facts(id)).toEqual(before)
    // Only this session's: the service still retries an event of another test in the background.
    for (const kind of ["capture", "refund", "cancel"] as const) expect(world.account.countOf(kind, sessionId)).toBe(0)
  })

  it("works over TCP", async () => {
    const { sessionId, paymentId } = await world.payment()
    world.account.of(sessionId).captured = 1000n
    const tcp = await TcpConnection.open(world.service.tcpPort)
    const { response } = await tcp.ask("payments.refresh", { id: paymentId, caller: "shop" })
    tcp.close()
    expect(response.payment).toMatchObject({ captured_at: expect.any(String) })
  })

  it("is 502 and may be repeated when the provider does not answer", async () => {
    const { sessionId, paymentId } = await world.payment()
    world.account.fail("report", sessionId)
    expect(await admin.refresh(paymentId)).toMatchObject({ status: 502, body: { code: "no_answer", retryable: true } })
    expect((await admin.refresh(paymentId)).status).toBe(200)
  })

  it("is 409 when the provider reports less than is recorded", async () => {
    const { sessionId, paymentId } = await world.payment(1000n)
    world.account.of(sessionId).captured = 400n
    expect(await admin.refresh(paymentId)).toMatchObject({ status: 409, body: { code: "provider_contradiction" } })
    expect(await paymentOf(paymentId)).toMatchObject({ captures: [{ amount: 10 }] })
  })

  it("changes nothing of a payment without a provider's network, and is 404 for one that there is not", async () => {
    const { paymentId } = await newPayment(world.service)
    expect((await admin.refresh(paymentId)).status).toBe(200)
    expect((await admin.refresh("pay_unknown")).status).toBe(404)
  })
})

describe("a rule that would refuse to authorize does not hide what the shopper has paid", () => {
  const region = (payment_providers: string[], id = "reg_rules") =>
    world.service.admin("POST", `/admin/regions/${id}`, { payment_providers })
  const enable = (is_enabled: boolean) =>
    world.service.admin("POST", `/admin/payments/payment-providers/${PROVIDER}`, { is_enabled })

  /** What changed before the shopper came back, and what is left of it afterwards. */
  const changes: Record<string, { change: (session: Session) => Promise<unknown>; undo?: () => Promise<unknown> }> = {
    "the region drops the provider": { change: () => region([]), undo: () => region([PROVIDER]) },
    "the provider is disabled": { change: () => enable(false), undo: () => enable(true) },
    "the amount has changed": { change: ({ cartId }) => setTotal(cartId, 3000) },
    "the cart costs nothing any more": { change: ({ cartId }) => setTotal(cartId, 0) },
    "the collection is deleted": { change: ({ id }) => remove("payment_collection", id) },
    "the session is replaced": { change: ({ sessionId }) => remove("payment_session", sessionId) },
  }
  type Session = Awaited<ReturnType<typeof newSession>>
  const setTotal = (cartId: string, total: number) =>
    world.sql("UPDATE cart SET total = $2 WHERE id = $1", [cartId, total])
  const remove = (table: string, id: string) =>
    world.sql(
      `UPDATE ${table} SET deleted_at = now()${table === "payment_session" ? ", status = 'canceled'" : ""} WHERE id = $1`,
      [id],
    )

  /** All that is recorded of a session, without ids and times. */
  async function recordsOf(id: string, sessionId: string) {
    const [collection] = await world.sql(
      "SELECT status, amount, authorized_amount, captured_amount, refunded_amount FROM payment_collection WHERE id = $1",
      [id],
    )
    const [session] = await world.sql("SELECT status, amount FROM payment_session WHERE id = $1", [sessionId])
    const payments = await world.payments(id)
    return {
      collection,
      session,
      payments: payments.map(({ amount, captured_amount, refunded_amount, authorized_amount, is_surplus }) => ({
        amount,
        captured_amount,
        refunded_amount,
        authorized_amount,
        is_surplus,
      })),
      bank: world.account.books.get(sessionId),
    }
  }

  const cases = Object.keys(changes).flatMap((name): [string, bigint][] => [
    [name, 0n],
    [name, 1000n],
  ])

  it.each(cases)(
    "when %s, route and webhook lead to the same records (%d captured by the provider)",
    async (name, captured) => {
      const { change, undo } = changes[name] ?? { change: () => Promise.resolve() }
      await region([PROVIDER, "pp_telling_other"])
      const request = { provider_id: PROVIDER }
      const [byRoute, byWebhook] = [
        await newSession(world.service, { region_id: "reg_rules" }, request),
        await newSession(world.service, { region_id: "reg_rules" }, request),
      ]
      try {
        for (const session of [byRoute, byWebhook]) {
          world.account.pay(session.sessionId, { captured })
          await change(session)
        }
        await world.authorize(byRoute.id, byRoute.sessionId)
        await world.tell(byWebhook.sessionId)
        const records = await recordsOf(byRoute.id, byRoute.sessionId)
        expect(records).toEqual(await recordsOf(byWebhook.id, byWebhook.sessionId))
        // The money is recorded, or it is not held any more.
        const isRecorded = records.payments.length === 1
        expect(isRecorded || records.bank?.canceled).toBe(true)
      } finally {
        await undo?.()
      }
    },
  )

  it.each(["the region drops the provider", "the provider is disabled", "the amount has changed"])(
    "when %s, the shopper who has paid gets 200 and the payment",
    async (name) => {
      const { change, undo } = changes[name] ?? { change: () => Promise.resolve() }
      await region([PROVIDER])
      const session = await newSession(world.service, { region_id: "reg_rules" }, { provider_id: PROVIDER })
      try {
        world.account.pay(session.sessionId)
        await change(session)
        const { status, body } = await world.authorize(session.id, session.sessionId)
        expect(status).toBe(200)
        expect(body.payment_collection.payments).toMatchObject([{ amount: 10, authorized_amount: 10 }])
        expect(world.account.countOf("authorize", session.sessionId)).toBe(0)
      } finally {
        await undo?.()
      }
    },
  )

  it("voids a session whose provider the cart's new region does not offer, instead of raising it", async () => {
    await region([PROVIDER])
    await region(["pp_telling_other"], "reg_elsewhere")
    const { id, cartId, sessionId } = await newSession(
      world.service,
      { region_id: "reg_rules" },
      { provider_id: PROVIDER },
    )
    await putCart(world.service, { id: cartId, region_id: "reg_elsewhere", total: 50 })
    expect(world.account.of(sessionId)).toMatchObject({ status: "canceled", amount: 1000n })
    expect(await world.collection(id)).toMatchObject({ amount: 50, payment_sessions: [] })
  })

  it.each(["the region drops the provider", "the provider is disabled"])(
    "voids the session when %s and its collection is created again, or a session is opened",
    async (name) => {
      const { change, undo } = changes[name] ?? { change: () => Promise.resolve() }
      await region([PROVIDER, "pp_telling_other"])
      const open = () => newSession(world.service, { region_id: "reg_rules" }, { provider_id: PROVIDER })
      const [created, reopened] = [await open(), await open()]
      try {
        await change(created)
        await store.createCollection(created.cartId)
        expect((await world.openSession(reopened.id, PROVIDER)).status).toBe(400)
        for (const { id, sessionId } of [created, reopened]) {
          expect(world.account.of(sessionId).status).toBe("canceled")
          expect((await world.collection(id)).payment_sessions).toEqual([])
        }
      } finally {
        await undo?.()
      }
    },
  )
})

describe("a provider that reports more than was asked for", () => {
  const bank = new FakeBank()
  let service: TestService
  const { admin, store } = apiOf(() => service)
  beforeAll(async () => {
    service = await TestService.start({}, { modules: [fakeProviders(bank)] })
  })
  afterAll(() => service.close())
  beforeEach(() => {
    bank.reset()
  })

  const FAKE = { provider_id: "pp_fake_default" }

  /** Nothing is recorded, and the operation says what is wrong, for a person to look at. */
  async function expectContradiction({ status, body }: Answer): Promise<void> {
    expect([status, body.code]).toEqual([504, "outcome_unknown"])
    const { operation } = (await service.admin("GET", `/admin/operations/${body.operation_id}`)).body
    expect(operation).toMatchObject({
      state: "unknown",
      is_stuck: true,
      last_error: expect.stringContaining("reports"),
    })
  }

  it("contradicts our records when it authorizes", async () => {
    const { id, sessionId } = await newSession(service, {}, FAKE)
    bank.script("authorize", "report_more")
    const path = `/store/payment-collections/${id}/payment-sessions/${sessionId}/authorize`
    await expectContradiction(await service.store("POST", path))
    const { payment_collection } = (await store.getCollection(id)).body
    expect(payment_collection).toMatchObject({ status: "not_paid", authorized_amount: 0, payments: [] })
  })

  it.each(["capture", "refund"] as const)("contradicts our records on a %s", async (kind) => {
    const { id, paymentId } = await newPayment(service, {}, FAKE)
    const act = (name: string, body: object) => admin.requestOn(paymentId, name, body)
    if (kind === "refund") await act("capture", {})
    bank.script(kind, "report_more")
    await expectContradiction(await act(kind, { amount: 4 }))
    const { payment_collection } = (await store.getCollection(id)).body
    expect(payment_collection).toMatchObject({ captured_amount: kind === "refund" ? 10 : 0, refunded_amount: 0 })
  })

  it("contradicts our records with a webhook", async () => {
    const { id, sessionId } = await world.session()
    Object.assign(world.account.of(sessionId), { status: "authorized", authorized: 1001n })
    const { last_error } = await world.tell(sessionId, "pending")
    expect(last_error).toBe("The provider reports 1001 eur (minor units) where 1000 eur was asked for.")
    expect(await world.payments(id)).toEqual([])
  })

  it("is refused by the database, whatever the code does", async () => {
    const { paymentId } = await newPayment(service)
    const raise = service.dataSource.query("UPDATE payment SET authorized_amount = amount + 1 WHERE id = $1", [
      paymentId,
    ])
    await expect(raise).rejects.toThrow("payment_authorized_within_amount")
  })
})
