import { Injectable, Logger } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import { ChangedMeanwhile, Conflict, ResponseTooLarge, ServiceError } from "../../common/errors.js"
import { DoneButTooLarge, OutcomeUnknown } from "./call.errors.js"
import { isRefusal } from "../../database/database-errors.js"
import { Leases, type Lease } from "../../database/leases.js"
import { FromNow, writeRows } from "../../database/statements/unit-of-work.js"
import { outboxWrites } from "../../outbox/outbox-event.entity.js"
import type { Aggregate } from "../../payment-model/aggregate.js"
import { lockCollectionOfOperation } from "../../payment-model/lock.js"
import { recordOutcome, recordUnrecordable } from "../../payment-model/outcomes/record-outcome.js"
import { PaymentOperation } from "../../payment-model/entities/payment-operation.entity.js"
import type { ProviderOutcome } from "../contract/index.js"
import { PaymentProviderRegistry } from "./payment-provider.registry.js"
import { ProviderDeadline } from "./provider-deadline.js"
import { REFUSAL_ERRORS, toMessage } from "./provider-outcome.js"
import { findOperation, OperationWaiting } from "./wait-for-operation.js"
import { OperationHooks, type SessionReference } from "./operation-hooks.js"

/** Milliseconds beyond a provider's deadline: a request that waits for a call also waits until its outcome is recorded. */
const GRACE = 1_000

/** How many steps a use case may take; more means that a provider and our records do not agree on the state. */
const STEPS = 20

/** The next step of a use case, decided under the lock. */
export type Decision =
  /** Everything is as asked for. */
  | { readonly kind: "done" }
  /** Another operation is in progress: wait until it is resolved. */
  | { readonly kind: "wait"; readonly operationId: string; readonly afterwards?: AfterWait }
  /** Something else has to be there first, outside of any transaction: see to it, then decide again. */
  | { readonly kind: "prepare"; readonly prepare: () => Promise<unknown> }
  /** Call the provider, then decide again; or, where that is all, be done. */
  | {
      readonly kind: "call"
      readonly operation: PaymentOperation
      readonly isFinal?: boolean
      /** Creates the account holder anew that the provider does not know any more. */
      readonly replaceAccountHolder?: () => Promise<void>
    }

/** How a use case continues once the operation that it waited for is resolved. */
export type AfterWait =
  /** It changed what the decision depends on. */
  | "decide_again"
  /** It is the operation of this very request: its result is the request's, and so is its refusal. */
  | "return_outcome"
  /** It is the operation of an equal request: its success is this request's result, its refusal is not. */
  | "return_success"

type Call = Extract<Decision, { kind: "call" }>

/** How a use case ended. */
interface End {
  /** The last operation that was called for. */
  readonly called?: PaymentOperation
  /** The collection as it is in memory, where nobody else can have written since the lock was released. */
  readonly aggregate?: Aggregate
}

/** The decision of a use case, once it is written. */
interface Started {
  readonly decision: Decision
  readonly aggregate: Aggregate
  /** The claim of an operation whose provider is still to be called. */
  readonly lease?: Lease
}

export type Lock = (tx: EntityManager) => Promise<Aggregate>
export type Decide = (aggregate: Aggregate, tx: EntityManager) => Decision | Promise<Decision>

/**
 * Every call to a provider is begin, call, record: a transaction that locks, decides and writes the intent; the call,
 * outside of any transaction; a transaction that locks and records the outcome. The calls of a provider without a network
 * are resolved in the first transaction. If anything fails after the intent was written, the reconciler resolves it.
 */
@Injectable()
export class OperationRunner {
  private readonly log = new Logger(OperationRunner.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly deadline: ProviderDeadline,
    private readonly leases: Leases,
    private readonly hooks: OperationHooks,
    private readonly waiting: OperationWaiting,
  ) {}

