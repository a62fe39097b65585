import "./database/embedded/private-files.js"
import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Logger } from "pino"
import { ApiKeysService } from "./api-keys/api-keys.service.js"
import { runKeyCommand } from "./api-keys/key-commands.js"
import { createLogger } from "./telemetry/logger.js"
import { loadEnvFile, readConfig, type Config } from "./config.js"
import { EmbeddedPostgres } from "./database/embedded/embedded-postgres.js"
import { dataSourceOptions, servedConnection } from "./database/data-source-options.js"
import { migrate } from "./database/migrate.js"
import { banner, HOW_TO_TURN_TCP_ON } from "./demo/banner.js"
import { hasDemo, seedDemo } from "./demo/demo-shop.js"
import { entities } from "./bootstrap/entities.js"
import { createApp, weakBootstrapKeys } from "./bootstrap/create-app.js"
import { checkSettingNames, recordReads } from "./bootstrap/unknown-settings.js"
import { loadOwnProviders, loadProviderModules } from "./payment-providers/provider-modules.js"
import { explainFailure } from "./bootstrap/start-errors.js"
import { LifecycleLog, reportStart } from "./bootstrap/start-report.js"

/** Milliseconds that pending requests have to finish after SIGTERM. */
const SHUTDOWN_DEADLINE = 10_000

/** Until the service listens, a signal ends the process immediately. Its temporary folders are removed on exit. */
let onSignal: (signal: NodeJS.Signals) => void = () => process.exit(1)
// Registered once: a signal that arrives while one listener replaces another would be lost.
for (const name of ["SIGTERM", "SIGINT"] as const)
  process.on(name, (signal) => {
    onSignal(signal)
  })

try {
  await main()
} catch (error) {
  process.stderr.write(`${explainFailure(error, "The service did not start")}\n`)
  process.exit(1)
}

async function main(): Promise<void> {
  loadEnvFile()
  const environment = recordReads(process.env)
  const config = readConfig(environment.env)
  const logger = createLogger(config.logLevel)
  // Until the service listens, a failure is printed as one line at the end. The log would repeat it.
  logger.level = "silent"
  // The providers that come with the service have settings of their own, which config.ts does not know.
  const providerModules = [
    ...(await loadOwnProviders(environment.env)),
    ...(await loadProviderModules(config.providerModules)),
  ]
  const misspelt = checkSettingNames(environment, process.env)
  const embedded = config.databaseUrl === undefined ? await EmbeddedPostgres.start(config.dataDir) : undefined
  const connection = embedded?.connection ?? servedConnection(config.databaseUrl ?? "", config.databasePoolSize)
  const dataSource = dataSourceOptions(connection, entities)
  try {
    const migrations = await migrate(dataSource)
    const app = await createApp(config, dataSource, logger, providerModules)
    const demo = embedded && !config.isServed ? await seedDemo(app, embedded.folder) : undefined
    await app.startAllMicroservices()
    await app.listen(config.http.port, config.http.host)
    logger.level = config.logLevel
    for (const warning of misspelt) logger.warn(warning)
    logNotices(logger, config, embedded)
    const lifecycle = new LifecycleLog(config)
    shutDownGracefully(app, embedded, lifecycle)
    // For `npm run keys`, which cannot reach the database while this process has it.
    embedded?.onRequest((request) => runKeyCommand(app.get(ApiKeysService), request))
    const report = await reportStart(app, config, { migrations, demo })
    if (process.stdout.isTTY) process.stdout.write(banner(report))
    else lifecycle.started(report)
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** Logs what an operator should know about this start. */
function logNotices(logger: Logger, config: Config, embedded: EmbeddedPostgres | undefined): void {
  if (!config.tcp.isOn) logger.info(`TCP is off. To turn it on, ${HOW_TO_TURN_TCP_ON}.`)
  for (const name of weakBootstrapKeys(config.bootstrapKeys)) {
    logger.warn(`${name} is a key that others could guess. Create a new key with 'npm run keys', and revoke this one.`)
  }
  if (config.isServed && embedded && hasDemo(embedded.folder)) {
    logger.warn(
      `The database has the keys of the demo shop, from a start in development: ${embedded.folder}/keys.json shows them. Revoke them.`,
    )
  }
}

/** Finishes pending requests, refuses new ones, then closes the database. */
function shutDownGracefully(
  app: NestFastifyApplication,
  embedded: EmbeddedPostgres | undefined,
  lifecycle: LifecycleLog,
): void {
  let stopping = false
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) return
    stopping = true
    setTimeout(() => {
      lifecycle.stoppedHalfway(signal)
      process.exit(1)
    }, SHUTDOWN_DEADLINE).unref()
    await app.close()
    await embedded?.stop()
    lifecycle.stopped(signal)
    process.exit(0)
  }
  onSignal = (signal) => void stop(signal)
  // Node still prints the error, and ends the process.
  process.on("uncaughtExceptionMonitor", (error, origin) => {
    lifecycle.crashed(error, origin)
  })
}
