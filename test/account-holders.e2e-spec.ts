import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals"
import { NestFactory } from "@nestjs/core"
import { randomUUID } from "node:crypto"
import { AccountHoldersService } from "../src/account-holders/account-holders.service.js"
import { PaymentCollectionsClient, PaymentCollectionsClientModule } from "../src/client/index.js"
import type { Declined } from "../src/payment-providers/contract/index.js"
import { BOOKS_PROVIDER_ID, FakeBooks, providerWithBooks, type BooksBehaviour } from "./support/fake-books.js"
import { TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

const PATH = "/admin/account-holders"
const NO_ANSWER = { status: 502, body: { type: "payment_provider_error", code: "no_answer", retryable: true } }

const books = new FakeBooks()
let service: TestService
beforeAll(async () => {
  service = await TestService.start({ PROVIDER_TIMEOUT: "2000" }, { modules: [providerWithBooks(books)] })
})
afterAll(() => service.close())
beforeEach(() => {
  books.reset()
})

let customers = 0
const newCustomer = () => `cus_${customers++}`
const post = (body: unknown, headers: Record<string, string> = {}) => service.admin("POST", PATH, body, { headers })
const open = (customer_id: string, more: object = {}) => post({ provider_id: BOOKS_PROVIDER_ID, customer_id, ...more })
const get = (path: string) => service.admin("GET", PATH + path)
const remove = (path: string) => service.admin("DELETE", PATH + path)
const listed = async (customerId: string) => (await get(`?customer_id=${customerId}`)).body.account_holders
const sql = (statement: string, parameters: unknown[] = []) => service.dataSource.query(statement, parameters)

/** An account holder that the provider knows, and its customer there. */
async function newHolder(): Promise<{ id: string; external_id: string; customer_id: string }> {
  const { account_holder } = (await open(newCustomer())).body
  books.reset()
  return account_holder
}

/** The customers that the provider has under one of our ids. */
const inTheBooks = (customerId: string) =>
  [...books.customers].filter(([, { customer }]) => customer.id === customerId).map(([id]) => id)

const declined = (more: Partial<Declined>): BooksBehaviour => ({
  answer: { outcome: "declined", message: "The books say no.", code: "no", ...more },
})

/** Lets the database refuse to hear of the provider, as if the process had died before it wrote. */
async function withoutWriting<T>(column: string, request: () => Promise<T>): Promise<T> {
  await sql(`ALTER TABLE account_holder ADD CONSTRAINT nothing_is_written CHECK (${column} IS NULL) NOT VALID`)
  try {
    return await request()
  } finally {
    await sql("ALTER TABLE account_holder DROP CONSTRAINT nothing_is_written")
  }
}

describe("an account holder", () => {
  it("is made at the provider and here, and answered as it is from then on", async () => {
    const customer_id = newCustomer()
    const contact = { email: "buyer@example.com", name: "Ada Byron", phone: "+4930123456" }
    const { status, body } = await open(customer_id, contact)
    expect(status).toBe(200)
    expect(body).toEqual({
      account_holder: {
        id: expect.stringMatching(/^acchld_/),
        provider_id: BOOKS_PROVIDER_ID,
        customer_id,
        external_id: expect.stringMatching(/^books_cus_/),
        email: "buyer@example.com",
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    })
    const { id, external_id } = body.account_holder
    expect(books.customers.get(external_id)?.customer).toEqual({ id: customer_id, ...contact })
    expect(books.calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual([id])
    expect((await open(customer_id, { email: "other@example.com" })).body).toEqual(body)
    expect((await get(`/${id}`)).body).toEqual(body)
    expect(books.calls).toHaveLength(1)
  })

  it("is another one for another customer", async () => {
    const [first, second] = [await newHolder(), await newHolder()]
    expect(first.id).not.toBe(second.id)
    expect(first.external_id).not.toBe(second.external_id)
  })

  it("is one for callers who are at the provider at the same time, and nobody else waits for them", async () => {
    const customer_id = newCustomer()
    const releases = [books.hold("create"), books.hold("create")]
    const opening = [open(customer_id), open(customer_id)]
    await books.arrived(2)
    // No transaction is open meanwhile: on the embedded database this would wait for it.
    expect(await listed(customer_id)).toMatchObject([{ external_id: null }])
    for (const release of releases) release()
    const [first, second] = await Promise.all(opening)
    expect(first).toMatchObject({ status: 200 })
    expect(second?.body).toEqual(first?.body)
    expect(inTheBooks(customer_id)).toEqual([first?.body.account_holder.external_id])
    expect(new Set(books.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
  })

  it("is one for many callers at once", async () => {
    const customer_id = newCustomer()
    const answers = await Promise.all(Array.from({ length: 12 }, () => open(customer_id)))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body.account_holder))).size).toBe(1)
    expect(inTheBooks(customer_id)).toHaveLength(1)
  })

  it("is that of whoever got through, also for who did not", async () => {
    const customer_id = newCustomer()
    const [releaseFirst, releaseSecond] = [books.hold("create"), books.hold("create", "fail_before")]
    const opening = [open(customer_id), open(customer_id)]
    await books.arrived(2)
    releaseFirst()
    const first = await Promise.race(opening)
    expect(first.status).toBe(200)
    releaseSecond()
    expect((await Promise.all(opening)).map(({ body }) => body)).toEqual([first.body, first.body])
  })

  it("is the same after a crash between the provider's answer and our writing it down", async () => {
    const customer_id = newCustomer()
    const crashed = await withoutWriting("external_id", () => open(customer_id))
    expect(crashed).toMatchObject({ status: 500, body: { type: "unknown_error" } })
    const [external_id] = inTheBooks(customer_id)
    expect((await open(customer_id)).body.account_holder).toMatchObject({ customer_id, external_id })
    expect(inTheBooks(customer_id)).toEqual([external_id])
  })

  it("is the same after the provider's answer was lost, and the first email stays", async () => {
    const customer_id = newCustomer()
    books.script("create", "fail_after")
    expect(await open(customer_id, { email: "first@example.com" })).toMatchObject(NO_ANSWER)
    const { account_holder } = (await open(customer_id, { email: "second@example.com" })).body
    expect(account_holder).toMatchObject({ email: "first@example.com", external_id: inTheBooks(customer_id)[0] })
    expect(inTheBooks(customer_id)).toHaveLength(1)
  })

  it("is not waited for beyond the deadline, and may be asked for again", async () => {
    const customer_id = newCustomer()
    books.script("create", "hang")
    expect(await open(customer_id)).toMatchObject(NO_ANSWER)
    expect(books.calls[0]?.signal.aborted).toBe(true)
    expect((await open(customer_id)).status).toBe(200)
  })

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["text", "done"],
    ["an outcome of a payment", { outcome: "pending" }],
    ["an outcome that there is not", { outcome: "made" }],
  ])("is not made by an answer that is %s", async (_, answer) => {
    books.script("create", { answer })
    expect(await open(newCustomer())).toMatchObject(NO_ANSWER)
  })

  it("is asked for again where a process died before it heard of the provider", async () => {
    const customer_id = newCustomer()
    books.script("create", "fail_after")
    await open(customer_id)
    const [{ id, external_id }] = await listed(customer_id)
    expect(external_id).toBeNull()
    expect((await get(`/${id}/payment-methods`)).body).toEqual({ payment_methods: [] })
    expect((await get(`/${id}`)).body.account_holder.external_id).toBe(inTheBooks(customer_id)[0])
  })

  it("is refused by a provider without books, and by one that there is not", async () => {
    for (const provider_id of ["pp_system_default", "pp_unknown_default"]) {
      const customer_id = newCustomer()
      expect(await post({ provider_id, customer_id })).toMatchObject({
        status: 400,
        body: { type: "not_allowed", message: expect.stringContaining(provider_id) },
      })
      expect(await listed(customer_id)).toEqual([])
    }
  })

  it.each([
    ["issuer", 422, "payment_authorization_error"],
    ["provider", 502, "payment_provider_error"],
    ["caller", 400, "invalid_data"],
  ] as const)("is refused in the provider's words, by whose no it is: %s", async (refusedBy, status, type) => {
    books.script("create", declined({ refusedBy, retryable: false }))
    const refused = await open(newCustomer())
    expect(refused).toMatchObject({
      status,
      body: { type, message: "The books say no.", code: "no", retryable: false },
    })
    expect(refused.body).not.toHaveProperty("operation_id")
  })

  it("is made with other words under another key, where the first could not be met", async () => {
    const customer_id = newCustomer()
    books.script("create", declined({ refusedBy: "caller" }))
    await open(customer_id, { email: "nonsense" })
    expect(await listed(customer_id)).toEqual([])
    const { account_holder } = (await open(customer_id, { email: "buyer@example.com" })).body
    expect(account_holder.email).toBe("buyer@example.com")
    const [first, second] = books.calls
    expect(first?.idempotencyKey).not.toBe(second?.idempotencyKey)
  })

  it("keeps its key where the provider itself was at fault", async () => {
    const customer_id = newCustomer()
    books.script("create", declined({ refusedBy: "provider", retryable: true }))
    await open(customer_id)
    await open(customer_id)
    const [first, second] = books.calls
    expect(first?.idempotencyKey).toBe(second?.idempotencyKey)
  })

  it("is listed by filters, in pages, with the fields that are asked for", async () => {
    const [first, second] = [await newHolder(), await newHolder()]
    const ids = `customer_id[]=${first.customer_id}&customer_id[]=${second.customer_id}`
    expect((await get(`?${ids}&order=-customer_id`)).body).toEqual({
      account_holders: [second, first],
      count: 2,
      offset: 0,
      limit: 20,
    })
    expect((await get(`?${ids}&fields=customer_id&limit=1&offset=1`)).body).toEqual({
      account_holders: [{ id: second.id, customer_id: second.customer_id }],
      count: 2,
      offset: 1,
      limit: 1,
    })
    expect((await get(`?external_id=${first.external_id}`)).body.account_holders).toEqual([first])
    expect((await get(`?${ids}&provider_id=pp_system_default`)).body.count).toBe(0)
    expect((await get("?email=x")).status).toBe(400)
    expect((await get("?fields=deleted_at")).status).toBe(400)
  })

  it("is found for a payment session by one statement, once the provider knows it", async () => {
    const { id, customer_id } = await newHolder()
    const holders = service.app.get(AccountHoldersService)
    const find = (provider: string, customer: string) => holders.find(service.dataSource.manager, provider, customer)
    service.statements.take()
    expect((await find(BOOKS_PROVIDER_ID, customer_id))?.id).toBe(id)
    expect(service.statements.take()).toHaveLength(1)
    expect(await find("pp_system_default", customer_id)).toBeUndefined()
    expect(await find(BOOKS_PROVIDER_ID, "cus_unknown")).toBeUndefined()
    const unheardOf = newCustomer()
    books.script("create", "fail_before")
    await open(unheardOf)
    expect(await find(BOOKS_PROVIDER_ID, unheardOf)).toBeUndefined()
  })
})

