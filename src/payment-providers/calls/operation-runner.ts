import { Injectable, Logger } from "@nestjs/common"
import { ModuleRef } from "@nestjs/core"
import { setTimeout as sleep } from "node:timers/promises"
import { DataSource, type EntityManager } from "typeorm"
import { ChangedMeanwhile, Conflict, ResponseTooLarge, ServiceError } from "../../common/errors.js"
import { DoneButTooLarge, OperationInProgress, OutcomeUnknown, ProviderPaymentMissing } from "./call.errors.js"
import { isRefusal } from "../../database/database-errors.js"
import { IS_ABANDONED_SQL, Leases, RELEASED, type Lease } from "../../database/leases.js"
import { prepared } from "../../database/statements/prepared.js"
import { FromNow, writeRows } from "../../database/statements/unit-of-work.js"
import { outboxWrites } from "../../outbox/outbox-event.entity.js"
import type { Aggregate } from "../../payment-model/aggregate.js"
import { lockCollectionOfOperation } from "../../payment-model/lock.js"
import { mayHaveHappened, nextAttemptAt } from "../../payment-model/rules/operation.rules.js"
import { PaymentOperation, type OperationFailure } from "../../payment-model/entities/payment-operation.entity.js"
import type { OperationState } from "../../payment-model/status.js"
import type { ProviderOutcome } from "../contract/payment-provider.contract.js"
import { PaymentProviderRegistry } from "./payment-provider.registry.js"
import { ProviderDeadline } from "./provider-deadline.js"
import { REFUSAL_ERRORS, toMessage } from "./provider-outcome.js"
import { ProviderStateSync, type SessionReference } from "./provider-state-sync.js"

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
  /** Another operation is in progress: wait until it is resolved. */
  | { readonly kind: "join"; readonly operationId: string; readonly afterwards?: AfterWait }
  /** Something else has to be there first, outside of any transaction: see to it, then decide again. */
  | { readonly kind: "prepare"; readonly prepare: () => Promise<unknown> }
  /** Call the provider, then decide again; or, where that is all, be done. */
  | {
      readonly kind: "call"
      readonly operation: PaymentOperation
      readonly settle: OutcomeRecorder
      readonly isLast?: boolean
      /** Creates the account holder anew that the provider does not know any more. */
      readonly replaceAccountHolder?: () => Promise<void>
    }

