import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import {
  authorize,
  booksOf,
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

/** A purchase as it went at Stripe: challenged, authorized, captured and refunded there; and what Stripe tells of it. */
async function livedAtStripe(): Promise<{ purchase: Purchase; events: Stripe.Event[] }> {
  const { stripe, service } = world
  const before = stripe.events.length
  const purchase = await openSession(service)
  stripe.pays(purchase.intentId, "challenge")
  stripe.completesChallenge(purchase.intentId)
  stripe.captures(purchase.intentId)
  stripe.refunds(purchase.intentId, 1_000)
  const told = stripe.events.slice(before).filter(({ type }) => TOLD.includes(type))
  return { purchase, events: told }
}

const TOLD = [
  "payment_intent.created",
  "payment_intent.requires_action",
  "payment_intent.amount_capturable_updated",
  "payment_intent.succeeded",
  "charge.refunded",
]

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}

const tell = async (events: readonly Stripe.Event[]) => {
  const answers = await world.stripe.deliver(world.service.url + HOOK, events)
  expect(answers.map(({ status }) => status)).toEqual(events.map(() => 200))
}

/** Everything but what only one purchase has. */
async function withoutIds(purchase: Purchase): Promise<unknown> {
  const text = JSON.stringify(await booksOf(world.service, purchase))
  return JSON.parse(text.replaceAll(/\b(pi|ch|cus|seti|src|op|payses|re)_\w+/g, "$1"))
}

const END = {
  collection: [
    {
      status: "completed",
      amount: "4990",
      authorized_amount: "4990",
      captured_amount: "4990",
      refunded_amount: "1000",
      is_completed: true,
    },
  ],
  sessions: [expect.objectContaining({ status: "authorized", amount: "4990", is_gone: false })],
  payments: [
    expect.objectContaining({
      amount: "4990",
      authorized_amount: "4990",
      captured_amount: "4990",
      refunded_amount: "1000",
      is_captured: true,
      is_canceled: false,
    }),
  ],
  captures: [{ amount: "4990", status: "succeeded" }],
  refunds: [{ amount: "1000", status: "succeeded" }],
  unsettled: [],
}

describe("the events of one payment", () => {
  it("lead to the same books in every order, told once and twice", async () => {
    const ends = new Set<string>()
    const orders = permutations([0, 1, 2, 3, 4])
    const lives: Awaited<ReturnType<typeof livedAtStripe>>[] = []
    for (const _ of orders) lives.push(await livedAtStripe())
    await Promise.all(
      lives.map(async ({ events }, nth) => {
        expect(events.map(({ type }) => type)).toEqual(TOLD)
        const ordered = (orders[nth] ?? []).flatMap((index) => events[index] ?? [])
        await tell(ordered.flatMap((event) => [event, event]))
        await tell(ordered)
      }),
    )
    await inboxIsEmpty(world.service)
    for (const { purchase } of lives) {
      expect(await booksOf(world.service, purchase)).toEqual(END)
      ends.add(JSON.stringify(await withoutIds(purchase)))
    }
    expect(lives).toHaveLength(120)
    expect([...ends]).toHaveLength(1)
  }, 240_000)

  it("lead to the same books when each one arrives as it happens, with our own calls at every place between them", async () => {
    const { stripe, service } = world
    const ends = new Set<string>()
    for (let place = 0; place <= 4; place++) {
      const purchase = await openSession(service)
      const acts = [
        () => stripe.pays(purchase.intentId, "challenge"),
        () => stripe.completesChallenge(purchase.intentId),
        () => stripe.captures(purchase.intentId),
        () => stripe.refunds(purchase.intentId, 1_000),
      ]
      for (const [index, act] of acts.entries()) {
        const before = stripe.events.length
        const told = async () => tell(stripe.events.slice(before))
        act()
        if (index === place) await Promise.all([told(), authorize(service, purchase), authorize(service, purchase)])
        else await told()
      }
      if (place === 4) await authorize(service, purchase)
      await inboxIsEmpty(service)
      expect(await booksOf(service, purchase)).toEqual(END)
      ends.add(JSON.stringify(await withoutIds(purchase)))
    }
    expect([...ends]).toHaveLength(1)
  }, 60_000)

  it("lead to the same books when our own capture and refund make them", async () => {
    const { stripe, service } = world
    for (const order of permutations([0, 1, 2])) {
      const before = stripe.events.length
      const purchase = await openSession(service)
      stripe.pays(purchase.intentId)
      const authorized = await authorize(service, purchase)
      const paymentId = authorized.body.payment_collection.payments[0].id as string
      expect((await service.admin("POST", `/admin/payments/${paymentId}/capture`)).status).toBe(200)
      expect((await service.admin("POST", `/admin/payments/${paymentId}/refund`, { amount: 10 })).status).toBe(200)
      const told = stripe.events.slice(before)
      const some = order.flatMap((index) => told.filter((_, at) => at % 3 === index))
      await tell([...some, ...some])
      await inboxIsEmpty(service)
      expect(await booksOf(service, purchase)).toEqual(END)
    }
  }, 60_000)

  it("that are told all at once, a thousand times over, are kept once each and lead to the same books", async () => {
    const { stripe, service } = world
    const { purchase, events } = await livedAtStripe()
    const signed = events.map((event) => stripe.signed(event))
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
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
      stripe.pays(purchase.intentId)
      const asked = stripe.arrival("GET /v1/payment_intents/:id")
      let release: () => void = () => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      stripe.fails("GET /v1/payment_intents/:id", { wait: held })
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
