import { Module, type DynamicModule } from "@nestjs/common"
import { claimDuration } from "./idempotency.rules.js"
import { ClaimDuration, IdempotencyService } from "./idempotency.service.js"

/** The keys of requests. The interceptor that reads them stands with the others, in the order of the whole. */
@Module({})
export class IdempotencyModule {
  /** @param providerTimeout milliseconds that a payment provider has to answer */
  static register(providerTimeout: number): DynamicModule {
    return {
      module: IdempotencyModule,
      providers: [
        IdempotencyService,
        { provide: ClaimDuration, useValue: new ClaimDuration(claimDuration(providerTimeout)) },
      ],
      exports: [IdempotencyService],
    }
  }
}
