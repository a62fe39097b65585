import type { IncomingMessage, ServerResponse } from "node:http"
import { text } from "node:stream/consumers"
import { CORS_HEADERS, pageFor } from "./browser-pages.js"
import {
  declined,
  forbidden,
  internalError,
  StripeError,
  tooManyRequests,
  unauthorized,
  unknownRoute,
} from "./errors.js"
import { expanded } from "./expand.js"
import type { Fault, Faults } from "./faults.js"
import { IdempotencyKeys, type StoredResponse } from "./idempotency.js"
import { newId } from "./ids.js"
import { Parameters } from "./parameters.js"
import { pathPattern } from "./path-pattern.js"
import { type Account, browserRoutesOf, type Route, routesOf } from "./routes.js"

/** A request to the API, and its result. */
export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly idempotencyKey?: string
  readonly params: Readonly<Record<string, unknown>>
  /** Absent if there was no response, or none yet. */
  status?: number
  /** Whether the response is the stored one of an earlier request with the same idempotency key. */
  isReplay: boolean
}

interface Call {
  readonly logged: LoggedRequest
  readonly requestId: string
  readonly apiKey: string
  readonly parameters: Parameters
}

/** The client gets a response, nothing, or a closed connection. */
type Reply = { readonly response: StoredResponse; readonly isReplay: boolean } | "nothing" | "closed connection"

const LOST_BEFORE: Partial<Record<string, Reply>> = { timeout_before: "nothing", drop_before: "closed connection" }
const LOST_AFTER: Partial<Record<string, Reply>> = { timeout_after: "nothing", drop_after: "closed connection" }

/** Stripe's API over HTTP. */
export class ApiServer {
  readonly requests: LoggedRequest[] = []
  private readonly waiters: { matches: (request: LoggedRequest) => boolean; resolve: (it: LoggedRequest) => void }[] =
    []
  private readonly idempotencyKeys: IdempotencyKeys
  private readonly routes: readonly Route[]
  private readonly browserRoutes: readonly Route[]

  constructor(
    private readonly keys: { readonly apiKey: string; readonly publishableKey: string },
    private readonly faults: Faults,
    private readonly account: Account,
  ) {
    this.idempotencyKeys = new IdempotencyKeys(account.records.clock)
    this.routes = routesOf(account)
    this.browserRoutes = browserRoutesOf(account)
  }

  nextRequest(pattern: string): Promise<LoggedRequest> {
    const isMatch = pathPattern(pattern)
    return new Promise((resolve) => {
      this.waiters.push({ matches: ({ method, path }) => isMatch(method, path) !== undefined, resolve })
    })
  }

  hasRoute(method: string, path: string): boolean {
    return this.routes.some(({ pattern }) => pattern(method, path) !== undefined)
  }

  expireIdempotencyKeys(): void {
    this.idempotencyKeys.clear()
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const url = new URL(request.url ?? "/", "http://stripe.invalid")
    const method = request.method ?? "GET"
    const page = pageFor(this.account, method, url.pathname, body)
    if (page) {
      response.writeHead(page.status, page.headers).end(page.body)
      return
    }
    const call = readCall(request, url, body)
    this.log(call.logged)
    const reply = await this.reply(call).catch((error: unknown) => ({
      response: errorResponse(error),
      isReplay: false,
    }))
    if (reply === "closed connection") request.socket.destroy()
    else if (reply !== "nothing") send(response, call, reply)
  }

  private log(request: LoggedRequest): void {
    this.requests.push(request)
    for (const waiter of this.waiters.filter(({ matches }) => matches(request))) {
      this.waiters.splice(this.waiters.indexOf(waiter), 1)
      waiter.resolve(request)
    }
  }

  /** @throws StripeError if the response is an error that is not stored for the idempotency key */
  private async reply(call: Call): Promise<Reply> {
    const { method, path, params } = call.logged
    const fault = this.faults.take(method, path)
    const lost = lostBy(LOST_BEFORE, fault)
    if (lost) return lost
    refuseOutright(fault)
    this.authenticate(call)
    const key = method === "POST" ? call.logged.idempotencyKey : undefined
    const replayed = key === undefined ? undefined : this.idempotencyKeys.begin(key, path, params)
    if (replayed) return this.replyWith({ response: replayed, isReplay: true }, fault)
    const rest = await heldRequest(fault)
    const lostLater = lostBy(LOST_BEFORE, rest)
    if (lostLater) {
      if (key !== undefined) this.idempotencyKeys.release(key)
      return lostLater
    }
    return this.replyWith({ response: this.execute(call, key, rest), isReplay: false }, rest)
  }

