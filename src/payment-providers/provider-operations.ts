import { Injectable } from "@nestjs/common"
import { setTimeout as sleep } from "node:timers/promises"
import { DataSource, type EntityManager } from "typeorm"
import { Conflict, OutcomeUnknown, ServiceError } from "../common/errors.js"
import { isRefusal } from "../database/database-errors.js"
import { IS_ABANDONED_SQL, Leases, RELEASED, type Lease } from "../database/leases.js"
import { PREPARED } from "../database/service-client.js"
import { FromNow, writeRows } from "../database/write-rows.js"
import { outboxWrites } from "../outbox/outbox-event.entity.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { lockCollectionOfOperation } from "../payment-model/collection-lock.js"
import { nextAttemptAt } from "../payment-model/operation.rules.js"
import { PaymentOperation, type OperationFailure } from "../payment-model/payment-operation.entity.js"
import type { OperationState } from "../payment-model/status.js"
import type { ProviderOutcome } from "./payment-provider.contract.js"
import { PaymentProviderRegistry } from "./payment-provider.registry.js"
import { ProviderDeadline } from "./provider-deadline.js"
import { REFUSALS } from "./provider-outcome.js"

/** Milliseconds beyond a provider's deadline: who waits for a call also waits for what is recorded of it. */
const GRACE = 1_000

/** Milliseconds between two looks at a call that another request began; doubled up to the last. */
const FIRST_LOOK = 10
const LAST_LOOK = 200

/** How many steps a use case may take; more means that a provider and the books do not agree on where they are. */
const STEPS = 20

const NOTHING = { client_data: {}, data: {}, private_data: {}, context: {} }

/** What a use case does next, decided under the lock. */
export type Decision =
  /** Everything is as asked for. */
  | { readonly kind: "done" }
  /** Another call is under way: wait for it, then decide again; or, where it is the very act that was asked for, be done. */
  | { readonly kind: "join"; readonly operationId: string; readonly isTheAct?: boolean }
  /** Something else has to be there first, outside of any transaction: see to it, then decide again. */
  | { readonly kind: "prepare"; readonly prepare: () => Promise<unknown> }
  /** Call the provider, then decide again; or, where that is all, be done. */
  | {
      readonly kind: "call"
      readonly operation: PaymentOperation
      readonly settle: Settle
      readonly isLast?: boolean
    }

type Call = Extract<Decision, { kind: "call" }>

/** How a use case ended. */
interface End {
  /** The last operation that was called for. */
  readonly called?: PaymentOperation
  /** The collection as it is in memory, where nobody else can have written since the lock was given back. */
  readonly aggregate?: Aggregate
}

/** What was decided, and written. */
interface Begun {
  readonly decision: Decision
  readonly aggregate: Aggregate
  /** The claim of an operation whose provider is still to be called. */
  readonly lease?: Lease
}

/** What is known of an operation that another request began. */
interface Progress {
  readonly isSettled: boolean
  readonly isStuck: boolean
  /** The process that worked on it died, or cannot reach the database. */
  readonly isAbandoned: boolean
}

