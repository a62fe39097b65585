import { Injectable } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import { AccountHoldersService, type KnownAccountHolder } from "../account-holders/account-holders.service.js"
import type { Caller } from "../api/request-context.js"
import { excerpt, InvalidData, NotFound, REFUSAL_LIMITS, ServiceError } from "../common/errors.js"
import { StateConflict } from "../payment-providers/calls/call.errors.js"
import { AmountChanged, CustomerChanged, SessionEnded } from "./payment-session.errors.js"
import type { Audience, Selection } from "../api/fields/fields.js"
import type { Aggregate, CollectionFigures } from "../payment-model/aggregate.js"
import { lockCollectionAndCart } from "../payment-model/lock.js"
import { isOutgrown, isPayable } from "../payment-model/rules/collection.rules.js"
import { collectionEvent } from "../payment-model/events.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { coversAmount, nextSessionStep } from "../payment-model/rules/session.rules.js"
import { isInChannels } from "../payment-model/rules/visibility.rules.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { OperationRunner, type Decision } from "../payment-providers/calls/operation-runner.js"
import type { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { collectionNotFound, sessionNotFound } from "../payment-model/not-found.js"

/** Opens, changes, authorizes and cancels the sessions of a collection, of which one at most is open. */
@Injectable()
export class PaymentSessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly operations: OperationRunner,
    private readonly registry: PaymentProviderRegistry,
    private readonly holders: AccountHoldersService,
    private readonly reader: CollectionReader,
  ) {}

  /**
   * Sees to it that the collection has one open session, with this provider, these data, and what is left to pay. The
   * same provider changes its session in place; that of another is canceled first. Parallel calls join.
   *
   * @throws NotFound also when the caller's key does not see the collection
   * @throws NotAllowed when nothing is left to pay
   * @throws InvalidData when the provider is not offered, or does not take the data or the amount
   */
  async create(
    collectionId: string,
    request: CreatePaymentSessionRequest,
    caller: Caller,
    audience: Audience,
    selection: Selection,
  ): Promise<PaymentCollection> {
    return this.operations.performAndRead(
      (tx) => lockCollectionAndCart(tx, collectionId),
      (aggregate, tx) => {
        checkVisible(aggregate, caller)
        return this.openStep(aggregate, tx, request, caller, audience)
      },
      (aggregate) => (aggregate ? this.reader.reread(aggregate, selection) : this.reader.get(collectionId, selection)),
    )
  }

  /**
   * Asks the session's provider whether the shopper's authorization stands. Once it does, the session is a payment,
   * whoever and however often asks; while the shopper or the provider is not through, it says so. What the shopper has
   * paid is recorded even if the session could not be authorized by our rules any more.
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
        checkVisible(aggregate, caller)
        return undefined
      },
      () => this.reader.get(collectionId, selection),
    )
  }

  /**
   * As {@link authorize}, for a use case with conditions and a result of its own.
   * @param admit is called under the lock before each decision, and throws when the conditions are not met
   */
  async authorizeAndRead<T>(
    { collectionId, sessionId, caller, audience, requestKey }: AuthorizeRequest,
    admit: Admit,
    read: () => Promise<T>,
  ): Promise<T> {
    const progress: AuthorizeProgress = { sessionId, requestKey }
    const authorize = () =>
      this.operations.performAndRead(
        (tx) => lockCollectionAndCart(tx, collectionId),
        async (aggregate, tx) => {
          progress.isAdmitted = false
          const decided = await admit(aggregate, tx)
          progress.isAdmitted = true
          return decided ?? this.authorizeStep(aggregate, progress, caller, audience)
        },
        read,
      )
    try {
      return await authorize()
    } catch (error) {
      const isMissing = error instanceof NotFound && progress.isAdmitted !== false
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

  /** The next step towards an open session as asked for; to be decided upon under the lock. */
  async openStep(
    aggregate: Aggregate,
    tx: EntityManager,
    { provider_id, data = {} }: CreatePaymentSessionRequest,
    caller: Caller,
    audience: Audience,
  ): Promise<Decision> {
    const amount = aggregate.amountToPay
    aggregate.reportOutgrown()
    const underWay = aggregate.sessionOperation
    if (underWay) return { kind: "join", operationId: underWay.id }
    const { openSession } = aggregate
    if (openSession && !this.isOffered(aggregate, openSession.provider_id)) {
      return this.cancel(aggregate, openSession, caller)
    }
    this.checkOffered(aggregate, provider_id, audience)
    const figures = { amount, currency_code: aggregate.target.currency_code }
    this.checkAccepts(provider_id, data, figures, audience)
    return this.toward(aggregate, tx, { provider_id, ...figures, client_data: data, context: {} }, caller)
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
    const underWay = aggregate.sessionOperation
    if (underWay?.kind === "authorize") return { kind: "join", operationId: underWay.id, afterwards: "return_outcome" }
    if (underWay) return { kind: "join", operationId: underWay.id }
    progress.refusal = this.refusalToAuthorize(aggregate, session, audience)
    if (progress.refusal) return this.refuseAfterRefresh(aggregate, session, progress, caller)
    progress.wasAsked = true
    const operation = aggregate.begin("authorize", session, {
      amount: session.amount,
      request: { ...requestOf(session), client_data: session.client_data },
      created_by: caller.id,
      request_key: progress.requestKey ?? null,
    })
    const replaceAccountHolder = () => this.replaceHolderOf(session)
    return { kind: "call", operation, isLast: true, replaceAccountHolder }
  }

  /** Creates the session's customer anew, if no other request has done so since. */
  private async replaceHolderOf(session: PaymentSession): Promise<void> {
    const customerId = customerIn(session)
    if (customerId === null) return
    const holder = await this.holders.find(this.dataSource.manager, session.provider_id, customerId)
    if (holder && holder.external_id === holderIn(session)) await this.holders.replace(holder)
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
    if (this.registry.has(provider_id) && !this.isOffered(aggregate, provider_id)) {
      return this.cancel(aggregate, session, caller)
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
      this.checkOffered(aggregate, session.provider_id, audience)
      checkAmount(aggregate, session)
      checkCustomer(aggregate, session)
      return undefined
    } catch (error) {
      if (error instanceof ServiceError) return error
      throw error
    }
  }

  /**
   * The next step for the collection to be what its cart says; to be decided upon under the lock. An open session is
   * changed at its provider first, and both take on the figures together. A session that belongs to another customer at
   * its provider is voided and opened anew; one whose provider is no longer offered is voided.
   */
  async followCart(
    aggregate: Aggregate,
    tx: EntityManager,
    progress: FollowProgress,
    caller: Caller,
  ): Promise<Decision> {
    const { target, collection, cart, openSession } = aggregate
    if (isOutgrown(collection, cart)) {
      aggregate.updateCollection({ deleted_at: new Date() })
      aggregate.changes.recordEvent(() => collectionEvent("payment_collection.deleted", collection))
      return { kind: "done" }
    }
    aggregate.reportOutgrown()
    aggregate.adoptOrder(cart?.order_id)
    const isOffered = !openSession || this.isOffered(aggregate, openSession.provider_id)
    const isUpToDate = coversAmount(collection, target) && isOffered && isOfCustomer(openSession, aggregate)
    const underWay = aggregate.sessionOperation
    if (underWay?.state === "pending" && !isUpToDate) return { kind: "join", operationId: underWay.id }
    if (!openSession || isUpToDate) {
      const reopening = openSession ? undefined : await this.reopen(aggregate, tx, progress, caller)
      if (reopening) return reopening
      aggregate.adopt(aggregate.followed)
      return { kind: "done" }
    }
    // Nobody knows when a call that timed out is resolved: the change waits, the caller does not.
    if (underWay) return { kind: "done" }
    return this.changeSession(aggregate, tx, openSession, target, progress, caller)
  }

  /**
   * The next step for a collection without a cart to be for another amount; to be decided upon under the lock. An open
   * session is changed at its provider first, and both adopt the new amount together.
   */
  async followAmount(aggregate: Aggregate, tx: EntityManager, amount: bigint, caller: Caller): Promise<Decision> {
    const underWay = aggregate.sessionOperation
    if (underWay) return { kind: "join", operationId: underWay.id }
    const { openSession } = aggregate
    const target = { ...aggregate.target, amount }
    if (!openSession || coversAmount(openSession, restOf(aggregate, target))) {
      aggregate.adopt({ amount })
      return { kind: "done" }
    }
    return this.changeSession(aggregate, tx, openSession, target, {}, caller)
  }

  /**
   * Changes the open session to what is left of a new amount, and to the cart's customer. Cancels it if it cannot pay that:
   * the provider is not offered or does not take the amount, or the session belongs to another customer there.
   */
  private async changeSession(
    aggregate: Aggregate,
    tx: EntityManager,
    open: PaymentSession,
    target: CollectionFigures,
    progress: FollowProgress,
    caller: Caller,
  ): Promise<Decision> {
    const figures = restOf(aggregate, target)
    const isNothingLeft = figures.amount <= 0n && aggregate.authorizedAmount > 0n
    const { provider_id } = open
    // What the provider cannot take cannot be paid with it: the shopper chooses another one.
    if (
      isNothingLeft ||
      !this.isOffered(aggregate, provider_id) ||
      this.refusalOf(provider_id, figures) !== undefined
    ) {
      return this.cancel(aggregate, open, caller)
    }
    if (!aggregate.cart) return this.update(aggregate, open, { ...open, ...figures }, caller, target)
    const before = holderIn(open)
    // Before the provider knows the next customer, which may fail: the session must not be paid for their cart.
    if (before !== undefined && !isOfCustomer(open, aggregate)) {
      progress.reopenWith = provider_id
      return this.cancel(aggregate, open, caller)
    }
    const holder = await this.holderOf(aggregate, tx, provider_id)
    if (holder && "prepare" in holder) return holder
    if (before !== undefined && before !== holder?.external_id) {
      progress.reopenWith = provider_id
      return this.cancel(aggregate, open, caller)
    }
    const wanted = { ...open, ...figures, context: contextOf(aggregate, holder) }
    const updating = this.update(aggregate, open, wanted, caller, target)
    return { ...updating, replaceAccountHolder: holder && (() => this.holders.replace(holder)) }
  }

  /**
   * Opens the session anew whose customer has changed, with nothing of what was sent for the customer before: a saved
   * payment method is that customer's alone.
   */
  private async reopen(
    aggregate: Aggregate,
    tx: EntityManager,
    { reopenWith: provider_id }: FollowProgress,
    caller: Caller,
  ): Promise<Decision | undefined> {
    const { collection, outstandingAmount, target } = aggregate
    const isOpen = isPayable(collection) && outstandingAmount > 0n && !aggregate.sessionOperation
    if (provider_id === undefined || !isOpen || !this.isOffered(aggregate, provider_id)) return undefined
    const figures = { amount: aggregate.amountToPay, currency_code: target.currency_code }
    if (this.refusalOf(provider_id, figures) !== undefined) return undefined
    return this.toward(aggregate, tx, { provider_id, ...figures, client_data: {}, context: {} }, caller)
  }

  /** Gives the open session up at its provider, where there is one; undefined when there is none. */
  cancelOpen(aggregate: Aggregate, caller: Caller): Decision | undefined {
    const underWay = aggregate.sessionOperation
    if (underWay) return { kind: "join", operationId: underWay.id }
    const { openSession } = aggregate
    return openSession && this.cancel(aggregate, openSession, caller)
  }

  private async toward(aggregate: Aggregate, tx: EntityManager, wanted: Wanted, caller: Caller): Promise<Decision> {
    const { openSession: open } = aggregate
    if (open && holderIn(open) !== undefined && !isOfCustomer(open, aggregate)) {
      return this.cancel(aggregate, open, caller)
    }
    const holder = await this.holderOf(aggregate, tx, wanted.provider_id)
    if (holder && "prepare" in holder) return holder
    const context = contextOf(aggregate, holder)
    const replaceAccountHolder = holder && (() => this.holders.replace(holder))
    if (!open) return { ...this.initiate(aggregate, { ...wanted, context }, caller), replaceAccountHolder }
    const before = { ...open, account_holder: holderIn(open), customer_id: customerIn(open) }
    const after = { ...wanted, account_holder: holder?.external_id, customer_id: aggregate.cart?.customer_id ?? null }
    switch (nextSessionStep(before, after)) {
      case "keep":
        aggregate.adopt(aggregate.target)
        return { kind: "done" }
      case "cancel_session":
        return this.cancel(aggregate, open, caller)
      case "update":
        return { ...this.update(aggregate, open, { ...wanted, context }, caller), replaceAccountHolder }
    }
  }

  /**
   * The customer that the cart belongs to, as the provider knows them: created there first, if need be.
   * @returns undefined for a guest, and when the provider keeps no account holders
   */
  private async holderOf(
    aggregate: Aggregate,
    tx: EntityManager,
    providerId: string,
  ): Promise<KnownAccountHolder | Extract<Decision, { kind: "prepare" }> | undefined> {
    const customer = this.registry.get(providerId).accountHolders && customerOf(aggregate)
    if (!customer) return undefined
    const holder = await this.holders.find(tx, providerId, customer.id)
    return holder ?? { kind: "prepare", prepare: () => this.holders.ensure(providerId, customer) }
  }

  private initiate(aggregate: Aggregate, wanted: Wanted, caller: Caller) {
    aggregate.adopt(aggregate.target)
    const session = aggregate.addSession(wanted)
    const operation = aggregate.begin("initiate", session, {
      amount: wanted.amount,
      request: { ...requestOf(session), client_data: wanted.client_data },
      created_by: caller.id,
    })
    return { kind: "call", operation, isLast: true } as const
  }

  private update(
    aggregate: Aggregate,
    session: PaymentSession,
    wanted: Wanted,
    caller: Caller,
    target: CollectionFigures = aggregate.target,
  ) {
    const { amount, currency_code, client_data, context } = wanted
    const { collection } = aggregate
    const operation = aggregate.begin("update", session, {
      amount,
      currency_code,
      request: {
        ...requestOf(session),
        client_data,
        context: context ?? {},
        is_following: !coversAmount(collection, target),
        collection_amount: target.amount.toString(),
        place: { region_id: target.region_id, sales_channel_id: target.sales_channel_id },
      },
      created_by: caller.id,
    })
    return { kind: "call", operation, isLast: true } as const
  }

  private cancel(aggregate: Aggregate, session: PaymentSession, caller: Caller): Decision {
    const operation = aggregate.begin("cancel_session", session, {
      amount: session.amount,
      request: { ...requestOf(session), client_data: {} },
      created_by: caller.id,
    })
    return { kind: "call", operation }
  }

  /** Whether the collection may be paid with a provider. */
  private isOffered({ providerIds }: Aggregate, providerId: string): boolean {
    return this.registry.has(providerId) && providerIds.includes(providerId)
  }

  private checkOffered(aggregate: Aggregate, providerId: string, audience: Audience): void {
    const { target } = aggregate
    if (this.isOffered(aggregate, providerId)) {
      const isForStaff = !this.registry.movesMoney(providerId) && !aggregate.regionProviderIds.includes(providerId)
      if (audience === "admin" || !isForStaff) return
      throw new InvalidData(
        `Payment provider ${providerId} moves no money. A shopper may use it only if the cart's region names it: POST /admin/regions/:id.`,
      )
    }
    const place = target.region_id === null ? "" : ` in the cart's region ${target.region_id}`
    const allowed = this.offeredTo(aggregate, audience)
    const message = `Payment provider ${excerpt(providerId)} is not enabled${place}. ${wayOut(aggregate, allowed.length > 0)}`
    throw new InvalidData(message, {
      ...(allowed.length > 0 && { details: [{ field: "provider_id", message: "These are enabled.", allowed }] }),
    })
  }

  private offeredTo({ providerIds, regionProviderIds }: Aggregate, audience: Audience): string[] {
    return providerIds
      .filter((id) => this.registry.has(id))
      .filter((id) => audience === "admin" || this.registry.movesMoney(id) || regionProviderIds.includes(id))
      .sort()
  }

  private checkAccepts(providerId: string, data: object, { amount, currency_code }: Figures, audience: Audience): void {
    const { clientFields } = this.registry.get(providerId).capabilities
    const refused =
      clientFields === "any"
        ? []
        : Object.keys(data)
            .filter((name) => !clientFields.includes(name))
            .slice(0, REFUSAL_LIMITS.details)
    if (audience === "store" && refused.length > 0) {
      throw new InvalidData(
        `Invalid request: Unrecognized fields: '${refused.map((name) => `data.${excerpt(name)}`).join(", ")}'`,
        {
          details: refused.map((name) => ({
            field: `data.${name}`,
            message: `Payment provider ${providerId} does not take it from a storefront.`,
            allowed: clientFields as readonly string[],
          })),
        },
      )
    }
    const refusal = this.refusalOf(providerId, { amount, currency_code })
    if (refusal !== undefined) throw new InvalidData(refusal)
  }

  /** Why a provider cannot take an amount; undefined where it can. */
  private refusalOf(providerId: string, { amount, currency_code }: Figures): string | undefined {
    const provider = this.registry.get(providerId)
    if (provider.capabilities.callsNetwork && amount === 0n) {
      return `Payment provider ${providerId} takes no payment of zero. Use pp_system_default; for shoppers the operator has to name it in the cart's region with POST /admin/regions/:id.`
    }
    return provider.checkAmount?.({ minor: amount, currency: currency_code }, "payment")
  }
}

/** Which session to authorize, and for whom. */
export interface AuthorizeRequest {
  readonly collectionId: string
  readonly sessionId: string
  readonly caller: Caller
  readonly audience: Audience
  /** Names the request in the operation that it begins, for a use case that looks for that operation on a repeat. */
  readonly requestKey?: string
}

/** The conditions of a use case that authorizes a session; it may decide in another way than to authorize. */
type Admit = (aggregate: Aggregate, tx: EntityManager) => Decision | undefined | Promise<Decision | undefined>

/** How far one request to authorize a session is. */
export interface AuthorizeProgress {
  readonly sessionId: string
  readonly requestKey?: string
  /** Whether the conditions of the use case were met at the last decision; undefined before the first. */
  isAdmitted?: boolean
  /** Whether the provider was asked to authorize. */
  wasAsked?: boolean
  /** Whether the provider's state was recorded; once is enough. */
  wasRefreshed?: boolean
  /** Which rule does not allow it. */
  refusal?: ServiceError
}

/** How far one change of a cart is. */
export interface FollowProgress {
  /** The provider of the session that was voided because it belonged to another customer. */
  reopenWith?: string
}

/** Why there is no session to authorize. */
function sessionMissing({ sessionId, wasAsked, refusal }: AuthorizeProgress): ServiceError {
  if (refusal) return refusal
  if (!wasAsked) return sessionNotFound(sessionId)
  return new SessionEnded()
}

type Figures = Pick<PaymentSession, "amount" | "currency_code">
type Wanted = Pick<PaymentSession, "provider_id" | "amount" | "currency_code" | "client_data" | "context">

/** What a session is for, of a collection that is to be for these figures. */
function restOf({ authorizedAmount }: Aggregate, { amount, currency_code }: CollectionFigures): Figures {
  return { amount: amount - authorizedAmount, currency_code }
}

/** What a caller can do whose provider is not offered. If none is, only the operator can do something. */
function wayOut({ target }: Aggregate, hasAny: boolean): string {
  if (target.region_id !== null) {
    return hasAny
      ? "Choose one of the region's providers."
      : "The region has no enabled payment provider: the operator has to name its providers with POST /admin/regions/:id."
  }
  return hasAny
    ? "Choose one that is enabled."
    : "None is enabled that could be used without a region: the operator has to enable one with POST /admin/payments/payment-providers/:id, or to report the cart's region with PUT /admin/carts/:id."
}

function checkAmount(aggregate: Aggregate, session: PaymentSession): void {
  const { target, amountToPay: amount } = aggregate
  if (coversAmount(session, { ...target, amount })) return
  throw new AmountChanged(
    { minor: session.amount, currency: session.currency_code },
    { minor: amount, currency: target.currency_code },
  )
}

/** A session that belongs to a customer at its provider is not paid for another customer's cart. */
function checkCustomer(aggregate: Aggregate, session: PaymentSession): void {
  if (holderIn(session) === undefined || isOfCustomer(session, aggregate)) return
  throw new CustomerChanged()
}

/** @throws NotFound when the caller's key is confined to other sales channels than the cart's */
function checkVisible({ collection, cart }: Aggregate, { salesChannelIds }: Caller): void {
  const channel = cart ? cart.sales_channel_id : collection.sales_channel_id
  if (isInChannels(channel, salesChannelIds)) return
  throw collectionNotFound(collection.id)
}

/** The customer in the provider's books whose session it is. */
function holderIn({ context }: PaymentSession): string | undefined {
  const holder = context?.["account_holder"] as { id: string } | undefined
  return holder?.id
}

/** The customer that the cart belongs to, where it is not a guest's. */
function customerOf({ cart }: Aggregate): { id: string; email?: string } | undefined {
  if (!cart?.customer_id) return undefined
  return { id: cart.customer_id, ...(cart.email !== null && { email: cart.email }) }
}

/** The customer whose session it is, as the shop knows them; null for a guest. */
function customerIn({ context }: PaymentSession): string | null {
  const customer = context?.["customer"] as { id?: string } | undefined
  return customer?.id ?? null
}

/** Whether a session belongs to the cart's customer. */
function isOfCustomer(session: PaymentSession | undefined, { cart }: Aggregate): boolean {
  return !session || !cart || customerIn(session) === cart.customer_id
}

/** Who pays, as far as the cart says so. */
function contextOf({ cart }: Aggregate, holder?: KnownAccountHolder): Record<string, unknown> {
  const account_holder = holder && { account_holder: { id: holder.external_id } }
  if (!cart || (cart.customer_id === null && cart.email === null)) return { ...account_holder }
  return {
    customer: {
      ...(cart.customer_id !== null && { id: cart.customer_id }),
      ...(cart.email !== null && { email: cart.email }),
    },
    ...account_holder,
  }
}

function requestOf({ data, private_data, context }: PaymentSession) {
  return { data, private_data: private_data ?? {}, context: context ?? {} }
}
