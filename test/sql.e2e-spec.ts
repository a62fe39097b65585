import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { randomUUID } from "node:crypto"
import { Leases, LeaseTimes } from "../src/database/leases.js"
import { preparedName } from "../src/database/statements/prepared.js"
import { PaymentOperationsService } from "../src/payment-operations/payment-operations.service.js"
import { WebhooksService } from "../src/webhooks/webhooks.service.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks } from "./support/fake-books.js"
import { newCollection, newPayment, newSession, putCart } from "./support/factories.js"
import { FakeBank, fakeProviders } from "./support/fake-provider.js"
import { formatSql } from "./support/format-sql.js"
import { expectGenerated } from "./support/generated-file.js"
import { REGION, type Answer, type TestService } from "./support/service.js"
import { until, WebhookWorld } from "./support/webhook-world.js"

// Every statement that the service repeats is committed in test/sql, so that a review sees each change of it.
// `npm run sql:generate` writes the files anew.

/** A provider that is called over a network, as far as the service knows. */
const FAKE = { provider_id: "pp_fake_default" }

/** Leases never end while a use case runs, and are renewed soon. */
const LEASE_TIMES = new LeaseTimes(60_000, 200)

const bank = new FakeBank()
let world: WebhookWorld
let service: TestService
beforeAll(async () => {
  const modules = [fakeProviders(bank), providerWithBooks(new FakeBooks())]
  world = await WebhookWorld.start({}, { leaseTimes: LEASE_TIMES, modules })
  service = world.service
  await newPayment(service)
})
afterAll(() => service.close())

type Step = () => Promise<unknown>

/** Statements that come with any request, or with none: each has a file of its own. */
const API_KEY = /\bapi_key\b/
const LEASE = /\bheld AS\b/

/** Compares the statements of a use case, each once, with those that are committed. */
async function expectStatements(
  useCase: string,
  steps: Record<string, Step>,
  isOther = (text: string) => API_KEY.test(text) || LEASE.test(text),
): Promise<void> {
  const sections: string[] = []
  const seen = new Set<string>()
  for (const [title, step] of Object.entries(steps)) {
    service.statements.take()
    await step()
    const texts = service.statements.take().filter((text) => !isOther(text))
    const added = texts.filter((text) => !seen.has(text) && seen.add(text))
    const rest = added.length === 0 ? ["-- No other statements than above."] : added.map(statementText)
    sections.push([`-- ${title}`, ...rest].join("\n\n"))
  }
  expectGenerated(`test/sql/${useCase}.sql`, `${sections.join("\n\n\n")}\n`)
}

function statementText(text: string): string {
  return `${preparedName(text) === undefined ? "" : "-- prepared\n"}${formatSql(text)};`
}

/** A request that has to succeed. */
async function ok(answer: Promise<Answer>): Promise<any> {
  const { status, body } = await answer
  expect([status, status === 200 ? "" : body]).toEqual([200, ""])
  return body
}

const store = (method: string, path: string, body?: unknown, headers = {}) =>
  ok(service.store(method, `/store/${path}`, body, { headers }))
const admin = (method: string, path: string, body?: unknown) => ok(service.admin(method, `/admin/${path}`, body))
const create = (cart_id: string) => store("POST", "payment-collections", { cart_id })
const sessionPath = (id: string) => `payment-collections/${id}/payment-sessions`

