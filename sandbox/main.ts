import { StripeSandbox } from "./stripe-sandbox.js"

/** The port of Stripe's own stateless mock, which STRIPE_API_BASE is often set to already. */
const DEFAULT_PORT = 12111

const { SANDBOX_PORT } = process.env

/** @throws Error if SANDBOX_PORT is no port */
function readPort(): number {
  if (SANDBOX_PORT === undefined || SANDBOX_PORT === "") return DEFAULT_PORT
  const port = Number(SANDBOX_PORT)
  if (/^\d{1,5}$/.test(SANDBOX_PORT) && port <= 65_535) return port
  throw new Error(`SANDBOX_PORT must be a port from 0 to 65535, not ${JSON.stringify(SANDBOX_PORT)}.`)
}

async function start(): Promise<StripeSandbox> {
  const port = readPort()
  try {
    return await StripeSandbox.start({ port })
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error
    throw new Error(`Port ${port} is taken. Set SANDBOX_PORT to another one, or to 0 for any free port.`, {
      cause: error,
    })
  }
}

try {
  const sandbox = await start()
  const stop = (): void => {
    void sandbox.stop().then(() => process.exit(0))
  }
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
  process.stdout.write(`The Stripe sandbox is at ${sandbox.url}

  Settings of the service:

    STRIPE_API_BASE=${sandbox.url}
    STRIPE_API_KEY=${sandbox.apiKey}
    STRIPE_WEBHOOK_SECRET=${sandbox.webhookSecret}

  Publishable key   ${sandbox.publishableKey}
  Stripe.js         ${sandbox.url}/stripe.js
  Control routes    ${sandbox.url}/_control

`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