  private async replyWith(reply: Reply, fault: Fault | undefined): Promise<Reply> {
    if (typeof fault === "object" && "holdResponse" in fault) await fault.holdResponse
    return lostBy(LOST_AFTER, fault) ?? reply
  }

  private authenticate({ apiKey }: Call): void {
    if (apiKey === this.keys.apiKey || apiKey === this.keys.publishableKey) return
    if (apiKey === "") throw unauthorized("You did not provide an API key.")
    throw unauthorized(`Invalid API Key provided: ${apiKey.slice(0, 8)}****${apiKey.slice(-4)}`)
  }

  /** Executes the request, and stores the response for the idempotency key if the execution had started. */
  private execute(call: Call, key: string | undefined, fault: Fault | undefined): StoredResponse {
    try {
      refuseOutright(fault)
      if (fault === "decline") throw declined("Your card was declined.", { code: "card_declined" })
      if (fault === "500_before") throw internalError()
      const response = this.act(call)
      if (fault === "500_after") throw internalError()
      if (key !== undefined) this.idempotencyKeys.store(key, response)
      return response
    } catch (error) {
      const response = errorResponse(error)
      if (key !== undefined) {
        if (error instanceof StripeError && !error.hasStarted) this.idempotencyKeys.release(key)
        else this.idempotencyKeys.store(key, response)
      }
      return response
    }
  }

  private act({ logged, requestId, apiKey, parameters }: Call): StoredResponse {
    const { method, path, idempotencyKey } = logged
    for (const { pattern, parameters: allowed, handle } of this.routesFor(apiKey)) {
      const ids = pattern(method, path)
      if (!ids) continue
      parameters.only([...allowed, "expand"])
      const paths = parameters.texts("expand") ?? []
      const cause = { id: requestId, idempotency_key: idempotencyKey ?? null }
      const { records } = this.account
      const object = records.events.causedBy(cause, () => handle(ids, parameters))
      return { status: 200, body: JSON.stringify(expanded(records, object, paths)) }
    }
    throw unknownRoute(method, path)
  }

  private routesFor(apiKey: string): readonly Route[] {
    return apiKey === this.keys.publishableKey ? this.browserRoutes : this.routes
  }
}

function readCall(request: IncomingMessage, url: URL, body: string): Call {
  const parameters = Parameters.of(url.search.slice(1), body)
  const idempotencyKey = request.headers["idempotency-key"]
  return {
    logged: {
      method: request.method ?? "GET",
      path: url.pathname,
      idempotencyKey: typeof idempotencyKey === "string" ? idempotencyKey : undefined,
      params: parameters.values,
      isReplay: false,
    },
    requestId: newId("req"),
    apiKey: /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1] ?? "",
    parameters,
  }
}

function send(response: ServerResponse, { logged, requestId }: Call, reply: Exclude<Reply, string>): void {
  const { response: stored, isReplay } = reply
  logged.status = stored.status
  logged.isReplay = isReplay
  response
    .writeHead(stored.status, {
      "content-type": "application/json",
      "request-id": requestId,
      ...CORS_HEADERS,
      ...(isReplay && { "idempotent-replayed": "true" }),
      // A retry would get the same response.
      ...(stored.status === 500 && logged.idempotencyKey !== undefined && { "stripe-should-retry": "false" }),
    })
    .end(stored.body)
}

const errorResponse = (error: unknown): StoredResponse => {
  // A bug of the sandbox itself has to be visible to its user.
  if (!(error instanceof StripeError)) return { status: 500, body: JSON.stringify({ error: bugOf(error) }) }
  return { status: error.status, body: JSON.stringify({ error: error.body }) }
}

const bugOf = (error: unknown): object => ({
  type: "api_error",
  message: `The sandbox has a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
})

function refuseOutright(fault: Fault | undefined): void {
  if (fault === "401") throw unauthorized("Invalid API Key provided: sk_test_****")
  if (fault === "403") throw forbidden("The provided key 'rk_test_****' does not have the required permissions.")
  if (fault === "429") throw tooManyRequests()
}

const lostBy = (losses: typeof LOST_BEFORE, fault: Fault | undefined): Reply | undefined =>
  typeof fault === "string" ? losses[fault] : undefined

async function heldRequest(fault: Fault | undefined): Promise<Fault | undefined> {
  if (typeof fault !== "object" || !("holdRequest" in fault)) return fault
  await fault.holdRequest
  return heldRequest(fault.then)
}
