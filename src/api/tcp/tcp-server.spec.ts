import { contextOf } from "../request-context.js"
import { afterEach, beforeAll, describe, expect, it } from "@jest/globals"
import { ClientTCP, type TcpContext } from "@nestjs/microservices"
import { execFileSync, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { connect, type AddressInfo, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls } from "node:tls"
import { pino } from "pino"
import { firstValueFrom, throwError } from "rxjs"
import { NotFound } from "../../common/errors.js"
import { TCP_LIMITS, type TcpLimits } from "./tcp-connections.js"
import { createLogger } from "../../telemetry/logger.js"
import { TcpServer, UNKNOWN_PATTERN } from "./tcp-server.js"

const closing: { close: () => unknown }[] = []
afterEach(async () => {
  for (const opened of closing.splice(0).reverse()) await opened.close()
})

type Handler = Parameters<TcpServer["addHandler"]>[1]

/** A server with these handlers, a client of it, and what it logs. */
async function started(handlers: Record<string, Handler>) {
  const lines: Record<string, unknown>[] = []
  const log = createLogger("info", {
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  })
  const server = new TcpServer({ host: "127.0.0.1", port: 0 }, log)
  for (const [pattern, handler] of Object.entries(handlers)) server.addHandler(pattern, handler)
  await listening(server)
  const { port } = server.unwrap<Server>().address() as AddressInfo
  const client = new ClientTCP({ host: "127.0.0.1", port })
  closing.push(server, client)
  return { server, port, lines, ask: (pattern: string, data: unknown) => firstValueFrom(client.send(pattern, data)) }
}

function listening(server: TcpServer): Promise<void> {
  return new Promise((resolve, reject) => {
    server.listen((error) => {
      // An error of Node is no instance of the Error that a test file has.
      if (error) reject(new Error((error as Error).message))
      else resolve()
    })
  })
}

const echo: Handler = (data) => Promise.resolve(data)

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0
if (!hasOpenssl) console.warn("LEFT OUT: certificates of TCP clients, for want of openssl to make one with.")
const describeTls = hasOpenssl ? describe : describe.skip

describeTls("with TLS and certificates of clients", () => {
  let cert: string
  let key: string
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), "tcp-server-"))
    const files = [join(folder, "key.pem"), join(folder, "cert.pem")] as const
    const subject = ["-subj", "/CN=payments", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files[0], "-out", files[1], ...subject]
    execFileSync("openssl", made, { stdio: "ignore" })
    ;[key = "", cert = ""] = files.map((file) => readFileSync(file, "utf8"))
    rmSync(folder, { recursive: true })
  })
  const startedWith = async (limits: Partial<TcpLimits>) => {
    const tlsOptions = { cert, key, ca: cert, requestCert: true }
    const log = pino({ level: "silent" })
    const server = new TcpServer({ host: "127.0.0.1", port: 0, tlsOptions }, log, { ...TCP_LIMITS, ...limits })
    await listening(server)
    closing.push(server)
    return (server.unwrap<Server>().address() as AddressInfo).port
  }

  it("ends a connection without a handshake after the deadline, and keeps one with a certificate", async () => {
    const port = await startedWith({ authenticationDeadline: 500 })
    const known = connectTls({ port, host: "127.0.0.1", cert, key, ca: cert })
    await once(known, "secureConnect")
    const silent = connect(port, "127.0.0.1").on("error", () => undefined)
    await once(silent, "close")
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(known.closed).toBe(false)
    known.destroy()
  })

  it("counts a connection from before its handshake, once", async () => {
    const port = await startedWith({ connections: 2 })
    const known = connectTls({ port, host: "127.0.0.1", cert, key, ca: cert })
    await once(known, "secureConnect")
    const silent = [0, 1].map(() => connect(port, "127.0.0.1").on("error", () => undefined))
    await Promise.race(silent.map((socket) => once(socket, "close")))
    expect(silent.filter((socket) => !socket.closed)).toHaveLength(1)
    expect(known.closed).toBe(false)
    for (const socket of [known, ...silent]) socket.destroy()
  })
})

