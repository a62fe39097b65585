import type { EntityManager } from "typeorm"
import { reviveWholeRow, wholeRowJson, type Json } from "../database/statements/read-graph.js"
import { newId } from "../common/ids.js"
import { prepared } from "../database/statements/prepared.js"
import { Capture } from "./entities/capture.entity.js"
import { Changes } from "./changes.js"
import {
  amountFor,
  amountToPay,
  mayFollowCart,
  outgrownTotal,
  outstandingOf,
  statusOf,
  totalsOf,
} from "./rules/collection.rules.js"
import { collectionEvent, outgrownEvent, type EventName } from "./events.js"
import { PaymentCollection } from "./entities/payment-collection.entity.js"
import { PaymentOperation } from "./entities/payment-operation.entity.js"
import { PaymentSession } from "./entities/payment-session.entity.js"
import { Payment } from "./entities/payment.entity.js"
import { Refund } from "./entities/refund.entity.js"
import type { Reservation } from "./rules/payment.rules.js"
import {
  mayMove,
  OPEN_SESSION_STATUSES,
  OPERATION_TRANSITIONS,
  SESSION_OPERATION_KINDS,
  SESSION_TRANSITIONS,
  sqlList,
  UNRESOLVED_STATES,
  type CollectionStatus,
  type OperationKind,
  type OperationState,
  type SessionStatus,
} from "./status.js"

/** What is known of the cart that a collection is for, locked with it. */
export interface CartFigures {
  readonly id: string
  readonly currency_code: string
  readonly total: bigint
  readonly region_id: string | null
  readonly sales_channel_id: string | null
  readonly customer_id: string | null
  readonly email: string | null
  readonly order_id: string | null
  readonly completed_at: Date | null
}

type CartPrice = Pick<CartFigures, "total" | "currency_code" | "completed_at">

/** What of a collection follows its cart. */
export type CollectionFigures = Pick<PaymentCollection, "amount" | "currency_code" | "region_id" | "sales_channel_id">

/**
 * A collection under its lock, with all that decides about it. Deciding and recording happen here, in memory; what
 * changes is collected, and written at the end of the transaction. Decisions are rules of their own files.
 */
export class Aggregate {
  readonly changes = new Changes()

  constructor(
    readonly collection: PaymentCollection,
    /** Where the collection is for a cart, and the use case looks at its figures. */
    readonly cart: CartFigures | undefined,
    /** Live ones: replaced and canceled sessions are gone. */
    readonly sessions: PaymentSession[],
    readonly payments: Payment[],
    readonly captures: Capture[],
    readonly refunds: Refund[],
    /** Calls that are not settled. */
    readonly operations: PaymentOperation[],
    /** The providers that may be used: those of the region of {@link target}; every enabled one where that does not count. */
    readonly providerIds: readonly string[],
    /** The enabled ones that the cart's region names by now, or the collection's if it has no cart. */
    readonly regionProviderIds: readonly string[] = providerIds,
    /** What the collection's cart costs by now, also where the use case does not lock it: for what is reported, not decided. */
    private readonly price: CartPrice | undefined = cart,
  ) {}

  get openSession(): PaymentSession | undefined {
    return this.sessions.find((session) => (OPEN_SESSION_STATUSES as readonly SessionStatus[]).includes(session.status))
  }

  /** The call that is changing the open session, where one is under way. */
  get sessionOperation(): PaymentOperation | undefined {
    return this.operations.find((operation) =>
      (SESSION_OPERATION_KINDS as readonly OperationKind[]).includes(operation.kind),
    )
  }

  paymentOf(session: PaymentSession): Payment | undefined {
    return this.payments.find((payment) => payment.payment_session_id === session.id)
  }

  /**
   * What the collection is to be for: what its cart says now, as long as it follows. Once something is authorized only
   * the amount changes, and only a session may raise it.
   */
  get target(): CollectionFigures {
    const figures = targetOf(this.collection, this.cart)
    if (mayFollowCart(this.collection)) return figures
    return { ...figures, amount: amountFor(this.collection, this.authorizedAmount, this.cart) }
  }

  /** What the collection adopts of {@link target} without a session: once something is authorized, no larger amount. */
  get followed(): CollectionFigures {
    const { target, collection } = this
    const isRaise = !mayFollowCart(collection) && target.amount > collection.amount
    return isRaise ? { ...target, amount: collection.amount } : target
  }

  /** What payments hold or took towards the amount, in minor units. A surplus goes back and pays nothing. */
  get authorizedAmount(): bigint {
    const payments = this.facts.payments.filter(({ is_surplus }) => !is_surplus)
    return totalsOf({ payments }).authorized_amount
  }

