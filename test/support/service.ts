import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { AddressInfo, Server } from "node:net"
import { DataSource } from "typeorm"
import { newToken } from "../../src/api-keys/api-key.rules.js"
import { createLogger } from "../../src/telemetry/logger.js"
import { readConfig, type Config } from "../../src/config.js"
import { dataSourceOptions, type DatabaseConnection } from "../../src/database/data-source-options.js"
import type { LeaseTimes } from "../../src/database/leases.js"
import { entities } from "../../src/bootstrap/entities.js"
import { PaymentProviderRegistry } from "../../src/payment-providers/calls/payment-provider.registry.js"
import { loadOwnProviders, type ProviderModule } from "../../src/payment-providers/provider-modules.js"
import { createApp } from "../../src/bootstrap/create-app.js"
import { ApiContract } from "./api-contract.js"
import { createDatabase } from "./database.js"
import { StatementLog } from "./statement-log.js"

export const REGION = "reg_test"

/** An answer, with its body as JSON. */
export interface Answer {
  status: number
  headers: Headers
  body: any
}

export interface StartOptions {
  /** Nest modules with more payment providers. */
  modules?: ProviderModule[]
  leaseTimes?: LeaseTimes
}

export interface CallOptions {
  headers?: Record<string, string>
  key?: string | null
}

/** The service on a port of its own and a database of its own, with a region that offers every provider it has. */
export class TestService {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly tcpPort: number,
    readonly publishableKey: string,
    readonly secretKey: string,
    readonly connection: DatabaseConnection,
    readonly statements: StatementLog,
    private readonly contract: ApiContract,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(env: Record<string, string> = {}, options: StartOptions = {}): Promise<TestService> {
    const database = await createDatabase()
    // A database that nobody closes would keep the test run from ending.
    const starting = TestService.startOn(database.connection, env, { ...options, drop: database.drop })
    const service = await starting.catch(async (error: unknown) => {
      await database.drop()
      throw error
    })
    await service.admin("POST", `/admin/regions/${REGION}`, {
      payment_providers: service.app.get(PaymentProviderRegistry).ids,
    })
    return service
  }

  /** Another instance on the same database. */
  static async startOn(
    connection: DatabaseConnection,
    env: Record<string, string> = {},
    { modules = [], leaseTimes, drop = () => Promise.resolve() }: StartOptions & { drop?: () => Promise<void> } = {},
  ): Promise<TestService> {
    const publishableKey = newToken("publishable")
    const secretKey = newToken("secret")
    const config: Config = readConfig({
      PORT: "0",
      TCP_PORT: "0",
      LOG_LEVEL: "silent",
      // Tests that want it set another one; in the others it would stand in the log of statements.
      RECONCILER_INTERVAL: "3600000",
      BOOTSTRAP_PUBLISHABLE_KEY: publishableKey,
      BOOTSTRAP_SECRET_KEY: secretKey,
      ...env,
    })
    const statements = new StatementLog()
    const options = { ...dataSourceOptions(connection, entities), logging: ["query" as const], logger: statements }
    const providers = [...(await loadOwnProviders(env)), ...modules]
    const app = await createApp(config, options, createLogger(config.logLevel), providers, leaseTimes)
    const contract = new ApiContract()
    contract.watch(app.getHttpAdapter().getInstance())
    await app.startAllMicroservices()
    await app.listen(0, "127.0.0.1")
    const [microservice] = app.getMicroservices()
    const tcpPort = (microservice?.unwrap<Server>().address() as AddressInfo).port
    return new TestService(
      app,
      await app.getUrl(),
      tcpPort,
      publishableKey,
      secretKey,
      connection,
      statements,
      contract,
      drop,
    )
  }

  get dataSource(): DataSource {
    return this.app.get(DataSource)
  }

  async store(method: string, path: string, body?: unknown, { key, headers }: CallOptions = {}): Promise<Answer> {
    const token = key === undefined ? this.publishableKey : key
    return this.call(method, path, body, { ...(token !== null && { "x-publishable-api-key": token }), ...headers })
  }

  async admin(method: string, path: string, body?: unknown, { headers }: CallOptions = {}): Promise<Answer> {
    return this.call(method, path, body, { authorization: `Bearer ${this.secretKey}`, ...headers })
  }

  /** Strings and buffers are sent as they are, everything else as JSON. */
  async call(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
    const raw = typeof body === "string" || Buffer.isBuffer(body)
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body !== undefined && !raw && { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : raw ? new Uint8Array(Buffer.from(body)) : JSON.stringify(body),
    })
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json")
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }

  async close(): Promise<void> {
    await this.app.close()
    await this.drop()
    this.contract.assertKept()
  }
}