describe("an account holder that is deleted", () => {
  it("is gone at the provider and here, and the customer may come back", async () => {
    const { id, customer_id } = await newHolder()
    expect(await remove(`/${id}`)).toMatchObject({ status: 200, body: { id, object: "account_holder", deleted: true } })
    expect(inTheBooks(customer_id)).toEqual([])
    expect((await remove(`/${id}`)).status).toBe(404)
    expect(await listed(customer_id)).toEqual([])
    const again = (await open(customer_id)).body.account_holder
    expect(again.id).not.toBe(id)
    expect(inTheBooks(customer_id)).toEqual([again.external_id])
  })

  it.each<[string, BooksBehaviour, number]>([
    ["refuses", declined({ refusedBy: "provider" }), 502],
    ["does not answer", "fail_before", 502],
    ["did it and was not heard", "fail_after", 502],
  ])("stays while the provider %s, and may be deleted again", async (_, behaviour, status) => {
    const { id } = await newHolder()
    books.script("remove", behaviour)
    expect((await remove(`/${id}`)).status).toBe(status)
    expect((await get(`/${id}`)).status).toBe(200)
    expect((await remove(`/${id}`)).status).toBe(200)
  })

  it("is deleted by the next try after a crash between the provider and us", async () => {
    const { id, customer_id } = await newHolder()
    expect((await withoutWriting("deleted_at", () => remove(`/${id}`))).status).toBe(500)
    expect(inTheBooks(customer_id)).toEqual([])
    expect((await remove(`/${id}`)).status).toBe(200)
    expect((await get(`/${id}`)).status).toBe(404)
  })

  it("leaves nobody in the books whom the provider made without our hearing of it", async () => {
    const customer_id = newCustomer()
    books.script("create", "fail_after")
    await open(customer_id)
    const [{ id }] = await listed(customer_id)
    expect(inTheBooks(customer_id)).toHaveLength(1)
    expect((await remove(`/${id}`)).status).toBe(200)
    expect(inTheBooks(customer_id)).toEqual([])
  })

  it("is not brought back by whoever was at the provider meanwhile", async () => {
    const customer_id = newCustomer()
    const release = books.hold("create")
    const opening = open(customer_id)
    await books.arrived(1)
    const [{ id }] = await listed(customer_id)
    expect((await remove(`/${id}`)).status).toBe(200)
    release()
    expect(await opening).toMatchObject({ status: 409, body: { code: "changed_meanwhile" } })
    expect([await listed(customer_id), inTheBooks(customer_id)]).toEqual([[], []])
    expect((await open(customer_id)).status).toBe(200)
  })
})

