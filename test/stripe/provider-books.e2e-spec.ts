import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals"
import { Logger } from "@nestjs/common"
import type { AccountHolders, PaymentState } from "../../src/payment-providers/contract/index.js"
import { StripeSandbox } from "../../sandbox/stripe-sandbox.js"
import { newId, providerOf, Session } from "./provider-session.js"

let stripe: StripeSandbox
beforeEach(async () => {
  stripe = await StripeSandbox.start()
  for (const level of ["warn", "error"] as const) jest.spyOn(Logger.prototype, level).mockImplementation(() => {})
})
afterEach(async () => {
  jest.restoreAllMocks()
  await stripe.stop()
})

const soon = () => AbortSignal.timeout(20_000)
const eur = (minor: bigint) => ({ minor, currency: "eur" })

describe("what Stripe's books say of a session", () => {
  it("follows the shopper", async () => {
    const session = await opened()
    expect(await stateOf(session)).toEqual({
      sessionId: session.id,
      authorization: { status: "pending" },
      isClosed: false,
      refunds: [],
      disputes: [],
      data: session.data,
      privateData: session.privateData,
    })
    stripe.pay(session.intentId, "declined")
    expect(await stateOf(session)).toMatchObject({ authorization: { status: "failed" }, isClosed: false })
    stripe.pay(session.intentId, "challenge")
    expect(await stateOf(session)).toMatchObject({
      authorization: { status: "requires_more" },
      data: { next_action: { type: "use_stripe_sdk" } },
    })
    stripe.completeChallenge(session.intentId)
    expect(await stateOf(session)).toMatchObject({
      authorization: { status: "authorized", amount: eur(1000n), captured: eur(0n) },
      isClosed: false,
      privateData: { payment_intent: session.intentId, is_authorized: true, multicapture: false },
    })
  })

  it("is pending while a bank is at it, and requires more while a transfer is not there in full", async () => {
    const automatic = providerOf(stripe, { STRIPE_CAPTURE: "automatic" })
    const debit = await opened(automatic)
    stripe.pay(debit.intentId, "asynchronous")
    expect(await stateOf(debit)).toMatchObject({ authorization: { status: "pending", asynchronous: true } })
    const transfer = await opened(automatic)
    stripe.pay(transfer.intentId, "bank_transfer")
    stripe.receiveTransfer(transfer.intentId, 400)
    expect(await stateOf(transfer)).toMatchObject({ authorization: { status: "requires_more" } })
  })

  it("is closed after a capture in part; what was released is no refund, what is given back is", async () => {
    const session = await captured(400)
    expect(await stateOf(session)).toMatchObject({
      authorization: { status: "authorized", amount: eur(1000n), captured: eur(400n) },
      isClosed: true,
      refunds: [],
    })
    const { id } = stripe.refund(session.intentId, 100)
    expect(await stateOf(session)).toMatchObject({ refunds: [{ id, amount: eur(100n), status: "succeeded" }] })
  })

  it("tells a capture in part with multicapture from one that ended it", async () => {
    stripe.offerMulticapture()
    const session = await opened(providerOf(stripe, { STRIPE_MULTICAPTURE: "true" }))
    stripe.pay(session.intentId)
    stripe.capture(session.intentId, 400, false)
    const authorization = { status: "authorized", amount: eur(1000n), captured: eur(400n) }
    expect(await stateOf(session)).toMatchObject({
      authorization,
      isClosed: false,
      privateData: { multicapture: true },
    })
    stripe.refund(session.intentId, 400)
    stripe.cancel(session.intentId)
    expect(await stateOf(session)).toMatchObject({
      authorization: { status: "authorized", amount: eur(1000n), captured: eur(400n) },
      isClosed: true,
      refunds: [{ amount: eur(400n) }],
    })
  })

  it("has no refund of what was canceled or has expired", async () => {
    for (const ends of ["cancel", "expireAuthorization"] as const) {
      const session = await opened()
      stripe.pay(session.intentId)
      stripe[ends](session.intentId)
      expect(await stateOf(session)).toMatchObject({
        authorization: { status: "canceled" },
        isClosed: true,
        refunds: [],
      })
    }
  })

  it("has no refund of what was released, also if the account's API version made refunds of that", async () => {
    stripe.configure({ releasesMakeRefunds: true })
    for (const ends of ["cancel", "expireAuthorization"] as const) {
      const session = await opened()
      stripe.pay(session.intentId)
      stripe[ends](session.intentId)
      expect(await stateOf(session)).toMatchObject({ authorization: { status: "canceled" }, refunds: [] })
    }
    const session = await captured(500)
    expect(await stateOf(session)).toMatchObject({ refunds: [] })
    const { id } = stripe.refund(session.intentId, 500)
    expect(await stateOf(session)).toMatchObject({ refunds: [{ id, amount: eur(500n) }] })
    // As if Stripe did not name the release, there is more refunded than captured.
    for (const refund of stripe.records.refunds.values()) delete refund.destination_details
    expect(await stateOf(session)).toMatchObject({ refunds: [{ id, amount: eur(500n) }] })
  })

  it("has a refund that is as large as what was released", async () => {
    const session = await captured(500)
    const { id } = stripe.refund(session.intentId, 500)
    expect(await stateOf(session)).toMatchObject({
      authorization: { status: "authorized", amount: eur(1000n), captured: eur(500n) },
      refunds: [{ id, amount: eur(500n), status: "succeeded" }],
    })
  })

  it("says by when to capture, as long as that can be done", async () => {
    const session = await opened()
    stripe.pay(session.intentId)
    const [charge] = stripe.records.charges.values()
    const captureBefore = new Date((charge?.payment_method_details.card?.capture_before ?? 0) * 1000)
    expect(await stateOf(session)).toMatchObject({ captureBefore })
    expect(await session.does("authorize")).toMatchObject({ outcome: "succeeded", captureBefore })
    stripe.capture(session.intentId)
    expect(await stateOf(session)).not.toHaveProperty("captureBefore")
    expect(await session.does("authorize")).not.toHaveProperty("captureBefore")
  })

  it("is the same for a request as for a webhook, and also if others have overwritten our metadata", async () => {
    const session = await captured(400)
    stripe.refund(session.intentId, 100)
    expect(await session.provider.inspect?.(session.call())).toEqual(await stateOf(session))
    stripe.writeMetadata(session.intentId, { session_id: "1234" })
    expect(await session.provider.inspect?.(session.call())).toMatchObject({
      sessionId: session.id,
      refunds: [{ amount: eur(100n) }],
    })
    const { webhooks } = session.provider
    expect(await webhooks?.inspect(eventAbout(session.intentId), soon())).toEqual({})
  })

  it("takes no refund for ours whose operation_id others have written", async () => {
    const session = await captured()
    const refund = stripe.records.refund(stripe.refund(session.intentId, 300).id)
    refund.metadata = { operation_id: "4711" }
    expect((await stateOf(session)).refunds).toEqual([{ id: refund.id, amount: eur(300n), status: "succeeded" }])
  })

  it.each([
    ["a currency that ISO 4217 does not have", { currency: "xxz", amount: 100 }],
    ["a fraction of a minor unit", { currency: "isk", amount: 150 }],
    ["more than can be recorded", { currency: "eur", amount: 1_000_000_000_000_000 }],
  ])("leaves out a dispute in %s, and logs so once", async (_, opening) => {
    const session = await captured()
    const { id } = stripe.openDispute(session.intentId)
    const strange = stripe.openDispute(session.intentId, opening)
    const logged = jest.spyOn(Logger.prototype, "error")
    expect(await stateOf(session)).toMatchObject({ authorization: { captured: eur(1000n) }, disputes: [{ id }] })
    expect(logged.mock.calls).toEqual([[expect.stringContaining(`Dispute ${strange.id} is not recorded`)]])
  })

  it("leaves out a refund whose amount cannot be recorded, and all else is there", async () => {
    const session = await captured()
    const strange = stripe.records.refund(stripe.refund(session.intentId, 100).id)
    strange.currency = "xxz"
    const { id } = stripe.refund(session.intentId, 200)
    expect(await stateOf(session)).toMatchObject({ refunds: [{ id }] })
  })

  it("waits for what it does not know the status of", async () => {
    const session = await captured()
    stripe.records.refund(stripe.refund(session.intentId, 100).id).status = "under_thought"
    expect(await stateOf(session)).toMatchObject({ refunds: [{ status: "pending" }] })
    const open = await opened()
    stripe.records.intent(open.intentId).status = "requires_thought"
    expect(await stateOf(open)).toMatchObject({ authorization: { status: "pending" }, isClosed: false })
  })

  it("tells our refunds by our keys, and why one failed", async () => {
    const session = await captured()
    const call = session.call({ minor: 200n })
    await session.repeats("refund", call)
    const theirs = stripe.refund(session.intentId, 300)
    stripe.failRefund(theirs.id)
    expect((await stateOf(session)).refunds).toEqual([
      { id: theirs.id, amount: eur(300n), status: "failed", failure: "expired or canceled card" },
      { id: expect.any(String), amount: eur(200n), status: "succeeded", idempotencyKey: call.idempotencyKey },
    ])
  })

  it("has the disputes, also when they are over", async () => {
    const session = await captured()
    const { id } = stripe.openDispute(session.intentId)
    const open = await stateOf(session)
    expect(open.disputes).toEqual([
      {
        id,
        amount: eur(1000n),
        status: "needs_response",
        reason: expect.any(String),
        createdAt: expect.any(Date),
      },
    ])
    stripe.closeDispute(id, "won")
    expect((await stateOf(session, "charge.dispute.closed")).disputes).toMatchObject([{ id, status: "won" }])
  })

  it("has none where the key may not read them, and all else", async () => {
    const session = await captured()
    stripe.openDispute(session.intentId)
    stripe.faults.add("GET /v1/disputes", "403")
    expect(await stateOf(session)).toMatchObject({ authorization: { captured: eur(1000n) }, disputes: [] })
  })

  it("says nothing of a payment of others, or of none", async () => {
    const { webhooks } = providerOf(stripe)
    const session = await opened()
    stripe.records.intent(session.intentId).metadata = { order_id: "1" }
    expect(await webhooks?.inspect(eventAbout(session.intentId), soon())).toEqual({})
    expect(await webhooks?.inspect(eventAbout("pi_unknown"), soon())).toEqual({})
  })

  it("cannot be told while Stripe does not answer: the error says why, and no key", async () => {
    const session = await opened()
    stripe.faults.add("GET /v1/payment_intents/:id", "401")
    await expect(stateOf(session)).rejects.toThrow(/^Stripe: The API key was refused\. \(401, req_\w+\)$/)
    stripe.faults.add("GET /v1/payment_intents/:id", "429", 3)
    await expect(stateOf(session)).rejects.toThrow(/^Stripe: Too many requests/)
  })

  it("is asked for by every webhook that Stripe signs", async () => {
    const session = await captured()
    const { webhooks } = session.provider
    const verdicts = stripe.events.map((event) => {
      const { body, headers } = stripe.webhooks.sign(event)
      return webhooks?.receive({ body: Buffer.from(body), headers: { ...headers }, receivedAt: new Date() }).verdict
    })
    expect(verdicts).toContain("event")
    expect(verdicts).not.toContain("forged")
  })
})

