import { afterEach, describe, expect, it } from "@jest/globals"
import { ClientTCP, JsonSocket } from "@nestjs/microservices"
import fc from "fast-check"
import { once } from "node:events"
import { connect, createServer, Socket, type AddressInfo, type Server } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { pino } from "pino"
import { firstValueFrom } from "rxjs"
import { Connections, TCP_LIMITS, type TcpLimits } from "./tcp-connections.js"
import { TcpServer, UNKNOWN_PATTERN } from "./tcp-server.js"
import { authenticateConnection, MessageSocket } from "./tcp-socket.js"

const closing: { close: () => unknown }[] = []
afterEach(async () => {
  for (const opened of closing.splice(0).reverse()) await opened.close()
})

type Handler = Parameters<TcpServer["addHandler"]>[1]

/** Accepts what the guard of the service would accept. */
const echo: Handler = (data, context) => {
  if (context && (data as { token?: string } | undefined)?.token === "right") authenticateConnection(context)
  return Promise.resolve(data)
}

async function started(limits: Partial<TcpLimits> = {}, handler = echo) {
  const lines: Record<string, unknown>[] = []
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) })
  const server = new TcpServer({ host: "127.0.0.1", port: 0 }, log, { ...TCP_LIMITS, ...limits })
  server.addHandler(UNKNOWN_PATTERN, handler)
  await new Promise<void>((resolve) => {
    server.listen(() => {
      resolve()
    })
  })
  const { port } = server.unwrap<Server>().address() as AddressInfo
  closing.push(server)
  const open = async () => {
    const peer = new Peer(connect(port, "127.0.0.1"))
    closing.push(peer)
    await once(peer.socket, "connect")
    return peer
  }
  const refusals = () => lines.filter(({ msg }) => msg === "tcp refused")
  return { server, port, lines, refusals, open }
}

/** The other end of a connection, which writes what it likes. */
class Peer {
  readonly answers: { id: unknown; response?: unknown; err?: unknown }[] = []
  readonly closed: Promise<unknown>

  constructor(readonly socket: Socket) {
    const framed = new JsonSocket(socket)
    framed.on("message", (answer: unknown) => this.answers.push(answer as Peer["answers"][number]))
    socket.on("error", () => undefined)
    this.closed = new Promise((resolve) => socket.once("close", resolve))
  }

  close(): void {
    this.socket.destroy()
  }

  async has(count: number): Promise<void> {
    while (this.answers.length < count && !this.socket.destroyed) await sleep(5)
    expect(this.answers.length).toBe(count)
  }
}

const frame = (message: unknown) => {
  const text = JSON.stringify(message)
  return `${text.length}#${text}`
}
const request = (id: number | string, data: unknown = { token: "right" }) => frame({ pattern: "any", data, id })

describe("the framing of messages", () => {
  const text = "é € 😀 \u{10ffff} \ud83d"

  it("counts the length as Nest does, and puts characters together that arrive in pieces", async () => {
    const { open } = await started()
    const peer = await open()
    const bytes = Buffer.from(request(1, { token: "right", text }) + request(2, { text: "end" }))
    for (const byte of bytes) {
      peer.socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    await peer.has(2)
    expect(peer.answers[0]).toMatchObject({ id: 1, response: { text } })
    expect(peer.answers[1]).toMatchObject({ id: 2, response: { text: "end" } })
  })

  it("reads what Nest's own class reads, however it is cut", async () => {
    const written = fc.array(fc.jsonValue({ stringUnit: "binary" }), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(written, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), async (values, cuts) => {
        const messages = values.map((data, id) => ({ pattern: "any", data, id }))
        const bytes = Buffer.from(messages.map(frame).join(""))
        const [own, nest] = [new Socket(), new Socket()]
        const [read, expected]: unknown[][] = [[], []]
        own.on("message", (message) => read?.push(message))
        nest.on("message", (message) => expected?.push(message))
        new JsonSocket(nest)
        const server = createServer()
        const connections = new Connections(pino({ level: "silent" }), {
          ...TCP_LIMITS,
          unauthenticatedMessages: 40,
          inProgress: 40,
        })
        connections.watch(server)
        server.emit("connection", own)
        new MessageSocket(own, connections)
        for (let i = 0, at = 0; at < bytes.length; at += cuts[i % cuts.length] ?? 1, i++) {
          const chunk = bytes.subarray(at, at + (cuts[i % cuts.length] ?? 1))
          own.emit("data", chunk)
          nest.emit("data", chunk)
        }
        for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
        own.destroy()
        nest.destroy()
        expect(read).toEqual(expected)
        expect(read).toHaveLength(messages.length)
      }),
      { numRuns: 200, endOnFailure: true },
    )
  })

  it("takes 200 messages of a Nest client at the same time, and answers each", async () => {
    const { port } = await started()
    const client = new ClientTCP({ host: "127.0.0.1", port })
    closing.push(client)
    const data = (i: number) => ({ token: "right", i, text })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => firstValueFrom(client.send("any", data(i)))),
    )
    expect(answers).toEqual(Array.from({ length: 200 }, (_, i) => ({ ...data(i), text })))
  })

  it("answers a message over the limit by its id, wherever that stands, and forgets the rest of it", async () => {
    const { open, lines } = await started()
    const peer = await open()
    const data = { text: "x".repeat(300_000) }
    peer.socket.write(frame({ pattern: "carts.upsert", data, id: "last" }) + frame({ id: 7, pattern: "any", data }))
    await peer.has(2)
    const err = { type: "invalid_data", message: expect.stringContaining("200 kB") }
    expect(peer.answers).toMatchObject([
      { id: "last", err },
      { id: 7, err },
    ])
    expect(lines[0]).toMatchObject({ pattern: "carts.upsert", outcome: "invalid_data" })
  })

  it.each([
    ["a header without digits", "GET / HTTP/1.1"],
    ["a header that begins with a space", " 2#{}"],
    ["a header below zero", "-2#{}"],
    ["a header of eight digits", "00000002#{}"],
    ["eight digits without an end", "12345678"],
    ["a length that nobody reads", "1024001#"],
    ["no JSON", "3#{a}"],
    ["an empty message", "0#"],
    ["a message over the limit without an id", frame({ data: "x".repeat(300_000) })],
  ])("ends the connection immediately on %s", async (_, bytes) => {
    const { open, refusals } = await started()
    const peer = await open()
    peer.socket.write(bytes)
    await peer.closed
    expect(refusals()).toHaveLength(1)
    expect(JSON.stringify(refusals())).not.toMatch(/GET|\{a\}|xxx/)
  })
})

