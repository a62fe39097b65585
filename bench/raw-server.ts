import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import pg from "pg"
import { newId } from "../src/common/ids.js"
import type { RawStatements } from "./raw-statements.js"

// The raw limit: what Node and PostgreSQL can do at best for these requests, with nothing around the durable write. It
// takes the happy path only: any other request is answered wrongly, or not at all.

type Json = Record<string, unknown>

/** A key opens the door to these sales channels; null for all. */
const keys = new Map<unknown, string[] | null>([[env("BOOTSTRAP_PUBLISHABLE_KEY"), null]])
const statements = JSON.parse(env("STATEMENTS")) as RawStatements
const pool = new pg.Pool({ connectionString: env("DATABASE_URL"), max: Number(env("DATABASE_POOL_SIZE")) })

const server = createServer((request, response) => {
  if (request.method === "GET") answer(response, 200, {})
  else void create(request, response)
})
server.listen(Number(env("PORT")), "127.0.0.1")
process.on("SIGTERM", () => process.exit(0))

async function create(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const channels = keys.get(request.headers["x-publishable-api-key"])
  if (channels === undefined) {
    answer(response, 400, { type: "not_allowed" })
    return
  }
  const { cart_id } = JSON.parse(await textOf(request)) as { cart_id: string }
  const collection = await collectionOf(cart_id, channels)
  if (collection) answer(response, 200, { payment_collection: toResponse(collection) })
  else answer(response, 404, { type: "not_found" })
}

async function collectionOf(cartId: string, channels: string[] | null): Promise<Json | undefined> {
  const { rows } = await pool.query<{ created: Json | null; collection_id: string }>({
    ...statements.create,
    values: [cartId, channels, newId("pay_col")],
  })
  const [row] = rows
  if (!row) return undefined
  if (row.created) return { ...row.created, payment_sessions: [], payments: [] }
  const read = await pool.query<{ row: Json }>({ ...statements.read, values: [row.collection_id] })
  return read.rows[0]?.row
}

function textOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ""
    request.setEncoding("utf8")
    request.on("data", (chunk: string) => (text += chunk))
    request.on("end", () => {
      resolve(text)
    })
    request.on("error", reject)
  })
}

/** The service's answer to a storefront, name by name. The carts of the bench are in euros: two decimals. */
function toResponse(row: Json) {
  return {
    id: row["id"],
    currency_code: row["currency_code"],
    amount: Number(row["amount"]) / 100,
    status: row["status"],
    authorized_amount: Number(row["authorized_amount"]) / 100,
    captured_amount: Number(row["captured_amount"]) / 100,
    refunded_amount: Number(row["refunded_amount"]) / 100,
    completed_at: row["completed_at"],
    created_at: row["created_at"],
    updated_at: row["updated_at"],
    metadata: row["metadata"],
    payment_providers: (row["payment_providers"] as Json[]).map(({ id }) => ({ id })),
    payment_sessions: row["payment_sessions"],
    payments: row["payments"],
  }
}

function answer(response: ServerResponse, status: number, body: Json): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  })
  response.end(text)
}

function env(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
