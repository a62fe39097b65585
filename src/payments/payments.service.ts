import { Injectable, Logger } from "@nestjs/common"
import { DataSource, type EntityManager } from "typeorm"
import type { Caller } from "../api/request-context.js"
import { InvalidData, NotAllowed } from "../common/errors.js"
import type { Selection } from "../api/fields/fields.js"
import { moneyFromMajor } from "../common/money.js"
import { readGraph, ROOT } from "../database/statements/read-graph.js"
import { readList } from "../api/lists/read-list.js"
import type { PageOf } from "../database/statements/read-page.js"
import type { Aggregate } from "../payment-model/aggregate.js"
import { lockCollectionOfPayment } from "../payment-model/lock.js"
import { PaymentOperation, type OperationRequest } from "../payment-model/entities/payment-operation.entity.js"
import type { PaymentSession } from "../payment-model/entities/payment-session.entity.js"
import { Payment } from "../payment-model/entities/payment.entity.js"
import {
  cancelVerdict,
  captureVerdict,
  refundVerdict,
  type MoneyVerdict,
} from "../payment-model/rules/payment.rules.js"
import { PaymentProviderRegistry } from "../payment-providers/calls/payment-provider.registry.js"
import { OperationRunner, type Decision } from "../payment-providers/calls/operation-runner.js"
import { toMessage } from "../payment-providers/calls/provider-outcome.js"
import { RefundReasonsService } from "../refund-reasons/refund-reasons.service.js"
import {
  PAYMENT_FILTERS,
  type CapturePaymentRequest,
  type ListPaymentsQuery,
  type RefundPaymentRequest,
} from "./payment.dto.js"
import { paymentNotFound } from "../payment-model/not-found.js"

/** Captures, refunds and cancels what was authorized, and reads it. */
@Injectable()
export class PaymentsService {
  private readonly log = new Logger(PaymentsService.name)

  constructor(
    private readonly dataSource: DataSource,
    private readonly operations: OperationRunner,
    private readonly registry: PaymentProviderRegistry,
    private readonly reasons: RefundReasonsService,
  ) {}

  async list(query: ListPaymentsQuery, selection: Selection): Promise<PageOf<Payment>> {
    return readList<Payment>(this.dataSource.manager, selection, PAYMENT_FILTERS, query)
  }

  /** @throws NotFound */
  async get(id: string, selection: Selection): Promise<Payment> {
    const [payment] = await readGraph<Payment>(this.dataSource.manager, selection, {
      where: `${ROOT}.id = $1`,
      parameters: [id],
    })
    if (!payment) throw paymentNotFound(id)
    return payment
  }

  /**
   * Captures an amount, or all the rest. A payment that is captured in full stays as it is.
   *
   * @throws NotFound, InvalidData when it is more than the rest, NotAllowed, and what {@link OperationRunner} throws
   */
  async capture(
    id: string,
    { amount: requested }: CapturePaymentRequest,
    caller: Caller,
    selection: Selection,
  ): Promise<Payment> {
    return this.change(
      id,
      caller,
      selection,
      (aggregate, payment) => this.captureStep(aggregate, payment, minorOf(requested, payment), caller),
      requested,
    )
  }

  /** The next step towards a capture; to be decided upon under the lock. @param requested minor units */
  captureStep(aggregate: Aggregate, payment: Payment, requested: bigint | undefined, caller: Caller): Decision {
    const multicapture = this.registry.hasMulticapture(payment)
    const reserved = aggregate.reserved(payment, "capture", "cancel_payment")
    const request = { amount: requested, hasKey: caller.requestKey !== undefined }
    return decisionOf(captureVerdict(payment, reserved, request, multicapture), (amount) => {
      const capture = aggregate.addCapture(payment, { amount, created_by: caller.id })
      return call(aggregate, payment, caller, "capture", {
        amount,
        capture_id: capture.id,
        request: { ...requestOf(payment), is_final: !multicapture },
      })
    })
  }

  /**
   * Gives captured money back: an amount, or all that was not given back yet.
   * @throws NotFound also for an unknown reason; InvalidData when it is more than that; and what
   *   {@link OperationRunner} throws
   */
  async refund(
    id: string,
    { amount: requested, refund_reason_id, note, metadata }: RefundPaymentRequest,
    caller: Caller,
    selection: Selection,
  ): Promise<Payment> {
    return this.change(
      id,
      caller,
      selection,
      async (aggregate, payment, tx) => {
        if (refund_reason_id !== undefined) await this.reasons.check(tx, refund_reason_id)
        const wanted = minorOf(requested, payment)
        const request = { amount: wanted, hasKey: caller.requestKey !== undefined }
        // What an operator refunds with the provider directly is as good as refunded, until it fails.
        const refunded_amount = payment.refunded_amount + aggregate.pendingElsewhere(payment)
        const verdict = refundVerdict({ ...payment, refunded_amount }, aggregate.reserved(payment, "refund"), request)
        return decisionOf(verdict, (amount) => {
          const refund = aggregate.addRefund(payment, {
            amount,
            refund_reason_id: refund_reason_id ?? null,
            note: note ?? null,
            metadata: metadata ?? null,
            created_by: caller.id,
          })
          return call(aggregate, payment, caller, "refund", {
            amount,
            refund_id: refund.id,
            request: requestOf(payment),
          })
        })
      },
      requested,
    )
  }

