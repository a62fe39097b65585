import { Injectable, Logger, type OnModuleInit } from "@nestjs/common"
import { DataSource, In, type EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { ChangedMeanwhile, ServiceError } from "../common/errors.js"
import {
  OperationInProgress,
  ProviderContradiction,
  ProviderPaymentMissing,
  ProviderUnresponsive,
} from "../payment-providers/calls/call.errors.js"
import { LeaseLost, Leases, type Lease } from "../database/leases.js"
import { prepared } from "../database/statements/prepared.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { lockCollection } from "../payment-model/lock.js"
import { isPayable } from "../payment-model/rules/collection.rules.js"
import { Dispute } from "../payment-model/entities/dispute.entity.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import type { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { Payment } from "../payment-model/entities/payment.entity.js"
import { sqlList, UNRESOLVED_STATES } from "../payment-model/status.js"
import { PaymentOperationsService } from "../payment-operations/payment-operations.service.js"
import type { PaymentState, ProviderEvent } from "../payment-providers/contract/index.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { toMessage } from "../payment-providers/calls/provider-outcome.js"
import { OperationRunner, writeChanges, type Decision } from "../payment-providers/calls/operation-runner.js"
import { OperationHooks, type SessionReference } from "../payment-providers/calls/operation-hooks.js"
import { endSession } from "../payment-model/outcomes/session-end.js"
import {
  applyToPayment,
  applyToSession,
  Contradiction,
  type Records,
} from "../payment-model/outcomes/provider-state.js"
import { findEndedSession, recordLatePayment, refundLate, voidLate } from "./late-payments.js"
import type { WebhookEvent } from "./webhook-event.entity.js"

/** How often the books may change while the provider is asked, before it is left for later. */
const ROUNDS = 10

/** What came of an event. */
export type Verdict =
  | { readonly verdict: "applied"; readonly sessionId: string }
  /** The payment was not made by this service. */
  | { readonly verdict: "ignored" }
  /** The payment is said to be of a session that is not there. */
  | { readonly verdict: "unknown_session"; readonly reason: string }
  | { readonly verdict: "failed"; readonly reason: string }

/** What the books said of a session before the provider was asked. */
interface Seen {
  readonly collectionId: string
  readonly providerId: string
  readonly version: number
  readonly unsettled: readonly { readonly id: string; readonly kind: string }[]
  readonly data: Record<string, unknown>
  readonly privateData: Record<string, unknown> | null
}

/** The books changed while the provider was asked: its answer may be older than they are. */
class Outdated extends Error {}

/** The provider did not say what is so. */
class Unanswered extends Error {}

/** Something is under way whose outcome decides what the provider's books mean. */
class Unsettled extends Error {
  constructor(
    message: string,
    readonly operationId?: string,
  ) {
    super(message)
  }
}

/** What is brought in line with the provider: the session of an event, or one whose state a request asks for. */
interface Subject {
  /** Whether the session is one of the provider that the event came from. */
  isAbout(seen: Seen): boolean
  /** Whether the session has got another payment with its provider since. */
  isReplaced(row: PaymentSession | Payment): boolean
  /** @throws LeaseLost when another process has claimed the event */
  assertHeld(tx: EntityManager): Promise<void>
  /** What the provider reports now; undefined when it does not know the payment. */
  fetch(seen: Seen): Promise<PaymentState | undefined>
  /** @returns false when our records have changed since they were read */
  recordMissing(seen: Seen): Promise<boolean>
}

/**
 * Brings the books in line with a provider's. An event says only that something has happened; what is so is asked of the
 * provider, after the books were read, and recorded if they have not changed since. So what is recorded is never older
 * than what it replaces, whatever the order of events, and whoever else is at it.
 */
@Injectable()
export class StateApplier implements OnModuleInit {
  private readonly log = new Logger(StateApplier.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly registry: PaymentProviderRegistry,
    private readonly operations: OperationRunner,
    private readonly unsettled: PaymentOperationsService,
    private readonly leases: Leases,
    private readonly hooks: OperationHooks,
  ) {}

  onModuleInit(): void {
    this.hooks.refreshStateWith((session) => this.refresh(session))
  }

  /** Fetches the provider's state of a session and records it. @throws as {@link OperationHooks.refreshState} */
  async refresh({ payment_session_id, provider_id }: SessionReference): Promise<void> {
    const subject: Subject = {
      isAbout: () => true,
      isReplaced: () => false,
      assertHeld: () => Promise.resolve(),
      fetch: async ({ data, privateData }) => {
        const payment = { sessionId: payment_session_id, data, privateData: privateData ?? {} }
        const state = await fetched(() => this.registry.inspect(provider_id, payment))
        return "authorization" in state ? state : undefined
      },
      recordMissing: async (seen) => this.recordMissing(payment_session_id, seen),
    }
    try {
      const verdict = await this.synchronize(payment_session_id, subject)
      if (verdict.verdict === "failed") throw new ChangedMeanwhile(verdict.reason)
    } catch (error) {
      throw toServiceError(error)
    }
  }

  /** @param lease the claim of the event, which is held: a process that loses it records nothing */
  async apply(event: WebhookEvent, lease: Lease): Promise<Verdict> {
    try {
      return await this.tryToApply(event, lease)
    } catch (error) {
      if (TELLING.some((type) => error instanceof type)) return { verdict: "failed", reason: (error as Error).message }
      this.log.error(error)
      return { verdict: "failed", reason: "What the provider says could not be recorded; the log says why." }
    }
  }

  private async tryToApply(event: WebhookEvent, lease: Lease): Promise<Verdict> {
    const sessionId = event.payment_session_id ?? (await this.inspect(event)).sessionId
    if (sessionId === undefined) return { verdict: "ignored" }
    return this.synchronize(sessionId, {
      isAbout: ({ providerId }) => this.isTold(event, providerId),
      isReplaced: (row) => this.isReplaced(event, row),
      assertHeld: (tx) => this.leases.assertHeld(tx, lease),
      fetch: async () => {
        const state = await this.inspect(event)
        return state.sessionId === undefined ? undefined : state
      },
      recordMissing: () => {
        throw new Unanswered(unknownThere(event, sessionId))
      },
    })
  }

  /**
   * Fetches what the provider reports of a session, after our records were read, and records it if they have not changed
   * since.
   */
  private async synchronize(sessionId: string, subject: Subject): Promise<Verdict> {
    const asked = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const seen = await this.look(sessionId)
      if (!seen) return { verdict: "unknown_session", reason: `Payment session ${sessionId} is not known here.` }
      if (!subject.isAbout(seen)) return { verdict: "ignored" }
      if (await this.resolveOperations(seen, asked)) continue
      const state = await subject.fetch(seen)
      if (state && state.sessionId !== sessionId) return { verdict: "ignored" }
      const isRecorded = state ? await this.record(subject, seen, state) : await subject.recordMissing(seen)
      if (isRecorded) return { verdict: "applied", sessionId }
    }
    return { verdict: "failed", reason: `Payment session ${sessionId} kept changing while its provider was asked.` }
  }

  private async inspect({ id, provider_id, external_id, type, reference, payment_session_id, payload }: WebhookEvent) {
    const source = this.registry.get(provider_id).webhooks
    if (!source) throw new Unsettled(`Payment provider ${provider_id} is not set up for webhooks any more.`)
    const event: ProviderEvent = {
      id: external_id,
      type,
      reference,
      ...(payment_session_id !== null && { sessionId: payment_session_id }),
      payload: payload ?? {},
    }
    const about = {
      provider_id,
      call: "webhooks.inspect",
      webhook_event_id: id,
      payment_session_id: payment_session_id ?? undefined,
    }
    return fetched(() => this.registry.fetchState(about, (signal) => source.inspect(event, signal)))
  }

  /** Whether what was told to one provider is of a session of the same account. */
  private isTold({ provider_id }: WebhookEvent, ofSession: string): boolean {
    if (!this.registry.has(ofSession)) throw new Unsettled(`Payment provider ${ofSession} is not started with.`)
    return this.registry.get(ofSession).webhooks === this.registry.get(provider_id).webhooks
  }

  private async look(sessionId: string): Promise<Seen | undefined> {
    const [row] = await this.dataSource.query<Seen[]>(
      prepared`SELECT collection.id AS "collectionId", session.provider_id AS "providerId", collection.version,
        coalesce(payment.data, session.data) AS data,
        coalesce(payment.private_data, session.private_data) AS "privateData",
        (SELECT coalesce(json_agg(json_build_object('id', operation.id, 'kind', operation.kind) ORDER BY operation.id), '[]')
          FROM payment_operation operation WHERE operation.payment_collection_id = collection.id
          AND operation.payment_session_id = session.id AND operation.state IN (${sqlList(UNRESOLVED_STATES)})) AS unsettled
      FROM payment_session session JOIN payment_collection collection ON collection.id = session.payment_collection_id
        LEFT JOIN payment ON payment.payment_session_id = session.id AND payment.deleted_at IS NULL
      WHERE session.id = $1`,
      [sessionId],
    )
    return row
  }

  /**
   * Settles what is under way for the session. A refund may stay so: it is told apart by the key it was made with, and
   * asked about once.
   *
   * @returns whether anything may have changed
   * @throws Unsettled, Conflict
   */
  private async resolveOperations({ unsettled }: Seen, asked: Set<string>): Promise<boolean> {
    const unasked = unsettled.filter(({ id }) => !asked.has(id))
    for (const { id, kind } of unasked) {
      asked.add(id)
      await this.unsettled.resolveNow(id)
      const { resolved_at } = await this.operations.getOperation(id)
      if (resolved_at === null && kind !== "refund") throw new Unsettled(`Operation ${id} is not resolved yet.`, id)
    }
    return unasked.length > 0
  }

  /** @returns false when the provider has to be asked again */
  private async record(subject: Subject, seen: Seen, state: PaymentState): Promise<boolean> {
    const caller: Caller = { id: seen.providerId, salesChannelIds: [] }
    let isFinal = true
    try {
      await this.operations.performAfterRefresh(
        (tx) => lockCollection(tx, seen.collectionId, { withDeleted: true }),
        async (aggregate, tx) => {
          if (aggregate.collection.version !== seen.version) throw new Outdated()
          await subject.assertHeld(tx)
          const row =
            aggregate.findPaymentOfSession(state.sessionId) ??
            aggregate.findSession(state.sessionId) ??
            (await findEndedSession(tx, state))
          if (subject.isReplaced(row)) return passedOver(state)
          const decision = await this.decide(aggregate, tx, state, caller)
          isFinal = decision.kind === "done"
          return decision
        },
      )
      return isFinal
    } catch (error) {
      if (error instanceof Outdated) return false
      throw error
    }
  }

  /**
   * The provider does not know the payment of an open session: nobody can pay it any more. A payment stays as it is, for a
   * person to look at.
   *
   * @returns false when our records have changed since they were read
   * @throws StateConflict when there is nothing to record
   */
  private async recordMissing(sessionId: string, { collectionId, version }: Seen): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const aggregate = await lockCollection(tx, collectionId, { withDeleted: true })
      if (aggregate.collection.version !== version) return false
      const { openSession } = aggregate
      if (openSession?.id !== sessionId) throw new ProviderPaymentMissing()
      const now = new Date()
      endSession(aggregate, openSession, now)
      aggregate.recompute(now)
      await writeChanges(tx, aggregate)
      return true
    })
  }

  /** Whether the session has got another payment with its provider since. */
  private isReplaced({ provider_id, reference }: WebhookEvent, { private_data }: PaymentSession | Payment): boolean {
    const current = this.registry.get(provider_id).webhooks?.referenceOf?.(private_data ?? {})
    return current !== undefined && current !== reference
  }

  private async decide(
    aggregate: Aggregate,
    tx: EntityManager,
    state: PaymentState,
    caller: Caller,
  ): Promise<Decision> {
    const now = new Date()
    const { collection, sessionOperation: unresolved } = aggregate
    const { authorization } = state
    const session = aggregate.findSession(state.sessionId)
    // Of a session that was given up long ago, also in a currency of long ago.
    const mayPay = session !== undefined || isInCurrency(authorization, collection)
    const isWanted = collection.deleted_at === null && isPayable(collection) && mayPay
    const isNew = aggregate.findPaymentOfSession(state.sessionId) === undefined
    if (isNew && session && (isWanted || authorization.status !== "authorized")) {
      applyToSession(aggregate, session, state, now)
    } else if (isNew && authorization.status === "authorized") {
      // What it leads to may be a payment, after which this one is not wanted.
      if (unresolved) return { kind: "wait", operationId: unresolved.id }
      const late = session ?? (await findEndedSession(tx, state))
      if (authorization.captured.minor === 0n)
        return voidLate(aggregate, late, state, authorization.amount.minor, caller)
      recordLatePayment(aggregate, late, { ...authorization, data: state.data, privateData: state.privateData }, now)
    }
    const payment = aggregate.findPaymentOfSession(state.sessionId)
    if (payment && isNew && !isWanted) aggregate.changes.update(Payment, payment, { is_surplus: true })
    if (payment) applyToPayment(aggregate, payment, state, await recordsOf(tx, payment, state), now)
    aggregate.recompute(now)
    aggregate.reportOutgrown()
    return payment?.is_surplus ? refundLate(aggregate, payment, caller) : { kind: "done" }
  }
}