/** What follows when the operation that a use case waited for is resolved. */
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
  readonly isResolved: boolean
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
export type OutcomeRecorder = (
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
export class OperationRunner {
  private readonly log = new Logger(OperationRunner.name)
  private abandoned: () => void = () => undefined

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly deadline: ProviderDeadline,
    private readonly leases: Leases,
    private readonly moduleRef: ModuleRef,
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
   * As {@link perform}, for what follows from a state that the provider has just reported: a refusal fetches no state
   * again, else a refund that the provider always refuses would never end.
   */
  async performAfterRefresh(lock: Lock, decide: Decide): Promise<void> {
    await this.run(lock, decide, true)
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
      if (called && cause instanceof ResponseTooLarge) throw new DoneButTooLarge(called.id)
      if (!called || cause instanceof ServiceError) throw cause
      throw new OutcomeUnknown(called.id, cause)
    }
  }

  /** An operation with what is private of it. */
  async getOperation(id: string): Promise<PaymentOperation> {
    return findOperation(this.dataSource.manager, id)
  }

  /**
   * Asks a provider how an unsettled call ended, and records it.
   * @param lease the claim of the operation, which is held
   * @returns undefined when another process has claimed the operation, and records its outcome
   */
  async reconcile(
    operation: PaymentOperation,
    settle: OutcomeRecorder,
    lease: Lease,
  ): Promise<PaymentOperation | undefined> {
    return this.record(lease, await this.registry.lookUp(operation), settle)
  }

  /** Waits for a call to be settled. @throws Conflict at the deadline */
  async waitUntilResolved(
    operationId: string,
    giveUpAt = Date.now() + this.deadline.milliseconds,
  ): Promise<PaymentOperation> {
    for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 2, LAST_LOOK)) {
      const { isResolved, isStuck, isAbandoned } = await this.progressOf(operationId)
      if (isResolved) return findOperation(this.dataSource.manager, operationId)
      if (isAbandoned) this.abandoned()
      if (isStuck || Date.now() + wait >= giveUpAt) {
        throw new OperationInProgress(operationId)
      }
      await sleep(wait)
    }
  }

  private async progressOf(operationId: string): Promise<Progress> {
    const [progress] = await this.dataSource.query<Progress[]>(
      prepared`SELECT resolved_at IS NOT NULL AS "isResolved", is_stuck AS "isStuck", ${IS_ABANDONED_SQL} AS "isAbandoned"
      FROM payment_operation WHERE id = $1`,
      [operationId],
    )
    if (!progress) throw new Error(`Operation id not found: ${operationId}`)
    return progress
  }

  /** Fetches the provider's current state of a session and records it. @throws as {@link ProviderStateSync.refresh} */
  async refresh(session: SessionReference): Promise<void> {
    // Looked up when it is needed: what records a state is above this folder, and itself runs use cases here.
    await this.moduleRef.get(ProviderStateSync, { strict: false }).refresh(session)
  }

  /** Whether it makes sense to decide again, because an outcome has shown that something had to be put right first. */
  private async isPutRight(operation: PaymentOperation, call?: Call): Promise<boolean> {
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
    const giveUpAt = Date.now() + this.deadline.milliseconds + GRACE
    let called: PaymentOperation | undefined
    // Once is enough: a provider that refuses again on the state that it reported itself is taken at its word.
    let wasPutRight = wasRefreshed
    for (let step = 0; step < STEPS; step++) {
      const { decision, aggregate, lease } = await this.begin(lock, decide)
      switch (decision.kind) {
        case "done":
          return { called, aggregate }
        case "join": {
          const joined = await this.waitUntilResolved(decision.operationId, giveUpAt)
          const { afterwards = "decide_again" } = decision
          if (afterwards === "decide_again") continue
          if (afterwards === "return_success" && joined.state !== "succeeded") continue
          if (!wasPutRight && (wasPutRight = await this.isPutRight(joined))) continue
          throwUnlessDone(joined)
          return { called: joined }
        }
        case "prepare":
          await decision.prepare()
          continue
        case "call": {
          const isSettled = decision.operation.resolved_at !== null
          called = lease ? await this.leases.whileHeld(lease, () => this.finish(decision, lease)) : decision.operation
          if (called.failure?.is_overtaken) continue
          if (!wasPutRight && (wasPutRight = await this.isPutRight(called, decision))) continue
          throwUnlessDone(called)
          if (decision.isLast) return { called, ...(isSettled && { aggregate }) }
        }
      }
    }
    throw new ChangedMeanwhile("Other requests kept changing the same payment collection. Retry the request.")
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
      return recorded ?? (await this.waitUntilResolved(operation.id))
    } catch (cause) {
      // The call was made; that its outcome could not be written must not look like nothing happened.
      throw new OutcomeUnknown(operation.id, cause)
    }
  }

  /** An outcome that cannot be recorded is as good as unknown, and is told so to whoever looks at the operation. */
  private async record(
    lease: Lease,
    outcome: ProviderOutcome,
    settle: OutcomeRecorder,
  ): Promise<PaymentOperation | undefined> {
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
    settle: OutcomeRecorder,
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
function apply(
  aggregate: Aggregate,
  operation: PaymentOperation,
  outcome: ProviderOutcome,
  settle: OutcomeRecorder,
): void {
  const now = new Date()
  const contradiction = settle(aggregate, operation, outcome, now)
  const state = contradiction === undefined ? stateAfter(operation, outcome) : "unknown"
  const isSettled = state === "succeeded" || state === "declined"
  const isTakenOn = outcome.outcome === "pending"
  const isForAPerson = contradiction !== undefined || outcome.outcome === "gone"
  const next = isSettled || isForAPerson ? null : nextAttemptAt(operation, now, isTakenOn)
  aggregate.moveOperation(operation, state, {
    ...RELEASED,
    next_attempt_at: next,
    is_stuck: !isSettled && next === null,
    last_error: contradiction ?? errorOf(outcome),
    failure: failureOf(operation, outcome),
    // The request is judged anew, as if this call had not been made.
    ...(outcome.outcome === "declined" && outcome.stateDiffers && { request_key: null }),
    // Nobody asks for it again: what it took is not kept beyond its time.
    ...(isSettled && { request: NOTHING }),
    resolved_at: isSettled ? now : null,
  })
  aggregate.recompute(now)
  aggregate.reportOutgrown()
}

function stateAfter(operation: PaymentOperation, { outcome }: ProviderOutcome): OperationState {
  const { kind, state } = operation
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
    case "gone":
      return stateWhenGone(operation)
    case "unknown":
      return "unknown"
  }
}

