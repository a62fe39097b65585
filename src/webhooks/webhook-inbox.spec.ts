import { beforeEach, describe, expect, it } from "@jest/globals"
import type { DataSource } from "typeorm"
import type { PaymentProvider, ProviderEvent } from "../payment-providers/contract/index.js"
import type { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { WebhookInbox } from "./webhook-inbox.js"
import type { WebhookWorker } from "./webhook-worker.js"

/** Parameters of a row. */
const WIDTH = 7

let statements: unknown[][]
let failure: Error | undefined
let wakes: number
let inbox: WebhookInbox
beforeEach(() => {
  statements = []
  failure = undefined
  wakes = 0
  const query = (_: string, parameters: unknown[]) => {
    statements.push(parameters)
    return failure ? Promise.reject(failure) : Promise.resolve([])
  }
  const registry = { has: () => true, get: () => telling } as unknown as PaymentProviderRegistry
  const worker = { wake: () => wakes++ } as unknown as WebhookWorker
  inbox = new WebhookInbox({ query } as unknown as DataSource, registry, worker)
})

/** Takes every body for a genuine event. */
const telling = {
  webhooks: {
    receive: ({ body }: { body: Uint8Array }) => ({
      verdict: "event",
      event: JSON.parse(String(body)) as ProviderEvent,
    }),
  },
} as unknown as PaymentProvider

const receive = (about: Partial<ProviderEvent> = {}) => {
  const event = { id: "evt_1", type: "paid", reference: "pi_1", payload: {}, ...about }
  const request = { body: Buffer.from(JSON.stringify(event)), headers: {}, receivedAt: new Date() }
  return inbox.receive("stripe_stripe", request)
}

const ids = (count: number) => Array.from({ length: count }, (_, nth) => `evt_${String(nth).padStart(2, "0")}`)

/** The providers' ids of the events of every statement. */
const kept = () => statements.map((parameters) => parameters.filter((_, index) => index % WIDTH === 2))

describe("the inbox", () => {
  it("keeps events that arrive at once by one statement, twenty at most", async () => {
    await Promise.all(ids(45).map((id) => receive({ id })))
    expect(kept()).toEqual([ids(20), ids(40).slice(20), ids(45).slice(40)])
    expect(wakes).toBe(45)
  })

  it("writes them in one order, whatever order they come in, so that no two statements wait for each other", async () => {
    await Promise.all(
      ids(5)
        .toReversed()
        .map((id) => receive({ id })),
    )
    expect(kept()).toEqual([ids(5)])
  })

  it("acknowledges none whose statement fails, and wakes nobody for it", async () => {
    failure = new Error("The database is gone")
    const answers = await Promise.allSettled(ids(2).map((id) => receive({ id })))
    expect(answers).toEqual([
      { status: "rejected", reason: failure },
      { status: "rejected", reason: failure },
    ])
    expect(wakes).toBe(0)
    failure = undefined
    await receive()
    expect(kept()).toEqual([ids(2), ["evt_1"]])
  })

  it.each<[string, Partial<ProviderEvent>]>([
    ["id", { id: "evt\0" }],
    ["type", { type: "paid\ud800" }],
    ["reference", { reference: "\0" }],
    ["session", { sessionId: "payses\0" }],
  ])("refuses one whose %s cannot be kept, and keeps those that arrive with it", async (_, about) => {
    const answers = await Promise.allSettled([receive({ id: "evt_0" }), receive(about), receive({ id: "evt_2" })])
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
    expect(answers[1]).toMatchObject({ reason: { kind: "invalid_data" } })
    expect(kept()).toEqual([["evt_0", "evt_2"]])
  })

  it("keeps an event whose payload cannot be kept, without it", async () => {
    await receive({ payload: { note: "\0" } })
    expect(statements).toEqual([
      [expect.stringMatching(/^whe_/), "pp_stripe_stripe", "evt_1", "paid", "pi_1", null, null],
    ])
  })
})