describe("the limits of connections", () => {
  it("ends the oldest unauthenticated connection at the limit, and then refuses new ones", async () => {
    const { open, refusals } = await started({ connections: 2 })
    const [first, second] = [await open(), await open()]
    second.socket.write(request(1))
    await second.has(1)
    const third = await open()
    await first.closed
    third.socket.write(request(1))
    await third.has(1)
    await (
      await open()
    ).closed
    second.socket.write(request(2))
    await second.has(2)
    expect(refusals()).toEqual([expect.objectContaining({ reason: "connection limit", peer: "127.0.0.1" })])
  })

  it("says once per second how many connections it refused", async () => {
    const { open, refusals } = await started({ connections: 1 })
    const peers = await Promise.all(Array.from({ length: 10 }, open))
    await Promise.all(peers.slice(0, -1).map(({ closed }) => closed))
    while (refusals().length < 2) await sleep(20)
    expect(refusals()).toMatchObject([{ reason: "connection limit" }, { reason: "connection limit", count: 8 }])
  })

  it("ends the oldest of those who hold too much that is not authenticated", async () => {
    const { open, refusals } = await started({ unauthenticatedCharacters: 50_000 })
    const half = `150000#${"x".repeat(20_000)}`
    const [first, second] = [await open(), await open()]
    first.socket.write(half)
    second.socket.write(half)
    const third = await open()
    third.socket.write(half)
    await first.closed
    third.socket.write(half)
    await second.closed
    expect(refusals()).toMatchObject([{ reason: "unauthenticated bytes" }])
  })

  it("lets an authenticated connection hold more", async () => {
    const { open } = await started({ unauthenticatedCharacters: 1_000 })
    const peer = await open()
    const small = await open()
    small.socket.write(request(1))
    await small.has(1)
    const large = request(2, { token: "right", text: "x".repeat(100_000) })
    small.socket.write(large.slice(0, 50_000))
    await sleep(50)
    small.socket.write(large.slice(50_000))
    await small.has(2)
    peer.socket.write(large)
    await peer.closed
  })

  it("answers some messages of a connection that does not authenticate, and closes it", async () => {
    const { open, refusals } = await started({ unauthenticatedMessages: 3 })
    const peer = await open()
    for (let id = 0; id < 20; id++) peer.socket.write(request(id, {}))
    await peer.closed
    expect(peer.answers.map(({ id }) => id)).toEqual([0, 1, 2])
    expect(refusals()).toMatchObject([{ reason: "too many unauthenticated messages" }])
  })

  it.each([
    ["nothing", ""],
    ["half a header", "12"],
    ["half a message", "100#{"],
    ["a message that is not accepted", request(1, {})],
  ])("ends a connection that sent %s after the deadline, and keeps one that authenticated", async (_, bytes) => {
    const { open, refusals } = await started({ authenticationDeadline: 300 })
    const [peer, service] = [await open(), await open()]
    service.socket.write(request(1))
    if (bytes) peer.socket.write(bytes)
    await peer.closed
    service.socket.write(request(2))
    await service.has(2)
    expect(refusals()).toMatchObject([{ reason: "no authentication before the deadline" }])
  })

  it("does not read on while as many messages are in progress as may be", async () => {
    const release: (() => void)[] = []
    const wait: Handler = async (data, context) => {
      await echo(data, context)
      await new Promise<void>((resolve) => release.push(resolve))
      return data
    }
    const { open } = await started({ inProgress: 2 }, wait)
    const peer = await open()
    const data = { token: "right", text: "x".repeat(100_000) }
    for (let id = 0; id < 200; id++) peer.socket.write(request(id, data))
    while (release.length < 2) await sleep(5)
    await sleep(100)
    expect([release.length, peer.socket.writableLength > 0]).toEqual([2, true])
    while (peer.answers.length < 200) {
      for (const go of release.splice(0)) go()
      expect(release.length).toBeLessThanOrEqual(2)
      await sleep(1)
    }
  })
})