export type Lock = (tx: EntityManager) => Promise<Aggregate>
export type Decide = (aggregate: Aggregate, tx: EntityManager) => Decision | Promise<Decision>

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
  private abandoned: () => void = () => undefined

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly deadline: ProviderDeadline,
    private readonly leases: Leases,
  ) {}

  /** Has the listener called when a request waits for a call whose process died: somebody has to find out its outcome. */
  onAbandoned(listener: () => void): void {
    this.abandoned = listener
  }

  /**
   * Runs a use case: decides, calls where that is decided, and decides again until it is done.
   * @throws PaymentDeclined, ProviderError when a provider refuses
   * @throws OutcomeUnknown when nobody can say what a call did
   * @throws Conflict when another call stays unsettled until the deadline
   */
  async perform(lock: Lock, decide: Decide): Promise<void> {
    await this.run(lock, decide)
  }

  /**
   * As {@link perform}, and reads what has become of it. When money may have moved and only the reading fails, that is
   * not told as if nothing had happened.
   */
  async performAndRead<T>(
    lock: Lock,
    decide: Decide,
    /** Gets what the use case ended with, where nobody else has written since. */
    read: (aggregate: Aggregate | undefined) => Promise<T>,
  ): Promise<T> {
    const { called, aggregate } = await this.run(lock, decide)
    try {
      return await read(aggregate)
    } catch (cause) {
      if (!called || cause instanceof ServiceError) throw cause
      throw new OutcomeUnknown(called.id, cause)
    }
  }

  /** An operation with what is private of it. */
  async find(id: string): Promise<PaymentOperation> {
    return findOperation(this.dataSource.manager, id)
  }

  /**
   * Asks a provider how an unsettled call ended, and records it.
   * @param lease the claim of the operation, which is held
   * @returns undefined when another process has claimed the operation, and records its outcome
   */
  async reconcile(operation: PaymentOperation, settle: Settle, lease: Lease): Promise<PaymentOperation | undefined> {
    return this.record(lease, await this.registry.settle(operation), settle)
  }

  /** Waits for a call to be settled. @throws Conflict at the deadline */
  async settled(operationId: string, giveUpAt = Date.now() + this.deadline.milliseconds): Promise<PaymentOperation> {
    for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 2, LAST_LOOK)) {
      const { isSettled, isStuck, isAbandoned } = await this.progressOf(operationId)
      if (isSettled) return findOperation(this.dataSource.manager, operationId)
      if (isAbandoned) this.abandoned()
      if (isStuck || Date.now() + wait >= giveUpAt) {
        throw new Conflict(
          `Operation ${operationId} with the payment provider is not settled yet. Retry the request later.`,
          { code: "operation_in_progress", operationId, retryAfter: 1 },
        )
      }
      await sleep(wait)
    }
  }

  private async progressOf(operationId: string): Promise<Progress> {
    const [progress] = await this.dataSource.query<Progress[]>(
      `${PREPARED}SELECT settled_at IS NOT NULL AS "isSettled", is_stuck AS "isStuck", ${IS_ABANDONED_SQL} AS "isAbandoned"
      FROM payment_operation WHERE id = $1`,
      [operationId],
    )
    if (!progress) throw new Error(`Operation id not found: ${operationId}`)
    return progress
  }

  private async run(lock: Lock, decide: Decide): Promise<End> {
    const giveUpAt = Date.now() + this.deadline.milliseconds + GRACE
    let called: PaymentOperation | undefined
    for (let step = 0; step < STEPS; step++) {
      const { decision, aggregate, lease } = await this.begin(lock, decide)
      switch (decision.kind) {
        case "done":
          return { called, aggregate }
        case "join": {
          const joined = await this.settled(decision.operationId, giveUpAt)
          if (!decision.isTheAct) continue
          throwUnlessDone(joined)
          return { called: joined }
        }
        case "prepare":
          await decision.prepare()
          continue
        case "call": {
          const isSettled = decision.operation.settled_at !== null
          called = lease ? await this.leases.whileHeld(lease, () => this.finish(decision, lease)) : decision.operation
          if (called.failure?.is_overtaken) continue
          throwUnlessDone(called)
          if (decision.isLast) return { called, ...(isSettled && { aggregate }) }
        }
      }
    }
    throw new Conflict("Other requests kept changing the same payment collection. Retry the request.", {
      code: "changed_meanwhile",
      retryAfter: 1,
    })
  }

  private async begin(lock: Lock, decide: Decide): Promise<Begun> {
    let begun: PaymentOperation | undefined
    try {
      return await this.dataSource.transaction(async (tx) => {
        const aggregate = await lock(tx)
        const decision = await decide(aggregate, tx)
        const lease = decision.kind === "call" ? await this.beginCall(aggregate, decision) : undefined
        await writeChanges(tx, aggregate)
        if (decision.kind === "call") begun = decision.operation
        return { decision, aggregate, lease }
      })
    } catch (cause) {
      // Everything was written, and whether the commit came through nobody can say: the call may be made later.
      if (begun && !isRefusal(cause)) throw new OutcomeUnknown(begun.id, cause)
      throw cause
    }
  }

  /** @returns the claim of the operation, which counts once the transaction is committed; none if the outcome is known */
  private async beginCall(aggregate: Aggregate, { operation, settle }: Call): Promise<Lease | undefined> {
    const { capabilities } = this.registry.get(operation.provider_id)
    if (!capabilities.callsNetwork) {
      apply(aggregate, operation, await this.registry.call(operation), settle)
      return undefined
    }
    const lease: Lease = { table: "payment_operation", id: operation.id, token: this.leases.newToken() }
    const next_attempt_at = new FromNow(this.leases.duration)
    aggregate.changes.setInDatabase(operation, { ...this.leases.columnsOf(lease), next_attempt_at })
    return lease
  }

  /** Calls, and records what came of it. */
  private async finish({ operation, settle }: Call, lease: Lease): Promise<PaymentOperation> {
    try {
      // A process that has lost its claim leaves the outcome to the one that has it.
      const recorded = await this.record(lease, await this.registry.call(operation), settle)
      return recorded ?? (await this.settled(operation.id))
    } catch (cause) {
      // The call was made; that its outcome could not be written must not look like nothing happened.
      throw new OutcomeUnknown(operation.id, cause)
    }
  }

  /** An outcome that cannot be recorded is as good as unknown, and is told so to whoever looks at the operation. */
  private async record(lease: Lease, outcome: ProviderOutcome, settle: Settle): Promise<PaymentOperation | undefined> {
    try {
      return await this.recordOutcome(lease, outcome, settle)
    } catch (error) {
      const unknown = {
        outcome: "unknown",
        cause: new Error("What the provider answered could not be recorded."),
      } as const
      await this.recordOutcome(lease, unknown, () => undefined).catch(() => undefined)
      throw error
    }
  }

  /** The first outcome to be recorded counts, and every later caller gets that one. Only the claim's holder records. */
  private async recordOutcome(
    { id, token }: Lease,
    outcome: ProviderOutcome,
    settle: Settle,
  ): Promise<PaymentOperation | undefined> {
    return this.dataSource.transaction(async (tx) => {
      const aggregate = await lockCollectionOfOperation(tx, id)
      const operation = aggregate.operations.find((unsettled) => unsettled.id === id)
      if (!operation) return findOperation(tx, id)
      if (operation.claim_token !== token) return undefined
      apply(aggregate, operation, outcome, settle)
      await writeChanges(tx, aggregate)
      return operation
    })
  }
}

