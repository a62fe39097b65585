import { Injectable } from "@nestjs/common"
import { setTimeout as sleep } from "node:timers/promises"
import { DataSource, type EntityManager } from "typeorm"
import { Conflict, OutcomeUnknown, PaymentDeclined, ProviderError } from "../common/errors.js"
import { writeRows } from "../database/write-rows.js"
import { outboxWrites } from "../outbox/outbox-event.entity.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { lockCollection } from "../payment-model/collection-lock.js"
import { nextAttemptAt } from "../payment-model/operation.rules.js"
import { PaymentOperation, type OperationFailure } from "../payment-model/payment-operation.entity.js"
import type { OperationState } from "../payment-model/status.js"
import type { Declined, ProviderOutcome } from "./payment-provider.contract.js"
import { PaymentProviderRegistry } from "./payment-provider.registry.js"
import { ProviderDeadline } from "./provider-deadline.js"

/** Milliseconds beyond a provider's deadline: who waits for a call also waits for what is recorded of it. */
const GRACE = 1_000

/** Milliseconds beyond a provider's deadline after which nobody is believed to be at a call any more. */
const LEASE_GRACE = 5_000

/** Milliseconds between two looks at a call that another request began; doubled up to the last. */
const FIRST_LOOK = 10
const LAST_LOOK = 200

/** Characters that are kept of an error that a provider's code threw. */
const ERROR_LENGTH = 500

/** What a use case does next, decided under the lock. */
export type Decision<T> =
  | { readonly kind: "answer"; readonly value: T }
  /** Another call is under way: wait, then decide again. With a value, it is the very act that was asked for. */
  | { readonly kind: "join"; readonly operationId: string; readonly value?: T }
  | Call<T>

export interface Call<T> {
  readonly kind: "call"
  readonly operation: PaymentOperation
  readonly settle: Settle
  /** The answer once it succeeded; without one the use case goes on to its next decision. */
  readonly value?: T
}

export type Lock = (tx: EntityManager) => Promise<Aggregate>
export type Decide<T> = (aggregate: Aggregate, tx: EntityManager) => Decision<T> | Promise<Decision<T>>

/**
 * Records in the aggregate what became of a call; also for one whose outcome is unknown.
 * @returns what is wrong where the outcome contradicts the books: then nothing is recorded, and a person has to look
 */
export type Settle = (
  aggregate: Aggregate,
  operation: PaymentOperation,
  outcome: ProviderOutcome,
  now: Date,
) => string | undefined

/**
 * Every call to a provider is begin, call, settle: a transaction that locks, decides and writes the intent; the call,
 * outside of any; a transaction that locks and records. A provider without a network is settled in the transaction that
 * began. Whatever fails after the intent was written leaves it for the reconciler.
 */
@Injectable()
export class ProviderOperations {
  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly deadline: ProviderDeadline,
  ) {}

  /**
   * Runs a use case: decides, calls where that is decided, and decides again until there is an answer.
   * @throws PaymentDeclined, ProviderError when a provider refuses
   * @throws OutcomeUnknown when nobody can say what a call did
   * @throws Conflict when another call stays unsettled until the deadline
   */
  async perform<T>(lock: Lock, decide: Decide<T>): Promise<T> {
    const giveUpAt = Date.now() + this.deadline.milliseconds + GRACE
    for (;;) {
      const decision = await this.begin(lock, decide)
      if (decision.kind === "answer") return decision.value
      const operation =
        decision.kind === "join" ? await this.settled(decision.operationId, giveUpAt) : await this.finish(decision)
      const isTheAct = decision.kind === "call" || "value" in decision
      if (isTheAct) throwUnlessDone(operation)
      if ("value" in decision) return decision.value as T
    }
  }

  /** Asks a provider how an unsettled call ended, and records it. */
  async reconcile(operation: PaymentOperation, settle: Settle): Promise<PaymentOperation> {
    return this.record(operation, await this.registry.settle(operation), settle)
  }

  /** Waits for a call to be settled. @throws Conflict at the deadline */
  async settled(operationId: string, giveUpAt = Date.now() + this.deadline.milliseconds): Promise<PaymentOperation> {
    for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 2, LAST_LOOK)) {
      const operation = await findOperation(this.dataSource.manager, operationId)
      if (operation.settled_at) return operation
      if (Date.now() + wait >= giveUpAt) {
        throw new Conflict(
          `Operation ${operationId} with the payment provider is not settled yet. Retry the request later.`,
          { code: "operation_in_progress", operationId, retryAfter: 1 },
        )
      }
      await sleep(wait)
    }
  }

  private async begin<T>(lock: Lock, decide: Decide<T>): Promise<Decision<T>> {
    return this.dataSource.transaction(async (tx) => {
      const aggregate = await lock(tx)
      const decision = await decide(aggregate, tx)
      if (decision.kind === "call") await this.beginCall(aggregate, decision)
      await writeChanges(tx, aggregate)
      return decision
    })
  }

  private async beginCall<T>(aggregate: Aggregate, { operation, settle }: Call<T>): Promise<void> {
    const { capabilities } = this.registry.get(operation.provider_id)
    if (capabilities.callsNetwork) {
      const until = new Date(Date.now() + this.deadline.milliseconds + LEASE_GRACE)
      aggregate.changes.update(PaymentOperation, operation, { claimed_until: until, next_attempt_at: until })
    } else {
      apply(aggregate, operation, await this.registry.call(operation), settle)
    }
  }

  /** Calls, unless that was done in the transaction that began, and records what came of it. */
  private async finish<T>({ operation, settle }: Call<T>): Promise<PaymentOperation> {
    if (operation.settled_at) return operation
    try {
      return await this.record(operation, await this.registry.call(operation), settle)
    } catch (cause) {
      // The call was made; that its outcome could not be written must not look like nothing happened.
      throw new OutcomeUnknown(operation.id, cause)
    }
  }

  /** The first outcome to be recorded counts; whoever comes later gets that one. */
  private async record(
    { id, payment_collection_id }: PaymentOperation,
    outcome: ProviderOutcome,
    settle: Settle,
  ): Promise<PaymentOperation> {
    return this.dataSource.transaction(async (tx) => {
      const aggregate = await lockCollection(tx, payment_collection_id)
      const operation = aggregate.operations.find((unsettled) => unsettled.id === id)
      if (!operation) return findOperation(tx, id)
      apply(aggregate, operation, outcome, settle)
      await writeChanges(tx, aggregate)
      return operation
    })
  }
}

