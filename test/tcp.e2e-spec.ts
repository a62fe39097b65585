import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { execFileSync, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { join } from "node:path"
import { ClientProcess, consumerFolder } from "./support/client-process.js"
import { newCollection, newPaidCollection, putCart } from "./support/factories.js"
import { REGION, TestService, type Answer } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
let tcp: TcpConnection
beforeAll(async () => {
  service = await TestService.start()
  tcp = await TcpConnection.open(service.tcpPort)
})
afterAll(async () => {
  tcp.close()
  await service.close()
})

const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()

describe("a result over TCP", () => {
  it("is the collection that the store creates and retrieves", async () => {
    const cart_id = await putCart(service, { total: 12345678901.23 })
    const created = await tcp.ask("payment_collections.create", { cart_id })
    const { id } = created.response.payment_collection
    expect(created.response).toEqual((await service.store("POST", "/store/payment-collections", { cart_id })).body)
    expect(created.response.payment_collection).toMatchObject({
      amount: 12345678901.23,
      created_at: expect.any(String),
    })
    const retrieved = await tcp.ask("payment_collections.retrieve", { id })
    expect(retrieved.response).toEqual((await service.store("GET", `/store/payment-collections/${id}`)).body)
  })

  it("is the collection as an operator sees it, when the same is selected", async () => {
    const { id } = await newPaidCollection(service)
    const fields = "*payment_sessions,*payments,payments.captures.*,payments.refunds.*,status,created_at"
    const { response } = await tcp.ask("payment_collections.retrieve", { id, fields })
    expect(response).toEqual((await service.admin("GET", `/admin/payment-collections/${id}?${query({ fields })}`)).body)
    expect(response.payment_collection.payments[0].captures).toHaveLength(2)
  })

  it.each([
    {},
    { limit: 2, offset: 1, order: "-created_at" },
    { status: ["not_paid", "authorized"], fields: "id,amount,*payments" },
    { created_at: { $gte: "2020-01-01T00:00:00Z" }, limit: 3 },
    { id: "pay_col_unknown" },
  ])("is the operator's list of collections: %j", async (message) => {
    await newPaidCollection(service)
    const { response } = await tcp.ask("payment_collections.list", message)
    const { status, created_at, ...rest } = message as Record<string, any>
    const parameters = new URLSearchParams(rest)
    for (const value of status ?? []) parameters.append("status[]", value)
    if (created_at) parameters.append("created_at[$gte]", created_at.$gte)
    expect(response).toEqual((await service.admin("GET", `/admin/payment-collections?${parameters.toString()}`)).body)
  })

  it("says that a collection is deleted, and the next create makes another", async () => {
    const [one, other] = [await newCollection(service), await newCollection(service)]
    const { response } = await tcp.ask("payment_collections.delete", { id: one.id })
    const { body } = await service.admin("DELETE", `/admin/payment-collections/${other.id}`)
    expect(response).toEqual({ ...body, id: one.id })
    const again = await tcp.ask("payment_collections.create", { cart_id: one.cartId })
    expect(again.response.payment_collection.id).not.toBe(one.id)
  })

  it("is the cart that was told", async () => {
    const cart = {
      currency_code: "JPY",
      total: 500,
      region_id: REGION,
      email: "buyer@example.com",
      updated_at: "2026-01-02T03:04:05.000Z",
    }
    const told = await tcp.ask("carts.upsert", { id: "cart_over_tcp", ...cart })
    expect(told.response.cart).toMatchObject({ id: "cart_over_tcp", currency_code: "jpy", updated_at: cart.updated_at })
    expect(told.response).toEqual((await service.admin("PUT", "/admin/carts/cart_over_tcp", cart)).body)
    expect(told.response).toEqual((await service.admin("GET", "/admin/carts/cart_over_tcp")).body)
  })

  it.each([{ region_id: REGION }, { region_id: REGION, limit: "1", fields: "id" }, { region_id: "reg_unknown" }])(
    "is the region's list of providers: %j",
    async (message) => {
      const { response } = await tcp.ask("payment_providers.list", message)
      expect(response).toEqual((await service.store("GET", `/store/payment-providers?${query(message as any)}`)).body)
    },
  )

  it("is the operator's payment, alone and in the list, as selected", async () => {
    const { id, paymentId } = await newPaidCollection(service)
    const selections: Record<string, string>[] = [{}, { fields: "amount,*payment_collection" }]
    for (const selected of selections) {
      const one = await tcp.ask("payments.retrieve", { id: paymentId, ...selected })
      expect(one.response).toEqual((await service.admin("GET", `/admin/payments/${paymentId}?${query(selected)}`)).body)
      const filter = { payment_collection_id: id, ...selected }
      const list = await tcp.ask("payments.list", filter)
      expect(list.response).toEqual((await service.admin("GET", `/admin/payments?${query(filter)}`)).body)
      expect(list.response.payments).toEqual([one.response.payment])
    }
  })
})

describe("an error over TCP", () => {
  const created = (message: unknown) => ({
    pattern: "payment_collections.create",
    message,
    http: () => service.store("POST", "/store/payment-collections", JSON.stringify(message), JSON_CONTENT),
  })
  const JSON_CONTENT = { headers: { "content-type": "application/json" } }
  const selected = (fields: string) => ({
    pattern: "payment_collections.retrieve",
    message: { id: "pay_col_unknown", fields },
    http: () => service.admin("GET", `/admin/payment-collections/pay_col_unknown?${query({ fields })}`),
  })
  const cart = (message: Record<string, unknown>) => ({
    pattern: "carts.upsert",
    message: { id: "cart_wrong", ...message },
    http: () => service.admin("PUT", "/admin/carts/cart_wrong", message),
  })

  const cases: Record<string, { pattern: string; message: unknown; http: () => Promise<Answer> }> = {
    "an unknown cart": created({ cart_id: "cart_unknown" }),
    "a missing cart_id": created({}),
    "a cart_id that is null": created({ cart_id: null }),
    "a cart_id that is a number": created({ cart_id: 5 }),
    "a cart_id that is an object": created({ cart_id: { $ne: null } }),
    "unrecognized fields": created({ cart_id: "cart_unknown", amount: 5, admin: true }),
    "names that objects inherit": created(JSON.parse('{"__proto__":{"cart_id":"x"},"constructor":1}')),
    "a NUL character": created({ cart_id: "cart\0" }),
    "half of a surrogate pair": created({ cart_id: "cart_\ud800" }),
    "null for a message": created(null),
    "nothing for a message": {
      ...created(undefined),
      http: () => service.store("POST", "/store/payment-collections", "", JSON_CONTENT),
    },
    "text for a message": created("cart_id"),
    "a number for a message": created(5),
    "a truth for a message": created(true),
    "a list for a message": created([{ cart_id: "cart_unknown" }]),
    "a deep list": created({ cart_id: nested(500) }),
    "an unknown name in fields": selected("id,nonsense,payments.nonsense"),
    "fields that are too deep": selected(
      "payments.payment_collection.payments.payment_collection.payments.captures.id",
    ),
    "an unknown collection": {
      pattern: "payment_collections.retrieve",
      message: { id: "pay_col_unknown" },
      http: () => service.store("GET", "/store/payment-collections/pay_col_unknown"),
    },
    "the deletion of an unknown collection": {
      pattern: "payment_collections.delete",
      message: { id: "pay_col_unknown" },
      http: () => service.admin("DELETE", "/admin/payment-collections/pay_col_unknown"),
    },
    "a list with wrong filters": {
      pattern: "payment_collections.list",
      message: { status: "paid", created_at: "yesterday", limit: -1 },
      http: () => service.admin("GET", "/admin/payment-collections?status=paid&created_at=yesterday&limit=-1"),
    },
    "an order that there is not": {
      pattern: "payments.list",
      message: { order: "secret" },
      http: () => service.admin("GET", "/admin/payments?order=secret"),
    },
    "an unknown payment": {
      pattern: "payments.retrieve",
      message: { id: "pay_unknown" },
      http: () => service.admin("GET", "/admin/payments/pay_unknown"),
    },
    "a cart without currency and total": cart({}),
    "a cart in no currency": cart({ currency_code: "xxq", total: 1 }),
    "a cart that costs less than nothing": cart({ currency_code: "eur", total: -1 }),
    "a cart that costs too much": cart({ currency_code: "eur", total: 1e30 }),
    "a cart with a time that is none": cart({ currency_code: "eur", total: 1, updated_at: "2026-02-30T25:00:00Z" }),
    "a region that is missing": {
      pattern: "payment_providers.list",
      message: {},
      http: () => service.store("GET", "/store/payment-providers"),
    },
  }

  it.each(Object.entries(cases))("is HTTP's for %s", async (_, { pattern, message, http }) => {
    const { err, response } = await tcp.ask(pattern, message)
    const { body, status } = await http()
    expect(response).toBeUndefined()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(err).toEqual({ ...body, request_id: expect.stringMatching(/^req_[0-9A-Z]{26}$/) })
    expect(err.request_id).not.toBe(body.request_id)
  })

  it("is HTTP's for a collection with payments that is to be deleted", async () => {
    const { id } = await newPaidCollection(service)
    const { err } = await tcp.ask("payment_collections.delete", { id })
    const { body } = await service.admin("DELETE", `/admin/payment-collections/${id}`)
    expect(err).toEqual({ ...body, request_id: expect.any(String) })
  })

  it.each(["payment_collections.unknown", "", "constructor", 5, null, undefined, ["a"], { cmd: "create" }])(
    "is not_found for the pattern %j that has no handler",
    async (pattern) => {
      expect((await tcp.ask(pattern, {})).err).toEqual({
        type: "not_found",
        message: expect.stringMatching(/^There is no message '.*' in this service\.$/),
        request_id: expect.any(String),
      })
    },
  )

  it("refuses a message over the limit with HTTP's type, and the connection goes on", async () => {
    const message = { cart_id: "x".repeat(300_000) }
    const [{ err }, other] = await Promise.all([
      tcp.ask("payment_collections.create", message),
      tcp.ask("payment_providers.list", { region_id: REGION }),
    ])
    const { body } = await service.store("POST", "/store/payment-collections", message)
    expect(err).toEqual({
      type: body.type,
      message: "The message is larger than the limit of 200 kB. Send less in one message.",
      request_id: expect.any(String),
    })
    expect(other.response.payment_providers).toHaveLength(1)
  })

  it("does not let a caller name itself with anything but a short text", async () => {
    for (const caller of [5, "", "x".repeat(101), ["a"]]) {
      const { err } = await tcp.ask("payment_collections.create", { cart_id: "cart_unknown", caller })
      expect(err).toMatchObject({ type: "invalid_data", details: [expect.objectContaining({ field: "caller" })] })
    }
  })
})

describe("the service", () => {
  const deep = "[".repeat(90_000) + "]".repeat(90_000)
  const packet = (text: string) => `${text.length}#${text}`

  it.each([
    ["no frame at all", "GET / HTTP/1.1\r\n\r\n"],
    ["a length that is none", "xx#{}"],
    ["a length below nothing", "-3#abc"],
    ["a length of nothing", "0#"],
    ["a frame that is no JSON", "5#{abc}"],
    ["a frame that is shorter than it says", '5#{"pattern":"payment_collections.create"}'],
    ["a frame that holds null", "4#null"],
    ["a frame that holds a number", "1#5"],
    ["a frame that holds a list", "2#[]"],
    ["a frame without a pattern", packet('{"id":"1","data":{}}')],
    ["half a message", '999#{"pattern":"payment_coll'],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00, 0x23, 0x80, 0x80, 0x23])],
    ["more than is ever read", `3000000#${"x".repeat(3_000_000)}`],
    ["a deep pattern", packet(`{"pattern":${deep},"id":"1"}`)],
    ["deep data", packet(`{"pattern":"payment_collections.create","id":"1","data":{"cart_id":${deep}}}`)],
    ["a message that wants no answer", packet('{"pattern":"payment_collections.create","data":{"cart_id":"x"}}')],
    ["a message that wants no answer and has no handler", packet('{"pattern":"unknown","data":null}')],
  ])("goes on answering after %s", async (_, bytes) => {
    const bad = await TcpConnection.open(service.tcpPort)
    bad.write(bytes)
    // Its end is read after the bytes, and the answer to the next connection comes after that.
    bad.socket.end()
    await bad.closed()
    expect((await tcp.ask("payment_providers.list", { region_id: REGION })).response.count).toBe(1)
    const next = await TcpConnection.open(service.tcpPort)
    expect((await next.ask("payment_providers.list", { region_id: REGION })).response.count).toBe(1)
    next.close()
  })

  it("goes on answering after a caller that left before its answer", async () => {
    const cart_id = await putCart(service)
    for (let i = 0; i < 5; i++) {
      const leaving = await TcpConnection.open(service.tcpPort)
      leaving.ask("payment_collections.create", { cart_id }).catch(() => {})
      leaving.close()
    }
    expect((await tcp.ask("payment_collections.create", { cart_id })).response.payment_collection.amount).toBe(10)
  })

  it("gives fifty creates at once on one cart one collection", async () => {
    const cart_id = await putCart(service)
    const message = { cart_id, fields: "id" }
    const answers = await Promise.all(Array.from({ length: 50 }, () => tcp.ask("payment_collections.create", message)))
    expect(new Set(answers.map(({ response }) => response.payment_collection.id)).size).toBe(1)
  })

  it("answers what is under way when it shuts down", async () => {
    const instance = await TestService.startOn(service.connection)
    const caller = await TcpConnection.open(instance.tcpPort)
    const cart_id = await putCart(service)
    const asked = Array.from({ length: 20 }, () => caller.ask("payment_collections.create", { cart_id }))
    // The first answer tells that the rest have arrived.
    await Promise.race(asked)
    await instance.close()
    for (const { response, err } of await Promise.all(asked)) {
      expect(response?.payment_collection.amount ?? err.type).toBe(err ? "unavailable" : 10)
    }
    await caller.closed()
  })
})

