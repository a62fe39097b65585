import { Global, Module, type DynamicModule } from "@nestjs/common"
import type { CurrencyCode } from "../common/money.js"

/** The currency of an order's collection, if neither the request nor an earlier collection of the order names one. */
export class DefaultCurrency {
  constructor(readonly code: CurrencyCode | undefined) {}
}

/** Makes the default currency of the configuration known. */
@Global()
@Module({})
export class DefaultCurrencyModule {
  static register(code: CurrencyCode | undefined): DynamicModule {
    return {
      module: DefaultCurrencyModule,
      providers: [{ provide: DefaultCurrency, useValue: new DefaultCurrency(code) }],
      exports: [DefaultCurrency],
    }
  }
}
