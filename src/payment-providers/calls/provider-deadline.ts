import { Global, Module, type DynamicModule } from "@nestjs/common"

/** Milliseconds that a provider has to answer, and that a request waits for a call that another one began. */
export class ProviderDeadline {
  constructor(readonly milliseconds: number) {}
}

/** Makes the deadline of the configuration known to whoever calls providers. */
@Global()
@Module({})
export class ProviderDeadlineModule {
  static register(milliseconds: number): DynamicModule {
    return {
      module: ProviderDeadlineModule,
      providers: [{ provide: ProviderDeadline, useValue: new ProviderDeadline(milliseconds) }],
      exports: [ProviderDeadline],
    }
  }
}