  /** What is still to be paid, in minor units. */
  get outstandingAmount(): bigint {
    return outstandingOf(this.collection, this.authorizedAmount, this.price)
  }

  /** What a session is for by now, in minor units. @throws NotAllowed when nothing may be paid any more */
  get amountToPay(): bigint {
    const { amount } = this.target
    const { status } = this.collection
    return amountToPay({ amount, status, authorized_amount: this.authorizedAmount }, this.outstandingAmount)
  }

  /**
   * Takes on figures of the cart; those of an open session have to be agreed with its provider first. Once something is
   * authorized, another amount may mean another status.
   */
  adopt(figures: Partial<CollectionFigures>, now = new Date()): void {
    const { collection } = this
    const names = Object.keys(figures) as (keyof CollectionFigures)[]
    if (names.every((name) => figures[name] === collection[name])) return
    const { amount = collection.amount } = figures
    const isCovered = collection.outgrown_total !== null && amount >= collection.outgrown_total
    this.updateCollection({ ...figures, ...(isCovered && { outgrown_total: null }) })
    if (this.payments.length > 0 && this.recompute(now)) return
    this.changes.recordEvent(() => collectionEvent("payment_collection.updated", collection))
  }

  /** Adopts the order that the collection turns out to be for. Without one, the collection keeps what it has. */
  adoptOrder(orderId: string | null | undefined): void {
    const { collection } = this
    if (!orderId || orderId === collection.order_id) return
    this.updateCollection({ order_id: orderId })
    this.changes.recordEvent(() => collectionEvent("payment_collection.updated", collection))
  }

  /**
   * Records that the cart outgrew what is authorized, once per total. The event shows the collection as it was found: a
   * session may raise its amount in the same transaction.
   */
  reportOutgrown(): void {
    const { collection, price } = this
    if (!price) return
    const total = outgrownTotal(collection, this.authorizedAmount, price)
    if (total === collection.outgrown_total) return
    this.updateCollection({ outgrown_total: total })
    if (total === null) return
    const event = outgrownEvent(collection, this.outstandingAmount)
    this.changes.recordEvent(() => event)
  }

  /** What unsettled calls of these kinds would move of a payment. */
  reserved(payment: Payment, ...kinds: OperationKind[]): Reservation[] {
    return this.operations.filter((operation) => operation.payment_id === payment.id && kinds.includes(operation.kind))
  }

  /**
   * What refunds in progress that no operation of ours makes would take of a payment, minor units: an operator began them
   * with the provider directly.
   */
  pendingElsewhere(payment: Payment): bigint {
    const ours = this.operations.map(({ refund_id }) => refund_id)
    return this.refunds
      .filter(({ id, payment_id, status }) => payment_id === payment.id && status === "pending" && !ours.includes(id))
      .reduce((sum, { amount }) => sum + amount, 0n)
  }

  /** Writes down what a provider is about to be asked. */
  begin(
    kind: OperationKind,
    session: Pick<PaymentSession, "id" | "provider_id" | "currency_code">,
    about: Pick<PaymentOperation, "amount" | "request" | "created_by"> & Partial<PaymentOperation>,
  ): PaymentOperation {
    const operation = this.changes.insert(PaymentOperation, {
      id: newId("op"),
      kind,
      payment_collection_id: this.collection.id,
      payment_session_id: session.id,
      provider_id: session.provider_id,
      currency_code: session.currency_code,
      state: "pending",
      attempts: 0,
      is_accepted: false,
      resolved_at: null,
      ...about,
    })
    this.operations.push(operation)
    return operation
  }

  addSession(
    about: Pick<PaymentSession, "provider_id" | "currency_code" | "amount" | "client_data" | "context">,
  ): PaymentSession {
    const session = this.changes.insert(PaymentSession, {
      id: newId("payses"),
      payment_collection_id: this.collection.id,
      status: "pending",
      data: {},
      private_data: null,
      authorized_at: null,
      metadata: null,
      deleted_at: null,
      ...about,
    })
    this.sessions.push(session)
    return session
  }

  /** What is being captured; it counts once it succeeded. */
  addCapture(
    payment: Payment,
    about: Pick<Capture, "amount" | "created_by"> & Partial<Pick<Capture, "status">>,
  ): Capture {
    const ids = { id: newId("capt"), payment_id: payment.id }
    const capture = this.changes.insert(Capture, { ...ids, status: "pending", ...about })
    this.captures.push(capture)
    return capture
  }

