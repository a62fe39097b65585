import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import type Stripe from "stripe"
import { HOOK, inboxIsEmpty, openSession, startWithStripe, type StripeWorld } from "./stripe-world.js"

// What is let in: genuine, of now, and once.

const SECRET_BEFORE = "whsec_before"
/** Seconds; a webhook may be this old, or this far ahead. */
const TOLERANCE = 300

let world: StripeWorld
let event: Stripe.Event

beforeAll(async () => {
  world = await startWithStripe({ STRIPE_WEBHOOK_SECRET: `whsec_sandbox,${SECRET_BEFORE}` })
  await openSession(world.service)
  const [created] = world.stripe.events.filter(({ type }) => type === "payment_intent.created")
  if (!created) throw new Error("Stripe tells of no new intent")
  event = created
})
afterAll(async () => {
  await world.close()
})

const post = (body: string | Buffer, headers: Record<string, string>, path = HOOK) =>
  world.service.call("POST", path, body, headers)

const kept = async () =>
  (
    await world.service.dataSource.query<{ external_id: string }[]>("SELECT external_id FROM webhook_event ORDER BY id")
  ).map(({ external_id }) => external_id)

/** The event under another id, so that it was not told before. */
function news(id: string, change: (copy: Record<string, unknown>) => void = () => undefined): Stripe.Event {
  const copy = structuredClone(event)
  copy.id = id
  change(copy as unknown as Record<string, unknown>)
  return copy
}

const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

describe("a webhook of Stripe's", () => {
  it.each([
    ["now", {}],
    ["a little late", { timestamp: () => secondsFromNow(60 - TOLERANCE) }],
    ["by a clock that is ahead", { timestamp: () => secondsFromNow(TOLERANCE - 60) }],
    ["signed with the secret before, while the new one is being introduced", { secret: SECRET_BEFORE }],
  ])(
    "is kept when it is %s",
    async (when, { timestamp, ...signing }: { timestamp?: () => number; secret?: string }) => {
      const id = `evt_kept_${when.length}`
      const { body, headers } = world.stripe.webhooks.sign(news(id), { ...signing, timestamp: timestamp?.() })
      const answer = await post(body, headers)
      expect(answer).toMatchObject({ status: 200, body: "OK" })
      expect(await kept()).toContain(id)
    },
  )

  it("is kept at the path with pp_, and acknowledged at that of each means of payment", async () => {
    for (const path of ["/hooks/payment/pp_stripe_stripe", "/hooks/payment/stripe-ideal_stripe"]) {
      const { body, headers } = world.stripe.webhooks.sign(news(`evt_path_${path.length}`))
      expect((await post(body, headers, path)).status).toBe(200)
    }
  })

  it.each<[string, (signed: { body: string; headers: Record<string, string> }) => Parameters<typeof post>]>([
    [
      "was changed on its way",
      ({ body, headers }) => [body.replace("payment_intent.created", "payment_intent.canceled"), headers],
    ],
    ["was formatted anew", ({ body, headers }) => [JSON.stringify(JSON.parse(body), null, 3), headers]],
    [
      "has bytes after its end",
      ({ body, headers }) => [Buffer.concat([Buffer.from(body), Buffer.from([0xff])]), headers],
    ],
    ["has no signature", ({ body }) => [body, { "content-type": "application/json" }]],
    ["has a signature of nothing", ({ body, headers }) => [body, { ...headers, "stripe-signature": "t=,v1=" }]],
    [
      "has garbage for a signature",
      ({ body, headers }) => [body, { ...headers, "stripe-signature": "\u00e9".repeat(300) }],
    ],
    ["has no body", ({ headers }) => ["", headers]],
  ])("is refused, and nothing of it is kept, when it %s", async (_, change) => {
    const before = await kept()
    const answer = await post(...change(world.stripe.webhooks.sign(news("evt_refused"))))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ type: "invalid_data", message: expect.stringContaining("Webhook Error") })
    expect(await kept()).toEqual(before)
  })

  it.each([
    ["is too old", { timestamp: () => secondsFromNow(-TOLERANCE - 60) }],
    ["is from the future", { timestamp: () => secondsFromNow(TOLERANCE + 60) }],
    ["is signed with another secret", { secret: "whsec_stranger" }],
  ])(
    "is refused, and nothing of it is kept, when it %s",
    async (_, { timestamp, ...signing }: { timestamp?: () => number; secret?: string }) => {
      const before = await kept()
      const { body, headers } = world.stripe.webhooks.sign(news("evt_refused"), {
        ...signing,
        timestamp: timestamp?.(),
      })
      expect((await post(body, headers)).status).toBe(400)
      expect(await kept()).toEqual(before)
    },
  )

  it.each([
    ["one megabyte", 413, { "content-type": "application/json" }, "x".repeat(1024 * 1024)],
    ["a form", 415, { "content-type": "application/x-www-form-urlencoded" }, "a=b"],
    ["text", 415, { "content-type": "text/plain" }, "{}"],
    ["compressed", 415, { "content-type": "application/json", "content-encoding": "gzip" }, "{}"],
  ])("is refused when it is %s", async (_, status, headers, body) => {
    const before = await kept()
    const { headers: signature } = world.stripe.webhooks.sign(news("evt_refused"))
    const answer = await post(body, { ...signature, ...headers })
    expect(answer).toMatchObject({ status, body: { type: "invalid_data", request_id: expect.any(String) } })
    expect(await kept()).toEqual(before)
  })

  it("is kept once when it is sent again within its time, with another signature too", async () => {
    const again = news("evt_again")
    for (const timestamp of [secondsFromNow(-2), secondsFromNow(-1), secondsFromNow(-1)]) {
      const { body, headers } = world.stripe.webhooks.sign(again, { timestamp })
      expect((await post(body, headers)).status).toBe(200)
    }
    expect((await kept()).filter((id) => id === "evt_again")).toHaveLength(1)
  })

  it("is acknowledged and not kept when it is of the other mode, or of a kind that means nothing here", async () => {
    const before = await kept()
    const others = [
      news("evt_live", (copy) => (copy["livemode"] = true)),
      news("evt_product", (copy) => (copy["type"] = "product.created")),
      news("evt_stranger", (copy) => (copy["data"] = { object: { id: "pi_stranger", metadata: {} } })),
    ]
    for (const other of others) {
      const { body, headers } = world.stripe.webhooks.sign(other)
      expect((await post(body, headers)).status).toBe(200)
    }
    expect(await kept()).toEqual(before)
  })

  it("changes nothing however often it is replayed by an operator", async () => {
    await inboxIsEmpty(world.service)
    const [{ id }] = (await world.service.admin("GET", "/admin/webhook-events?limit=1&state=applied")).body
      .webhook_events
    const look = () => world.service.dataSource.query("SELECT id, version, status FROM payment_collection")
    const before = await look()
    const replayed = await world.service.admin("POST", `/admin/webhook-events/${id}/replay`)
    expect(replayed.body.webhook_event).toMatchObject({ id, state: "applied", last_error: null })
    expect(replayed.body.webhook_event).not.toHaveProperty("payload")
    expect(await look()).toEqual(before)
  })
})

it("is 404 where no webhook secret is configured", async () => {
  const other = await startWithStripe({ STRIPE_WEBHOOK_SECRET: "" })
  try {
    const { body, headers } = other.stripe.webhooks.sign(event)
    const answer = await other.service.call("POST", HOOK, body, headers)
    expect(answer).toMatchObject({ status: 404, body: { type: "not_found" } })
  } finally {
    await other.close()
  }
})
