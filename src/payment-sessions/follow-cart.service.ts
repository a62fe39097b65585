import { Injectable } from "@nestjs/common"
import type { EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import type { Aggregate, CollectionFigures } from "../payment-model/aggregate.js"
import type { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { collectionEvent } from "../payment-model/events.js"
import { isOutgrown, isPayable } from "../payment-model/rules/collection.rules.js"
import { coversAmount } from "../payment-model/rules/session.rules.js"
import type { Decision } from "../payment-providers/calls/operation-runner.js"
import { OfferedProviders } from "./offered-providers.js"
import { OpenSessionService } from "./open-session.service.js"
import { contextOf, holderIdOf, isOfCustomer, SessionCustomers } from "./session-customer.js"
import { cancelSession, updateSession, type SessionFigures } from "./session-operations.js"

/** Changes a collection and its open session together, when the cart or the amount has changed. */
@Injectable()
export class FollowCartService {
  constructor(
    private readonly offered: OfferedProviders,
    private readonly customers: SessionCustomers,
    private readonly openSession: OpenSessionService,
  ) {}

  /**
   * The next step for the collection to be what its cart says; to be decided upon under the lock. An open session is
   * changed at its provider first, and both adopt the figures together. A session that belongs to another customer at
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
    const isOffered = !openSession || this.offered.isOffered(aggregate, openSession.provider_id)
    const isUpToDate = coversAmount(collection, target) && isOffered && isOfCustomer(openSession, aggregate)
    const unresolved = aggregate.sessionOperation
    if (unresolved?.state === "pending" && !isUpToDate) return { kind: "wait", operationId: unresolved.id }
    if (!openSession || isUpToDate) {
      const reopening = openSession ? undefined : await this.reopen(aggregate, tx, progress, caller)
      if (reopening) return reopening
      aggregate.adopt(aggregate.followed)
      return { kind: "done" }
    }
    // Nobody knows when a call that timed out is resolved: the change waits, the caller does not.
    if (unresolved) return { kind: "done" }
    return this.changeSession(aggregate, tx, openSession, target, progress, caller)
  }

  /**
   * The next step for a collection without a cart to be for another amount; to be decided upon under the lock. An open
   * session is changed at its provider first, and both adopt the new amount together.
   */
  async followAmount(aggregate: Aggregate, tx: EntityManager, amount: bigint, caller: Caller): Promise<Decision> {
    const unresolved = aggregate.sessionOperation
    if (unresolved) return { kind: "wait", operationId: unresolved.id }
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
    // The shopper has to choose another provider if this one cannot take the amount.
    if (
      isNothingLeft ||
      !this.offered.isOffered(aggregate, provider_id) ||
      this.offered.findAmountRefusal(provider_id, figures) !== undefined
    ) {
      return cancelSession(aggregate, open, caller)
    }
    if (!aggregate.cart) return updateSession(aggregate, open, { ...open, ...figures }, caller, target)
    const before = holderIdOf(open)
    // Before the provider knows the next customer, which may fail: the session must not be paid for their cart.
    if (before !== undefined && !isOfCustomer(open, aggregate)) {
      progress.reopenWith = provider_id
      return cancelSession(aggregate, open, caller)
    }
    const holder = await this.customers.findHolder(aggregate, tx, provider_id)
    if (holder && "prepare" in holder) return holder
    if (before !== undefined && before !== holder?.external_id) {
      progress.reopenWith = provider_id
      return cancelSession(aggregate, open, caller)
    }
    const wanted = { ...open, ...figures, context: contextOf(aggregate, holder) }
    const updating = updateSession(aggregate, open, wanted, caller, target)
    return { ...updating, replaceAccountHolder: holder && (() => this.customers.replaceHolder(holder)) }
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
    if (provider_id === undefined || !isOpen || !this.offered.isOffered(aggregate, provider_id)) return undefined
    const figures = { amount: aggregate.amountToPay, currency_code: target.currency_code }
    if (this.offered.findAmountRefusal(provider_id, figures) !== undefined) return undefined
    return this.openSession.planSession(
      aggregate,
      tx,
      { provider_id, ...figures, client_data: {}, context: {} },
      caller,
    )
  }
}

/** How far one change of a cart is. */
export interface FollowProgress {
  /** The provider of the session that was voided because it belonged to another customer. */
  reopenWith?: string
}

/** The figures of a session that pays the rest of a collection with these figures. */
function restOf({ authorizedAmount }: Aggregate, { amount, currency_code }: CollectionFigures): SessionFigures {
  return { amount: amount - authorizedAmount, currency_code }
}