/** As with a key of another account, or of another mode. */
function unknownThere({ reference }: WebhookEvent, sessionId: string): string {
  return `The provider does not know of ${reference}, though session ${sessionId} is with it.`
}

/** Whether what was authorized can pay the collection: it may have followed its cart into another currency. */
function isInCurrency(authorization: PaymentState["authorization"], { currency_code }: PaymentCollection): boolean {
  return authorization.status !== "authorized" || authorization.amount.currency === currency_code
}

/** @throws Contradiction when there is money in a payment that its session does not have any more */
function passedOver({ sessionId, authorization }: PaymentState): Decision {
  if (authorization.status !== "authorized") return { kind: "done" }
  throw new Contradiction(`The provider says that a payment is authorized that session ${sessionId} has replaced.`)
}

/** @throws Unanswered with what kept the provider from answering */
async function fetched<T>(fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch()
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause
    throw new Unanswered(toMessage(cause), { cause })
  }
}

/** Why a state could not be recorded, for the caller who asked for it. */
function toServiceError(error: unknown): unknown {
  if (error instanceof Contradiction) return new ProviderContradiction(error.message)
  if (error instanceof Unanswered) {
    const message = "The payment provider gave no usable answer in time. Nothing has changed: repeat the request."
    return new ProviderUnresponsive(message, error.cause)
  }
  if (error instanceof Unsettled) return new OperationInProgress(error.operationId, error.message)
  return error
}

/** What the books hold of a payment that its aggregate does not. */
async function recordsOf(tx: EntityManager, payment: Payment, { refunds, disputes }: PaymentState): Promise<Records> {
  const keys = refunds.flatMap(({ idempotencyKey }) => idempotencyKey ?? [])
  return {
    operations: keys.length > 0 ? await tx.findBy(PaymentOperation, { id: In(keys), payment_id: payment.id }) : [],
    disputes: disputes.length > 0 ? await tx.findBy(Dispute, { payment_id: payment.id }) : [],
  }
}

/** The errors whose words are for operators. */
const TELLING = [ServiceError, Contradiction, Unsettled, Unanswered, LeaseLost]
