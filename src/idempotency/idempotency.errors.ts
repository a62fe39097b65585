import { Conflict, type ErrorDocs, ServiceError } from "../common/errors.js"

/** The idempotency key belongs to another request. */
export class IdempotencyKeyReused extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "idempotency_mismatch",
    when: "The idempotency key came before, with another request.",
    remedy: "Use a new key for a new request.",
    example: () => new IdempotencyKeyReused(),
  }
  readonly kind = "idempotency_mismatch"

  constructor() {
    super("The idempotency key was used before with another request. Use a new key for a new request.", {
      code: "idempotency_key_reused",
    })
  }
}

/** The first request with this idempotency key has no response yet. */
export class IdempotencyKeyInUse extends Conflict {
  static override readonly docs: ErrorDocs = {
    name: "idempotency_key_in_use",
    when: "A request with the same idempotency key is still running; retry after the seconds in `Retry-After`.",
    remedy:
      "Retry with the same key after the seconds in `Retry-After`. If the process of the first request died, the key is free within five seconds.",
    example: () => new IdempotencyKeyInUse(),
  }

  constructor() {
    super("A request with this idempotency key is still running. Retry it with the same key.", {
      code: "idempotency_key_in_use",
      retryAfter: 1,
    })
  }
}
