import { NestFactory } from "@nestjs/core"
import type { NestFastifyApplication } from "@nestjs/platform-fastify"
import type { DataSourceOptions } from "typeorm"
import type { Logger } from "pino"
import { ApiKeysService } from "./api-keys/api-keys.service.js"
import { AppModule } from "./app.module.js"
import { NestLogger } from "./common/logger.js"
import type { Config } from "./config.js"
import { configureApp, createAdapter } from "./configure-app.js"
import { LeaseTimes } from "./database/leases.js"
import type { ProviderModule } from "./payment-providers/provider-modules.js"

/**
 * Builds the service on a database that is up to date, and makes the keys that the environment names. It does not
 * listen yet.
 */
export async function createService(
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
      tcpToken: config.tcp.token,
      adminOrigins: config.cors.admin,
    }),
    createAdapter(),
    { bodyParser: false, logger: new NestLogger(logger), abortOnError: false },
  )
  configureApp(app, config, logger)
  await app.init()
  const keys = app.get(ApiKeysService)
  const { secret, publishable } = config.bootstrapKeys
  if (secret) await keys.ensure("secret", "Bootstrap", secret)
  if (publishable) await keys.ensure("publishable", "Bootstrap", publishable)
  return app
}
