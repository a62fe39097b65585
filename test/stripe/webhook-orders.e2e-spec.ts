import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import { EXTENT, everyNth } from "../support/extent.js"
import {
  authorize,
  booksOf,
  eventually,
  HOOK,
  inboxIsEmpty,
  openSession,
  startWithStripe,
  type Purchase,
  type StripeWorld,
} from "./stripe-world.js"

// The events of one payment, in every order: what is in the books in the end is the same, whatever came first, came twice,
// or came before our own call was through.

let world: StripeWorld
beforeAll(async () => {
  world = await startWithStripe()
})
afterAll(async () => {
  await world.close()
})

/** Something that is done, and the type of the event by which Stripe tells of it. */
interface Act {
  readonly type: string
  readonly go: (purchase: Purchase) => unknown
}

const open: Act = { type: "payment_intent.created", go: () => undefined }
const challenge: Act = {
  type: "payment_intent.requires_action",
  go: ({ intentId }) => world.stripe.pay(intentId, "challenge"),
}
const complete: Act = {
  type: "payment_intent.amount_capturable_updated",
  go: ({ intentId }) => world.stripe.completeChallenge(intentId),
}
const capture: Act = { type: "payment_intent.succeeded", go: ({ intentId }) => world.stripe.capture(intentId) }
const refund: Act = { type: "charge.refunded", go: ({ intentId }) => world.stripe.refund(intentId, 1_000) }

const LIFE = [open, challenge, complete, capture, refund]

const pay: Act = { type: complete.type, go: ({ intentId }) => world.stripe.pay(intentId) }
const closeInPart: Act = {
  type: capture.type,
  go: ({ intentId }) => world.stripe.capture(intentId, 3_000),
}

/** The same by way of the service. */
const ownCapture: Act = {
  type: capture.type,
  go: async (purchase) => {
    await authorize(world.service, purchase)
    await onPayment(purchase, "capture")
  },
}
const ownRefund: Act = { type: refund.type, go: (purchase) => onPayment(purchase, "refund", { amount: 10 }) }

async function onPayment({ sessionId }: Purchase, action: string, body?: object): Promise<void> {
  const { service } = world
  const [payment] = await service.dataSource.query<{ id: string }[]>(
    "SELECT id FROM payment WHERE payment_session_id = $1",
    [sessionId],
  )
  const { status, body: answer } = await service.admin("POST", `/admin/payments/${payment?.id}/${action}`, body)
  if (status !== 200) throw new Error(JSON.stringify(answer))
}

/**
 * A purchase whose events arrive in the order given, each twice. What they tell of is done as late as it can be, so that
 * the service looks at Stripe's books in every state between.
 * @param place the own authorization comes before the event at this place, and is asked for twice at once
 */
async function live(acts: readonly Act[], order: readonly number[], place: number): Promise<Purchase> {
  const { stripe, service } = world
  const purchase = await openSession(service)
  const ofPurchase = (type: string) =>
    stripe.events.find(
      ({ type: told, data }) => told === type && JSON.stringify(data.object).includes(purchase.intentId),
    )
  let done = 0
  const doUpTo = async (index: number) => {
    while (done <= index) await acts[done++]?.go(purchase)
  }
  for (const [nth, index] of order.entries()) {
    await doUpTo(index)
    const event = ofPurchase(acts[index]?.type ?? "")
    if (!event) throw new Error(`Stripe has not told ${acts[index]?.type}`)
    const own = nth === place ? [authorize(service, purchase), authorize(service, purchase)] : []
    await Promise.all([tell([event, event]), ...own])
    // Every other time the next one meets the one before.
    if ((index + nth) % 2) await isApplied(event)
  }
  if (place === order.length) await authorize(service, purchase)
  return purchase
}

/** All the lives at once, a few at a time; where they ended, without what only one of them has. */
async function endsOf(lives: readonly (() => Promise<Purchase>)[]): Promise<unknown[]> {
  const purchases: Purchase[] = []
  const waiting = lives.values()
  const lane = async () => {
    for (const begin of waiting) purchases.push(await begin())
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  await inboxIsEmpty(world.service)
  return Promise.all(purchases.map(withoutIds))
}

const isApplied = ({ id }: Stripe.Event) =>
  eventually(
    () =>
      world.service.dataSource.query<object[]>(
        "SELECT state FROM webhook_event WHERE external_id = $1 AND state IN ('pending', 'parked')",
        [id],
      ),
    (waiting) => waiting.length === 0,
  )

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}

const ordersOf = (acts: readonly Act[]) => permutations([...acts.keys()])

const tell = async (events: readonly Stripe.Event[]) => {
  const answers = await world.stripe.webhooks.deliver(world.service.url + HOOK, events)
  expect(answers.map(({ status }) => status)).toEqual(events.map(() => 200))
}

/** Everything but what only one purchase has. */
async function withoutIds(purchase: Purchase): Promise<unknown> {
  const text = JSON.stringify(await booksOf(world.service, purchase))
  return JSON.parse(text.replaceAll(/\b(pi|ch|cus|seti|src|op|payses|re)_\w+/g, "$1"))
}