  /** What is being given back; it counts once it succeeded. */
  addRefund(
    payment: Payment,
    about: Pick<Refund, "amount" | "created_by"> &
      Partial<Pick<Refund, "refund_reason_id" | "note" | "metadata" | "status" | "external_id">>,
  ): Refund {
    const ids = { id: newId("ref"), payment_id: payment.id }
    const refund = this.changes.insert(Refund, {
      ...ids,
      status: "pending",
      refund_reason_id: null,
      note: null,
      metadata: null,
      external_id: null,
      ...about,
    })
    this.refunds.push(refund)
    return refund
  }

  moveSession(session: PaymentSession, status: SessionStatus, set: Partial<PaymentSession> = {}): void {
    if (!mayMove(SESSION_TRANSITIONS, session.status, status)) {
      throw new Error(`A session cannot become ${status} once it is ${session.status}`)
    }
    this.changes.update(PaymentSession, session, { ...set, status })
  }

  /** The session is over, and never listed again. */
  dropSession(session: PaymentSession, status: "canceled" | "error", now: Date): void {
    this.moveSession(session, status, { deleted_at: now })
    remove(this.sessions, session)
  }

  moveOperation(operation: PaymentOperation, state: OperationState, set: Partial<PaymentOperation> = {}): void {
    if (!mayMove(OPERATION_TRANSITIONS, operation.state, state)) {
      throw new Error(`An operation cannot become ${state} once it is ${operation.state}`)
    }
    this.changes.update(PaymentOperation, operation, { ...set, state })
    if (!(UNRESOLVED_STATES as readonly OperationState[]).includes(state)) {
      remove(this.operations, operation)
    }
  }

  /**
   * Brings the totals of payments and collection, and the collection's status, in line with what moved; to be called
   * last by whatever changed a child. Records an event of the collection if totals or status changed.
   * @returns whether they did
   */
  recompute(now: Date): boolean {
    for (const payment of this.payments) this.recomputePayment(payment, now)
    const { collection } = this
    const totals = totalsOf(this.facts)
    const status = statusOf(this.facts)
    if (status === collection.status && sameTotals(totals, collection)) return false
    const name = status === collection.status ? "payment_collection.updated" : eventOf(status)
    const completedAt = collection.completed_at ?? (status === "completed" ? now : null)
    this.updateCollection({ ...totals, status, completed_at: completedAt })
    this.changes.recordEvent(() => collectionEvent(name, collection))
    return true
  }

  /** Changes the collection's own columns. A new version tells whoever saw the collection before to look again. */
  updateCollection(set: Partial<PaymentCollection>): void {
    this.changes.update(PaymentCollection, this.collection, { ...set, version: this.collection.version + 1 })
  }

  private get facts() {
    const { amount, status, completed_at, currency_code } = this.collection
    // One that came in too late, in a currency that the collection has left, is given back and is in no sum with others.
    const payments = this.payments.filter((payment) => payment.currency_code === currency_code)
    return { amount, status, completed_at, sessions: this.sessions, payments }
  }

  private recomputePayment(payment: Payment, now: Date): void {
    const captured = sumOfSucceeded(this.captures, payment)
    const refunded = sumOfSucceeded(this.refunds, payment)
    const authorized = payment.canceled_at === null ? payment.authorized_amount : captured
    if (
      captured === payment.captured_amount &&
      refunded === payment.refunded_amount &&
      authorized === payment.authorized_amount
    ) {
      return
    }
    this.changes.update(Payment, payment, {
      captured_amount: captured,
      refunded_amount: refunded,
      authorized_amount: authorized,
      captured_at: payment.captured_at ?? (captured >= payment.amount ? now : null),
    })
  }
}

/** Reads what hangs on a collection whose lock the caller holds, in a statement of its own. */
export async function readAggregate(
  tx: EntityManager,
  collection: PaymentCollection,
  cart?: CartFigures,
): Promise<Aggregate> {
  const regionId = targetOf(collection, cart).region_id
  // An order that was placed may be paid with any provider, whatever its region offers shoppers by now.
  const mayUseAny = regionId === null || Boolean(cart?.completed_at)
  const [row] = await tx.query<ChildrenRow[]>(childrenStatement(tx), [
    collection.id,
    regionId,
    cart ? cart.region_id : collection.region_id,
    cart ? null : collection.cart_id,
  ])
  if (!row) throw new Error("A statement without FROM answers a row")
  const revived = <E extends object>(type: new () => E, rows: Json[]) =>
    rows.map((json) => Object.assign(new type(), reviveWholeRow(tx.dataSource.getMetadata(type), json)))
  return new Aggregate(
    collection,
    cart,
    revived(PaymentSession, row.sessions),
    revived(Payment, row.payments),
    revived(Capture, row.captures),
    revived(Refund, row.refunds),
    revived(PaymentOperation, row.operations),
    mayUseAny ? row.provider_ids : row.target_provider_ids,
    row.region_provider_ids,
    cart ?? (row.price && cartFiguresOf(row.price)),
  )
}

