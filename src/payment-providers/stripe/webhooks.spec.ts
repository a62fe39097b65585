import { describe, expect, it } from "@jest/globals"
import { createHmac } from "node:crypto"
import Stripe from "stripe"
import { StripeWebhooks } from "./webhooks.js"

const SECRET = "whsec_current"
const NOW = new Date("2026-11-22T12:00:00Z")
const SECONDS = NOW.getTime() / 1000

const stripe = () => new Stripe("sk_test_1")
const webhooks = new StripeWebhooks(stripe, { apiKey: "sk_test_1", webhookSecrets: ["whsec_next", SECRET] })

const SESSION = "payses_01JD0000000000000000000000"
const INTENT = { id: "pi_1", object: "payment_intent", metadata: { session_id: SESSION } }
const EVENT = {
  id: "evt_1",
  object: "event",
  type: "payment_intent.succeeded",
  livemode: false,
  data: { object: INTENT },
}

describe("a webhook", () => {
  it("of Stripe is an event about its payment intent, with our session", () => {
    expect(receive(EVENT)).toEqual({
      verdict: "event",
      event: {
        id: "evt_1",
        type: "payment_intent.succeeded",
        reference: "pi_1",
        sessionId: SESSION,
        payload: EVENT,
      },
    })
  })

  it.each(["whsec_next", SECRET])(
    "signed with any of the secrets is genuine, while one is being replaced: %s",
    (secret) => {
      expect(receive(EVENT, { secret })).toMatchObject({ verdict: "event" })
    },
  )

  it("signed with several secrets by Stripe is genuine if one is ours", () => {
    const body = JSON.stringify(EVENT)
    const [ours, other] = [signature(body, {}), signature(body, { secret: "whsec_other" })]
    const second = other.split(",").find((part) => part.startsWith("v1="))
    expect(send(body, `${ours.split(",")[0]},${second},${ours.split(",")[1]},v0=6ffbb59b`)).toMatchObject({
      verdict: "event",
    })
  })

  it.each([
    ["now", 0],
    ["five minutes ago", -300],
    ["five minutes ahead", 300],
  ])("of %s is taken", (_, offset) => {
    expect(receive(EVENT, { timestamp: SECONDS + offset })).toMatchObject({ verdict: "event" })
  })

  it.each([
    ["more than five minutes ago", -301],
    ["more than five minutes ahead", 301],
  ])("of %s is forged: it may have been recorded", (_, offset) => {
    expect(receive(EVENT, { timestamp: SECONDS + offset })).toEqual({
      verdict: "forged",
      reason: "The signature's time is more than 300 seconds from now.",
    })
  })

  it("with another secret is forged", () => {
    expect(receive(EVENT, { secret: "whsec_other" })).toEqual({
      verdict: "forged",
      reason: "The signature is not that of the body under any known secret.",
    })
  })

  it.each<[string, (body: string) => string | Uint8Array]>([
    ["a changed letter", (body) => body.replace("pi_1", "pi_2")],
    ["one more space", (body) => `${body} `],
    [
      "a byte order mark, which decoders drop",
      (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]),
    ],
    ["another normal form of the same text", (body) => body.normalize("NFD")],
  ])("with %s is forged: the signature is of every byte", (_, tamper) => {
    const body = JSON.stringify({ ...EVENT, note: "Grüße" })
    expect(send(tamper(body), signature(body, {}))).toMatchObject({ verdict: "forged" })
  })

  it("with a replacement for bytes that are not UTF-8 is forged", () => {
    const replaced = JSON.stringify({ ...EVENT, note: "\ufffd" })
    const [before, after] = replaced.split("\ufffd").map((part) => Buffer.from(part))
    const body = Buffer.concat([before ?? Buffer.of(), Buffer.of(0xff), after ?? Buffer.of()])
    expect(send(body, signature(replaced, {}))).toMatchObject({ verdict: "forged" })
  })

  it.each<[string, string | string[] | undefined]>([
    ["none", undefined],
    ["an empty one", ""],
    ["several", [signature(JSON.stringify(EVENT), {}), "t=1,v1=00"]],
    ["one without a time", `v1=${"0".repeat(64)}`],
    ["one without a signature", `t=${SECONDS}`],
    ["one with a strange time", `t=now,v1=${"0".repeat(64)}`],
    ["one with a short signature", `t=${SECONDS},v1=00`],
    ["one of another scheme alone", `t=${SECONDS},v0=${"0".repeat(64)}`],
    ["garbage", "=,=,,;"],
  ])("with %s of the signature header is forged", (_, header) => {
    expect(send(JSON.stringify(EVENT), header)).toEqual({
      verdict: "forged",
      reason: "There is no valid Stripe-Signature header.",
    })
  })

  it.each<[string, string | Uint8Array]>([
    ["is no JSON", "{"],
    ["is empty", ""],
    ["is no object", "[]"],
    ["has no id", JSON.stringify({ ...EVENT, id: undefined })],
    ["has no type", JSON.stringify({ ...EVENT, type: 1 })],
    ["has no data", JSON.stringify({ ...EVENT, data: null })],
    ["has no object", JSON.stringify({ ...EVENT, data: { object: "pi_1" } })],
    ["is not UTF-8", Buffer.of(0x22, 0xff, 0x22)],
  ])("that is signed, and whose body %s, is refused as well", (_, body) => {
    const signed = createHmac("sha256", SECRET).update(`${SECONDS}.`).update(body).digest("hex")
    expect(send(body, `t=${SECONDS},v1=${signed}`)).toEqual({
      verdict: "forged",
      reason: "The body is no event of Stripe.",
    })
  })

  it("of the other mode than the key's is ignored", () => {
    expect(receive({ ...EVENT, livemode: true })).toEqual({ verdict: "ignored" })
    const live = new StripeWebhooks(stripe, { apiKey: "rk_live_1", webhookSecrets: [SECRET] })
    expect(receive(EVENT, {}, live)).toEqual({ verdict: "ignored" })
    expect(receive({ ...EVENT, livemode: true }, {}, live)).toMatchObject({ verdict: "event" })
  })
})