/** What the books hold in the end of 49.90, of which all or a part was captured. Sums are in cents. */
function endWith({ captured, refunded }: { captured: number; refunded: number }) {
  const isWhole = captured === 4_990
  const sums = {
    amount: "4990",
    authorized_amount: String(captured),
    captured_amount: String(captured),
    refunded_amount: String(refunded),
  }
  return {
    collection: [{ ...sums, status: isWhole ? "completed" : "partially_captured", is_completed: isWhole }],
    sessions: [expect.objectContaining({ status: "authorized", amount: "4990", is_gone: false })],
    payments: [expect.objectContaining({ ...sums, is_captured: isWhole, is_canceled: !isWhole })],
    captures: [{ amount: String(captured), status: "succeeded" }],
    refunds: refunded ? [{ amount: String(refunded), status: "succeeded" }] : [],
    unsettled: [],
  }
}

const END = endWith({ captured: 4_990, refunded: 1_000 })

describe("the events of one payment", () => {
  it("lead to the same books in every order, each told twice, with our own authorization at every place", async () => {
    const all = ordersOf(LIFE).map((order, nth) => () => live(LIFE, order, nth % (LIFE.length + 1)))
    expect(all).toHaveLength(120)
    const ends = await endsOf(everyNth(all, EXTENT.orderStride))
    expect(ends[0]).toEqual(END)
    expect(new Set(ends.map((end) => JSON.stringify(end)))).toHaveProperty("size", 1)
  }, 240_000)

  it("lead to the same books in every order when our own capture and refund are what they tell of", async () => {
    const acts = [open, pay, ownCapture, ownRefund]
    const all = ordersOf(acts).map((order) => () => live(acts, order, -1))
    expect(all).toHaveLength(24)
    const ends = await endsOf(everyNth(all, EXTENT.orderStride))
    expect(ends[0]).toEqual(END)
    expect(new Set(ends.map((end) => JSON.stringify(end)))).toHaveProperty("size", 1)
  }, 240_000)

  it("lead to the same books in every order, at every place, when a part was captured for good at Stripe", async () => {
    const acts = [open, pay, closeInPart]
    const places = [0, 1, 2, 3]
    const all = ordersOf(acts).flatMap((order) => places.map((place) => () => live(acts, order, place)))
    expect(all).toHaveLength(24)
    const ends = await endsOf(everyNth(all, EXTENT.orderStride))
    expect(ends[0]).toEqual(endWith({ captured: 3_000, refunded: 0 }))
    expect(new Set(ends.map((end) => JSON.stringify(end)))).toHaveProperty("size", 1)
  }, 240_000)

  it(`that arrive ${EXTENT.repeatedDeliveries} times at the same time are kept once each and lead to the same records`, async () => {
    const { stripe, service } = world
    const before = stripe.events.length
    const purchase = await openSession(service)
    for (const { go } of LIFE) await go(purchase)
    const types = LIFE.map(({ type }) => type)
    const events = stripe.events.slice(before).filter(({ type }) => types.includes(type))
    const signed = events.map((event) => stripe.webhooks.sign(event))
    const answers = await Promise.all(
      Array.from({ length: EXTENT.repeatedDeliveries }, async (_, index) => {
        const { body, headers } = signed[index % signed.length] ?? { body: "", headers: {} }
        return (await service.call("POST", HOOK, body, headers)).status
      }),
    )
    expect(new Set(answers)).toEqual(new Set([200]))
    await inboxIsEmpty(service)
    const ids = events.map(({ id }) => id)
    const kept = await service.dataSource.query("SELECT 1 FROM webhook_event WHERE external_id = ANY($1)", [ids])
    expect(kept).toHaveLength(events.length)
    expect(await booksOf(service, purchase)).toEqual(END)
  }, 60_000)
})

describe("a webhook and the shopper's own request at once", () => {
  it.each(["the webhook asks Stripe first", "the shopper's request asks Stripe first"])(
    "make one payment, when %s",
    async (first) => {
      const { stripe, service } = world
      const before = stripe.events.length
      const purchase = await openSession(service)
      stripe.pay(purchase.intentId)
      const asked = stripe.nextRequest("GET /v1/payment_intents/:id")
      let release: () => void = () => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      stripe.faults.add("GET /v1/payment_intents/:id", { holdRequest: held })
      const webhook = () => tell(stripe.events.slice(before))
      const request = () => authorize(service, purchase)
      const [begin, follow] = first.startsWith("the webhook") ? [webhook, request] : [request, webhook]
      const begun = begin()
      await asked
      const followed = follow()
      release()
      await Promise.all([begun, followed])
      await inboxIsEmpty(service)
      const books = await booksOf(service, purchase)
      expect(books.payments).toHaveLength(1)
      expect(books).toMatchObject({ collection: [{ status: "authorized" }], captures: [], unsettled: [] })
      expect((await authorize(service, purchase)).body.payment_collection.payments).toHaveLength(1)
    },
  )
})
