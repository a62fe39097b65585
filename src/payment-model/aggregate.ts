import { newId } from "../common/ids.js"
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
  isOpen,
  isSessionOperation,
  isUnresolved,
  mayMove,
  OPERATION_TRANSITIONS,
  SESSION_TRANSITIONS,
  type CollectionStatus,
  type OperationKind,
  type OperationState,
  type SessionStatus,
} from "./status.js"

/** The cart that a collection is for, locked with it. */
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

/** What a cart costs. */
export type CartPrice = Pick<CartFigures, "total" | "currency_code" | "completed_at">

/** What of a collection follows its cart. */
export type CollectionFigures = Pick<PaymentCollection, "amount" | "currency_code" | "region_id" | "sales_channel_id">

/**
 * A collection under its lock, with everything that decisions depend on. Use cases decide and record in memory;
 * {@link changes} collects what changed, and the end of the transaction writes it. The rules are in `rules/`.
 */
export class Aggregate {
  readonly changes = new Changes()

  constructor(
    readonly collection: PaymentCollection,
    /** Set if the collection is for a cart and the use case has locked it. */
    readonly cart: CartFigures | undefined,
    /** The live ones, without replaced and canceled sessions. */
    readonly sessions: PaymentSession[],
    readonly payments: Payment[],
    readonly captures: Capture[],
    readonly refunds: Refund[],
    /** The unresolved ones. */
    readonly operations: PaymentOperation[],
    /** The providers that may be used: those of the region of {@link target}, or all enabled ones without a region. */
    readonly providerIds: readonly string[],
    /** The enabled providers of the cart's current region, or of the collection's region if it has no cart. */
    readonly regionProviderIds: readonly string[] = providerIds,
    /** What the cart costs now, also if the use case does not lock it: for reports, not for decisions. */
    private readonly price: CartPrice | undefined = cart,
  ) {}

  get openSession(): PaymentSession | undefined {
    return this.sessions.find(({ status }) => isOpen(status))
  }

  /** The operation in progress that changes the open session. */
  get sessionOperation(): PaymentOperation | undefined {
    return this.operations.find(({ kind }) => isSessionOperation(kind))
  }

  findSession(id: string): PaymentSession | undefined {
    return this.sessions.find((session) => session.id === id)
  }

  findPaymentOfSession(sessionId: string): Payment | undefined {
    return this.payments.find((payment) => payment.payment_session_id === sessionId)
  }

  /** What was captured of a payment, minor units; also what has been recorded since its totals were computed. */
  capturedAmount(payment: Payment): bigint {
    return sumOfSucceeded(this.captures, payment)
  }

  /**
   * The figures that the collection should have: those of its cart, as long as it follows the cart. Once something is
   * authorized only the amount changes, and only a session may raise it.
   */
  get target(): CollectionFigures {
    const figures = targetOf(this.collection, this.cart)
    if (mayFollowCart(this.collection)) return figures
    return { ...figures, amount: amountFor(this.collection, this.authorizedAmount, this.cart) }
  }

  /** The part of {@link target} that the collection adopts without a session: no larger amount once something is authorized. */
  get followed(): CollectionFigures {
    const { target, collection } = this
    const isRaise = !mayFollowCart(collection) && target.amount > collection.amount
    return isRaise ? { ...target, amount: collection.amount } : target
  }

  /** What payments have authorized or captured of the amount, in minor units. A surplus payment is returned and does not count. */
  get authorizedAmount(): bigint {
    const payments = this.facts.payments.filter(({ is_surplus }) => !is_surplus)
    return totalsOf({ payments }).authorized_amount
  }

  /** What is still to be paid, in minor units. */
  get outstandingAmount(): bigint {
    return outstandingOf(this.collection, this.authorizedAmount, this.price)
  }

  /** The amount of a session now, in minor units. @throws NotAllowed when nothing may be paid any more */
  get amountToPay(): bigint {
    const { amount } = this.target
    const { status } = this.collection
    return amountToPay({ amount, status, authorized_amount: this.authorizedAmount }, this.outstandingAmount)
  }

  /**
   * Adopts figures of the cart. The provider of an open session has to accept them first. Once something is authorized,
   * another amount may mean another status.
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

  /** What unresolved operations of these kinds would move of a payment. */
  reserved(payment: Payment, ...kinds: OperationKind[]): Reservation[] {
    return this.operations.filter((operation) => operation.payment_id === payment.id && kinds.includes(operation.kind))
  }

  /**
   * The sum of pending refunds of a payment that no operation of ours makes, minor units: an operator started them with
   * the provider directly.
   */
  pendingElsewhere(payment: Payment): bigint {
    const ours = this.operations.map(({ refund_id }) => refund_id)
    return this.refunds
      .filter(({ id, payment_id, status }) => payment_id === payment.id && status === "pending" && !ours.includes(id))
      .reduce((sum, { amount }) => sum + amount, 0n)
  }

  /** Records the intent of a call to a provider. */
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

  /** Adds a capture. It counts once it has succeeded. */
  addCapture(
    payment: Payment,
    about: Pick<Capture, "amount" | "created_by"> & Partial<Pick<Capture, "status">>,
  ): Capture {
    const ids = { id: newId("capt"), payment_id: payment.id }
    const capture = this.changes.insert(Capture, { ...ids, status: "pending", ...about })
    this.captures.push(capture)
    return capture
  }

  /** Adds a refund. It counts once it has succeeded. */
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
    if (!isUnresolved(state)) remove(this.operations, operation)
  }

  /**
   * Recomputes the totals of payments and collection, and the collection's status. Whatever changes a child calls it last.
   * Records an event of the collection if totals or status changed.
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

  /** Changes the collection's own columns. A new version shows a process that read the collection before that it changed. */
  updateCollection(set: Partial<PaymentCollection>): void {
    this.changes.update(PaymentCollection, this.collection, { ...set, version: this.collection.version + 1 })
  }

  private get facts() {
    const { amount, status, completed_at, currency_code } = this.collection
    // A late payment in a currency that the collection has left is refunded, and no sum includes it.
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

/** The figures that the collection takes from its cart; its own once something is authorized. */
export function targetOf(collection: PaymentCollection, cart: CartFigures | undefined): CollectionFigures {
  const { amount, currency_code, region_id, sales_channel_id } = collection
  if (!cart || !mayFollowCart(collection)) return { amount, currency_code, region_id, sales_channel_id }
  return {
    amount: cart.total,
    currency_code: cart.currency_code,
    region_id: cart.region_id,
    sales_channel_id: cart.sales_channel_id,
  }
}

function remove<E>(rows: E[], row: E): void {
  const index = rows.indexOf(row)
  if (index >= 0) rows.splice(index, 1)
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