/**
 * A cancellation of what the provider does not know is done. Money that an earlier call may have moved stays reserved: the
 * provider may know the payment again, once the right API key is back.
 */
function stateWhenGone(operation: PaymentOperation): OperationState {
  switch (operation.kind) {
    case "cancel_session":
    case "cancel_payment":
      return "succeeded"
    case "capture":
    case "refund":
      return mayHaveHappened(operation) ? "unknown" : "declined"
    case "initiate":
    case "update":
    case "authorize":
      return "declined"
  }
}

function errorOf(outcome: ProviderOutcome): string | null {
  if (outcome.outcome === "declined") return outcome.message
  if (outcome.outcome === "gone") return MISSING[outcome.object ?? "payment"].message
  if (outcome.outcome !== "unknown") return null
  return outcome.cause instanceof Error ? outcome.cause.message : String(outcome.cause)
}

/** Why a call failed whose object the provider does not know. */
const MISSING = {
  payment: {
    message: ProviderPaymentMissing.text,
    code: "provider_payment_missing",
  },
  account_holder: {
    message: "The payment provider does not know the customer any more. Repeat the request.",
    code: "account_holder_missing",
  },
} as const

/** A shopper can go on with a new session. */
const SESSION_MISSING = {
  payment: {
    message:
      "The payment provider does not know the session's payment any more. Create the payment session again, then authorize it.",
    code: "provider_payment_missing",
  },
  account_holder: {
    message:
      "The payment provider does not know the session's customer any more. Create the payment session again, then authorize it.",
    code: "account_holder_missing",
  },
} as const

function failureOf({ kind }: PaymentOperation, outcome: ProviderOutcome): OperationFailure | null {
  if (outcome.outcome === "gone") {
    if (kind === "cancel_session" || kind === "cancel_payment") return null
    const { object = "payment" } = outcome
    // A session whose payment is gone has ended: the use case continues without it.
    const isOvertaken = kind === "update" && object === "payment"
    return {
      ...(kind === "authorize" ? SESSION_MISSING : MISSING)[object],
      retryable: kind !== "authorize" && object === "account_holder",
      refused_by: "state",
      missing: object,
      ...(isOvertaken && { is_overtaken: true }),
    }
  }
  if (outcome.outcome === "already_authorized") {
    return { message: "The shopper has authorized the payment meanwhile.", refused_by: "provider", is_overtaken: true }
  }
  if (outcome.outcome !== "declined") return null
  const { message, code, declineCode, retryable, refusedBy = "issuer", stateDiffers } = outcome
  const failure = { message, code, decline_code: declineCode, retryable, refused_by: refusedBy }
  return { ...failure, ...(stateDiffers && { state_differs: true }) }
}

function throwUnlessDone({ id, state, failure }: PaymentOperation): void {
  if (state === "unknown") throw new OutcomeUnknown(id)
  if (state !== "declined" || !failure) return
  const { message, code, decline_code, retryable, refused_by } = failure
  const options = { code, declineCode: decline_code, retryable, operationId: id }
  throw new REFUSAL_ERRORS[refused_by](message, options)
}

async function findOperation(tx: EntityManager, id: string): Promise<PaymentOperation> {
  return tx
    .createQueryBuilder(PaymentOperation, "operation")
    .addSelect(["operation.request", "operation.failure", "operation.request_key"])
    .where("operation.id = :id", { id })
    .getOneOrFail()
}