describe("a request about account holders", () => {
  it.each<[object, string]>([
    [{}, "Field 'provider_id' is required; Field 'customer_id' is required"],
    [{ provider_id: BOOKS_PROVIDER_ID }, "Field 'customer_id' is required"],
    [
      { provider_id: 5, customer_id: null },
      "Expected type: 'string' for field 'provider_id', got: '5'; " +
        "Expected type: 'string' for field 'customer_id', got: 'null'",
    ],
    [
      { provider_id: BOOKS_PROVIDER_ID, customer_id: "" },
      "Value for field 'customer_id' has to be 1 to 255 characters",
    ],
    [
      { provider_id: BOOKS_PROVIDER_ID, customer_id: "c".repeat(256) },
      "Value for field 'customer_id' has to be 1 to 255 characters",
    ],
    [
      { provider_id: BOOKS_PROVIDER_ID, customer_id: "c\0" },
      "Value for field 'customer_id' contains a character that cannot be stored",
    ],
    [
      { provider_id: BOOKS_PROVIDER_ID, customer_id: "c", email: {} },
      "Expected type: 'string' for field 'email', got: 'record'",
    ],
    [{ provider_id: BOOKS_PROVIDER_ID, customer_id: "c", external_id: "cus_1" }, "Unrecognized fields: 'external_id'"],
  ])("is refused where it is malformed: %j", async (body, message) => {
    expect(await post(body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Invalid request: ${message}` },
    })
    expect(books.calls).toEqual([])
  })

  it("is 404 for one that there is not", async () => {
    const requests: Promise<Answer>[] = [
      get("/acchld_unknown"),
      remove("/acchld_unknown"),
      get("/acchld_unknown/payment-methods"),
      service.admin("POST", `${PATH}/acchld_unknown/payment-methods`, {}),
      remove("/acchld_unknown/payment-methods/pm_1"),
    ]
    for (const answer of await Promise.all(requests)) {
      expect(answer).toMatchObject({
        status: 404,
        body: { type: "not_found", message: "Account holder id not found: acchld_unknown" },
      })
    }
  })

  it("wants a secret key", async () => {
    expect((await service.call("GET", PATH, undefined, {})).status).toBe(401)
  })
})

describe("saved payment methods", () => {
  const save = (id: string, body?: unknown, key?: string) =>
    service.admin("POST", `${PATH}/${id}/payment-methods`, body, { headers: key ? { "idempotency-key": key } : {} })
  const methodsOf = async (id: string) => (await get(`/${id}/payment-methods`)).body.payment_methods

  it("are begun, listed and removed at the provider", async () => {
    const { id } = await newHolder()
    expect(await methodsOf(id)).toEqual([])
    const saved = await save(id, { data: { usage: "off_session", nested: { toString: "kept" } } })
    expect(saved).toMatchObject({ status: 200 })
    const { payment_method } = saved.body
    expect(payment_method).toEqual({
      id: expect.stringMatching(/^books_pm_/),
      data: { usage: "off_session", nested: { toString: "kept" }, client_secret: expect.any(String) },
    })
    expect(await methodsOf(id)).toEqual([payment_method])
    const path = `/${id}/payment-methods/${String(payment_method.id)}`
    expect(await remove(path)).toMatchObject({
      status: 200,
      body: { id: payment_method.id, object: "payment_method", deleted: true },
    })
    expect(await methodsOf(id)).toEqual([])
    expect((await remove(path)).status).toBe(404)
  })

  it("of another account holder are 404, and stay", async () => {
    const [owner, other] = [await newHolder(), await newHolder()]
    const { payment_method } = (await save(owner.id)).body
    expect(await remove(`/${other.id}/payment-methods/${String(payment_method.id)}`)).toMatchObject({
      status: 404,
      body: { type: "not_found", message: `Payment method id not found: ${String(payment_method.id)}` },
    })
    expect([await methodsOf(owner.id), await methodsOf(other.id)]).toEqual([[payment_method], []])
  })

  it("are begun once for one key, whose repeat is told the client secret again", async () => {
    const { id } = await newHolder()
    const key = randomUUID()
    const first = await save(id, { data: {} }, key)
    const again = await save(id, { data: {} }, key)
    expect(again.headers.get("idempotent-replayed")).toBe("true")
    expect(again.body).toEqual(first.body)
    expect(books.callsOf("saveMethod")).toHaveLength(1)
    expect((await save(id, { data: { other: true } }, key)).status).toBe(422)
  })

  it("are begun once for one key, also when the process died before it answered", async () => {
    const { id } = await newHolder()
    const key = randomUUID()
    const first = await save(id, undefined, key)
    await sql("UPDATE idempotency_key SET response = NULL WHERE key = $1", [key])
    expect((await save(id, undefined, key)).body).toEqual(first.body)
    expect(books.callsOf("saveMethod").map(({ idempotencyKey }) => idempotencyKey)).toHaveLength(2)
    expect(await methodsOf(id)).toHaveLength(1)
  })

  it("are begun anew by each request without a key", async () => {
    const { id } = await newHolder()
    const [first, second] = [await save(id), await save(id)]
    expect(first.body.payment_method.id).not.toBe(second.body.payment_method.id)
    expect(await methodsOf(id)).toHaveLength(2)
  })

  const requests = {
    listMethods: (id: string) => get(`/${id}/payment-methods`),
    saveMethod: (id: string) => save(id),
    removeMethod: (id: string) => remove(`/${id}/payment-methods/pm_1`),
  }

  it.each(["listMethods", "saveMethod", "removeMethod"] as const)(
    "tell what the provider refuses, or that it does not answer: %s",
    async (method) => {
      const { id } = await newHolder()
      const scripted = async (behaviour: BooksBehaviour) => {
        books.script(method, behaviour)
        return requests[method](id)
      }
      expect((await scripted(declined({}))).status).toBe(422)
      expect(await scripted(declined({ refusedBy: "caller" }))).toMatchObject({
        status: 400,
        body: { type: "invalid_data", message: "The books say no." },
      })
      expect(await scripted("fail_before")).toMatchObject(NO_ANSWER)
      expect(await scripted("hang")).toMatchObject(NO_ANSWER)
    },
  )

  it.each<[unknown, string]>([
    [{ data: [1] }, "Expected type: 'record' for field 'data', got: '1'"],
    [{ data: "x" }, "Expected type: 'record' for field 'data', got: 'x'"],
    [{ data: null }, "Expected type: 'record' for field 'data', got: 'null'"],
    [{ data: { a: "\0" } }, "Value for field 'data.a' contains a character that cannot be stored"],
    [{ usage: "off_session" }, "Unrecognized fields: 'usage'"],
  ])("are not begun of %j", async (body, message) => {
    const { id } = await newHolder()
    expect(await save(id, body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Invalid request: ${message}` },
    })
    expect(books.calls).toEqual([])
  })
})

