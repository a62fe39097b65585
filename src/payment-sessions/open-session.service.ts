import { Injectable } from "@nestjs/common"
import type { EntityManager } from "typeorm"
import type { Audience, Selection } from "../api/fields/fields.js"
import type { Caller } from "../api/request-context.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { lockCollectionAndCart } from "../payment-model/lock.js"
import { nextSessionStep } from "../payment-model/rules/session.rules.js"
import { assertVisible } from "../payment-model/rules/visibility.rules.js"
import { OperationRunner, type Decision } from "../payment-providers/calls/operation-runner.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { OfferedProviders } from "./offered-providers.js"
import type { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { contextOf, customerIdOf, holderIdOf, isOfCustomer, SessionCustomers } from "./session-customer.js"
import { cancelSession, initiateSession, updateSession, type WantedSession } from "./session-operations.js"

/** Opens the session of a collection, of which at most one is open. */
@Injectable()
export class OpenSessionService {
  constructor(
    private readonly operations: OperationRunner,
    private readonly offered: OfferedProviders,
    private readonly customers: SessionCustomers,
    private readonly reader: CollectionReader,
  ) {}

  /**
   * Opens a session with this provider and these data, for what is left to pay. An open session of the same provider is
   * changed in place; one of another provider is canceled first. Parallel requests wait for each other.
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
        assertVisible(aggregate, caller.salesChannelIds)
        return this.openStep(aggregate, tx, request, caller, audience)
      },
      (aggregate) => (aggregate ? this.reader.reread(aggregate, selection) : this.reader.get(collectionId, selection)),
    )
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
    const unresolved = aggregate.sessionOperation
    if (unresolved) return { kind: "wait", operationId: unresolved.id }
    const { openSession } = aggregate
    if (openSession && !this.offered.isOffered(aggregate, openSession.provider_id)) {
      return cancelSession(aggregate, openSession, caller)
    }
    this.offered.assertOffered(aggregate, provider_id, audience)
    const figures = { amount, currency_code: aggregate.target.currency_code }
    this.offered.assertAccepted(provider_id, data, figures, audience)
    return this.planSession(aggregate, tx, { provider_id, ...figures, client_data: data, context: {} }, caller)
  }

  /**
   * The next step towards an open session with these figures, for the cart's customer: keeps, changes or replaces the session
   * that is open, or opens one; to be decided upon under the lock.
   */
  async planSession(aggregate: Aggregate, tx: EntityManager, wanted: WantedSession, caller: Caller): Promise<Decision> {
    const { openSession: open } = aggregate
    if (open && holderIdOf(open) !== undefined && !isOfCustomer(open, aggregate)) {
      return cancelSession(aggregate, open, caller)
    }
    const holder = await this.customers.findHolder(aggregate, tx, wanted.provider_id)
    if (holder && "prepare" in holder) return holder
    const context = contextOf(aggregate, holder)
    const replaceAccountHolder = holder && (() => this.customers.replaceHolder(holder))
    if (!open) return { ...initiateSession(aggregate, { ...wanted, context }, caller), replaceAccountHolder }
    const before = { ...open, account_holder: holderIdOf(open), customer_id: customerIdOf(open) }
    const after = { ...wanted, account_holder: holder?.external_id, customer_id: aggregate.cart?.customer_id ?? null }
    switch (nextSessionStep(before, after)) {
      case "keep":
        aggregate.adopt(aggregate.target)
        return { kind: "done" }
      case "cancel_session":
        return cancelSession(aggregate, open, caller)
      case "update":
        return { ...updateSession(aggregate, open, { ...wanted, context }, caller), replaceAccountHolder }
    }
  }
}