describe("the statements of a use case are those that are committed", () => {
  it("api key", async () => {
    await expectStatements(
      "api-key",
      {
        "a request with a key that was not used for ten seconds": async () => {
          await admin("POST", "api-keys", { title: "a key", type: "secret" })
          const { api_key } = await admin("POST", "api-keys", { title: "a key", type: "publishable" })
          await store("GET", `payment-providers?region_id=${REGION}`, undefined, {
            "x-publishable-api-key": api_key.token,
          })
        },
        "change, revoke and delete": async () => {
          const { api_key } = await admin("POST", "api-keys", { title: "a key", type: "publishable" })
          await admin("POST", `api-keys/${api_key.id}`, { title: "another title" })
          await admin("POST", `api-keys/${api_key.id}/sales-channels`, { add: ["sc_1"] })
          await admin("POST", `api-keys/${api_key.id}/revoke`)
          await admin("DELETE", `api-keys/${api_key.id}`)
        },
        list: () => admin("GET", "api-keys?q=a"),
      },
      (text) => LEASE.test(text) || text.includes("payment_provider"),
    )
  })

  it("cart", async () => {
    await expectStatements("cart", {
      put: () => putCart(service),
      "put, with a collection that follows": async () => {
        const { cartId } = await newCollection(service)
        service.statements.take()
        await putCart(service, { id: cartId, total: 20 })
      },
      get: async () => admin("GET", `carts/${await putCart(service)}`),
    })
  })

  it("create", async () => {
    const cartId = await putCart(service)
    await expectStatements("create", {
      "the first time": () => create(cartId),
      "again: the same collection": () => create(cartId),
      "for an order": () =>
        admin("POST", "payment-collections", { order_id: "order_sql", currency_code: "eur", amount: 10 }),
      "for an order that has a collection": () =>
        admin("POST", "payment-collections", { order_id: "order_sql", amount: 10 }),
    })
  })

  it("get", async () => {
    const { id } = await newPayment(service)
    await expectStatements("get", {
      "of the store, with the default fields": () => store("GET", `payment-collections/${id}`),
      "of the store, with chosen fields": () =>
        store("GET", `payment-collections/${id}?fields=amount,payment_sessions.payment.captures.amount`),
      "of an operator": () => admin("GET", `payment-collections/${id}`),
    })
  })

  it("list", async () => {
    await expectStatements("list", {
      "payment collections": () => admin("GET", "payment-collections?limit=1"),
      payments: () => admin("GET", "payments?limit=1"),
      "payments, filtered and ordered": () =>
        admin("GET", "payments?limit=1&order=-created_at&payment_session_id[$ne]=payses_1&fields=id,disputes.id"),
      operations: () => admin("GET", "operations?limit=1"),
      "webhook events": () => admin("GET", "webhook-events?limit=1"),
    })
  })

  it("session", async () => {
    const { id } = await newCollection(service)
    const open = (body: object) => store("POST", sessionPath(id), body)
    await expectStatements("session", {
      open: () => open({ provider_id: "pp_system_default", data: { note: "first" } }),
      "again with other data": () => open({ provider_id: "pp_system_default", data: { note: "second" } }),
      "with another provider, over a network": () => open(FAKE),
      "delete the collection with its session": () => admin("DELETE", `payment-collections/${id}`),
    })
  })

  it("authorize", async () => {
    const authorize = async (provider_id: string) => {
      const { id, sessionId } = await newSession(service, {}, { provider_id })
      service.statements.take()
      await store("POST", `${sessionPath(id)}/${sessionId}/authorize`)
      return () => store("POST", `${sessionPath(id)}/${sessionId}/authorize`)
    }
    let again: Step = () => Promise.resolve()
    await expectStatements("authorize", {
      authorize: async () => {
        again = await authorize("pp_system_default")
      },
      again: () => again(),
      "over a network": () => authorize(FAKE.provider_id),
    })
  })

  it.each([
    ["capture", (id: string) => admin("POST", `payments/${id}/capture`, { amount: 4 })],
    [
      "refund",
      async (id: string) => {
        await admin("POST", `payments/${id}/capture`, { amount: 4 })
        service.statements.take()
        const { refund_reasons } = await admin("GET", "refund-reasons?limit=1&fields=id")
        await admin("POST", `payments/${id}/refund`, { amount: 3, refund_reason_id: refund_reasons[0].id })
      },
    ],
    ["cancel", (id: string) => admin("POST", `payments/${id}/cancel`)],
  ])("%s", async (useCase, act) => {
    const { paymentId } = await newPayment(service)
    const { paymentId: networkId } = await newPayment(service, {}, FAKE)
    await expectStatements(useCase, {
      "without a network": () => act(paymentId),
      "over a network": () => act(networkId),
    })
  })

  it("mark as paid", async () => {
    const { id } = await newCollection(service)
    await expectStatements("mark-as-paid", {
      "mark as paid": () => admin("POST", `payment-collections/${id}/mark-as-paid`, { order_id: "order_2" }),
    })
  })

  it("webhook", async () => {
    const isPoll = (text: string) => text.startsWith("SELECT * FROM webhook_event")
    await expectStatements(
      "webhook",
      {
        "receive and apply": async () => {
          const { sessionId } = await newSession(service, {}, { provider_id: "pp_telling_default" })
          service.statements.take()
          await world.tell(sessionId)
        },
        "about a payment that was not made here": () => world.tell("payses_unknown", "ignored"),
        "replay, get and list": async () => {
          const { webhook_events } = await admin("GET", "webhook-events?limit=1&state=applied")
          await admin("POST", `webhook-events/${webhook_events[0].id}/replay`)
        },
      },
      (text) => API_KEY.test(text) || LEASE.test(text) || isPoll(text),
    )
  })

  it("claim", async () => {
    await expectStatements("claim", {
      "operations that are due": () => service.app.get(PaymentOperationsService).claimDue(10),
      "webhook events that are due": () => service.app.get(WebhooksService).claimDue(10),
    })
  })

  it("idempotency", async () => {
    const cart_id = await putCart(service)
    const post = (key: string, body: object, status = 200) =>
      service
        .store("POST", "/store/payment-collections", body, { headers: { "idempotency-key": key } })
        .then((answer) => {
          expect(answer.status).toBe(status)
        })
    const isCreate = (text: string) => /INSERT INTO payment_collection\b/.test(text)
    const key = randomUUID()
    await expectStatements(
      "idempotency",
      {
        "a request with a key": () => post(key, { cart_id }),
        "its repeat": () => post(key, { cart_id }),
        "a refusal that is kept": () => post(randomUUID(), { cart_id: "none" }, 404),
      },
      (text) => API_KEY.test(text) || LEASE.test(text) || isCreate(text),
    )
  })

  it("events", async () => {
    await newCollection(service)
    await expectStatements("events", { "read the feed": () => admin("GET", "events?limit=2") })
  })

  it("refund reason", async () => {
    let id = ""
    const body = (code: string) => ({ label: code, code })
    await expectStatements("refund-reason", {
      create: async () => {
        id = (await admin("POST", "refund-reasons", body("sql_1"))).refund_reason.id
      },
      list: () => admin("GET", "refund-reasons?limit=1"),
      change: () => admin("POST", `refund-reasons/${id}`, body("sql_2")),
      delete: () => admin("DELETE", `refund-reasons/${id}`),
    })
  })

  it("account holder", async () => {
    let id = ""
    const body = { provider_id: BOOKS_PROVIDER_ID, customer_id: "cus_sql" }
    await expectStatements("account-holder", {
      create: async () => {
        id = (await admin("POST", "account-holders", body)).account_holder.id
      },
      again: () => admin("POST", "account-holders", body),
      list: () => admin("GET", "account-holders?limit=1"),
      delete: () => admin("DELETE", `account-holders/${id}`),
    })
  })

  it("providers and regions", async () => {
    await expectStatements("payment-provider", {
      "list of a region": () => store("GET", `payment-providers?region_id=${REGION}`),
      list: () => admin("GET", "payments/payment-providers"),
      enable: () => admin("POST", "payments/payment-providers/pp_system_default", { is_enabled: true }),
      "configure a region": () => admin("POST", "regions/reg_sql", { payment_providers: ["pp_system_default"] }),
      "get a region": () => admin("GET", "regions/reg_sql"),
    })
  })

  it("leases", async () => {
    const leases = service.app.get(Leases)
    const { sessionId } = await newSession(service, {}, { provider_id: "pp_telling_default" })
    const { id } = await world.tell(sessionId)
    const lease = { table: "webhook_event", id, token: leases.newToken() } as const
    const renewals: string[] = []
    await expectStatements(
      "lease",
      {
        renew: () =>
          leases.whileHeld(lease, () =>
            until(async () => {
              renewals.push(...service.statements.take().filter((text) => LEASE.test(text)))
              return Promise.resolve(renewals.length > 0)
            }, "a renewal").then(() => {
              service.statements.logQuery(renewals[0] ?? "")
            }),
          ),
        "release at the end of the process": () => leases.whileHeld(lease, () => leases.onApplicationShutdown()),
      },
      (text) => !LEASE.test(text),
    )
  })
})
