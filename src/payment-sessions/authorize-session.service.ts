import { Injectable } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import type { Audience, Selection } from "../api/fields/fields.js"
import type { Caller } from "../api/request-context.js"
import { NotFound, ServiceError } from "../common/errors.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { lockCollectionAndCart } from "../payment-model/lock.js"
import { sessionNotFound } from "../payment-model/not-found.js"
import { coversAmount } from "../payment-model/rules/session.rules.js"
import { assertVisible } from "../payment-model/rules/visibility.rules.js"
import { StateConflict } from "../payment-providers/calls/call.errors.js"
import { OperationRunner, type Decision } from "../payment-providers/calls/operation-runner.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { OfferedProviders } from "./offered-providers.js"
import { AmountChanged, CustomerChanged, SessionEnded } from "./payment-session.errors.js"
import { holderIdOf, isOfCustomer, SessionCustomers } from "./session-customer.js"
import { cancelSession, requestOf } from "./session-operations.js"

/** Turns a session into a payment once its provider confirms the shopper's authorization. */
@Injectable()
export class AuthorizeSessionService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly operations: OperationRunner,
    private readonly registry: PaymentProviderRegistry,
    private readonly offered: OfferedProviders,
    private readonly customers: SessionCustomers,
    private readonly reader: CollectionReader,
  ) {}

  /**
   * Asks the session's provider whether the shopper has authorized the payment. Once that is so, every caller gets the same
   * payment, however often they ask; until then the error says what is missing. A payment that the shopper has made is
   * recorded even if our rules no longer allow the session to be authorized.
   *
   * @throws NotFound, NotAllowed, PaymentDeclined
   * @throws Conflict `amount_changed` when the session is for another amount than is to be paid by now
   * @throws StateConflict when the session has ended at its provider
   */
  async authorize(
    collectionId: string,
    sessionId: string,
    caller: Caller,
    audience: Audience,
    selection: Selection,
  ): Promise<PaymentCollection> {
    return this.authorizeAndRead(
      { collectionId, sessionId, caller, audience },
      (aggregate) => {
        assertVisible(aggregate, caller.salesChannelIds)
        return undefined
      },
      () => this.reader.get(collectionId, selection),
    )
  }

  /**
   * As {@link authorize}, for a use case with conditions and a result of its own.
   * @param decideFirst is called under the lock before each decision, and throws when the conditions are not met
   */
  async authorizeAndRead<T>(
    { collectionId, sessionId, caller, audience, requestKey }: AuthorizeRequest,
    decideFirst: DecideFirst,
    read: () => Promise<T>,
  ): Promise<T> {
    const progress: AuthorizeProgress = { sessionId, requestKey }
    const authorize = () =>
      this.operations.performAndRead(
        (tx) => lockCollectionAndCart(tx, collectionId),
        async (aggregate, tx) => {
          progress.isPastConditions = false
          const decided = await decideFirst(aggregate, tx)
          progress.isPastConditions = true
          return decided ?? this.authorizeStep(aggregate, progress, caller, audience)
        },
        read,
      )
    try {
      return await authorize()
    } catch (error) {
      const isMissing = error instanceof NotFound && progress.isPastConditions !== false
      if (!isMissing || !(await this.refreshEnded(collectionId, sessionId))) throw error
      return authorize()
    }
  }

  /**
   * A session that was replaced or canceled, or whose collection was deleted, may have been paid all the same.
   * @returns false when there is no such session, or its provider cannot say
   */
  private async refreshEnded(collectionId: string, sessionId: string): Promise<boolean> {
    const session = await this.dataSource.manager
      .createQueryBuilder(PaymentSession, "session")
      .addSelect("session.private_data")
      .withDeleted()
      .where({ id: sessionId, payment_collection_id: collectionId })
      .getOne()
    // One that was never opened at its provider cannot have been paid.
    if (!session?.private_data || !this.registry.canInspect(session.provider_id)) return false
    try {
      await this.operations.refresh({ payment_session_id: sessionId, provider_id: session.provider_id })
    } catch (error) {
      // The provider may not know it any more, as is to be expected of a session that has ended.
      if (error instanceof StateConflict) return false
      throw error
    }
    return true
  }

  /**
   * The next step towards a payment of a session; to be decided upon under the lock. If a rule does not allow it any more,
   * the provider's state is recorded first, because the shopper may have paid already.
   */
  authorizeStep(aggregate: Aggregate, progress: AuthorizeProgress, caller: Caller, audience: Audience): Decision {
    const session = aggregate.sessions.find(({ id }) => id === progress.sessionId)
    const payment = aggregate.payments.find(({ payment_session_id }) => payment_session_id === progress.sessionId)
    // One that was paid late has a payment, though it had ended before.
    if (payment && (session || payment.canceled_at === null)) return { kind: "done" }
    if (!session) throw sessionMissing(progress)
    const unresolved = aggregate.sessionOperation
    if (unresolved?.kind === "authorize")
      return { kind: "wait", operationId: unresolved.id, afterwards: "return_outcome" }
    if (unresolved) return { kind: "wait", operationId: unresolved.id }
    progress.refusal = this.refusalToAuthorize(aggregate, session, audience)
    if (progress.refusal) return this.refuseAfterRefresh(aggregate, session, progress, caller)
    progress.wasAsked = true
    const operation = aggregate.begin("authorize", session, {
      amount: session.amount,
      request: { ...requestOf(session), client_data: session.client_data },
      created_by: caller.id,
      request_key: progress.requestKey ?? null,
    })
    const replaceAccountHolder = () => this.customers.replaceHolderOf(session)
    return { kind: "call", operation, isFinal: true, replaceAccountHolder }
  }

  /** @throws ServiceError the refusal, once the provider has reported that the shopper has not paid */
  private refuseAfterRefresh(
    aggregate: Aggregate,
    session: PaymentSession,
    progress: AuthorizeProgress,
    caller: Caller,
  ): Decision {
    const { id, provider_id } = session
    if (!progress.wasRefreshed && this.registry.canInspect(provider_id)) {
      progress.wasRefreshed = true
      return {
        kind: "prepare",
        prepare: () => this.operations.refresh({ payment_session_id: id, provider_id }),
      }
    }
    // Nobody may pay with it any more, so that it must not stay open at the provider.
    if (this.registry.has(provider_id) && !this.offered.isOffered(aggregate, provider_id)) {
      return cancelSession(aggregate, session, caller)
    }
    throw progress.refusal ?? sessionMissing(progress)
  }

  /** Why a session must not be authorized any more; undefined when it may. */
  private refusalToAuthorize(
    aggregate: Aggregate,
    session: PaymentSession,
    audience: Audience,
  ): ServiceError | undefined {
    try {
      this.offered.assertOffered(aggregate, session.provider_id, audience)
      assertAmount(aggregate, session)
      assertCustomer(aggregate, session)
      return undefined
    } catch (error) {
      if (error instanceof ServiceError) return error
      throw error
    }
  }
}

