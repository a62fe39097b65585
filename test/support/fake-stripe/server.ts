import type { IncomingMessage, ServerResponse } from "node:http"
import { text } from "node:stream/consumers"
import { CORS_HEADERS, pageFor } from "./browser-pages.js"
import { expanded } from "./expand.js"
import type { Fault, Faults } from "./faults.js"
import { type Answer, IdempotencyKeys } from "./idempotency.js"
import { newId } from "./ids.js"
import { Parameters } from "./parameters.js"
import { pathPattern } from "./path-pattern.js"
import { declined, forbidden, internalError, Refusal, tooManyRequests, unauthorized, unknownRoute } from "./refusal.js"
import { type Account, browserRoutesOf, type Route, routesOf } from "./routes.js"

/** A request to the API, and what became of it. */
export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly idempotencyKey?: string
  readonly params: Readonly<Record<string, unknown>>
  /** Absent where it was not answered, or not yet. */
  status?: number
  /** Whether the answer is that of an earlier request with the same idempotency key. */
  isReplay: boolean
}

interface Call {
  readonly logged: LoggedRequest
  readonly requestId: string
  /** What came as bearer. */
  readonly apiKey: string
  readonly parameters: Parameters
}

/** What goes over the line: an answer, nothing, or a broken connection. */
type Reply = { readonly answer: Answer; readonly isReplay: boolean } | "silence" | "broken"

const LINE_BEFORE: Partial<Record<string, Reply>> = { timeout_before: "silence", drop_before: "broken" }
const LINE_AFTER: Partial<Record<string, Reply>> = { timeout_after: "silence", drop_after: "broken" }

/** Stripe's API over HTTP. */
export class StripeServer {
  readonly requests: LoggedRequest[] = []
  private readonly arrivals: { isAwaited: (request: LoggedRequest) => boolean; tell: (it: LoggedRequest) => void }[] =
    []
  private readonly idempotencyKeys = new IdempotencyKeys()
  private readonly routes: readonly Route[]
  private readonly browserRoutes: readonly Route[]

  constructor(
    private readonly keys: { readonly apiKey: string; readonly publishableKey: string },
    private readonly faults: Faults,
    private readonly account: Account,
  ) {
    this.routes = routesOf(account)
    this.browserRoutes = browserRoutesOf(account)
  }

  arrival(pattern: string): Promise<LoggedRequest> {
    const matches = pathPattern(pattern)
    return new Promise((tell) => {
      this.arrivals.push({ isAwaited: ({ method, path }) => matches(method, path) !== undefined, tell })
    })
  }

  /** No key is known any more, as after a day or with another account. */
  forgetKeys(): void {
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
    const reply = await this.reply(call).catch((error: unknown) => ({ answer: answerOf(error), isReplay: false }))
    if (reply === "broken") request.socket.destroy()
    else if (reply !== "silence") send(response, call, reply)
  }

  private log(request: LoggedRequest): void {
    this.requests.push(request)
    for (const arrival of this.arrivals.filter(({ isAwaited }) => isAwaited(request))) {
      this.arrivals.splice(this.arrivals.indexOf(arrival), 1)
      arrival.tell(request)
    }
  }

  /** @throws Refusal where the request is answered with an error that its idempotency key does not remember */
  private async reply(call: Call): Promise<Reply> {
    const { method, path, params } = call.logged
    const fault = this.faults.take(method, path)
    const lost = lineOf(LINE_BEFORE, fault)
    if (lost) return lost
    refuseOutright(fault)
    this.authenticate(call)
    const key = method === "POST" ? call.logged.idempotencyKey : undefined
    const replayed = key === undefined ? undefined : this.idempotencyKeys.begin(key, path, params)
    if (replayed) return this.answerLate({ answer: replayed, isReplay: true }, fault)
    const rest = await behindBarriers(fault)
    const lostLater = lineOf(LINE_BEFORE, rest)
    if (lostLater) {
      if (key !== undefined) this.idempotencyKeys.release(key)
      return lostLater
    }
    return this.answerLate({ answer: this.execute(call, key, rest), isReplay: false }, rest)
  }

  private async answerLate(reply: Reply, fault: Fault | undefined): Promise<Reply> {
    if (typeof fault === "object" && "holdAnswer" in fault) await fault.holdAnswer
    return lineOf(LINE_AFTER, fault) ?? reply
  }

  private authenticate({ apiKey }: Call): void {
    if (apiKey === this.keys.apiKey || apiKey === this.keys.publishableKey) return
    if (apiKey === "") throw unauthorized("You did not provide an API key.")
    throw unauthorized(`Invalid API Key provided: ${apiKey.slice(0, 8)}****${apiKey.slice(-4)}`)
  }

  /** Does it, and remembers the answer for the idempotency key if it came to that. */
  private execute(call: Call, key: string | undefined, fault: Fault | undefined): Answer {
    try {
      refuseOutright(fault)
      if (fault === "decline") throw declined("Your card was declined.", { code: "card_declined" })
      if (fault === "500_before") throw internalError()
      const answer = this.act(call)
      if (fault === "500_after") throw internalError()
      if (key !== undefined) this.idempotencyKeys.keep(key, answer)
      return answer
    } catch (error) {
      const answer = answerOf(error)
      if (key !== undefined) {
        if (error instanceof Refusal && !error.hasBegun) this.idempotencyKeys.release(key)
        else this.idempotencyKeys.keep(key, answer)
      }
      return answer
    }
  }

  private act({ logged, requestId, apiKey, parameters }: Call): Answer {
    const { method, path, idempotencyKey } = logged
    for (const { pattern, parameters: allowed, answer } of this.routesFor(apiKey)) {
      const ids = pattern(method, path)
      if (!ids) continue
      parameters.only([...allowed, "expand"])
      const paths = parameters.texts("expand") ?? []
      const cause = { id: requestId, idempotency_key: idempotencyKey ?? null }
      const { books } = this.account
      const object = books.events.causedBy(cause, () => answer(ids, parameters))
      return { status: 200, body: JSON.stringify(expanded(books, object, paths)) }
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
  const { answer, isReplay } = reply
  logged.status = answer.status
  logged.isReplay = isReplay
  response
    .writeHead(answer.status, {
      "content-type": "application/json",
      "request-id": requestId,
      ...CORS_HEADERS,
      ...(isReplay && { "idempotent-replayed": "true" }),
      // A repetition would be answered the same.
      ...(answer.status === 500 && logged.idempotencyKey !== undefined && { "stripe-should-retry": "false" }),
    })
    .end(answer.body)
}

const answerOf = (error: unknown): Answer => {
  // What is wrong with the fake itself is shown to whoever tests with it.
  if (!(error instanceof Refusal)) return { status: 500, body: JSON.stringify({ error: bugOf(error) }) }
  return { status: error.status, body: JSON.stringify({ error: error.body }) }
}

const bugOf = (error: unknown): object => ({
  type: "api_error",
  message: `The fake Stripe has failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
})

function refuseOutright(fault: Fault | undefined): void {
  if (fault === "401") throw unauthorized("Invalid API Key provided: sk_test_****")
  if (fault === "403") throw forbidden("The provided key 'rk_test_****' does not have the required permissions.")
  if (fault === "429") throw tooManyRequests()
}

const lineOf = (lines: typeof LINE_BEFORE, fault: Fault | undefined): Reply | undefined =>
  typeof fault === "string" ? lines[fault] : undefined

async function behindBarriers(fault: Fault | undefined): Promise<Fault | undefined> {
  if (typeof fault !== "object" || !("wait" in fault)) return fault
  await fault.wait
  return behindBarriers(fault.then)
}