describe("TcpServer", () => {
  it("logs one line per message: its id, pattern, caller and outcome, and nothing of what it said", async () => {
    const ids: unknown[] = []
    const refuse: Handler = (_: unknown, context?: TcpContext) => {
      const id = context && contextOf(context).requestId
      ids.push(id)
      return Promise.resolve(throwError(() => new NotFound("There is none").toBody(id)))
    }
    const { ask, lines } = await started({ echo, refuse })
    await ask("echo", { caller: "shop", token: "hunter2" })
    await expect(ask("refuse", { id: "private" })).rejects.toMatchObject({ type: "not_found" })
    expect(ids).toEqual([expect.stringMatching(/^req_/)])
    expect(lines).toEqual([
      expect.objectContaining({
        msg: "message",
        pattern: "echo",
        caller: "shop",
        outcome: "ok",
        ms: expect.any(Number),
      }),
      expect.objectContaining({ msg: "message", pattern: "refuse", outcome: "not_found", request_id: ids[0] }),
    ])
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|private/)
  })

  it("cuts what a caller says of itself", async () => {
    const { ask, lines } = await started({ [UNKNOWN_PATTERN]: echo })
    await ask("x".repeat(5_000), { caller: "y".repeat(5_000) })
    expect(lines).toEqual([expect.objectContaining({ pattern: "x".repeat(100), caller: "y".repeat(100) })])
  })

  it("refuses what is emitted, whatever its pattern, with one line in the log", async () => {
    const calls: unknown[] = []
    const record: Handler = (data) => Promise.resolve(calls.push(data))
    const { port, ask, lines } = await started({ "payments.capture": record, [UNKNOWN_PATTERN]: record })
    for (const pattern of ["payments.capture", `sk_live_hunter2 ${"x".repeat(5_000)}`]) {
      const client = new ClientTCP({ host: "127.0.0.1", port })
      closing.push(client)
      await firstValueFrom(client.emit(pattern, { id: "private" }), { defaultValue: undefined })
      await firstValueFrom(client.send("echo", {}))
      // The second is within a second after the first, and would only be counted.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
    }
    expect(calls).toEqual([{}, {}])
    expect(lines.filter(({ msg }) => msg === "tcp refused")).toMatchObject([
      { level: "warn", reason: "event packet", pattern: "payments.capture" },
      { level: "warn", reason: "event packet", pattern: expect.stringMatching(/^sk_\[redacted\] x+$/) },
    ])
    await expect(ask("payments.capture", {})).resolves.toBe(3)
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|private/)
  })

  it("shows no keys that stand in a pattern or a caller", async () => {
    const { ask, lines } = await started({ [UNKNOWN_PATTERN]: echo })
    await ask("sk_live_hunter2", { caller: "Bearer hunter2-hunter2-hunter2" })
    expect(lines).toEqual([expect.objectContaining({ pattern: "sk_[redacted]", caller: "Bearer [redacted]" })])
  })

  it("does not log what a frame said that is no message", async () => {
    const { port, lines } = await started({})
    const socket = connect(port, "127.0.0.1")
    socket.end("9#{hunter2}")
    socket.resume()
    await once(socket, "close")
    expect(lines).toEqual([expect.objectContaining({ msg: "tcp refused", reason: "invalid frame", level: "warn" })])
    expect(JSON.stringify(lines)).not.toContain("hunter2")
  })

  it("answers what is under way before it is closed, and refuses what comes then", async () => {
    const release: (() => void)[] = []
    const arrived: (() => void)[] = []
    const wait: Handler = () =>
      new Promise((resolve) => {
        release.push(() => {
          resolve("done")
        })
        arrived.splice(0).forEach((tell) => {
          tell()
        })
      })
    const { ask, server } = await started({ wait, echo })
    const underWay = ask("wait", {})
    await new Promise<void>((resolve) => arrived.push(resolve))
    const closed = server.close()
    await expect(ask("echo", {})).rejects.toMatchObject({ type: "unavailable" })
    release.forEach((go) => {
      go()
    })
    expect(await underWay).toBe("done")
    await closed
    await expect(ask("echo", {})).rejects.toThrow()
  })

  it("fails to start on a port that is taken, and on an address that is not this machine's", async () => {
    const { port } = await started({})
    const log = pino({ level: "silent" })
    await expect(listening(new TcpServer({ host: "127.0.0.1", port }, log))).rejects.toThrow("EADDRINUSE")
    await expect(listening(new TcpServer({ host: "192.0.2.1", port: 0 }, log))).rejects.toThrow("EADDRNOTAVAIL")
  })
})
