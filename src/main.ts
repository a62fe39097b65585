import "./private-files.js"
import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { Logger } from "pino"
import type { CreateApiKeyRequest } from "./api-keys/api-key.dto.js"
import { ApiKeysService, COMMAND_LINE } from "./api-keys/api-keys.service.js"
import { createLogger } from "./common/logger.js"
import { loadEnvFile, readConfig, type Config } from "./config.js"
import { EmbeddedPostgres } from "./database/embedded-postgres.js"
import { dataSourceOptions, servedConnection } from "./database/data-source-options.js"
import { migrate } from "./database/migrate.js"
import { banner, HOW_TO_TURN_TCP_ON } from "./demo/banner.js"
import { hasDemo, seedDemo } from "./demo/demo-shop.js"
import { entities } from "./entities.js"
import { createService, weakBootstrapKeys } from "./service.js"
import { loadOwnProviders, loadProviderModules } from "./payment-providers/provider-modules.js"
import { explainStartFailure } from "./start-failure.js"

/** Milliseconds that requests under way get to finish after SIGTERM. */
const SHUTDOWN_DEADLINE = 10_000

/** Until the service listens, a signal ends the process without further ado, but lets it remove its temporary folders. */
const abortStart = () => process.exit(1)
process.on("SIGTERM", abortStart).on("SIGINT", abortStart)

try {
  await main()
} catch (error) {
  process.stderr.write(`${explainStartFailure(error)}\n`)
  process.exit(1)
}

async function main(): Promise<void> {
  loadEnvFile()
  const config = readConfig()
  const logger = createLogger(config.logLevel)
  // Until the service listens, a failure is told in one line at the end; the log would tell it a second time.
  logger.level = "silent"
  // Those that come with the service read settings of their own, which config.ts does not know.
  const providerModules = [
    ...(await loadOwnProviders(process.env)),
    ...(await loadProviderModules(config.providerModules)),
  ]
  const embedded = config.databaseUrl === undefined ? await EmbeddedPostgres.start(config.dataDir) : undefined
  const connection = embedded?.connection ?? servedConnection(config.databaseUrl ?? "", config.databasePoolSize)
  const dataSource = dataSourceOptions(connection, entities)
  try {
    await migrate(dataSource)
    const app = await createService(config, dataSource, logger, providerModules)
    const demo = embedded && !config.isServed ? await seedDemo(app, embedded.folder) : undefined
    await app.startAllMicroservices()
    await app.listen(config.http.port, config.http.host)
    logger.level = config.logLevel
    logNotices(logger, config, embedded)
    shutDownGracefully(app, embedded)
    // For `npm run keys`, which cannot reach the database while this process has it.
    embedded?.serve(async (request) => {
      const { token } = await app.get(ApiKeysService).create(request as CreateApiKeyRequest, COMMAND_LINE)
      return { token }
    })
    process.stdout.write(await banner(app, config, demo))
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** What an operator has to know about how the service was started. */
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

/** Requests under way are answered, new ones refused, then the database is closed. */
function shutDownGracefully(app: NestFastifyApplication, embedded: EmbeddedPostgres | undefined): void {
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE).unref()
    await app.close()
    await embedded?.stop()
    process.exit(0)
  }
  process.off("SIGTERM", abortStart).on("SIGTERM", () => void stop())
  process.off("SIGINT", abortStart).on("SIGINT", () => void stop())
}
