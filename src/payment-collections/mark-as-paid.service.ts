import { Injectable } from "@nestjs/common"
import type { EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { NotAllowed } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { lockCollectionAndCart } from "../payment-model/lock.js"
import type { PaymentCollection } from "../payment-model/entities/payment-collection.entity.js"
import { CollectionReader } from "../payment-providers/collection-reader.js"
import { OperationRunner, type Decision } from "../payment-providers/calls/operation-runner.js"
import { SYSTEM_PROVIDER_ID } from "../payment-providers/system/system.provider.js"
import { AuthorizeSessionService, type AuthorizeProgress } from "../payment-sessions/authorize-session.service.js"
import { OpenSessionService } from "../payment-sessions/open-session.service.js"
import { PaymentsService } from "../payments/payments.service.js"
import type { MarkAsPaidRequest } from "./payment-collection.dto.js"
import type { CollectionStatus } from "../payment-model/status.js"

/**
 * Opens a session, authorizes and captures it in one request, for money that came in outside of a storefront. The state of
 * the collection decides each step. So the next request resumes one that failed, and parallel requests share the steps. The
 * collection records that marking it as paid has started.
 */
@Injectable()
export class MarkAsPaidService {
  constructor(
    private readonly reader: CollectionReader,
    private readonly operations: OperationRunner,
    private readonly opening: OpenSessionService,
    private readonly authorizing: AuthorizeSessionService,
    private readonly payments: PaymentsService,
  ) {}

  /**
   * @throws NotFound
   * @throws NotAllowed when it is paid, or something was authorized otherwise, or the provider does not authorize immediately,
   *   or it belongs to another order
   */
  async markAsPaid(
    id: string,
    { order_id, provider_id = SYSTEM_PROVIDER_ID }: MarkAsPaidRequest,
    caller: Caller,
    selection: Selection,
  ): Promise<PaymentCollection> {
    // The request makes several operations, so its idempotency key names none of them.
    const progress: Progress = {
      order_id,
      provider_id,
      caller: { ...caller, requestKey: undefined },
      isMarkable: false,
    }
    return this.operations.performAndRead(
      (tx) => lockCollectionAndCart(tx, id),
      (aggregate, tx) => this.nextStep(aggregate, tx, progress),
      () => this.reader.get(id, selection),
    )
  }

  private async nextStep(aggregate: Aggregate, tx: EntityManager, progress: Progress): Promise<Decision> {
    const { collection } = aggregate
    if (!progress.isMarkable) assertMarkable(aggregate, progress.order_id)
    progress.isMarkable = true
    if (collection.status === "completed") return { kind: "done" }

    const payment = aggregate.payments.find(
      ({ captured_at, canceled_at }) => captured_at === null && canceled_at === null,
    )
    if (payment) return continueAfter(this.payments.captureStep(aggregate, payment, undefined, progress.caller))

    const open = aggregate.openSession
    if (open && open.id === progress.asked?.sessionId) {
      throw new NotAllowed(`Session: ${open.id} was not authorized with the provider.`)
    }
    const wanted = { provider_id: progress.provider_id, data: open?.client_data }
    const step = await this.opening.openStep(aggregate, tx, wanted, progress.caller, "admin")
    if (step.kind !== "done" || !open) return continueAfter(step)
    progress.asked = { sessionId: open.id }
    return continueAfter(this.authorizing.authorizeStep(aggregate, progress.asked, progress.caller, "admin"))
  }
}

/** How far one call is. */
interface Progress {
  readonly order_id: string
  readonly provider_id: string
  readonly caller: Caller
  isMarkable: boolean
  /** The session whose authorization was asked for; asking once is enough. */
  asked?: AuthorizeProgress
}

function assertMarkable(aggregate: Aggregate, orderId: string): void {
  const { status, marking_paid_at, order_id } = aggregate.collection
  if (status === "completed" || (status !== "not_paid" && marking_paid_at === null)) {
    throw notMarkable(status)
  }
  // Like Medusa, the request may name any order. The one that is known already stays.
  aggregate.adoptOrder(aggregate.cart?.order_id ?? order_id ?? orderId)
  if (marking_paid_at === null) aggregate.updateCollection({ marking_paid_at: new Date() })
}

/** The same step, after which the use case decides again. */
function continueAfter(step: Decision): Decision {
  switch (step.kind) {
    case "done":
    case "prepare":
      return step
    case "wait":
      return { ...step, afterwards: "decide_again" }
    case "call":
      return { ...step, isFinal: false }
  }
}

export function notMarkable(status: CollectionStatus): NotAllowed {
  return new NotAllowed("Can only mark 'not_paid' payment collection as paid", {
    details: [
      { field: "id", message: `The payment collection is ${status}. For what is left to pay, open a payment session.` },
    ],
  })
}
