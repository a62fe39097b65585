import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { newId } from "../src/common/ids.js"
import { MAX_ATTEMPTS, PARKED_FOR } from "../src/webhooks/webhook-event.rules.js"
import { WebhooksService } from "../src/webhooks/webhooks.service.js"
import type { Answer } from "./support/service.js"
import { referenceOf, signed } from "./support/telling-account.js"
import { TcpConnection } from "./support/tcp.js"
import { until, WebhookWorld } from "./support/webhook-world.js"

let world: WebhookWorld
let tcp: TcpConnection
beforeAll(async () => {
  world = await WebhookWorld.start()
  tcp = await TcpConnection.open(world.service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await world.service.close()
})
beforeEach(() => {
  world.account.reset()
  world.other.reset()
})

const PATH = "/hooks/payment/telling_default"
const OK = { status: 200, body: "OK" }

const post = (path: string, body: string | Buffer | undefined, headers: Record<string, string>) =>
  world.service.call("POST", path, body, headers)
const events = (query = "") => world.service.admin("GET", `/admin/webhook-events?${query}`)
const event = async (id: string) => (await world.service.admin("GET", `/admin/webhook-events/${id}`)).body.webhook_event
const replay = (id: string) => world.service.admin("POST", `/admin/webhook-events/${id}/replay`)
const count = async () => (await world.sql("SELECT count(*)::int AS count FROM webhook_event"))[0].count as number

function eventBody(about: object = {}): string {
  return JSON.stringify({ id: newId("evt"), type: "payment.changed", reference: "tp_none", ...about })
}

/** The error that every route answers with. */
function expectError({ status, body }: Answer, expected: number, type: string): void {
  expect([status, body]).toEqual([
    expected,
    expect.objectContaining({ type, message: expect.any(String), request_id: expect.any(String) }),
  ])
}

/** Something that waits to be claimed is due now. */
const makeDue = (externalId: string, set = "") =>
  world.sql(
    `UPDATE webhook_event SET next_attempt_at = now() - interval '1 second', claimed_until = NULL ${set} WHERE external_id = $1`,
    [externalId],
  )

/** What the worker does with what is due. */
async function workOff(): Promise<void> {
  const webhooks = world.service.app.get(WebhooksService)
  for (const id of await webhooks.claimDue(100)) await webhooks.apply(id)
}

describe("a webhook", () => {
  it("that is genuine is kept and acknowledged, whether its provider is called with or without pp_", async () => {
    for (const name of ["telling_default", "pp_telling_default"]) {
      const body = eventBody()
      expect(await post(`/hooks/payment/${name}`, body, signed(body))).toMatchObject(OK)
      const { id } = JSON.parse(body) as { id: string }
      expect(await world.row(id)).toMatchObject({ provider_id: "pp_telling_default", reference: "tp_none" })
    }
  })

  it.each<[string, (body: string) => [string | Buffer, Record<string, string>]]>([
    ["without a signature", (body) => [body, { "content-type": "application/json" }]],
    ["with the signature of another body", (body) => [body, signed(`${body} `)]],
    ["that was changed by a byte on its way", (body) => [`${body}\n`, signed(body)]],
    ["that is no JSON", () => ["{", { "content-type": "application/json" }]],
    ["of bytes that are no text", () => [Buffer.from([0xff, 0xfe]), { "content-type": "application/json" }]],
    ["with an empty body", () => ["", { "content-type": "application/json" }]],
  ])("%s is refused, and nothing of it is kept", async (_, make) => {
    const before = await count()
    const [body, headers] = make(eventBody())
    const answer = await post(PATH, body, headers)
    expectError(answer, 400, "invalid_data")
    expect(answer.body.message).toBe("Webhook Error: The signature does not match.")
    expect(await count()).toBe(before)
  })

  it("without any body is refused", async () => {
    expectError(await post(PATH, undefined, {}), 400, "invalid_data")
  })

  it("that is no JSON by its header is refused", async () => {
    const body = eventBody()
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]) {
      expectError(await post(PATH, body, { ...signed(body), "content-type": type }), 415, "invalid_data")
    }
  })

  it("of a megabyte is refused", async () => {
    const body = eventBody({ filler: "x".repeat(1024 * 1024) })
    expectError(await post(PATH, body, signed(body)), 413, "invalid_data")
  })

  it.each([
    ["a provider that is not there", "nobody_default"],
    ["a provider that takes no webhooks", "system_default"],
    ["the same, by its whole id", "pp_system_default"],
    ["text that is no id", "..%2F"],
    ["one of Object's own names", "constructor"],
  ])("for %s is refused as not found", async (_, name) => {
    const before = await count()
    const body = eventBody()
    expectError(await post(`/hooks/payment/${name}`, body, signed(body)), 404, "not_found")
    expect(await count()).toBe(before)
  })

  it.each(["GET", "PUT", "DELETE"])("by %s is no route", async (method) => {
    expectError(await world.service.call(method, PATH, undefined, {}), 404, "not_found")
  })

  it("needs no key, and one that is sent is not looked at", async () => {
    const body = eventBody()
    const headers = { ...signed(body), authorization: "Bearer sk_wrong", "x-publishable-api-key": "pk_wrong" }
    expect(await post(PATH, body, headers)).toMatchObject(OK)
  })

  it("about nothing that matters here is acknowledged, and nothing of it is kept", async () => {
    const before = await count()
    expect(await world.send("payses_any", { type: "ping" })).toMatchObject(OK)
    expect(await count()).toBe(before)
  })

  it("is kept once, however often and however parallel it is told", async () => {
    const { sessionId } = await world.session()
    const id = newId("evt")
    const answers = await Promise.all(Array.from({ length: 300 }, () => world.send(sessionId, { id })))
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body)}`))).toEqual(new Set(["200 OK"]))
    await world.becomes(id, "applied")
    expect(await world.send(sessionId, { id })).toMatchObject(OK)
    expect(await world.sql("SELECT id FROM webhook_event WHERE external_id = $1", [id])).toHaveLength(1)
    expect(await world.row(id)).toMatchObject({ state: "applied", attempts: 1 })
  })

  it("hundreds of which arrive at once are all kept, and all applied", async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => world.session()))
    const ids = Array.from({ length: 200 }, () => newId("evt"))
    const answers = await Promise.all(ids.map((id, i) => world.send(sessions[i % 5]?.sessionId ?? "", { id })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const open = "SELECT 1 FROM webhook_event WHERE external_id = ANY($1) AND state <> 'applied'"
    await until(async () => (await world.sql(open, [ids])).length === 0, "200 events to be applied")
    expect(await world.sql("SELECT 1 FROM webhook_event WHERE external_id = ANY($1)", [ids])).toHaveLength(200)
  })

  it("is acknowledged while the provider does not answer what is so, and applied once it does", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    const held = world.account.hold("inspect", sessionId)
    const told = newId("evt")
    expect(await world.send(sessionId, { id: told })).toMatchObject(OK)
    await held.reached
    expect(await world.send(sessionId)).toMatchObject(OK)
    expect(await world.row(told)).toMatchObject({ state: "pending", handled_at: null })
    held.release()
    await world.becomes(told, "applied")
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("with text that PostgreSQL does not take in its payload is applied all the same", async () => {
    const { sessionId } = await world.session()
    expect((await world.tell(sessionId, "applied", { note: "a\0b" })).last_error).toBeNull()
  })
})

describe("what becomes of an event", () => {
  it("about a payment that was not made here is ignored", async () => {
    expect(await world.tell("payses_elsewhere", "ignored")).toMatchObject({ payment_session_id: null, payload: null })
  })

  it("about a session of another account is ignored, and changes nothing", async () => {
    const { id, sessionId } = await world.session("pp_telling_other")
    world.other.pay(sessionId)
    world.account.open(sessionId)
    world.account.pay(sessionId)
    await world.tell(sessionId, "ignored")
    expect(await world.collection(id)).toMatchObject({ status: "not_paid", payments: [] })
  })

  it("about a session of another provider with the same account is applied", async () => {
    const { id, sessionId } = await world.session("pp_telling-bank_default")
    world.account.pay(sessionId)
    await world.tell(sessionId)
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("about a session of ours whose payment the provider does not know is tried again: a person has to look", async () => {
    const { sessionId } = await world.session()
    const row = await world.tell(sessionId, "pending", { session_id: sessionId, reference: "tp_elsewhere" })
    expect(row.last_error).toBe(`The provider does not know of tp_elsewhere, though session ${sessionId} is with it.`)
  })

  it("that names a session which the provider's books do not is ignored", async () => {
    const [one, other] = [await world.session(), await world.session()]
    world.account.pay(one.sessionId)
    await world.tell(other.sessionId, "ignored", { session_id: one.sessionId })
    expect((await world.collection(one.id)).status).toBe("not_paid")
  })

  it("about a session that is not known here is parked, and applied once the session is there", async () => {
    const sessionId = newId("payses")
    const { id, sessionId: known } = await world.session()
    world.account.open(sessionId)
    world.account.pay(sessionId)
    const external = newId("evt")
    const parked = await world.tell(sessionId, "parked", { id: external })
    expect(parked).toMatchObject({ attempts: 1, handled_at: null, payment_session_id: null })
    expect(parked.last_error).toContain(sessionId)
    await world.sql("DELETE FROM payment_operation WHERE payment_session_id = $1", [known])
    const privateData = { reference: referenceOf(sessionId) }
    await world.sql("UPDATE payment_session SET id = $2, private_data = $3 WHERE id = $1", [
      known,
      sessionId,
      privateData,
    ])
    await makeDue(external)
    await workOff()
    expect(await world.row(external)).toMatchObject({ state: "applied", payment_session_id: sessionId, attempts: 2 })
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("about a session that never appears is dead after its time, and nothing else is touched", async () => {
    const sessionId = newId("payses")
    world.account.open(sessionId)
    const [external, other] = [newId("evt"), newId("evt")]
    await world.tell(sessionId, "parked", { id: external })
    await world.tell(newId("payses"), "ignored", { id: other })
    await makeDue(external, `, created_at = now() - interval '${PARKED_FOR} milliseconds'`)
    await workOff()
    expect(await world.row(external)).toMatchObject({ state: "dead", next_attempt_at: null, attempts: 2 })
    expect(await world.row(other)).toMatchObject({ state: "ignored", attempts: 1 })
    expect(await world.sql("SELECT 1 FROM payment WHERE payment_session_id = $1", [sessionId])).toEqual([])
  })

  it("that is applied holds for every event of the same payment that was there before", async () => {
    const { sessionId } = await world.session()
    const held = world.account.hold("inspect", sessionId)
    const [first, second] = [newId("evt"), newId("evt")]
    world.account.fail("inspect", sessionId)
    await world.send(sessionId, { id: first })
    await held.reached
    held.release()
    await world.becomes(first, "pending")
    await world.tell(sessionId, "applied", { id: second })
    expect(await world.row(first)).toMatchObject({ state: "applied", last_error: null, payload: null })
  })
})

describe("an event whose provider does not answer", () => {
  it("is tried again later, each time after a longer wait, and applied once the provider answers", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    world.account.fail("inspect", sessionId, 3)
    const external = newId("evt")
    await world.tell(sessionId, "pending", { id: external })
    const waits: number[] = []
    for (let attempt = 1; attempt <= 3; attempt++) {
      const row = (
        await world.sql(
          "SELECT *, extract(epoch FROM next_attempt_at - updated_at)::float AS wait FROM webhook_event WHERE external_id = $1",
          [external],
        )
      )[0]
      expect(row).toMatchObject({ state: "pending", attempts: attempt, last_error: "The line to the account broke" })
      expect(row.payload).toMatchObject({ id: external })
      waits.push(Math.round(row.wait))
      await makeDue(external)
      await workOff()
    }
    expect(waits).toEqual([1, 2, 4])
    expect(await world.row(external)).toMatchObject({ state: "applied", attempts: 4, last_error: null, payload: null })
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("is dead after the last attempt, is listed so, and can be replayed", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId)
    world.account.fail("inspect", sessionId, 2)
    const external = newId("evt")
    await world.tell(sessionId, "pending", { id: external })
    await makeDue(external, `, attempts = ${MAX_ATTEMPTS - 1}`)
    await workOff()
    const { body } = await events("state=dead&order=-created_at&limit=1")
    expect(body.webhook_events).toMatchObject([
      {
        external_id: external,
        attempts: MAX_ATTEMPTS,
        last_error: "The line to the account broke",
        next_attempt_at: null,
      },
    ])
    const [dead] = body.webhook_events
    expect(dead.handled_at).not.toBeNull()
    await workOff()
    expect(await event(dead.id)).toMatchObject({ state: "dead" })

    const answer = await replay(dead.id)
    expect([answer.status, answer.body.webhook_event]).toMatchObject([
      200,
      { id: dead.id, state: "applied", attempts: 1, last_error: null, payment_session_id: sessionId },
    ])
    expect((await world.collection(id)).status).toBe("authorized")
  })

  it("by the deadline is left for later, and keeps nobody from stopping the service", async () => {
    const hurried = await WebhookWorld.start({ PROVIDER_TIMEOUT: "300" })
    try {
      const { sessionId } = await hurried.session()
      hurried.account.hold("inspect", sessionId)
      await hurried.tell(sessionId, "pending")
      const held = hurried.account.hold("inspect", sessionId)
      await hurried.send(sessionId)
      await held.reached
    } finally {
      await hurried.service.close()
    }
  })

  it("has all its attempts before it again when a replay fails too", async () => {
    const { sessionId } = await world.session()
    world.account.fail("inspect", sessionId, 2)
    const external = newId("evt")
    await world.tell(sessionId, "pending", { id: external })
    await world.sql("UPDATE webhook_event SET attempts = $2 WHERE external_id = $1", [external, MAX_ATTEMPTS])
    const { body } = await replay((await world.row(external))?.id ?? "")
    expect(body.webhook_event).toMatchObject({ state: "pending", attempts: 1, last_error: expect.any(String) })
  })
})

describe("operators", () => {
  it("replay an event that was applied, and nothing is doubled", async () => {
    const { id, sessionId } = await world.session()
    world.account.pay(sessionId, { captured: 1000n })
    world.account.giveBack(sessionId, 300n)
    const row = await world.tell(sessionId)
    const [before, facts] = [await world.collection(id), await world.factNames(id)]
    for (let times = 0; times < 2; times++) {
      expect((await replay(row.id)).body.webhook_event).toMatchObject({ state: "applied", attempts: 1 })
    }
    expect([await world.collection(id), await world.factNames(id)]).toEqual([before, facts])
  })

  it("replay an event that somebody is at without doing it twice", async () => {
    const { sessionId } = await world.session()
    const held = world.account.hold("inspect", sessionId)
    const external = newId("evt")
    await world.send(sessionId, { id: external })
    await held.reached
    const { status, body } = await replay((await world.row(external))?.id ?? "")
    expect([status, body.code]).toEqual([409, "operation_in_progress"])
    held.release()
    await world.becomes(external, "applied")
    expect(world.account.countOf("inspect", sessionId)).toBe(2)
  })

  it("are told nothing of an event that is not there", async () => {
    expectError(await world.service.admin("GET", "/admin/webhook-events/whe_none"), 404, "not_found")
    expectError(await replay("whe_none"), 404, "not_found")
    expectError(await world.service.call("GET", "/admin/webhook-events", undefined, {}), 401, "unauthorized")
  })

  it("see every field of an event but what the provider sent, and select among them", async () => {
    const { sessionId } = await world.session()
    const row = await world.tell(sessionId)
    const all = await event(row.id)
    expect(all).toEqual({
      ...{ id: row.id, provider_id: "pp_telling_default", external_id: expect.any(String), type: "payment.changed" },
      ...{ reference: referenceOf(sessionId), payment_session_id: sessionId, state: "applied", attempts: 1 },
      ...{ next_attempt_at: null, last_error: null, created_at: expect.any(String), updated_at: expect.any(String) },
      handled_at: expect.any(String),
    })
    const selected = await world.service.admin("GET", `/admin/webhook-events/${row.id}?fields=state,type`)
    expect(selected.body.webhook_event).toEqual({ id: row.id, state: "applied", type: "payment.changed" })
    for (const hidden of ["payload", "claimed_until"]) {
      expectError(await events(`fields=${hidden}`), 400, "invalid_data")
    }
  })

  it.each([
    ["external_id", (row: any) => row.external_id],
    ["payment_session_id", (row: any) => row.payment_session_id],
    ["reference", (row: any) => row.reference],
    ["id", (row: any) => row.id],
  ])("find events by %s", async (name, valueOf) => {
    const { sessionId } = await world.session()
    const row = await world.tell(sessionId)
    const { body } = await events(`${name}=${String(valueOf(row))}`)
    expect([body.count, body.webhook_events[0].id]).toEqual([1, row.id])
  })

  it("list events by state, provider, type and time, page by page", async () => {
    const { sessionId } = await world.session()
    const since = new Date().toISOString()
    for (let i = 0; i < 3; i++) await world.tell(sessionId, "applied", { type: `type.${i % 2}` })
    const filter = `state[]=applied&state[]=dead&provider_id=pp_telling_default&created_at[$gte]=${since}`
    expect((await events(filter)).body).toMatchObject({ count: 3, offset: 0 })
    expect((await events(`${filter}&type=type.0`)).body.count).toBe(2)
    expect((await events(`${filter}&limit=2&offset=2`)).body.webhook_events).toHaveLength(1)
    expect((await events(`${filter}&state=parked`)).status).toBe(200)
    expectError(await events("state=lost"), 400, "invalid_data")
    expectError(await events("payload=x"), 400, "invalid_data")
  })

  it("see and do the same over TCP", async () => {
    const { sessionId } = await world.session()
    const { id } = await world.tell(sessionId)
    const list = await tcp.ask("webhook_events.list", { id })
    expect(list.response).toEqual((await events(`id=${id}`)).body)
    const one = await tcp.ask("webhook_events.retrieve", { id, fields: "state" })
    expect(one.response).toEqual({ webhook_event: { id, state: "applied" } })
    const replayed = await tcp.ask("webhook_events.replay", { id })
    expect(replayed.response).toEqual({ webhook_event: await event(id) })
    for (const pattern of ["webhook_events.retrieve", "webhook_events.replay"]) {
      expect((await tcp.ask(pattern, { id: "whe_none" })).err).toMatchObject({ type: "not_found" })
    }
  })
})