  /**
   * Runs a use case: decides, calls where that is decided, and decides again until it is done.
   * @throws PaymentDeclined, ProviderError when a provider refuses
   * @throws OutcomeUnknown when nobody can say what a call did
   * @throws Conflict when another call stays unresolved until the deadline
   */
  async perform(lock: Lock, decide: Decide): Promise<void> {
    await this.run(lock, decide)
  }

  /**
   * As {@link perform}, for what follows from a state that the provider has just reported: a refusal fetches no state
   * again, else a refund that the provider always refuses would never end.
   */
  async performAfterRefresh(lock: Lock, decide: Decide): Promise<void> {
    await this.run(lock, decide, true)
  }

  /**
   * As {@link perform}, and reads the result. If money may have moved and only the read fails, the
   * error says so.
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
      if (called && cause instanceof ResponseTooLarge) throw new DoneButTooLarge(called.id)
      if (!called || cause instanceof ServiceError) throw cause
      throw new OutcomeUnknown(called.id, cause)
    }
  }

  /** Reads an operation with its private columns. */
  async getOperation(id: string): Promise<PaymentOperation> {
    return findOperation(this.dataSource.manager, id)
  }

  /**
   * Asks a provider how an unresolved call ended, and records it.
   * @param lease the claim of the operation, which is held
   * @returns undefined when another process has claimed the operation, and records its outcome
   */
  async reconcile(operation: PaymentOperation, lease: Lease): Promise<PaymentOperation | undefined> {
    return this.record(lease, await this.registry.lookUp(operation))
  }

  /** Fetches the provider's current state of a session and records it. @throws as {@link OperationHooks.refreshState} */
  async refresh(session: SessionReference): Promise<void> {
    await this.hooks.refreshState(session)
  }

  /** Whether it makes sense to decide again, because an outcome has shown that something had to be fixed first. */
  private async fixCause(operation: PaymentOperation, call?: Call): Promise<boolean> {
    const { failure, payment_session_id, provider_id } = operation
    if (failure?.state_differs && this.registry.canInspect(provider_id)) {
      try {
        await this.refresh({ payment_session_id, provider_id })
        return true
      } catch (error) {
        // Another call has to be resolved first. The same request can succeed after that.
        if (error instanceof Conflict) throw error
        this.log.warn(`The state of session ${payment_session_id} could not be recorded: ${toMessage(error)}`)
        return false
      }
    }
    if (failure?.missing === "account_holder" && call?.replaceAccountHolder) {
      await call.replaceAccountHolder()
      // A session stays with the customer that it was opened for: authorizing it again would end the same way.
      return operation.kind !== "authorize"
    }
    return false
  }

  private async run(lock: Lock, decide: Decide, wasRefreshed = false): Promise<End> {
    const deadline = Date.now() + this.deadline.milliseconds + GRACE
    let called: PaymentOperation | undefined
    // Once is enough: if the provider refuses again after its own state was recorded, the refusal is final.
    let wasFixed = wasRefreshed
    for (let step = 0; step < STEPS; step++) {
      const { decision, aggregate, lease } = await this.begin(lock, decide)
      switch (decision.kind) {
        case "done":
          return { called, aggregate }
        case "wait": {
          const joined = await this.waiting.untilResolved(decision.operationId, deadline)
          const { afterwards = "decide_again" } = decision
          if (afterwards === "decide_again") continue
          if (afterwards === "return_success" && joined.state !== "succeeded") continue
          if (!wasFixed && (wasFixed = await this.fixCause(joined))) continue
          throwUnlessDone(joined)
          return { called: joined }
        }
        case "prepare":
          await decision.prepare()
          continue
        case "call": {
          const isResolved = decision.operation.resolved_at !== null
          called = lease ? await this.leases.whileHeld(lease, () => this.finish(decision, lease)) : decision.operation
          if (called.failure?.is_overtaken) continue
          if (!wasFixed && (wasFixed = await this.fixCause(called, decision))) continue
          throwUnlessDone(called)
          if (decision.isFinal) return { called, ...(isResolved && { aggregate }) }
        }
      }
    }
    throw new ChangedMeanwhile("Other requests kept changing the same payment collection. Retry the request.")
  }

