import type { IncomingMessage, ServerResponse } from "node:http"
import { StripeError, WrongState } from "../errors.js"
import type { StripeSandbox } from "../stripe-sandbox.js"
import { badField, ControlError, quoted } from "./control-error.js"
import { CONTROL_ROUTES, type ControlRoute } from "./control-routes.js"
import { Fields } from "./fields.js"

const PREFIX = "/_control"

/** Bytes of a request's body. */
const LARGEST_BODY = 64 * 1024

/** The longest error message. */
const LONGEST_MESSAGE = 500

/** The control routes: what a shopper, a bank, staff in the Dashboard, the network or time do, as JSON over HTTP. */
export class ControlServer {
  constructor(private readonly sandbox: StripeSandbox) {}

  handles({ url = "" }: IncomingMessage): boolean {
    return pathOf(url) === PREFIX || url.startsWith(`${PREFIX}/`)
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, 200, await this.handle(request))
    } catch (error) {
      const { status, message } = toResponse(error)
      send(response, status, { error: { message: message.slice(0, LONGEST_MESSAGE) } })
    }
  }

  private async handle(request: IncomingMessage): Promise<object> {
    // A web page in the browser of this machine must not control the sandbox.
    if (request.headers.origin !== undefined) throw new ControlError(403, "Control routes are not for web pages.")
    const url = new URL(request.url ?? "/", "http://sandbox.invalid")
    if (url.pathname === PREFIX) return this.overview()
    const { fields, act } = routeFor(request.method ?? "GET", url.pathname.slice(PREFIX.length + 1))
    const values = request.method === "GET" ? queryOf(url) : parseBody(await readBody(request))
    return act(this.sandbox, Fields.of(values, fields))
  }

  private overview(): object {
    const { apiKey, publishableKey, webhookSecret } = this.sandbox
    return {
      api_key: apiKey,
      publishable_key: publishableKey,
      webhook_secret: webhookSecret,
      routes: CONTROL_ROUTES.map(({ method, name, fields }) => ({ method, path: `${PREFIX}/${name}`, fields })),
    }
  }
}

const pathOf = (url: string): string => url.split("?", 1)[0] ?? ""

/** @throws ControlError 404 or 405 */
function routeFor(method: string, name: string): ControlRoute {
  const named = CONTROL_ROUTES.filter((route) => route.name === name)
  const route = named.find((candidate) => candidate.method === method)
  if (route) return route
  const methods = named.map((candidate) => candidate.method).join(" or ")
  if (methods !== "") throw new ControlError(405, `Use ${methods} for ${PREFIX}/${name}.`)
  throw new ControlError(404, `There is no control route ${quoted(name)}. GET ${PREFIX} lists them.`)
}

function queryOf({ searchParams }: URL): Record<string, unknown> {
  const values = [...searchParams].map(([name, value]) => [name, /^\d{1,15}$/.test(value) ? Number(value) : value])
  return Object.fromEntries(values) as Record<string, unknown>
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new ControlError(413, `The body must have at most ${LARGEST_BODY} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

function parseBody(body: string): unknown {
  if (body === "") return {}
  try {
    return JSON.parse(body)
  } catch {
    throw badField(`The body is not JSON: ${quoted(body)}.`)
  }
}

function toResponse(error: unknown): { status: number; message: string } {
  if (error instanceof ControlError || error instanceof StripeError) return error
  if (error instanceof WrongState) return { status: 409, message: error.message }
  // A bug of the sandbox itself has to be visible to its user.
  return {
    status: 500,
    message: `The sandbox has a bug: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  // The rest of a body that is too large is not read.
  const headers = { "content-type": "application/json", ...(status === 413 && { connection: "close" }) }
  response.writeHead(status, headers).end(`${JSON.stringify(body, null, 2)}\n`)
}
