import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Logger } from "pino"
import { createLogger } from "../telemetry/logger.js"
import type { Config, LogLevel } from "../config.js"
import { databaseNameOf, type DatabaseName } from "../database/database-name.js"
import type { MigrationState } from "../database/migrate.js"
import { curlLine } from "../demo/banner.js"
import type { DemoKeys } from "../demo/demo-shop.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { VERSION } from "../common/version.js"

/** The report of a start: a banner on a terminal, otherwise one line of the log. */
export interface StartReport {
  readonly version: string
  readonly node: string
  /** Where HTTP listens. */
  readonly url: string
  readonly tcp: { readonly address: string; readonly tls: boolean } | null
  readonly docs: string | null
  readonly database: DatabaseName
  readonly migrations: MigrationState
  readonly providers: readonly string[]
  /** The keys of the demo shop; only in development on the embedded database. */
  readonly demo?: DemoKeys
}

export async function reportStart(
  app: NestFastifyApplication,
  config: Config,
  { migrations, demo }: { migrations: MigrationState; demo?: DemoKeys },
): Promise<StartReport> {
  const { tcp, docs } = config
  const url = (await app.getUrl()).replace("[::1]", "localhost").replace(/0\.0\.0\.0|\[::\]/, "localhost")
  return {
    version: VERSION,
    node: process.version,
    url,
    tcp: tcp.isOn ? { address: `${tcp.host}:${tcp.port}`, tls: tcp.tls !== undefined } : null,
    docs: docs ? `${url}/docs` : null,
    database: databaseNameOf(config),
    migrations,
    providers: [...app.get(PaymentProviderRegistry).ids].sort(),
    ...(demo && { demo }),
  }
}

/** Logs start and stop at every level but `silent`, because an operator who only wants warnings still has to see them. */
export class LifecycleLog {
  private readonly level: LogLevel
  private readonly logger: Logger

  constructor({ logLevel }: Pick<Config, "logLevel">) {
    this.level = logLevel === "silent" ? "silent" : "info"
    this.logger = createLogger(this.level)
  }

  started({ demo, ...report }: StartReport): void {
    if (!demo) {
      this.logger.info(report, "started")
      return
    }
    // Without a terminal, the log is the only place that shows the keys of the demo shop.
    const keys = { publishable_key: demo.publishable, secret_key: demo.secret, curl: curlLine(report.url, demo) }
    createLogger(this.level, { showsKeys: true }).info({ ...report, demo: keys }, "started")
  }

  /** @param reason the signal that ended the service */
  stopped(reason: string): void {
    this.logger.info({ version: VERSION, reason }, "stopped")
  }

  /** @param reason the signal that should have ended the service */
  stoppedHalfway(reason: string): void {
    this.logger.error({ version: VERSION, reason }, "stopped before every request was answered")
  }

  /** @param reason Node's `origin` of an uncaught error */
  crashed(err: Error, reason: string): void {
    this.logger.fatal({ version: VERSION, reason, err }, "stopped by an error")
  }
}