/** Writes what a use case changed, and what is to be told of it, in one statement. */
export async function writeChanges(tx: EntityManager, { changes }: Aggregate): Promise<void> {
  await writeRows(tx, [...changes.writes, ...outboxWrites(changes.events)])
}

/** Records an outcome in the operation and, by its kind, in what it is about. */
function apply(aggregate: Aggregate, operation: PaymentOperation, outcome: ProviderOutcome, settle: Settle): void {
  const now = new Date()
  const contradiction = settle(aggregate, operation, outcome, now)
  const state = contradiction === undefined ? stateAfter(operation, outcome) : "unknown"
  const isSettled = state === "succeeded" || state === "declined"
  const next = isSettled || contradiction !== undefined ? null : nextAttemptAt(operation, now)
  aggregate.moveOperation(operation, state, {
    claimed_until: null,
    next_attempt_at: next,
    is_stuck: !isSettled && next === null,
    last_error: contradiction ?? errorOf(outcome),
    failure: outcome.outcome === "declined" ? failureOf(outcome) : null,
    settled_at: isSettled ? now : null,
  })
  aggregate.recompute(now)
}

function stateAfter({ kind, state }: PaymentOperation, { outcome }: ProviderOutcome): OperationState {
  switch (outcome) {
    case "succeeded":
    case "requires_more":
      return "succeeded"
    case "pending":
      // A session that waits has been asked for; money that is on its way has not moved.
      return kind === "initiate" || kind === "update" || kind === "authorize" ? "succeeded" : state
    case "declined":
      return "declined"
    case "unknown":
      return "unknown"
  }
}

function errorOf(outcome: ProviderOutcome): string | null {
  if (outcome.outcome === "declined") return outcome.message
  if (outcome.outcome !== "unknown") return null
  const text = outcome.cause instanceof Error ? outcome.cause.message : String(outcome.cause)
  return text.slice(0, ERROR_LENGTH)
}

function failureOf({ message, code, declineCode, retryable, refusedBy = "issuer" }: Declined): OperationFailure {
  return { message, code, decline_code: declineCode, retryable, refused_by: refusedBy }
}

function throwUnlessDone({ id, state, failure, last_error }: PaymentOperation): void {
  if (state === "unknown") throw new OutcomeUnknown(id, new Error(last_error ?? "unknown"))
  if (state !== "declined" || !failure) return
  const { message, code, decline_code, retryable, refused_by } = failure
  const options = { code, declineCode: decline_code, retryable, operationId: id }
  throw refused_by === "issuer" ? new PaymentDeclined(message, options) : new ProviderError(message, options)
}

async function findOperation(tx: EntityManager, id: string): Promise<PaymentOperation> {
  return tx
    .createQueryBuilder(PaymentOperation, "operation")
    .addSelect(["operation.request", "operation.failure", "operation.request_key", "operation.claimed_until"])
    .where("operation.id = :id", { id })
    .getOneOrFail()
}