describe("customers", () => {
  let holders: AccountHolders
  beforeEach(() => {
    holders = providerOf(stripe).accountHolders
  })

  const ada = { id: "cus_ada", email: "ada@example.com", name: "Ada", phone: "+44 20 7946 0000" }

  async function created(idempotencyKey = newId("accholder")): Promise<string> {
    const made = await holders.create({ idempotencyKey, customer: ada, signal: soon() })
    if (made.outcome !== "succeeded") throw new Error("No customer was made")
    return made.value.id
  }

  it("are made once, whatever is repeated, and even once Stripe has forgotten the key", async () => {
    const key = newId("accholder")
    const id = await created(key)
    expect(stripe.records.customer(id)).toMatchObject({
      email: "ada@example.com",
      name: "Ada",
      phone: "+44 20 7946 0000",
      metadata: { account_holder_id: key, customer_id: "cus_ada" },
    })
    expect(await created(key)).toBe(id)
    expect(stripe.requests.filter(({ method }) => method === "POST")).toHaveLength(1)
    expect(await created()).not.toBe(id)
  })

  it("that were deleted are created anew under the same account holder, once", async () => {
    const key = newId("accholder")
    const first = await created(key)
    stripe.deleteCustomer(first)
    const replace = () => holders.create({ idempotencyKey: key, replaces: first, customer: ada, signal: soon() })
    const second = await replace()
    expect(second).toEqual({ outcome: "succeeded", value: { id: expect.stringMatching(/^cus_/) } })
    expect(second).not.toEqual({ outcome: "succeeded", value: { id: first } })
    expect(await replace()).toEqual(second)
    stripe.expireIdempotencyKeys()
    expect(await replace()).toEqual(second)
    const nameless = { idempotencyKey: newId("accholder"), customer: { id: "cus_nameless" }, signal: soon() }
    const before = await holders.create(nameless)
    const id = before.outcome === "succeeded" ? before.value.id : ""
    stripe.deleteCustomer(id)
    expect(await holders.create({ ...nameless, replaces: id })).not.toEqual(before)
  })

  it.each(["deleted", "unknown"])("that are %s are gone, and none of their methods is asked for", async (how) => {
    const id = how === "deleted" ? await created() : "cus_unknown"
    const methodId = how === "deleted" ? stripe.saveCard(id).id : "pm_unknown"
    if (how === "deleted") stripe.deleteCustomer(id)
    const gone = { outcome: "gone", object: "account_holder" }
    expect(await holders.listMethods(id, soon())).toEqual(gone)
    expect(await holders.saveMethod(id, {}, newId("req"), soon())).toEqual(gone)
    expect(await holders.removeMethod(id, methodId, soon())).toEqual(gone)
    expect(await holders.remove(id, soon())).toEqual({ outcome: "succeeded", value: null })
  })

  it("are removed once, and are gone", async () => {
    const id = await created()
    const gone = { outcome: "succeeded", value: null }
    expect(await holders.remove(id, soon())).toEqual(gone)
    expect(await holders.remove(id, soon())).toEqual(gone)
    expect(await holders.remove("cus_unknown", soon())).toEqual(gone)
  })

  it("have their methods listed, without what would tell the card apart elsewhere", async () => {
    const id = await created()
    const { id: methodId } = stripe.saveCard(id)
    const listed = await holders.listMethods(id, soon())
    expect(listed).toEqual({
      outcome: "succeeded",
      value: [
        {
          id: methodId,
          data: {
            id: methodId,
            type: "card",
            card: { brand: "visa", last4: "4242", exp_month: expect.any(Number), exp_year: expect.any(Number) },
            created: expect.any(Number),
            allow_redisplay: expect.any(String),
          },
        },
      ],
    })
  })

  it("save a method in the browser, with a client secret", async () => {
    const id = await created()
    const key = newId("req")
    const save = () => holders.saveMethod(id, { usage: "off_session", payment_method_types: ["card"] }, key, soon())
    const saved = await save()
    expect(saved).toMatchObject({
      outcome: "succeeded",
      value: { data: { client_secret: expect.any(String), status: "requires_payment_method" } },
    })
    expect(await save()).toEqual(saved)
    expect(Object.keys(saved.outcome === "succeeded" ? saved.value.data : {})).toEqual([
      "id",
      "client_secret",
      "status",
    ])
  })

  it.each([
    [{ customer: "cus_other" }, "customer cannot be sent, only payment_method_types, usage"],
    [{ usage: "always" }, "usage has to be on_session or off_session"],
    [{ payment_method_types: ["klarna"] }, "payment_method_types has to be among card, sepa_debit"],
  ])("save nothing with %j", async (data, reason) => {
    const refused = await holders.saveMethod("cus_1", data, newId("req"), soon())
    expect(refused).toMatchObject({
      outcome: "declined",
      refusedBy: "caller",
      message: expect.stringContaining(reason),
    })
    expect(stripe.requests).toEqual([])
  })

  it("have a method removed that is theirs, and nobody else's", async () => {
    const [id, other] = [await created(), await created()]
    const { id: methodId } = stripe.saveCard(id)
    const notFound = { outcome: "declined", code: "not_found", refusedBy: "caller" }
    expect(await holders.removeMethod(other, methodId, soon())).toMatchObject(notFound)
    expect(await holders.removeMethod(id, methodId, soon())).toEqual({ outcome: "succeeded", value: null })
    expect(await holders.removeMethod(id, methodId, soon())).toMatchObject(notFound)
    expect(await holders.listMethods(id, soon())).toEqual({ outcome: "succeeded", value: [] })
  })

  it("leave open what became of a call that Stripe does not answer", async () => {
    stripe.faults.add("POST /v1/customers", "timeout_before")
    const call = { idempotencyKey: newId("accholder"), customer: ada, signal: AbortSignal.timeout(200) }
    expect(await holders.create(call)).toMatchObject({ outcome: "unknown" })
  })
})

async function opened(provider = providerOf(stripe)): Promise<Session> {
  const session = new Session(provider)
  await session.does("initiate")
  return session
}

async function captured(amount?: number): Promise<Session> {
  const session = await opened()
  stripe.pay(session.intentId)
  await session.does("authorize")
  stripe.capture(session.intentId, amount)
  return session
}

async function stateOf(session: Session, type = "payment_intent.created"): Promise<PaymentState> {
  const state = await session.provider.webhooks?.inspect(eventAbout(session.intentId, type), soon())
  if (state?.sessionId === undefined) throw new Error("It is not ours")
  return state
}

function eventAbout(reference: string, type = "payment_intent.created") {
  return { id: "evt_1", type, reference, payload: {} }
}
