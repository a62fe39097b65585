import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { json, text } from "node:stream/consumers"
import pg from "pg"
import { copyIn, newUlid, routeOf } from "./copies.js"
import { BEGIN, COMMIT, NEW, NOW, type Recording } from "./recording.js"
import type { BenchRequest } from "./rows.js"
import { fill, type Template } from "./template.js"

// The raw limit: what Node and PostgreSQL can do at best for these requests, with nothing around the statements. It does
// over again what the service was seen to do, for other ids, every statement prepared; it looks at nothing and decides
// nothing. It takes the happy path only: any other request is answered wrongly, or not at all.

type Json = Record<string, unknown>

const keys = new Set<unknown>([env("BOOTSTRAP_PUBLISHABLE_KEY"), `Bearer ${env("BOOTSTRAP_SECRET_KEY")}`])
const pool = new pg.Pool({ connectionString: env("DATABASE_URL"), max: Number(env("DATABASE_POOL_SIZE")) })
const recordings = byRoute((await json(process.stdin)) as Recording[])
/** Named, so that PostgreSQL parses and plans each once per connection. */
const names = new Map<string, string>()

const server = createServer((request, response) => {
  if (request.url === "/health/ready") answer(response, 200, {})
  else void serve(request, response)
})
server.listen(Number(env("PORT")), "127.0.0.1")
process.on("SIGTERM", () => process.exit(0))

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url = "", headers } = request
  // What is signed has no key; it is believed.
  if (
    headers["stripe-signature"] === undefined &&
    !keys.has(headers["x-publishable-api-key"] ?? headers.authorization)
  ) {
    answer(response, 401, { type: "unauthorized" })
    return
  }
  const body = await text(request)
  const recording = recordings.get(routeOf(method, url))
  if (!recording) {
    answer(response, 404, { type: "not_found" })
    return
  }
  const results = await replay(recording, copyIn(url + body))
  const { answer: sample } = recording
  answer(response, 200, typeof sample === "string" ? sample : answerTo(url, sample as Json, results))
}

/** @returns the rows of each statement, the last of them those to answer */
async function replay({ statements }: Recording, copy: string): Promise<Json[][]> {
  const now = new Date().toISOString()
  const made = new Map<string, string>()
  const valueOf = (gap: string): string => {
    if (gap === NOW) return now
    if (!gap.startsWith(NEW)) return copy + gap
    const ulid = made.get(gap) ?? newUlid()
    made.set(gap, ulid)
    return ulid
  }
  const results: Json[][] = []
  let transaction: pg.PoolClient | undefined
  for (const { text, values } of statements) {
    if (text === BEGIN) transaction = await pool.connect()
    if (text === BEGIN || text === COMMIT) await transaction?.query(text)
    else {
      const filled = values.map((value) => (Array.isArray(value) ? fill(value as Template, valueOf) : value))
      const { rows } = await (transaction ?? pool).query<Json>({ name: nameOf(text), text, values: filled })
      results.push(rows)
      // A create is through where it created, and goes on as a repeat where it did not.
      if (rows[0]?.["created"]) return results
    }
    if (text === COMMIT) {
      transaction?.release()
      transaction = undefined
    }
  }
  return results
}

function answerTo(url: string, sample: Json, results: Json[][]): Json {
  const last = results.at(-1)?.[0]
  return last && ("row" in last || "created" in last) ? answerLike(sample, results) : madeUpAnswer(url, sample)
}

/** What the service answers from memory: its answer again, with the ids of this request. */
function madeUpAnswer(url: string, sample: Json): Json {
  const [collection = ""] = /pay_col_\w+/.exec(url) ?? []
  const text = JSON.stringify(sample)
    .replaceAll(/pay_col_\w+/g, collection)
    .replaceAll(/payses_\w+/g, () => `payses_${newUlid()}`)
  return JSON.parse(text) as Json
}

/** What was read, in the shape of the service's answer. */
function answerLike(sample: Json, results: Json[][]): Json {
  const read = (results.at(-1) ?? []).map((row) => row["created"] ?? row["row"])
  // How many there are in all is a column of its own.
  const columns = Object.assign({}, ...results.map(([row]) => row)) as Json
  const entries = Object.entries(sample).map(([name, shape]) => {
    if (typeof shape !== "object") return [name, columns[name] ?? shape]
    return [name, shaped(Array.isArray(shape) ? read : read[0], shape)]
  })
  return Object.fromEntries(entries) as Json
}

/** What is in the shape, and nothing else. Amounts are in euros: two decimals. */
function shaped(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape)) return ((value ?? []) as unknown[]).map((element) => shaped(element, shape[0]))
  if (typeof shape !== "object" || shape === null) return value
  const row = (value ?? {}) as Json
  const picked: Json = {}
  for (const [name, part] of Object.entries(shape)) {
    if (name === "raw_amount") picked[name] = { ...(part as object), value: String(euros(row["amount"])) }
    else picked[name] = name.endsWith("amount") ? euros(row[name]) : shaped(row[name], part)
  }
  return picked
}

function euros(cents: unknown): number {
  return Number(cents) / 100
}

function answer(response: ServerResponse, status: number, body: Json | string): void {
  const isText = typeof body === "string"
  const text = isText ? body : JSON.stringify(body)
  response.writeHead(status, {
    "content-type": `${isText ? "text/plain" : "application/json"}; charset=utf-8`,
    "content-length": Buffer.byteLength(text),
  })
  response.end(text)
}

/** Of a route's recordings the longest; a shorter one is its beginning. */
function byRoute(all: Recording[]): Map<string, Recording> {
  const routes = new Map<string, Recording>()
  for (const recording of all) {
    const { method, path } = JSON.parse(fill(recording.request, () => "")) as BenchRequest
    const route = routeOf(method, path)
    const other = routes.get(route)
    if (!other || other.statements.length < recording.statements.length) routes.set(route, recording)
  }
  return routes
}

function nameOf(statement: string): string {
  let name = names.get(statement)
  if (name === undefined) names.set(statement, (name = `s${names.size}`))
  return name
}

function env(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