describe("an event", () => {
  it.each([
    "created processing requires_action amount_capturable_updated partially_funded succeeded payment_failed canceled"
      .split(" ")
      .map((name) => `payment_intent.${name}`),
  ])("of a payment intent of ours matters: %s", (...types) => {
    for (const type of types) expect(receive({ ...EVENT, type })).toMatchObject({ event: { type, reference: "pi_1" } })
  })

  it("of a payment intent that is not ours is ignored", () => {
    const theirs = { ...EVENT, data: { object: { ...INTENT, metadata: { order: "1" } } } }
    expect(receive(theirs)).toEqual({ verdict: "ignored" })
  })

  it.each([
    "1234",
    "",
    "payses_1",
    "payses_01jd0000000000000000000000",
    "payses_01JD000000000000000000000U",
    ` ${SESSION}`,
    `${SESSION}0`,
  ])("is ignored if others have written the session_id '%s' in the metadata", (session_id) => {
    const object = { ...INTENT, metadata: { session_id } }
    expect(receive({ ...EVENT, data: { object } })).toEqual({ verdict: "ignored" })
  })

  it("about a refund of others is kept by its payment intent, and not by what they wrote as session_id", () => {
    const object = { id: "re_1", payment_intent: "pi_1", metadata: { session_id: "1234", operation_id: "77" } }
    const kept = receive({ ...EVENT, type: "refund.created", data: { object } })
    expect(kept).toMatchObject({ verdict: "event", event: { reference: "pi_1" } })
    expect(kept.verdict === "event" ? kept.event : {}).not.toHaveProperty("sessionId")
  })

  it.each([
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
  ])("%s matters by its payment intent, and not without one", (type) => {
    const about = (object: object) => receive({ ...EVENT, type, data: { object } })
    expect(about({ id: "x_1", payment_intent: "pi_1" })).toMatchObject({
      verdict: "event",
      event: { reference: "pi_1" },
    })
    expect(about({ id: "x_1", payment_intent: null })).toEqual({ verdict: "ignored" })
  })

  it.each(["charge.succeeded", "customer.created", "payment_intent.something_new", "invoice.paid"])(
    "%s does not matter",
    (type) => {
      const object = { ...INTENT, payment_intent: "pi_1" }
      expect(receive({ ...EVENT, type, data: { object } })).toEqual({ verdict: "ignored" })
    },
  )
})

interface Signing {
  readonly secret?: string
  /** Seconds. */
  readonly timestamp?: number
}

function receive(event: object, signing: Signing = {}, receiver = webhooks) {
  const body = JSON.stringify(event)
  return send(body, signature(body, signing), receiver)
}

function send(body: string | Uint8Array, header: string | string[] | undefined, receiver = webhooks) {
  return receiver.receive({
    body: Buffer.from(body),
    headers: { "stripe-signature": header },
    receivedAt: NOW,
  })
}

/** By Stripe's own package. */
function signature(payload: string, { secret = SECRET, timestamp = SECONDS }: Signing): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })
}
