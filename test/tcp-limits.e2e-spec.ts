import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { ClientTCP } from "@nestjs/microservices"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { firstValueFrom } from "rxjs"
import { builtService } from "./support/built.js"
import { createDatabase, TEST_DATABASE_URL } from "./support/database.js"
import { newPayment } from "./support/factories.js"
import { REGION, TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

const run = promisify(execFile)

const TOKEN = "open sesame, says the plain client"

describe("a plain client of Nest", () => {
  let service: TestService
  let client: ClientTCP
  beforeAll(async () => {
    service = await TestService.start({ TCP_TOKEN: TOKEN })
    client = new ClientTCP({ host: "127.0.0.1", port: service.tcpPort })
  })
  afterAll(async () => {
    client.close()
    await service.close()
  })

  const send = (pattern: string, data: object) => firstValueFrom(client.send(pattern, { ...data, token: TOKEN }))

  it("gets an answer to each of 200 messages that it sends at the same time", async () => {
    const message = { region_id: REGION }
    const answers = await Promise.all(Array.from({ length: 200 }, () => send("payment_providers.list", message)))
    expect(answers.map(({ count }) => count)).toEqual(Array<number>(200).fill(1))
  })

  it.each([
    ["payments.capture", { amount: 4 }],
    ["payments.cancel", {}],
    ["payments.retrieve", {}],
  ])("cannot emit %s: nothing is executed", async (pattern, data) => {
    const { paymentId: id } = await newPayment(service)
    service.statements.take()
    await firstValueFrom(client.emit(pattern, { id, ...data, token: TOKEN }), { defaultValue: undefined })
    // What is answered on the same connection came later.
    await send("nothing", {}).catch(() => undefined)
    expect(service.statements.take()).toEqual([])
    const { payment } = await send("payments.retrieve", { id, fields: "captured_amount,canceled_at" })
    expect(payment).toEqual({ id, captured_amount: 0, canceled_at: null })
  })
})

describe("a connection without the token", () => {
  it("is told so, and closed after some messages", async () => {
    const service = await TestService.start({ TCP_TOKEN: TOKEN })
    const stranger = await TcpConnection.open(service.tcpPort)
    const refused = Array.from({ length: 10 }, () => stranger.ask("payments.list", { token: "open barley" }))
    for (const { err } of await Promise.all(refused)) expect(err).toMatchObject({ type: "unauthorized" })
    await stranger.closed()
    await service.close()
  })
})

describe("a flood", () => {
  it("leaves the service alive, and answers to others", async () => {
    const folder = await builtService()
    const database = TEST_DATABASE_URL ? await createDatabase() : undefined
    const { url } = (database?.connection ?? {}) as { url?: string }
    const sizes = ["--connections", "600", "--frames", "5000", "--hold", "500", "--max-wait", "Infinity"]
    const { stdout } = await run(process.execPath, ["test/attack/tcp-flood.mjs", ...sizes], {
      env: {
        PATH: process.env["PATH"],
        SERVICE_MAIN: join(folder, "src/main.js"),
        ...(url && { DATABASE_URL: url }),
      },
    })
    const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}")
    expect(report).toMatchObject({ alive: true, failures: 0, calls: expect.any(Number) })
    expect(report.refusals).toMatchObject({
      "connection limit": expect.any(Number),
      "invalid frame": expect.any(Number),
      "event packet": expect.any(Number),
      unauthorized: expect.any(Number),
    })
    await database?.drop()
  })
})
