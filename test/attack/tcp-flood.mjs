/**
 * Floods the TCP port of a service of its own, which gets 512 MB of memory, while polite callers call it. Prints what they
 * had to wait, and exits with 1 if the service died, a polite caller got no answer, or one over HTTP or an open TCP
 * connection waited too long. New TCP connections stand behind those of the attacker in the kernel, so how long they wait
 * is printed, but not judged. The machine should have nothing else to do: see the wait without an attack.
 *
 *   npm run build && node test/attack/tcp-flood.mjs [--connections 1000] [--frames 60000] [--max-wait 250] [--hold 3000] [--only <words of an attack>]
 *
 * SERVICE_MAIN is the main.js to start (dist/src/main.js), DATABASE_URL its database (the embedded one).
 */
import { ClientTCP } from "@nestjs/microservices"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { firstValueFrom, timeout } from "rxjs"

const TOKEN = "the token of the flooded service"
const HOST = "127.0.0.1"

/** Milliseconds after which a polite caller takes its answer for lost. */
const DEADLINE = 20_000

if (isMainThread) await main()
else await callPolitely(workerData)

async function main() {
  const { values } = parseArgs({
    options: {
      connections: { type: "string", default: "1000" },
      frames: { type: "string", default: "60000" },
      "max-wait": { type: "string", default: "250" },
      hold: { type: "string", default: "3000" },
      only: { type: "string", default: "" },
    },
  })
  const [connections, frames, hold, maxWait] = [values.connections, values.frames, values.hold, values["max-wait"]].map(
    Number,
  )
  const attacks = {
    "no attack": () => sleep(hold),
    "1 MB each, in no frame": (port) => flood(port, hold, connections, "x".repeat(1_000_000)),
    "1 MB each, half a frame": (port) => flood(port, hold, connections, `1000001#${"x".repeat(1_000_000)}`),
    "the largest message each, but for its end": (port) =>
      flood(port, hold, connections, `204800#${"x".repeat(204_000)}`),
    "nothing, on ten times the connections": (port) => flood(port, hold, 10 * connections, ""),
    "frames without a message": (port) => flood(port, hold, 1, "2#{}".repeat(frames)),
    "frames with a request, without a token": (port) =>
      flood(port, hold, 20, frame({ pattern: "x", id: 1 }).repeat(frames)),
    "frames with a request, with the token": (port) => pipeline(port, frames),
  }
  const { service, url, port, output, stop } = await startService()
  const report = { calls: 0, failures: 0, retries: 0, maxWait: {} }
  try {
    for (const [name, attack] of Object.entries(attacks)) {
      if (!name.includes(values.only)) continue
      const polite = new Worker(fileURLToPath(import.meta.url), { workerData: { url, port } })
      await once(polite, "message")
      await attack(port)
      polite.postMessage("stop")
      const [waits] = await once(polite, "message")
      const worst = Math.max(waits.http, waits.tcp)
      report.calls += waits.calls
      report.failures += waits.failures
      report.retries += waits.retries
      report.maxWait[name] = worst
      console.log(
        `${name}: longest wait of HTTP ${waits.http} ms, of a TCP connection ${waits.tcp} ms, of a new one ${waits.fresh} ms`,
      )
    }
    report.alive = service.exitCode === null && service.signalCode === null
  } finally {
    await stop()
  }
  report.refusals = refusalsIn(output())
  report.refused = Object.values(report.refusals).reduce((sum, count) => sum + count, 0)
  console.log(JSON.stringify(report))
  const tooLong = Object.values(report.maxWait).some((wait) => wait > maxWait)
  if (!report.alive || report.failures > 0 || report.refused === 0 || tooLong) process.exitCode = 1
}

