import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { cpSync, mkdtempSync, symlinkSync } from "node:fs"
import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Browser } from "playwright-core"
import { builtService } from "../support/built.js"
import { inBrowser, launchChromium } from "../support/chromium.js"
import { freePort } from "../support/free-port.js"

/** `npm run demo` in a built clone of the repository. */
class Demo {
  output = ""

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (this.output += String(data)))
  }

  static async spawn(env: Record<string, string>): Promise<Demo> {
    const folder = mkdtempSync(join(process.env["TEST_RUN_DIR"] ?? "", "demo-"))
    for (const name of ["package.json", "launch.mjs", "sandbox", "examples"]) {
      cpSync(name, join(folder, name), { recursive: true })
    }
    symlinkSync(await builtService(), join(folder, "dist"))
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
    const settings = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: folder, ...env }
    return new Demo(
      spawn(process.execPath, ["sandbox/demo.mjs"], { cwd: folder, env: settings, stdio: ["ignore", "pipe", "pipe"] }),
    )
  }

  async prints(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match) return match[1] ?? match[0]
      if (this.child.exitCode !== null) throw new Error(`The demo ended: ${this.output}`)
      await sleep(50)
    }
  }

  async ends(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal) this.child.kill(signal)
    if (this.child.exitCode === null) await once(this.child, "close")
    return this.child.exitCode
  }
}

async function freePorts(): Promise<Record<string, string>> {
  const names = ["PORT", "TCP_PORT", "SANDBOX_PORT", "CHECKOUT_PORT"]
  const ports: Record<string, string> = {}
  for (const name of names) ports[name] = String(await freePort())
  return ports
}

inBrowser("npm run demo", () => {
  let browser: Browser
  let demo: Demo
  let ports: Record<string, string>
  beforeAll(async () => {
    ports = await freePorts()
    ;[browser, demo] = await Promise.all([launchChromium(), Demo.spawn(ports)])
  })
  afterAll(async () => {
    await browser.close()
    await demo.ends("SIGTERM")
  })

  it("takes a shopper over a failed 3-D Secure to a payment, which the printed lines capture and refund", async () => {
    const page = await browser.newPage()
    await page.goto(await demo.prints(/Checkout +(http\S+)/))
    const pay = async (card: string) => {
      await page.getByLabel("Card number").fill(card)
      await page.getByRole("button", { name: "Pay €49.90" }).click()
    }
    await pay("4000 0027 6000 3184")
    await page.getByRole("button", { name: "Fail authentication" }).click()
    expect(await page.getByRole("alert").innerText()).toMatch(/^We are unable to authenticate your payment method\./)
    await pay("4242 4242 4242 4242")
    await page.getByRole("heading", { name: "Thank you for your order" }).waitFor()

    const operator = (line: string) => JSON.parse(spawnSync("sh", ["-c", line], { encoding: "utf8" }).stdout)
    const captured = operator(await demo.prints(/^ +(curl .*\/capture .*)$/m))
    expect(captured.payment).toMatchObject({ amount: 49.9, captures: [{ amount: 49.9 }], refunds: [] })
    const refunded = operator(await demo.prints(/^ +(curl .*\/refund .*)$/m))
    expect(refunded.payment).toMatchObject({ refunds: [{ amount: 49.9 }] })
    await page.close()
  })

  it("prints addresses that respond", async () => {
    for (const label of ["Swagger UI", "Control routes"]) {
      const address = await demo.prints(new RegExp(`${label} +(http\\S+)`))
      expect((await fetch(address)).status).toBe(200)
    }
  })

  it("names the setting of a port that is taken", async () => {
    const other = await Demo.spawn({ ...(await freePorts()), SANDBOX_PORT: ports["SANDBOX_PORT"] ?? "" })
    expect(await other.ends()).toBe(1)
    expect(other.output).toContain(
      `Port ${ports["SANDBOX_PORT"]}, of the Stripe sandbox, is taken. Stop what uses it, or set SANDBOX_PORT to another port.`,
    )
  })

  it("frees every port when it is interrupted", async () => {
    expect(await demo.ends("SIGINT")).toBe(0)
    for (const port of Object.values(ports)) {
      const server = createServer().listen(Number(port), "127.0.0.1")
      await once(server, "listening")
      server.close()
    }
  })
})

describe("npm run sandbox", () => {
  it("prints its address, and ends on a signal", async () => {
    const child = spawn(process.execPath, ["sandbox/start.mjs"], {
      env: { PATH: process.env["PATH"], SANDBOX_PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    })
    let output = ""
    child.stdout.on("data", (data) => (output += String(data)))
    while (!output.includes("_control")) await once(child.stdout, "data")
    const [, url = ""] = /The Stripe sandbox is at (\S+)/.exec(output) ?? []
    expect(output).toContain(`STRIPE_API_BASE=${url}\n`)
    expect((await fetch(`${url}/_control`)).status).toBe(200)
    child.kill("SIGTERM")
    expect((await once(child, "close"))[0]).toBe(0)
  })

  it.each([
    ["port", "SANDBOX_PORT must be a port from 0 to 65535"],
    ["70000", "SANDBOX_PORT must be a port from 0 to 65535"],
  ])("refuses the port %s", (port, message) => {
    const env = { PATH: process.env["PATH"], SANDBOX_PORT: port }
    const { status, stderr } = spawnSync(process.execPath, ["sandbox/start.mjs"], { env, encoding: "utf8" })
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)])
  })
})
