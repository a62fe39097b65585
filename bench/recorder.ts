import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Logger } from "typeorm"
import { newToken } from "../src/api-keys/api-key.rules.js"
import type { Audience } from "../src/api/fields/fields.js"
import { createLogger } from "../src/telemetry/logger.js"
import { readConfig } from "../src/config.js"
import { dataSourceOptions, servedConnection } from "../src/database/data-source-options.js"
import { entities } from "../src/bootstrap/entities.js"
import { Reconciler } from "../src/payment-operations/reconciler.js"
import { loadOwnProviders } from "../src/payment-providers/provider-modules.js"
import { createApp } from "../src/bootstrap/create-app.js"
import { WebhookWorker } from "../src/webhooks/webhook-worker.js"
import { BenchDatabase, type Rows } from "./bench-database.js"
import { gapOf, isSince, newUlid, ulidOf, ulidsIn } from "./copies.js"
import { NEW, NOW, type Recording, type Recordings, type Statement } from "./recording.js"
import { PROVIDER, ROW_NAMES, ROWS, type Ids, type Row, type RowName } from "./rows.js"
import { stripeEnv } from "./stripe.js"
import { templateOf } from "./template.js"

const TOKENS = { secret: newToken("secret"), publishable: newToken("publishable") }

/** Who is asked for what webhooks tell: nobody, as nothing is applied here. */
const NOBODY = "http://127.0.0.1:9"

const HEADERS: Record<Audience, Record<string, string>> = {
  store: { "x-publishable-api-key": TOKENS.publishable },
  admin: { authorization: `Bearer ${TOKENS.secret}` },
}

/** Has the service serve one purchase, from the first row to the last, on a database of its own. */
export async function record(databaseUrl: string): Promise<Recordings> {
  const database = await BenchDatabase.create(databaseUrl, "recording")
  try {
    const log = new StatementLog()
    const app = await startService(database.url, log)
    try {
      return await new Recorder(app, database, log).purchase()
    } finally {
      await app.close()
    }
  } finally {
    await database.drop()
  }
}

async function startService(url: string, log: StatementLog): Promise<NestFastifyApplication> {
  const config = readConfig({
    LOG_LEVEL: "silent",
    BOOTSTRAP_SECRET_KEY: TOKENS.secret,
    BOOTSTRAP_PUBLISHABLE_KEY: TOKENS.publishable,
  })
  // With one connection, what is noted of a key's use is written before the next request.
  const options = { ...dataSourceOptions(servedConnection(url, 1), entities), logging: ["query" as const], logger: log }
  const providers = await loadOwnProviders(stripeEnv(NOBODY))
  const app = await createApp(config, options, createLogger(config.logLevel), providers)
  await app.getHttpAdapter().getInstance().ready()
  // What they do would stand among the statements.
  for (const worker of [Reconciler, WebhookWorker]) await app.get(worker).beforeApplicationShutdown()
  return app
}

class Recorder {
  constructor(
    private readonly app: NestFastifyApplication,
    private readonly database: BenchDatabase,
    private readonly log: StatementLog,
  ) {}

  async purchase(): Promise<Recordings> {
    await this.database.putCart()
    // From here on the keys are known.
    await this.answerTo(
      { audience: "store", request: () => ({ method: "GET", path: "/store/payment-providers?region_id=none" }) },
      {},
    )
    await this.answerTo(ROWS.list, {})
    const recordings: Partial<Recordings> = {}
    for (const name of ROW_NAMES) recordings[name] = await this.record(name)
    return recordings as Recordings
  }

  private async record(name: RowName): Promise<Recording> {
    const before = await this.database.read()
    const ids = idsOf(before)
    const start = newUlid()
    this.log.take()
    const row: Row = ROWS[name]
    const { provider = PROVIDER } = row
    const answer = await this.answerTo(row, ids)
    const statements = this.log.take()

    const known = before.flatMap(({ rows }) => rows.map(({ id }) => ulidOf(id)))
    const made = ulidsIn(JSON.stringify(statements)).filter((ulid) => isSince(start, ulid))
    const ofState = new Map(known.map((ulid, index) => [ulid, gapOf(index)]))
    const ofRequest = new Map(made.map((ulid, index) => [ulid, NEW + gapOf(index)]))
    const gaps = new Map([...ofRequest, ...ofState])
    return {
      state: before
        // Events tell of the state; nothing depends on them.
        .filter(({ table, rows }) => !table.endsWith("_event") && rows.length > 0)
        .map(({ table, rows }) => ({ table, rows: templateOf(ofProvider(rows, provider), ofState) })),
      request: templateOf(JSON.stringify(row.request(ids)), ofState),
      statements: statements.map(({ text, values }) => ({ text, values: values.map((value) => valueOf(value, gaps)) })),
      answer,
    }
  }

  private async answerTo(
    { audience, request, sign }: Pick<Row, "audience" | "request" | "sign">,
    ids: Ids,
  ): Promise<unknown> {
    const { method, path, body = "" } = request(ids)
    const answer = await this.app.inject({
      method,
      url: path,
      payload: body,
      headers: {
        ...(audience && HEADERS[audience]),
        ...(body && { "content-type": "application/json" }),
        ...sign?.(body),
      },
    })
    if (answer.statusCode !== 200) throw new Error(`${method} ${path} was answered ${answer.statusCode} ${answer.body}`)
    return String(answer.headers["content-type"]).startsWith("application/json") ? answer.json() : answer.body
  }
}

/** The rows as a list of JSON objects, without its brackets; whatever is of a provider is of the given one. */
function ofProvider(rows: Rows["rows"], provider: string): string {
  return JSON.stringify(rows).slice(1, -1).replaceAll(PROVIDER, provider)
}

function valueOf(value: unknown, gaps: ReadonlyMap<string, string>): Statement["values"][number] {
  if (value instanceof Date) return ["", NOW, ""]
  if (typeof value === "string") return templateOf(value, gaps)
  if (value === null || typeof value === "number" || typeof value === "boolean") return value
  throw new Error(`A parameter cannot be recorded: ${JSON.stringify(value)}`)
}

function idsOf(tables: Rows[]): Ids {
  const first = (name: string) => tables.find(({ table }) => table === name)?.rows[0]?.id
  return {
    cart: first("cart"),
    collection: first("payment_collection"),
    session: first("payment_session"),
    payment: first("payment"),
  }
}

class StatementLog implements Logger {
  private readonly statements: { text: string; values: unknown[] }[] = []

  /** The statements since the last call. */
  take(): { text: string; values: unknown[] }[] {
    return this.statements.splice(0)
  }

  logQuery(text: string, values: unknown[] = []): void {
    this.statements.push({ text, values })
  }

  /* eslint-disable @typescript-eslint/no-empty-function -- statements are all that is recorded */
  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
