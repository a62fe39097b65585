// The service in a process of its own that is going to die. A request can be stopped for good right before any of its
// statements, with its connection and whatever transaction is open on it; or lose that connection before it hears what
// became of the statement.
import { AsyncLocalStorage } from "node:async_hooks"
import { once } from "node:events"
import type pg from "pg"
import { DataSource } from "typeorm"
import { createLogger } from "../../src/telemetry/logger.js"
import { readConfig } from "../../src/config.js"
import { dataSourceOptions, servedConnection } from "../../src/database/data-source-options.js"
import { EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js"
import { LeaseTimes } from "../../src/database/leases.js"
import { migrate } from "../../src/database/migrate.js"
import { ServiceClient } from "../../src/database/service-client.js"
import { entities } from "../../src/bootstrap/entities.js"
import { loadOwnProviders } from "../../src/payment-providers/provider-modules.js"
import { createApp } from "../../src/bootstrap/create-app.js"
import { FakeProvidersModule, LineOverHttp } from "./fake-provider.js"

/** What this process tells its parent. */
export type FromChild =
  { ready: string } | { reached: string; statement: string } | { query: number; rows?: unknown; error?: string }

/** A statement of the test's own, which no request has to do with. */
export interface ToChild {
  query: number
  sql: string
  parameters: unknown[]
}

/** What happens to a request, and at which of its statements. */
interface Fate {
  readonly id: string
  readonly end: "stop" | "lose"
  readonly at: number
  statements: number
}

const fates = new AsyncLocalStorage<Fate>()

const tell = (message: FromChild) => process.send?.(message)

/** Whether it depends on the moment, not on the request, that a statement is needed. */
const isOfKeys = (statement: string) => statement.includes("api_key")

class MortalClient extends ServiceClient {
  constructor(config?: ConstructorParameters<typeof ServiceClient>[0]) {
    super(config)
    const query = this.query.bind(this) as (...args: unknown[]) => Promise<unknown>
    this.query = ((statement: unknown, ...rest: unknown[]) => {
      const fate = fates.getStore()
      if (!fate || typeof statement !== "string" || isOfKeys(statement) || ++fate.statements !== fate.at) {
        return query(statement, ...rest)
      }
      tell({ reached: fate.id, statement })
      return fate.end === "stop" ? new Promise(() => {}) : this.loseAnswer(query(statement, ...rest))
    }) as pg.Client["query"]
  }

  private async loseAnswer(answer: Promise<unknown>): Promise<never> {
    await answer
    const { stream } = this.connection
    stream.destroy()
    await once(stream, "close")
    throw new Error("Connection terminated unexpectedly")
  }
}

const config = readConfig()
const embedded = config.databaseUrl === undefined ? await EmbeddedPostgres.start(config.dataDir) : undefined
const connection = embedded?.connection ?? servedConnection(config.databaseUrl ?? "", config.databasePoolSize)
const options = dataSourceOptions(connection, entities)
await migrate(options)
const mortal = { ...options, extra: { ...(options.extra as object), Client: MortalClient } } as typeof options
const bank = FakeProvidersModule.over(new LineOverHttp(process.env["FAKE_BANK_URL"] ?? ""))
const providers = [...(await loadOwnProviders(process.env)), bank]
const leaseDuration = process.env["LEASE_DURATION"]
const leaseTimes = leaseDuration === undefined ? new LeaseTimes() : new LeaseTimes(Number(leaseDuration))
const app = await createApp(config, mortal, createLogger(config.logLevel), providers, leaseTimes)
app
  .getHttpAdapter()
  .getInstance()
  .addHook("preHandler", ({ id, headers }, _reply, done) => {
    const { "x-stop-at": stop, "x-lose-at": lose } = headers
    fates.run({ id, end: lose === undefined ? "stop" : "lose", at: Number(stop ?? lose ?? 0), statements: 0 }, done)
  })
await app.listen(0, "127.0.0.1")

process.on("message", ({ query, sql, parameters }: ToChild) => {
  app
    .get(DataSource)
    .query(sql, parameters)
    .then(
      (rows: unknown) => tell({ query, rows }),
      (error: unknown) => tell({ query, error: String(error) }),
    )
})
// Nobody is left who could end it.
process.on("disconnect", () => process.exit(1))
tell({ ready: await app.getUrl() })