/** Writes what a use case changed, and what is to be told of it, in one statement. */
export async function writeChanges(tx: EntityManager, aggregate: Aggregate): Promise<void> {
  const { changes } = aggregate
  // Whoever saw the collection before has to look again.
  if (changes.writes.length > 0) aggregate.updateCollection({})
  await writeRows(tx, [...changes.writes, ...outboxWrites(changes.events)])
}

/** Records an outcome in the operation and, by its kind, in what it is about. */
function apply(aggregate: Aggregate, operation: PaymentOperation, outcome: ProviderOutcome, settle: Settle): void {
  const now = new Date()
  const contradiction = settle(aggregate, operation, outcome, now)
  const state = contradiction === undefined ? stateAfter(operation, outcome) : "unknown"
  const isSettled = state === "succeeded" || state === "declined"
  const isTakenOn = outcome.outcome === "pending"
  const next = isSettled || contradiction !== undefined ? null : nextAttemptAt(operation, now, isTakenOn)
  aggregate.moveOperation(operation, state, {
    ...RELEASED,
    next_attempt_at: next,
    is_stuck: !isSettled && next === null,
    last_error: contradiction ?? errorOf(outcome),
    failure: failureOf(outcome),
    // Nobody asks for it again: what it took is not kept beyond its time.
    ...(isSettled && { request: NOTHING }),
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
    case "already_authorized":
      return "declined"
    case "unknown":
      return "unknown"
  }
}

function errorOf(outcome: ProviderOutcome): string | null {
  if (outcome.outcome === "declined") return outcome.message
  if (outcome.outcome !== "unknown") return null
  return outcome.cause instanceof Error ? outcome.cause.message : String(outcome.cause)
}

function failureOf(outcome: ProviderOutcome): OperationFailure | null {
  if (outcome.outcome === "already_authorized") {
    return { message: "The shopper has authorized the payment meanwhile.", refused_by: "provider", is_overtaken: true }
  }
  if (outcome.outcome !== "declined") return null
  const { message, code, declineCode, retryable, refusedBy = "issuer" } = outcome
  return { message, code, decline_code: declineCode, retryable, refused_by: refusedBy }
}

function throwUnlessDone({ id, state, failure }: PaymentOperation): void {
  if (state === "unknown") throw new OutcomeUnknown(id)
  if (state !== "declined" || !failure) return
  const { message, code, decline_code, retryable, refused_by } = failure
  const options = { code, declineCode: decline_code, retryable, operationId: id }
  throw new REFUSALS[refused_by](message, options)
}

async function findOperation(tx: EntityManager, id: string): Promise<PaymentOperation> {
  return tx
    .createQueryBuilder(PaymentOperation, "operation")
    .addSelect(["operation.request", "operation.failure", "operation.request_key"])
    .where("operation.id = :id", { id })
    .getOneOrFail()
}