  private async begin(lock: Lock, decide: Decide): Promise<Started> {
    let started: PaymentOperation | undefined
    try {
      return await this.dataSource.transaction(async (tx) => {
        const aggregate = await lock(tx)
        const decision = await decide(aggregate, tx)
        const lease = decision.kind === "call" ? await this.beginCall(aggregate, decision) : undefined
        await writeChanges(tx, aggregate)
        if (decision.kind === "call") started = decision.operation
        return { decision, aggregate, lease }
      })
    } catch (cause) {
      // The commit may have succeeded although its response was lost. Then the call is made later.
      if (started && !isRefusal(cause)) throw new OutcomeUnknown(started.id, cause)
      throw cause
    }
  }

  /** @returns the claim of the operation, which counts once the transaction is committed; none if the outcome is known */
  private async beginCall(aggregate: Aggregate, { operation }: Call): Promise<Lease | undefined> {
    const { capabilities } = this.registry.get(operation.provider_id)
    if (!capabilities.callsNetwork) {
      recordOutcome(aggregate, operation, await this.registry.call(operation))
      return undefined
    }
    const lease: Lease = { table: "payment_operation", id: operation.id, token: this.leases.newToken() }
    const next_attempt_at = new FromNow(this.leases.duration)
    aggregate.changes.setInDatabase(operation, { ...this.leases.columnsOf(lease), next_attempt_at })
    return lease
  }

  /** Calls the provider and records the outcome. */
  private async finish({ operation }: Call, lease: Lease): Promise<PaymentOperation> {
    try {
      // A process that has lost its claim leaves the outcome to the one that has it.
      const recorded = await this.record(lease, await this.registry.call(operation))
      return recorded ?? (await this.waiting.untilResolved(operation.id))
    } catch (cause) {
      // The call was made. If its outcome cannot be written, the error must not suggest that nothing happened.
      throw new OutcomeUnknown(operation.id, cause)
    }
  }

  /** An outcome that cannot be recorded counts as unknown, and the operation says so. */
  private async record(lease: Lease, outcome: ProviderOutcome): Promise<PaymentOperation | undefined> {
    try {
      return await this.recordUnderLock(lease, (aggregate, operation) => {
        recordOutcome(aggregate, operation, outcome)
      })
    } catch (error) {
      await this.recordUnderLock(lease, recordUnrecordable).catch(() => undefined)
      throw error
    }
  }

  /** The first outcome to be recorded counts, and every later caller gets that one. Only the claim's holder records. */
  private async recordUnderLock(
    { id, token }: Lease,
    record: (aggregate: Aggregate, operation: PaymentOperation) => void,
  ): Promise<PaymentOperation | undefined> {
    return this.dataSource.transaction(async (tx) => {
      const aggregate = await lockCollectionOfOperation(tx, id)
      const operation = aggregate.operations.find((unresolved) => unresolved.id === id)
      if (!operation) return findOperation(tx, id)
      if (operation.claim_token !== token) return undefined
      record(aggregate, operation)
      await writeChanges(tx, aggregate)
      return operation
    })
  }
}

/** Writes what a use case changed, and its events, in one statement. */
export async function writeChanges(tx: EntityManager, aggregate: Aggregate): Promise<void> {
  const { changes } = aggregate
  // A new version: a process that read the collection before has to read it again.
  if (changes.writes.length > 0) aggregate.updateCollection({})
  await writeRows(tx, [...changes.writes, ...outboxWrites(changes.events)])
}

function throwUnlessDone({ id, state, failure }: PaymentOperation): void {
  if (state === "unknown") throw new OutcomeUnknown(id)
  if (state !== "declined" || !failure) return
  const { message, code, decline_code, retryable, refused_by } = failure
  const options = { code, declineCode: decline_code, retryable, operationId: id }
  throw new REFUSAL_ERRORS[refused_by](message, options)
}