async function startService() {
  const folder = mkdtempSync(join(tmpdir(), "tcp-flood-"))
  const port = await freePort()
  const main = resolve(process.env.SERVICE_MAIN ?? "dist/src/main.js")
  const service = spawn(process.execPath, ["--max-old-space-size=512", main], {
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      TCP_PORT: String(port),
      TCP_TOKEN: TOKEN,
      LOG_LEVEL: "warn",
      DATA_DIR: join(folder, "data"),
      ...(process.env.DATABASE_URL && { DATABASE_URL: process.env.DATABASE_URL }),
    },
    stdio: ["ignore", "pipe", "inherit"],
  })
  let output = ""
  service.stdout.on("data", (data) => (output += data))
  const stop = async () => {
    if (service.exitCode === null && service.signalCode === null) {
      service.kill("SIGTERM")
      await once(service, "close")
    }
    rmSync(folder, { recursive: true, force: true })
  }
  for (;;) {
    const [line] = /^\{.*"msg":"started"\}$/m.exec(output) ?? []
    const url = line && JSON.parse(line).url
    if (url) return { service, url, port, output: () => output, stop }
    if (service.exitCode !== null) throw new Error(`The service did not start (${main}). Was it built?`)
    await sleep(50)
  }
}

async function freePort() {
  const server = createServer().listen(0, HOST)
  await once(server, "listening")
  const { port } = server.address()
  server.close()
  await once(server, "close")
  return port
}

/** Connections that write this and then do nothing; most are ended by the service. */
async function flood(port, hold, count, bytes) {
  const sockets = []
  for (let i = 0; i < count; i++) {
    const socket = connect(port, HOST)
    socket.on("error", () => {})
    socket.resume()
    socket.on("connect", () => bytes && socket.write(bytes))
    sockets.push(socket)
    // The attacker needs a turn of the event loop, too.
    if (i % 100 === 99) await sleep(1)
  }
  await sleep(hold)
  for (const socket of sockets) socket.destroy()
}

/** One who knows the token sends all in one write, and reads the answers. */
async function pipeline(port, count) {
  const socket = connect(port, HOST)
  await once(socket, "connect")
  socket.write(frame({ pattern: "x", data: { token: TOKEN }, id: 1 }).repeat(count))
  let answers = 0
  const end = Date.now() + 10_000
  socket.on("data", (data) => (answers += data.toString().split('"isDisposed":true').length - 1))
  while (answers < count && Date.now() < end) await sleep(50)
  socket.destroy()
}

function frame(message) {
  const text = JSON.stringify(message)
  return `${text.length}#${text}`
}

/** How many of each kind the log of the service counts. */
function refusalsIn(output) {
  const refusals = {}
  for (const line of output.split("\n")) {
    if (!line.includes('"tcp refused"')) continue
    const { reason, count = 1 } = JSON.parse(line)
    refusals[reason] = (refusals[reason] ?? 0) + count
  }
  return refusals
}

/** In a thread of its own, which the attacker does not delay: three callers, one call after the other each. */
async function callPolitely({ url, port }) {
  const waits = { http: 0, tcp: 0, fresh: 0, calls: 0, failures: 0, retries: 0 }
  let stopped = false
  parentPort.on("message", () => (stopped = true))
  const ask = (client) =>
    firstValueFrom(
      client.send("payment_providers.list", { region_id: "reg_polite", token: TOKEN }).pipe(timeout(DEADLINE)),
    )
  const known = new ClientTCP({ host: HOST, port })
  const callers = {
    http: async () => {
      const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(DEADLINE) })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
    },
    tcp: () => ask(known),
    // A new connection is among the strangers until its first message is accepted, and may be ended with them.
    fresh: async () => {
      for (let attempt = 1; ; attempt++) {
        const client = new ClientTCP({ host: HOST, port })
        try {
          return await ask(client)
        } catch (error) {
          if (attempt === 3) throw error
          waits.retries++
        } finally {
          client.close()
        }
      }
    },
  }
  const run = async (name) => {
    while (!stopped) {
      const start = performance.now()
      await callers[name]().catch((error) => {
        waits.failures++
        console.error(`${name}: ${error.message ?? JSON.stringify(error)}`)
      })
      waits.calls++
      waits[name] = Math.max(waits[name], Math.round(performance.now() - start))
      await sleep(10)
    }
  }
  for (const call of Object.values(callers)) await call()
  parentPort.postMessage("ready")
  await Promise.all(Object.keys(callers).map(run))
  known.close()
  parentPort.postMessage(waits)
  parentPort.close()
}
