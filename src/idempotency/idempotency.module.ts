import { Module } from "@nestjs/common"
import { IdempotencyService } from "./idempotency.service.js"

/** The keys of requests. The interceptor that reads them stands with the others, in the order of the whole. */
@Module({ providers: [IdempotencyService], exports: [IdempotencyService] })
export class IdempotencyModule {}