describe("with TCP_TOKEN", () => {
  let guarded: TestService
  let connection: TcpConnection
  beforeAll(async () => {
    guarded = await TestService.startOn(service.connection, { TCP_TOKEN: "open sesame, open sesame" })
    connection = await TcpConnection.open(guarded.tcpPort)
  })
  afterAll(async () => {
    connection.close()
    await guarded.close()
  })

  const message = { region_id: REGION }

  it.each([
    message,
    { ...message, token: "open barley, open barley" },
    { ...message, token: "" },
    { ...message, token: null },
    { ...message, token: ["open sesame, open sesame"] },
    null,
    "open sesame, open sesame",
  ])("refuses the message %j", async (data) => {
    expect((await connection.ask("payment_providers.list", data)).err).toMatchObject({ type: "unauthorized" })
  })

  it("tells nobody without the token which messages there are", async () => {
    expect((await connection.ask("unknown", {})).err).toMatchObject({ type: "unauthorized" })
  })

  it("answers with the token", async () => {
    const { response } = await connection.ask("payment_providers.list", {
      ...message,
      token: "open sesame, open sesame",
    })
    expect(response.count).toBe(1)
  })

  it("asks nobody for it over HTTP", async () => {
    expect((await guarded.admin("GET", "/admin/payment-collections?limit=1")).status).toBe(200)
  })
})

