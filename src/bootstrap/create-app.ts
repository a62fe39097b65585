import { NestFactory } from "@nestjs/core"
import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { DataSourceOptions } from "typeorm"
import type { Logger } from "pino"
import { API_KEY_TYPES, type ApiKeyType } from "../api-keys/api-key.entity.js"
import { ApiKeysService } from "../api-keys/api-keys.service.js"
import { AppModule } from "../app.module.js"
import { NestLogger } from "../telemetry/logger.js"
import { ConfigError, isStrong, STRENGTH, type BootstrapKeys, type Config } from "../config.js"
import { LeaseTimes } from "../database/leases.js"
import type { ProviderModule } from "../payment-providers/provider-modules.js"
import { forbidCaching } from "./cache-control.js"
import { allowOrigins } from "./cors.js"
import { closeAfterResponses } from "./graceful-close.js"
import { createHttpAdapter } from "./http-adapter.js"
import { limitConnections, MAX_CONNECTIONS } from "./http-limits.js"
import { serveApiDocument } from "./openapi.js"
import { readBodiesAsJson } from "./request-body.js"
import { logRequests } from "./request-log.js"
import { limitResponses } from "./response-limit.js"
import { connectTcp } from "./tcp.js"

/**
 * Creates the service on a migrated database, with the API keys of the environment. It does not listen yet.
 */
export async function createApp(
  config: Config,
  dataSource: DataSourceOptions,
  logger: Logger,
  providerModules: ProviderModule[] = [],
  leaseTimes = new LeaseTimes(),
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register({
      dataSource,
      logger,
      providerTimeout: config.providerTimeout,
      reconcilerInterval: config.reconcilerInterval,
      leaseTimes,
      providerModules,
      defaultCurrency: config.defaultCurrency,
      tcpToken: config.tcp.token,
      adminOrigins: config.cors.admin,
      docs: config.docs,
    }),
    createHttpAdapter(config),
    { bodyParser: false, logger: new NestLogger(logger), abortOnError: false },
  )
  configureHttp(app, config, logger)
  connectTcp(app, config, logger)
  if (config.docs) serveApiDocument(app)
  await app.init()
  try {
    await createBootstrapKeys(app.get(ApiKeysService), config.bootstrapKeys)
  } catch (error) {
    await app.close()
    throw error
  }
  return app
}

function configureHttp(app: NestFastifyApplication, config: Config, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance()
  readBodiesAsJson(fastify)
  logRequests(fastify, logger)
  forbidCaching(fastify)
  limitResponses(fastify)
  limitConnections(fastify.server, logger, MAX_CONNECTIONS)
  closeAfterResponses(fastify)
  app.useSecurityHeaders({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })
  allowOrigins(app, config)
}

const BOOTSTRAP_SETTINGS = {
  secret: "BOOTSTRAP_SECRET_KEY",
  publishable: "BOOTSTRAP_PUBLISHABLE_KEY",
} as const satisfies Record<ApiKeyType, string>

/** Names the settings whose keys somebody could guess. After a start, such keys are in the database already. */
export function weakBootstrapKeys(keys: BootstrapKeys): string[] {
  return API_KEY_TYPES.flatMap((type) => {
    const token = keys[type]
    return token === undefined || isStrong(token) ? [] : [BOOTSTRAP_SETTINGS[type]]
  })
}

/** Creates missing keys. A weak key is refused, unless it exists already: refusing that would stop a shop. */
async function createBootstrapKeys(service: ApiKeysService, keys: BootstrapKeys): Promise<void> {
  for (const type of API_KEY_TYPES) {
    const token = keys[type]
    if (token === undefined) continue
    if (!isStrong(token) && !(await service.exists(type, token))) {
      throw new ConfigError(`${BOOTSTRAP_SETTINGS[type]} must have ${STRENGTH}.`)
    }
    await service.ensure(type, "Bootstrap", token)
  }
}
