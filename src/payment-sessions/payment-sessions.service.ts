import { Injectable } from "@nestjs/common"
import type { EntityManager } from "typeorm"
import { AccountHoldersService } from "../account-holders/account-holders.service.js"
import type { Caller } from "../api-keys/caller.js"
import { Conflict, InvalidData, NotFound } from "../common/errors.js"
import { toRawAmount } from "../common/money.js"
import type { Audience, Selection } from "../common/fields.js"
import type { Aggregate, CollectionFigures } from "../payment-model/aggregate.js"
import { lockCollectionAndCart } from "../payment-model/collection-lock.js"
import { isOutgrown } from "../payment-model/collection.rules.js"
import { collectionEvent } from "../payment-model/events.js"
import type { PaymentCollection } from "../payment-model/payment-collection.entity.js"
import type { PaymentSession } from "../payment-model/payment-session.entity.js"
import { coversAmount, nextSessionStep } from "../payment-model/session.rules.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { PaymentProviderRegistry } from "../payment-providers/payment-provider.registry.js"
import { ProviderOperations, type Decision } from "../payment-providers/provider-operations.js"
import type { CreatePaymentSessionRequest } from "./payment-session.dto.js"
import { settleAuthorize, settleCancelSession, settleInitiate, settleUpdate } from "./settle-session.js"

