/**
 * The whole of a payment on one machine, without an account anywhere: the service on its embedded database, the Stripe
 * sandbox, and the example checkout. Ctrl-C stops all three and removes their data.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("..", import.meta.url))
const BUILT = join(ROOT, "dist/src/main.js")
const HOOK = "/hooks/payment/stripe_stripe"

/** Milliseconds between two looks for new payments. */
const POLL_INTERVAL = 500

/** @typedef {{ name: string, port: number, what: string }} PortSetting */
const PORTS = {
  service: port("PORT", 9000, "the service's HTTP"),
  tcp: port("TCP_PORT", 9001, "the service's TCP"),
  sandbox: port("SANDBOX_PORT", 12111, "the Stripe sandbox"),
  checkout: port("CHECKOUT_PORT", 4242, "the checkout"),
}

/** An error whose message is all that the user needs. */
class DemoError extends Error {}

/** The processes of the demo. They get no other settings than the demo's. */
class Processes {
  /** @type {import("node:child_process").ChildProcess[]} */
  #children = []
  #isStopping = false

  /**
   * Starts a process, and waits for the line of its output that says that it is ready.
   *
   * @param {string} name
   * @param {string[]} command what Node runs
   * @param {Record<string, string>} env
   * @param {RegExp} ready
   * @param {string} [cwd]
   * @returns {Promise<RegExpExecArray>}
   */
  async start(name, command, env, ready, cwd = ROOT) {
    const { PATH } = process.env
    const child = spawn(process.execPath, command, { cwd, env: { PATH, ...env }, stdio: ["ignore", "pipe", "inherit"] })
    this.#children.push(child)
    const lines = createInterface(child.stdout)
    const isReady = new Promise((resolve) => {
      lines.on("line", (line) => {
        const match = ready.exec(line)
        if (match) resolve(match)
        else if (line.startsWith("{") && !this.#isStopping) process.stderr.write(`${line}\n`)
      })
    })
    const ended = once(child, "exit").then(() => undefined)
    const match = await Promise.race([isReady, ended])
    if (!match) throw new DemoError(this.#isStopping ? "" : `${name} did not start.`)
    void ended.then(() => this.#isStopping || stop(1, `${name} has ended.`))
    return match
  }

  async stop() {
    this.#isStopping = true
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const ended = running.map((child) => once(child, "exit"))
    for (const child of running) child.kill("SIGTERM")
    await Promise.all(ended)
  }
}

const processes = new Processes()
const data = mkdtempSync(join(tmpdir(), "payment-collections-demo-"))

let stopping
/** Ends the demo, and leaves nothing behind. */
function stop(exitCode, message) {
  stopping ??= (async () => {
    if (message) process.stderr.write(`${message}\n`)
    await processes.stop()
    rmSync(data, { recursive: true, force: true })
    process.exit(exitCode)
  })()
  return stopping
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void stop(0))

try {
  await run()
} catch (error) {
  await stop(1, error instanceof DemoError ? error.message : error.stack)
}

async function run() {
  for (const setting of Object.values(PORTS)) await assertFree(setting)
  build()
  const [, sandbox] = await processes.start(
    "The sandbox",
    ["sandbox/start.mjs"],
    { SANDBOX_PORT: String(PORTS.sandbox.port) },
    /sandbox is at (\S+)/,
  )
  const keys = await json(`${sandbox}/_control`)
  const service = await startService(sandbox, keys)
  await json(`${sandbox}/_control/deliver`, { method: "POST", body: JSON.stringify({ url: service.url + HOOK }) })
  const [, checkout] = await processes.start(
    "The checkout",
    ["examples/checkout/server.mjs"],
    {
      PORT: String(PORTS.checkout.port),
      SERVICE_URL: service.url,
      PUBLISHABLE_KEY: service.demo.publishable_key,
      SECRET_KEY: service.demo.secret_key,
      STRIPE_PUBLISHABLE_KEY: keys.publishable_key,
      STRIPE_JS_URL: `${sandbox}/stripe.js`,
    },
    /The checkout is at (\S+)/,
  )
  process.stdout.write(introduction({ checkout, sandbox, service }))
  await showPayments(service)
}

/** Builds the service, unless no source file has changed since the last build. */
function build() {
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= newest(join(ROOT, "src"))) return
  process.stdout.write("Building the service ...\n")
  const { status } = spawnSync(process.execPath, [join(ROOT, "node_modules/@nestjs/cli/bin/nest.js"), "build"], {
    cwd: ROOT,
    stdio: "inherit",
  })
  if (status !== 0) throw new DemoError("The service could not be built.")
}

/** When a file in the folder changed last, in milliseconds. */
function newest(folder) {
  if (!existsSync(folder)) return 0
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  return Math.max(...files.map((file) => statSync(join(folder, file)).mtimeMs))
}

/** The service runs in the demo's folder, where no `.env` changes what it does. */
async function startService(sandbox, keys) {
  const env = {
    PORT: String(PORTS.service.port),
    TCP_PORT: String(PORTS.tcp.port),
    DATA_DIR: join(data, "service"),
    LOG_LEVEL: "warn",
    STRIPE_API_BASE: sandbox,
    STRIPE_API_KEY: keys.api_key,
    STRIPE_WEBHOOK_SECRET: keys.webhook_secret,
  }
  const started = /^\{.*"msg":"started"\}$/
  const [line] = await processes.start("The service", [join(ROOT, "launch.mjs"), "main"], env, started, data)
  return JSON.parse(line)
}

function introduction({ checkout, sandbox, service }) {
  const { secret_key, publishable_key } = service.demo
  return `
  The demo shop is open.

  Checkout         ${checkout}
  Swagger UI       ${service.docs}
  Control routes   ${sandbox}/_control (docs/sandbox.md)
  Secret key       ${secret_key}
  Publishable key  ${publishable_key}

  1. Open the checkout, and pay with 4000 0027 6000 3184. Fail the authentication: the shopper is asked to pay again.
  2. Pay with 4242 4242 4242 4242. The money is authorized.
  3. The lines that capture and refund it appear here.

  Ctrl-C stops everything.
`
}

/** Prints the operator's next steps for each payment, as it is authorized and captured. */
async function showPayments({ url, demo }) {
  const headers = { authorization: `Bearer ${demo.secret_key}` }
  let after = ""
  while (!stopping) {
    const { events } = await json(`${url}/admin/events?limit=100${after && `&after=${after}`}`, { headers })
    for (const event of events) {
      after = event.id
      if (event.name === "payment.authorized") process.stdout.write(nextSteps(url, demo, event.data))
    }
    await sleep(POLL_INTERVAL)
  }
}

function nextSteps(url, { secret_key }, { id, amount, currency_code }) {
  const line = (act) => `  curl -s -X POST ${url}/admin/payments/${id}/${act} -H 'authorization: Bearer ${secret_key}'`
  return `
  ${amount} ${currency_code} are authorized. Capture them, then refund them:

${line("capture")}
${line("refund")}
`
}

async function json(url, request) {
  const response = await fetch(url, request).catch((error) => {
    throw new DemoError(stopping ? "" : `${url} does not respond: ${error.message}`)
  })
  if (!response.ok) throw new DemoError(`${url} responds ${response.status}: ${await response.text()}`)
  return response.json()
}

/** @returns {PortSetting} */
function port(name, fallback, what) {
  return { name, port: Number(process.env[name] ?? fallback), what }
}

/** @param {PortSetting} setting */
async function assertFree({ name, port: number, what }) {
  const server = createServer()
  try {
    server.listen(number, "127.0.0.1")
    await once(server, "listening")
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw new DemoError(`${name} is no port for ${what}: ${error.message}`)
    throw new DemoError(`Port ${number}, of ${what}, is taken. Stop what uses it, or set ${name} to another port.`)
  } finally {
    server.close()
  }
}
