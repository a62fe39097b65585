import { Injectable } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { excerpt, NotAllowed, NotFound } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import type { Order } from "../payment-model/rules/order.rules.js"
import { PaymentOperation } from "../payment-model/entities/payment-operation.entity.js"
import { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { Payment } from "../payment-model/entities/payment.entity.js"
import { OrderReader } from "./order-reader.js"
import { AuthorizeSessionService } from "./authorize-session.service.js"
import { sessionNotFound } from "../payment-model/not-found.js"

/** What became of a session of an order. */
export interface AuthorizedOrder {
  readonly order: Order
  /** False while the provider has not decided. */
  readonly isAuthorized: boolean
}

/** Authorizes sessions of orders that were placed before their provider had authorized the payment. */
@Injectable()
export class OrderSessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sessions: AuthorizeSessionService,
    private readonly orders: OrderReader,
  ) {}

  /**
   * Asks the provider of a session in `pending_authorization` whether it has authorized the payment by now.
   *
   * @throws NotFound when there is no such session, or its collection is not the order's: then nothing is asked
   * @throws NotAllowed when the session is in another status, or the provider has not authorized it
   * @throws what {@link AuthorizeSessionService.authorize} throws
   */
  async authorize(orderId: string, sessionId: string, caller: Caller, selection: Selection): Promise<AuthorizedOrder> {
    const collectionId = await this.collectionOf(sessionId)
    let isFirst = true
    return this.sessions.authorizeAndRead(
      { collectionId, sessionId, caller, audience: "admin", requestKey: caller.requestKey },
      async (aggregate, tx) => {
        checkOrder(aggregate, orderId, sessionId)
        const begun = await begunBy(tx, caller)
        // Only at first: after that the status shows what this request has done.
        if (isFirst && !begun) checkStatus(aggregate, sessionId)
        isFirst = false
        aggregate.adoptOrder(orderId)
        const isPaid = aggregate.payments.some(({ payment_session_id }) => payment_session_id === sessionId)
        return begun && !isPaid ? { kind: "wait", operationId: begun.id, afterwards: "return_outcome" } : undefined
      },
      async () => ({
        isAuthorized: await this.isAuthorized(sessionId),
        order: await this.orders.get(orderId, collectionId, selection),
      }),
    )
  }

  private async collectionOf(sessionId: string): Promise<string> {
    const session = await this.find(sessionId)
    if (!session) throw sessionNotFound(sessionId)
    return session.payment_collection_id
  }

  /** @throws NotAllowed when there is neither a payment nor anything to wait for */
  private async isAuthorized(sessionId: string): Promise<boolean> {
    if (await this.dataSource.manager.existsBy(Payment, { payment_session_id: sessionId })) return true
    if ((await this.find(sessionId))?.status === "pending_authorization") return false
    throw new NotAllowed(`Session: ${sessionId} was not authorized with the provider.`)
  }

  /** Also one that was replaced or canceled: the shopper may have paid it all the same. */
  private async find(id: string): Promise<PaymentSession | null> {
    return this.dataSource.manager.findOne(PaymentSession, { where: { id }, withDeleted: true })
  }
}

/** The cart says which order it has become, also if its collection does not have that yet. */
function checkOrder({ cart, collection }: Aggregate, orderId: string, sessionId: string): void {
  if ((cart?.order_id ?? collection.order_id) === orderId) return
  throw new NotFound(
    `PaymentSession id not found: ${excerpt(sessionId)}. Its collection does not belong to order ${excerpt(orderId)}.`,
    { details: [{ field: "id", message: "PUT /admin/carts/:id reports the order of a cart, as its order_id." }] },
  )
}

/** One that has ended is left to the use case: the shopper may have paid it before. */
function checkStatus({ sessions }: Aggregate, sessionId: string): void {
  const status = sessions.find(({ id }) => id === sessionId)?.status
  if (status === undefined || status === "pending_authorization") return
  throw notPendingAuthorization(sessionId)
}

/** What a request began when it came the first time, with the same idempotency key. */
async function begunBy(tx: EntityManager, { requestKey }: Caller): Promise<PaymentOperation | null> {
  return requestKey === undefined ? null : tx.findOneBy(PaymentOperation, { request_key: requestKey })
}

export function notPendingAuthorization(sessionId: string): NotAllowed {
  return new NotAllowed(`Payment session ${sessionId} is not in pending_authorization status`)
}