/** Opens, changes, authorizes and cancels the sessions of a collection, of which one at most is open. */
@Injectable()
export class PaymentSessionsService {
  constructor(
    private readonly operations: ProviderOperations,
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
   * whoever and however often asks; while the shopper or the provider is not through, it says so.
   *
   * @throws NotFound, NotAllowed, PaymentDeclined
   * @throws Conflict `amount_changed` when the session is for another amount than is to be paid by now
   */
  async authorize(
    collectionId: string,
    sessionId: string,
    caller: Caller,
    selection: Selection,
  ): Promise<PaymentCollection> {
    return this.operations.performAndRead(
      (tx) => lockCollectionAndCart(tx, collectionId),
      (aggregate) => {
        checkVisible(aggregate, caller)
        const session = aggregate.sessions.find(({ id }) => id === sessionId)
        if (!session) throw new NotFound(`PaymentSession id not found: ${sessionId}`)
        return this.authorizeStep(aggregate, session, caller)
      },
      () => this.reader.get(collectionId, selection),
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
    const underWay = aggregate.sessionOperation
    if (underWay) return { kind: "join", operationId: underWay.id }
    this.checkOffered(aggregate, provider_id)
    const figures = { amount, currency_code: aggregate.target.currency_code }
    this.checkAccepts(provider_id, data, figures, audience)
    return this.toward(aggregate, tx, { provider_id, ...figures, client_data: data, context: {} }, caller)
  }

  /** The next step towards a payment of a session; to be decided upon under the lock. */
  authorizeStep(aggregate: Aggregate, session: PaymentSession, caller: Caller): Decision {
    if (aggregate.paymentOf(session)) return { kind: "done" }
    const underWay = aggregate.sessionOperation
    if (underWay?.kind === "authorize") return { kind: "join", operationId: underWay.id, isTheAct: true }
    if (underWay) return { kind: "join", operationId: underWay.id }
    this.checkOffered(aggregate, session.provider_id)
    checkAmount(aggregate, session)
    const operation = aggregate.begin("authorize", session, {
      amount: session.amount,
      request: { ...requestOf(session), client_data: session.client_data },
      created_by: caller.id,
    })
    return { kind: "call", operation, settle: settleAuthorize, isLast: true }
  }

  /**
   * The next step for the collection to be what its cart says; to be decided upon under the lock. An open session is
   * changed at its provider first, and both take on the figures together.
   */
  followCart(aggregate: Aggregate, caller: Caller): Decision {
    const { target, collection, cart, openSession } = aggregate
    if (isOutgrown(collection, cart)) {
      aggregate.updateCollection({ deleted_at: new Date() })
      aggregate.changes.tell(() => collectionEvent("payment_collection.deleted", collection))
      return { kind: "done" }
    }
    aggregate.reportOutgrown()
    aggregate.adoptOrder(cart?.order_id)
    const isSettled = coversAmount(collection, target)
    const underWay = aggregate.sessionOperation
    if (underWay?.state === "pending" && !isSettled) return { kind: "join", operationId: underWay.id }
    if (!openSession || isSettled) {
      aggregate.takeOn(aggregate.followed)
      return { kind: "done" }
    }
    // Nobody knows when a call whose answer stayed out is settled: the change waits, the caller does not.
    if (underWay) return { kind: "done" }
    return this.changeAmount(aggregate, openSession, target, caller)
  }

  /**
   * The next step for a collection without a cart to be for another amount; to be decided upon under the lock. An open
   * session is changed at its provider first, and both adopt the new amount together.
   */
  followAmount(aggregate: Aggregate, amount: bigint, caller: Caller): Decision {
    const underWay = aggregate.sessionOperation
    if (underWay) return { kind: "join", operationId: underWay.id }
    const { openSession } = aggregate
    const target = { ...aggregate.target, amount }
    if (!openSession || coversAmount(openSession, restOf(aggregate, target))) {
      aggregate.takeOn({ amount })
      return { kind: "done" }
    }
    return this.changeAmount(aggregate, openSession, target, caller)
  }

  /** Changes the open session to what is left of a new amount, or cancels it if it cannot pay that. */
  private changeAmount(
    aggregate: Aggregate,
    open: PaymentSession,
    target: CollectionFigures,
    caller: Caller,
  ): Decision {
    const figures = restOf(aggregate, target)
    const isNothingLeft = figures.amount <= 0n && aggregate.authorizedAmount > 0n
    // What the provider cannot take cannot be paid with it: the shopper chooses another one.
    if (isNothingLeft || this.refusalOf(open.provider_id, figures) !== undefined) {
      return this.cancel(aggregate, open, caller)
    }
    const context = holderIn(open) === undefined ? contextOf(aggregate) : open.context
    return this.update(aggregate, open, { ...open, ...figures, context }, caller, target)
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
    const customer = this.registry.get(wanted.provider_id).accountHolders && customerOf(aggregate)
    const holder = customer && (await this.holders.find(tx, wanted.provider_id, customer.id))
    if (customer && !holder) {
      return { kind: "prepare", prepare: () => this.holders.ensure(wanted.provider_id, customer) }
    }
    const context = { ...contextOf(aggregate), ...(holder && { account_holder: { id: holder.external_id } }) }
    if (!open) return this.initiate(aggregate, { ...wanted, context }, caller)
    const account_holder = holder?.external_id
    switch (nextSessionStep({ ...open, account_holder: holderIn(open) }, { ...wanted, account_holder })) {
      case "keep":
        aggregate.takeOn(aggregate.target)
        return { kind: "done" }
      case "cancel_session":
        return this.cancel(aggregate, open, caller)
      case "update":
        return this.update(aggregate, open, { ...wanted, context }, caller)
    }
  }

  private initiate(aggregate: Aggregate, wanted: Wanted, caller: Caller): Decision {
    aggregate.takeOn(aggregate.target)
    const session = aggregate.addSession(wanted)
    const operation = aggregate.begin("initiate", session, {
      amount: wanted.amount,
      request: { ...requestOf(session), client_data: wanted.client_data },
      created_by: caller.id,
    })
    return { kind: "call", operation, settle: settleInitiate, isLast: true }
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
    return { kind: "call", operation, settle: settleUpdate, isLast: true } as const
  }

  private cancel(aggregate: Aggregate, session: PaymentSession, caller: Caller): Decision {
    const operation = aggregate.begin("cancel_session", session, {
      amount: session.amount,
      request: { ...requestOf(session), client_data: {} },
      created_by: caller.id,
    })
    return { kind: "call", operation, settle: settleCancelSession }
  }

  private checkOffered({ providerIds, target }: Aggregate, providerId: string): void {
    if (this.registry.has(providerId) && providerIds.includes(providerId)) return
    const place = target.region_id === null ? "" : ` in the cart's region ${target.region_id}`
    throw new InvalidData(
      `Payment provider ${providerId} is not enabled${place}. Choose one of the region's providers.`,
    )
  }

  private checkAccepts(providerId: string, data: object, { amount, currency_code }: Figures, audience: Audience): void {
    const { clientFields } = this.registry.get(providerId).capabilities
    const refused = clientFields === "any" ? [] : Object.keys(data).filter((name) => !clientFields.includes(name))
    if (audience === "store" && refused.length > 0) {
      throw new InvalidData(
        `Invalid request: Unrecognized fields: '${refused.map((name) => `data.${name}`).join(", ")}'`,
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
      return `Payment provider ${providerId} takes no payment of zero. Use one that needs no provider, such as pp_system_default.`
    }
    return provider.refusalOf?.({ minor: amount, currency: currency_code }, "payment")
  }
}

type Figures = Pick<PaymentSession, "amount" | "currency_code">
type Wanted = Pick<PaymentSession, "provider_id" | "amount" | "currency_code" | "client_data" | "context">

/** What a session is for, of a collection that is to be for these figures. */
function restOf({ authorizedAmount }: Aggregate, { amount, currency_code }: CollectionFigures): Figures {
  return { amount: amount - authorizedAmount, currency_code }
}

function checkAmount(aggregate: Aggregate, session: PaymentSession): void {
  const { target, amountToPay: amount } = aggregate
  if (coversAmount(session, { ...target, amount })) return
  const words = (minor: bigint, currency: string) => `${toRawAmount({ minor, currency }).value} ${currency}`
  throw new Conflict(
    `The session is for ${words(session.amount, session.currency_code)}, but ${words(amount, target.currency_code)} ` +
      "is to be paid by now. Create the payment session again, then authorize it.",
    { code: "amount_changed" },
  )
}

/** @throws NotFound when the caller's key is confined to other sales channels than the cart's */
function checkVisible({ collection, cart }: Aggregate, { salesChannelIds }: Caller): void {
  const channel = cart ? cart.sales_channel_id : collection.sales_channel_id
  if (salesChannelIds.length === 0 || channel === null || salesChannelIds.includes(channel)) return
  throw new NotFound(`PaymentCollection id not found: ${collection.id}`)
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

/** Who pays, as far as the cart says so. */
function contextOf({ cart }: Aggregate): Record<string, unknown> {
  if (!cart || (cart.customer_id === null && cart.email === null)) return {}
  return {
    customer: {
      ...(cart.customer_id !== null && { id: cart.customer_id }),
      ...(cart.email !== null && { email: cart.email }),
    },
  }
}

function requestOf({ data, private_data, context }: PaymentSession) {
  return { data, private_data: private_data ?? {}, context: context ?? {} }
}