/** Which session to authorize, and for whom. */
export interface AuthorizeRequest {
  readonly collectionId: string
  readonly sessionId: string
  readonly caller: Caller
  readonly audience: Audience
  /** Names the request in the operation that it starts, for a use case that looks for that operation on a repeat. */
  readonly requestKey?: string
}

/** Checks the conditions of a use case that authorizes a session. It may return a decision of its own instead. */
type DecideFirst = (aggregate: Aggregate, tx: EntityManager) => Decision | undefined | Promise<Decision | undefined>

/** How far one request to authorize a session is. */
export interface AuthorizeProgress {
  readonly sessionId: string
  readonly requestKey?: string
  /** Whether the conditions of the use case were met at the last decision; undefined before the first. */
  isPastConditions?: boolean
  /** Whether the provider was asked to authorize. */
  wasAsked?: boolean
  /** Whether the provider's state was recorded; once is enough. */
  wasRefreshed?: boolean
  /** Which rule does not allow it. */
  refusal?: ServiceError
}

/** Why there is no session to authorize. */
function sessionMissing({ sessionId, wasAsked, refusal }: AuthorizeProgress): ServiceError {
  if (refusal) return refusal
  if (!wasAsked) return sessionNotFound(sessionId)
  return new SessionEnded()
}

function assertAmount(aggregate: Aggregate, session: PaymentSession): void {
  const { target, amountToPay: amount } = aggregate
  if (coversAmount(session, { ...target, amount })) return
  throw new AmountChanged(
    { minor: session.amount, currency: session.currency_code },
    { minor: amount, currency: target.currency_code },
  )
}

/** A session that belongs to a customer at its provider is not paid for another customer's cart. */
function assertCustomer(aggregate: Aggregate, session: PaymentSession): void {
  if (holderIdOf(session) === undefined || isOfCustomer(session, aggregate)) return
  throw new CustomerChanged()
}
