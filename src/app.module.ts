import { Module, type DynamicModule } from "@nestjs/common"
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from "@nestjs/core"
import { TypeOrmModule } from "@nestjs/typeorm"
import type { Logger } from "pino"
import type { DataSourceOptions } from "typeorm"
import { AccountHoldersModule } from "./account-holders/account-holders.module.js"
import { ApiKeysModule } from "./api-keys/api-keys.module.js"
import { FetchSiteGuard } from "./api-keys/fetch-site.guard.js"
import { TcpTokenGuard } from "./api-keys/tcp-token.guard.js"
import { CartsModule } from "./carts/carts.module.js"
import { BackgroundModule } from "./database/background-worker.js"
import { ErrorFilter } from "./api/errors/error.filter.js"
import { registerResources } from "./api/fields/resource.js"
import { UnknownMessagesController } from "./api/unknown-messages.controller.js"
import { RequestValidationPipe } from "./api/validation/validation.js"
import { RESOURCES } from "./bootstrap/resources.js"
import type { CorsOrigin } from "./config.js"
import { translateDatabaseError } from "./database/database-errors.js"
import { LeasesModule, type LeaseTimes } from "./database/leases.js"
import { IdempotencyInterceptor } from "./idempotency/idempotency.interceptor.js"
import { IdempotencyModule } from "./idempotency/idempotency.module.js"
import { OpsModule } from "./health/health.module.js"
import { OutboxModule } from "./outbox/outbox.module.js"
import { DefaultCurrencyModule } from "./payment-collections/default-currency.js"
import { PaymentCollectionsModule } from "./payment-collections/payment-collections.module.js"
import { translateConstraintError } from "./payment-model/constraints.js"
import { PaymentOperationsModule } from "./payment-operations/payment-operations.module.js"
import { PaymentProvidersModule } from "./payment-providers/payment-providers.module.js"
import { ProviderDeadlineModule } from "./payment-providers/calls/provider-deadline.js"
import type { ProviderModule } from "./payment-providers/provider-modules.js"
import { PaymentSessionsModule } from "./payment-sessions/payment-sessions.module.js"
import { PaymentsModule } from "./payments/payments.module.js"
import { RefundReasonsModule } from "./refund-reasons/refund-reasons.module.js"
import { WebhooksModule } from "./webhooks/webhooks.module.js"

export interface AppOptions {
  dataSource: DataSourceOptions
  logger: Logger
  /** Milliseconds that a payment provider has to answer. */
  providerTimeout: number
  /** Milliseconds between two looks for what is left to be done in the background. */
  reconcilerInterval: number
  /** How long a process that died keeps what it was working on from the others. */
  leaseTimes: LeaseTimes
  /** Modules of others that bring payment providers. */
  providerModules: ProviderModule[]
  /** The currency of an order's collection, if nothing else names one. */
  defaultCurrency?: string
  /** What every TCP message has to carry; absent where TCP needs none. */
  tcpToken?: string
  /** Pages of these origins may call the admin routes. */
  adminOrigins: readonly CorsOrigin[]
  /** Whether the API document is served, which refusals then point to. */
  docs: boolean
}

/**
 * The service, and what stands around every request over either transport, in the order in which it acts. The guard that
 * checks the key, and the interceptor that applies `fields`, stand on the controllers.
 */
@Module({})
export class AppModule {
  static register(options: AppOptions): DynamicModule {
    const { dataSource, logger, providerTimeout, reconcilerInterval, leaseTimes, providerModules, tcpToken, docs } =
      options
    registerResources(RESOURCES)
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({ ...dataSource, retryAttempts: 0 }),
        LeasesModule.register(leaseTimes),
        ProviderDeadlineModule.register(providerTimeout),
        BackgroundModule.register(reconcilerInterval),
        DefaultCurrencyModule.register(options.defaultCurrency),
        ApiKeysModule,
        IdempotencyModule,
        CartsModule,
        PaymentProvidersModule,
        ...providerModules,
        AccountHoldersModule,
        RefundReasonsModule,
        PaymentsModule,
        PaymentSessionsModule,
        PaymentCollectionsModule,
        OutboxModule,
        PaymentOperationsModule,
        WebhooksModule,
        OpsModule,
      ],
      controllers: [UnknownMessagesController],
      providers: [
        { provide: APP_GUARD, useValue: new TcpTokenGuard(tcpToken) },
        { provide: APP_GUARD, useValue: new FetchSiteGuard(options.adminOrigins) },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_PIPE, useClass: RequestValidationPipe },
        {
          provide: APP_FILTER,
          useValue: new ErrorFilter(logger, [translateConstraintError, translateDatabaseError], docs),
        },
      ],
    }
  }
}