describe("the client in another process", () => {
  const started: ClientProcess[] = []
  const servers: { close: () => void }[] = []
  let folder: string
  beforeAll(async () => {
    folder = await consumerFolder()
  })
  afterEach(async () => {
    for (const client of started.splice(0)) expect(await client.stop()).toBe(0)
    for (const server of servers.splice(0)) server.close()
  })

  async function clientOf(options: { port: number } & Record<string, unknown>): Promise<ClientProcess> {
    const client = await ClientProcess.start(folder, { host: "127.0.0.1", ...options })
    started.push(client)
    return client
  }

  /** A server that does what it is told with whoever connects. */
  async function serverThat(accepts: (socket: Socket) => void): Promise<number> {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => {}))
      accepts(socket)
    }).listen(0, "127.0.0.1")
    servers.push(server, {
      close: () => {
        sockets.forEach((socket) => socket.destroy())
      },
    })
    await once(server, "listening")
    return (server.address() as AddressInfo).port
  }

  it("is typed for whoever imports payment-collections/client", () => {
    writeFileSync(
      join(folder, "shop.ts"),
      `import { PaymentCollectionsClientModule, type PaymentCollectionsClient } from "payment-collections/client"
       export const module = PaymentCollectionsClientModule.register({ host: "payments", port: 9001 })
       export async function amount(client: PaymentCollectionsClient): Promise<number> {
         const { payment_collection } = await client.paymentCollections.create({ cart_id: "cart_1", fields: "amount" })
         const time: string = payment_collection.created_at
         return time === "" ? 0 : payment_collection.amount
       }
       // @ts-expect-error a cart is named by text
       export const wrong = (client: PaymentCollectionsClient) => client.paymentCollections.create({ cart_id: 5 })`,
    )
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "NodeNext", "--target", "ES2022"]
    const compiled = spawnSync(
      process.execPath,
      [join(process.cwd(), "node_modules/typescript/bin/tsc"), ...options, "shop.ts"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    )
    expect(compiled.stdout).toBe("")
  })

  it("does everything that a service can ask for", async () => {
    const client = await clientOf({ port: service.tcpPort, caller: "shop" })
    const id = `cart_shop_${process.pid}`
    const cart = await client.call("carts", "upsert", { id, currency_code: "eur", total: 49.9, region_id: REGION })
    expect(cart.answer.cart).toMatchObject({ id, total: 49.9 })
    const { answer } = await client.call("paymentCollections", "create", { cart_id: id })
    expect(answer).toEqual((await service.store("POST", "/store/payment-collections", { cart_id: id })).body)
    const collection = { id: answer.payment_collection.id as string }
    expect((await client.call("paymentCollections", "retrieve", collection)).answer).toEqual(answer)
    const listed = await client.call("paymentCollections", "list", { cart_id: id, fields: "amount" })
    expect(listed.answer.payment_collections).toEqual([{ ...collection, amount: 49.9 }])
    expect((await client.call("paymentCollections", "delete", collection)).answer).toMatchObject({ deleted: true })
    const { paymentId } = await newPaidCollection(service)
    expect((await client.call("payments", "retrieve", { id: paymentId })).answer.payment.amount).toBe(10)
    expect((await client.call("payments", "list")).answer.payments.length).toBeGreaterThan(0)
    const providers = await client.call("paymentProviders", "list", { region_id: REGION })
    expect(providers.answer.payment_providers).toEqual([{ id: "pp_system_default", is_enabled: true }])
  })

  it("throws the service's refusal as an error with type, message, details, id and stack", async () => {
    const client = await clientOf({ port: service.tcpPort })
    const { error } = await client.call("paymentCollections", "create", { cart_id: "cart_unknown" })
    expect(error).toEqual({
      isError: true,
      name: "PaymentCollectionsError",
      type: "not_found",
      message: "Cart id not found: cart_unknown",
      requestId: expect.stringMatching(/^req_/),
      stack: expect.stringContaining("PaymentCollectionsError: Cart id not found: cart_unknown\n    at "),
    })
    const wrong = await client.call("paymentCollections", "create", {})
    expect(wrong.error).toMatchObject({
      type: "invalid_data",
      details: [expect.objectContaining({ field: "cart_id" })],
    })
  })

  it("throws timeout when its deadline passes, however often", async () => {
    const client = await clientOf({ port: await serverThat(() => {}), deadline: 200 })
    for (let i = 0; i < 2; i++) {
      const { error } = await client.call("paymentCollections", "create", { cart_id: "cart_1" })
      expect(error).toMatchObject({ isError: true, type: "timeout", message: expect.stringContaining("200 ms") })
    }
  })

  it("throws unavailable when nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, "close")
    const client = await clientOf({ port })
    const { error } = await client.call("payments", "list")
    expect(error).toMatchObject({
      isError: true,
      type: "unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    })
  })

  it("throws unavailable when nobody proves who he is before the deadline", async () => {
    const client = await clientOf({ port: await serverThat(() => {}), deadline: 300, tls: {} })
    expect((await client.call("payments", "list")).error).toMatchObject({ isError: true, type: "unavailable" })
  })

  it("throws connection_lost when the service goes away during a call", async () => {
    const client = await clientOf({ port: await serverThat((socket) => socket.on("data", () => socket.destroy())) })
    const { error } = await client.call("paymentCollections", "create", { cart_id: "cart_1" })
    expect(error).toMatchObject({ isError: true, type: "connection_lost", message: expect.stringContaining("ask") })
  })

  it("finds the service again after a restart", async () => {
    const first = await TestService.startOn(service.connection)
    const client = await clientOf({ port: first.tcpPort })
    const ask = async () => client.call("paymentProviders", "list", { region_id: REGION })
    expect((await ask()).answer.count).toBe(1)
    await first.close()
    expect((await ask()).error.type).toMatch(/^(unavailable|connection_lost)$/)
    const second = await TestService.startOn(service.connection, { TCP_PORT: String(first.tcpPort) })
    expect((await ask()).answer.count).toBe(1)
    await second.close()
  })

  it("sends the token of the service", async () => {
    const guarded = await TestService.startOn(service.connection, { TCP_TOKEN: "open sesame, open sesame" })
    const stranger = await clientOf({ port: guarded.tcpPort, token: "open barley, open barley" })
    const friend = await clientOf({ port: guarded.tcpPort, token: "open sesame, open sesame" })
    expect((await stranger.call("payments", "list")).error).toMatchObject({ isError: true, type: "unauthorized" })
    expect((await friend.call("payments", "list")).answer.count).toEqual(expect.any(Number))
    await guarded.close()
  })

  const hasOpenssl = spawnSync("openssl", ["version"]).status === 0
  if (!hasOpenssl) console.warn("LEFT OUT: TCP over TLS, for want of openssl to make a certificate with.")
  ;(hasOpenssl ? it : it.skip)("speaks TLS with a service whose certificate it trusts, and with no other", async () => {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
    const subject = ["-subj", "/CN=payments", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    const files = ["-nodes", "-keyout", key, "-out", cert]
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", ...subject, ...files], { stdio: "ignore" })
    const secured = await TestService.startOn(service.connection, { TCP_TLS_CERT: cert, TCP_TLS_KEY: key })
    const port = secured.tcpPort
    const trusting = await clientOf({ port, tls: { ca: readFileSync(cert, "utf8") } })
    expect((await trusting.call("paymentProviders", "list", { region_id: REGION })).answer.count).toBe(1)
    const doubtful = await clientOf({ port, tls: {} })
    expect((await doubtful.call("payments", "list")).error).toMatchObject({
      type: "unavailable",
      message: expect.stringMatching(/self-signed certificate/),
    })
    const plain = await clientOf({ port })
    expect((await plain.call("payments", "list")).error).toMatchObject({ type: "connection_lost" })
    expect((await trusting.call("paymentProviders", "list", { region_id: REGION })).answer.count).toBe(1)
    await secured.close()
  })
})

function nested(depth: number): unknown {
  return JSON.parse("[".repeat(depth) + "]".repeat(depth))
}