type ChildrenRow = Record<"sessions" | "payments" | "captures" | "refunds" | "operations", Json[]> & {
  provider_ids: string[]
  target_provider_ids: string[]
  region_provider_ids: string[]
  price?: CartJson<CartPrice>
}

/** A cart as JSON carries it. */
export type CartJson<Figures extends CartPrice> = Omit<Figures, "total" | "completed_at"> & {
  readonly total: string
  readonly completed_at: string | null
}

export function cartFiguresOf<Figures extends CartPrice>({ total, completed_at, ...cart }: CartJson<Figures>) {
  return { ...cart, total: BigInt(total), completed_at: completed_at === null ? null : new Date(completed_at) }
}

let childrenSql: string | undefined

function targetOf(collection: PaymentCollection, cart: CartFigures | undefined): CollectionFigures {
  const { amount, currency_code, region_id, sales_channel_id } = collection
  if (!cart || !mayFollowCart(collection)) return { amount, currency_code, region_id, sales_channel_id }
  return {
    amount: cart.total,
    currency_code: cart.currency_code,
    region_id: cart.region_id,
    sales_channel_id: cart.sales_channel_id,
  }
}

/** $1 the collection, $2 the region whose providers count, $3 the region of the shopper, $4 the cart if it is not locked. */
function childrenStatement(tx: EntityManager): string {
  const list = (type: new () => object, from: string) =>
    `(SELECT coalesce(json_agg(${wholeRowJson(tx.dataSource.getMetadata(type), "child")} ORDER BY child.created_at, child.id), '[]') FROM ${from})`
  const movement = (table: string) =>
    `${table} child JOIN payment ON payment.id = child.payment_id WHERE payment.payment_collection_id = $1`
  const ofRegion = (region: string) =>
    `(SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]') FROM payment_provider provider
      JOIN region_payment_provider link ON link.payment_provider_id = provider.id
      WHERE provider.is_enabled AND link.region_id = ${region})`
  childrenSql ??= prepared`SELECT
    ${list(PaymentSession, "payment_session child WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL")} AS sessions,
    ${list(Payment, "payment child WHERE child.payment_collection_id = $1 AND child.deleted_at IS NULL")} AS payments,
    ${list(Capture, movement("capture"))} AS captures,
    ${list(Refund, movement("refund"))} AS refunds,
    ${list(PaymentOperation, `payment_operation child WHERE child.payment_collection_id = $1 AND child.state IN (${sqlList(UNRESOLVED_STATES)})`)} AS operations,
    (SELECT coalesce(json_agg(provider.id ORDER BY provider.id), '[]') FROM payment_provider provider
      WHERE provider.is_enabled) AS provider_ids,
    ${ofRegion("$2")} AS target_provider_ids,
    ${ofRegion("$3")} AS region_provider_ids,
    (SELECT json_build_object('total', total::text, 'currency_code', currency_code, 'completed_at', completed_at)
      FROM cart WHERE id = $4) AS price`
  return childrenSql
}

function remove<E>(rows: E[], row: E): void {
  const index = rows.indexOf(row)
  if (index >= 0) rows.splice(index, 1)
}

/** What was captured of a payment, minor units; also what has been recorded since its totals were computed. */
export function capturedOf({ captures }: Aggregate, payment: Payment): bigint {
  return sumOfSucceeded(captures, payment)
}

function sumOfSucceeded(movements: readonly (Capture | Refund)[], payment: Payment): bigint {
  return movements
    .filter((movement) => movement.payment_id === payment.id && movement.status === "succeeded")
    .reduce((sum, movement) => sum + movement.amount, 0n)
}

function sameTotals(left: ReturnType<typeof totalsOf>, right: ReturnType<typeof totalsOf>): boolean {
  return (
    left.authorized_amount === right.authorized_amount &&
    left.captured_amount === right.captured_amount &&
    left.refunded_amount === right.refunded_amount
  )
}

function eventOf(status: CollectionStatus): Extract<EventName, `payment_collection.${string}`> {
  if (status === "completed") return "payment_collection.completed"
  return status === "canceled" ? "payment_collection.canceled" : "payment_collection.updated"
}
