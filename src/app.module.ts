import { Module, type DynamicModule } from "@nestjs/common"
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from "@nestjs/core"
import { TypeOrmModule } from "@nestjs/typeorm"
import type { Logger } from "pino"
import type { DataSourceOptions } from "typeorm"
import { ApiKeysModule } from "./api-keys/api-keys.module.js"
import { PublishableKeyGuard, SecretKeyGuard } from "./api-keys/key.guards.js"
import { TcpTokenGuard } from "./api-keys/tcp-token.guard.js"
import { CartsModule } from "./carts/carts.module.js"
import { ErrorFilter } from "./common/error.filter.js"
import { FieldsInterceptor } from "./common/fields.interceptor.js"
import { UnknownMessagesController } from "./common/unknown-messages.controller.js"
import { UnknownRoutesController } from "./common/unknown-routes.controller.js"
import { RequestValidationPipe } from "./common/validation.js"
import { translateDatabaseError } from "./database/database-errors.js"
import { OpsModule } from "./ops/ops.module.js"
import { PaymentCollectionsModule } from "./payment-collections/payment-collections.module.js"
import { PaymentProvidersModule } from "./payment-providers/payment-providers.module.js"
import { ProviderDeadlineModule } from "./payment-providers/provider-deadline.js"
import { PaymentSessionsModule } from "./payment-sessions/payment-sessions.module.js"
import { PaymentsModule } from "./payments/payments.module.js"
import { RefundReasonsModule } from "./refund-reasons/refund-reasons.module.js"

export interface AppOptions {
  dataSource: DataSourceOptions
  logger: Logger
  /** Milliseconds that a payment provider has to answer. */
  providerTimeout: number
  /** What every TCP message has to carry; absent where TCP needs none. */
  tcpToken?: string
}

/** The service, and all that stands around every request over either transport, in the order in which it acts. */
@Module({})
export class AppModule {
  static register({ dataSource, logger, providerTimeout, tcpToken }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({ ...dataSource, retryAttempts: 0 }),
        ProviderDeadlineModule.register(providerTimeout),
        ApiKeysModule,
        CartsModule,
        PaymentProvidersModule,
        RefundReasonsModule,
        PaymentsModule,
        PaymentSessionsModule,
        PaymentCollectionsModule,
        OpsModule,
      ],
      controllers: [UnknownRoutesController, UnknownMessagesController],
      providers: [
        { provide: APP_GUARD, useValue: new TcpTokenGuard(tcpToken) },
        { provide: APP_GUARD, useClass: PublishableKeyGuard },
        { provide: APP_GUARD, useClass: SecretKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: FieldsInterceptor },
        { provide: APP_PIPE, useClass: RequestValidationPipe },
        { provide: APP_FILTER, useValue: new ErrorFilter(logger, [translateDatabaseError]) },
      ],
    }
  }
}