  /**
   * Gives up what is authorized and not captured. A payment that was canceled before stays as it is.
   * @throws NotFound, NotAllowed when everything was captured, and what {@link OperationRunner} throws
   */
  async cancel(id: string, caller: Caller, selection: Selection): Promise<Payment> {
    return this.change(id, caller, selection, (aggregate, payment) => {
      const verdict = cancelVerdict(payment, aggregate.reserved(payment, "capture", "cancel_payment"))
      return decisionOf(verdict, (amount) =>
        call(aggregate, payment, caller, "cancel_payment", {
          amount,
          request: requestOf(payment),
        }),
      )
    })
  }

  /**
   * Fetches the payment's current state from its provider and records it: what was captured, refunded, canceled or
   * disputed there.
   *
   * @throws NotFound, and what {@link OperationRunner.refresh} throws
   */
  async refresh(id: string, selection: Selection): Promise<Payment> {
    const payment = await this.dataSource.manager.findOneBy(Payment, { id })
    if (!payment) throw paymentNotFound(id)
    // Without a network our record is the provider's.
    if (this.registry.get(payment.provider_id).capabilities.callsNetwork) await this.operations.refresh(payment)
    return this.get(id, selection)
  }

  /** @throws InvalidData in the provider's words. @param requested minor units; what is left can always be taken */
  private checkTakes({ provider_id, currency_code }: Payment, requested: bigint | undefined): void {
    if (requested === undefined) return
    const amount = { minor: requested, currency: currency_code }
    const refusal = this.registry.get(provider_id).checkAmount?.(amount, "part")
    if (refusal !== undefined) throw new InvalidData(refusal)
  }

  /**
   * Decides by our records. If they refuse the request, they may be behind the provider's, whose webhook was lost: its
   * state is recorded first, and the request is judged anew.
   */
  private async change(
    id: string,
    caller: Caller,
    selection: Selection,
    decide: (aggregate: Aggregate, payment: Payment, tx: EntityManager) => Decision | Promise<Decision>,
    /** The amount of the request, in major units: one that cannot be moved is refused without asking the provider. */
    requested?: number,
  ): Promise<Payment> {
    let wasRefreshed = false
    return this.operations.performAndRead(
      (tx) => lockCollectionOfPayment(tx, id),
      async (aggregate, tx) => {
        const payment = aggregate.payments.find((candidate) => candidate.id === id)
        if (!payment) throw paymentNotFound(id)
        const begun = await begunBy(tx, caller)
        if (!begun) {
          this.checkTakes(payment, minorOf(requested, payment))
          try {
            return await decide(aggregate, payment, tx)
          } catch (error) {
            if (wasRefreshed || !isByOurRecords(error) || !this.registry.canInspect(payment.provider_id)) throw error
            wasRefreshed = true
            return { kind: "prepare", prepare: () => this.tryToRefresh(payment) }
          }
        }
        // The first response to an accepted operation is 200, which lists it as pending: so is that to its repeat.
        if (begun.is_accepted && begun.resolved_at === null) return { kind: "done" }
        return { kind: "wait", operationId: begun.id, afterwards: "return_outcome" }
      },
      () => this.get(id, selection),
    )
  }

  /** A state that cannot be recorded leaves the refusal as it is. */
  private async tryToRefresh(payment: Payment): Promise<void> {
    try {
      await this.operations.refresh(payment)
    } catch (error) {
      this.log.warn(`The state of payment ${payment.id} could not be recorded: ${toMessage(error)}`)
    }
  }
}

/** Whether a refusal follows from what is on record of the payment. */
function isByOurRecords(error: unknown): boolean {
  return error instanceof InvalidData || error instanceof NotAllowed
}

/** What a request began when it came the first time, with the same idempotency key. */
async function begunBy(tx: EntityManager, { requestKey }: Caller): Promise<PaymentOperation | null> {
  return requestKey === undefined ? null : tx.findOneBy(PaymentOperation, { request_key: requestKey })
}

function decisionOf(verdict: MoneyVerdict, move: (amount: bigint) => Decision): Decision {
  switch (verdict.verdict) {
    case "move":
      return move(verdict.amount)
    case "same":
      return { kind: "wait", operationId: verdict.operationId, afterwards: "return_success" }
    case "join":
      return { kind: "wait", operationId: verdict.operationId }
    case "nothing_left":
      return { kind: "done" }
  }
}

function call(
  aggregate: Aggregate,
  payment: Payment,
  caller: Caller,
  kind: "capture" | "refund" | "cancel_payment",
  about: Pick<PaymentOperation, "amount" | "request"> & Partial<PaymentOperation>,
): Decision {
  const operation = aggregate.begin(kind, sessionOf(payment), {
    ...about,
    payment_id: payment.id,
    created_by: caller.id,
    request_key: caller.requestKey ?? null,
  })
  return { kind: "call", operation, isFinal: true }
}

/** What an operation takes of a session, which the payment has too; the session itself may be gone. */
function sessionOf(payment: Payment): Pick<PaymentSession, "id" | "provider_id" | "currency_code"> {
  const { payment_session_id, provider_id, currency_code } = payment
  return { id: payment_session_id, provider_id, currency_code }
}

function requestOf({ data, private_data }: Payment): OperationRequest {
  return { client_data: {}, data, private_data: private_data ?? {}, context: {} }
}

function minorOf(major: number | undefined, { currency_code }: Payment): bigint | undefined {
  return major === undefined ? undefined : moneyFromMajor(major, currency_code).minor
}