describe("over TCP", () => {
  let tcp: TcpConnection
  beforeAll(async () => {
    tcp = await TcpConnection.open(service.tcpPort)
  })
  afterAll(() => {
    tcp.close()
  })

  it("the typed client does all that HTTP does, with the same answers", async () => {
    const module = PaymentCollectionsClientModule.register({ host: "127.0.0.1", port: service.tcpPort })
    const context = await NestFactory.createApplicationContext(module, { logger: false })
    const { accountHolders, paymentMethods } = context.get(PaymentCollectionsClient)
    const customer_id = newCustomer()
    const created = await accountHolders.create({ provider_id: BOOKS_PROVIDER_ID, customer_id })
    const { id } = created.account_holder
    const ofHolder = { account_holder_id: id }
    expect(created).toEqual((await open(customer_id)).body)
    expect(await accountHolders.retrieve({ id })).toEqual((await get(`/${id}`)).body)
    expect(await accountHolders.list({ customer_id })).toEqual((await get(`?customer_id=${customer_id}`)).body)
    const idempotency_key = randomUUID()
    const saved = await paymentMethods.save({ ...ofHolder, data: { usage: "on_session" }, idempotency_key })
    expect(await paymentMethods.save({ ...ofHolder, data: { usage: "on_session" }, idempotency_key })).toEqual(saved)
    expect(await paymentMethods.list(ofHolder)).toEqual({ payment_methods: [saved.payment_method] })
    expect(await paymentMethods.list(ofHolder)).toEqual((await get(`/${id}/payment-methods`)).body)
    const removed = { id: saved.payment_method.id, object: "payment_method", deleted: true }
    expect(await paymentMethods.delete({ ...ofHolder, id: removed.id })).toEqual(removed)
    expect(await accountHolders.delete({ id })).toEqual({ id, object: "account_holder", deleted: true })
    expect(inTheBooks(customer_id)).toEqual([])
    await context.close()
  })

  const unknown = { account_holder_id: "acchld_unknown" }
  it.each<[string, object, () => Promise<Answer>]>([
    ["account_holders.create", {}, () => post({})],
    [
      "account_holders.create",
      { provider_id: "pp_system_default", customer_id: "c" },
      () => post({ provider_id: "pp_system_default", customer_id: "c" }),
    ],
    ["account_holders.list", { created_at: "yesterday" }, () => get("?created_at=yesterday")],
    ["account_holders.retrieve", { id: "acchld_unknown" }, () => get("/acchld_unknown")],
    ["account_holders.delete", { id: "acchld_unknown" }, () => remove("/acchld_unknown")],
    ["payment_methods.list", unknown, () => get("/acchld_unknown/payment-methods")],
    [
      "payment_methods.save",
      { ...unknown, data: 5 },
      () => service.admin("POST", `${PATH}/acchld_unknown/payment-methods`, { data: 5 }),
    ],
    ["payment_methods.delete", { ...unknown, id: "pm_1" }, () => remove("/acchld_unknown/payment-methods/pm_1")],
  ])("%s of %j is refused as over HTTP", async (pattern, message, http) => {
    const { err, response } = await tcp.ask(pattern, message)
    const { status, body } = await http()
    expect(response).toBeUndefined()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(err).toEqual({ ...body, request_id: expect.stringMatching(/^req_/) })
  })

  it("a provider that does not answer is told as over HTTP", async () => {
    books.script("create", "fail_before")
    const { err } = await tcp.ask("account_holders.create", {
      provider_id: BOOKS_PROVIDER_ID,
      customer_id: newCustomer(),
    })
    expect(err).toMatchObject(NO_ANSWER.body)
  })
})
