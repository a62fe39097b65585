import type { Audience } from "../../api/fields/fields.js"
import { toMajor, toRawAmount, type CurrencyCode } from "../../common/money.js"
import type { Capture } from "../entities/capture.entity.js"
import type { Dispute } from "../entities/dispute.entity.js"
import type { PaymentCollection } from "../entities/payment-collection.entity.js"
import type { PaymentOperation } from "../entities/payment-operation.entity.js"
import type { PaymentProvider } from "../entities/payment-provider.entity.js"
import type { PaymentSession } from "../entities/payment-session.entity.js"
import type { Order } from "../rules/order.rules.js"
import type { Payment } from "../entities/payment.entity.js"
import type { RefundReason } from "../entities/refund-reason.entity.js"
import type { Refund } from "../entities/refund.entity.js"
import { SHOWN_MOVEMENT_STATUS } from "../status.js"
import type { CaptureResponse } from "./capture.response.js"
import type { DisputeResponse } from "./dispute.response.js"
import type { OperationResponse } from "./operation.response.js"
import type { OrderResponse } from "./order.response.js"
import type { PaymentCollectionResponse } from "./payment-collection.response.js"
import type { PaymentProviderResponse } from "./payment-provider.response.js"
import type { PaymentSessionResponse } from "./payment-session.response.js"
import type { PaymentResponse } from "./payment.response.js"
import type { RefundReasonResponse } from "./refund-reason.response.js"
import type { RefundResponse } from "./refund.response.js"

// What leaves this service of the aggregate, name by name. Amounts become major units here and nowhere else; a relation
// that was not read stays absent.

export function toPaymentCollectionResponse(
  collection: PaymentCollection,
  audience: Audience,
): PaymentCollectionResponse {
  const major = (minor: bigint) => toMajor({ minor, currency: collection.currency_code })
  return {
    id: collection.id,
    currency_code: collection.currency_code,
    amount: major(collection.amount),
    status: collection.status,
    authorized_amount: major(collection.authorized_amount),
    captured_amount: major(collection.captured_amount),
    refunded_amount: major(collection.refunded_amount),
    outstanding_amount: collection.outstanding_amount === undefined ? undefined : major(collection.outstanding_amount),
    completed_at: collection.completed_at,
    created_at: collection.created_at,
    updated_at: collection.updated_at,
    metadata: forStaff(collection.metadata, audience),
    cart_id: collection.cart_id,
    order_id: collection.order_id,
    region_id: collection.region_id,
    sales_channel_id: collection.sales_channel_id,
    payment_providers: collection.payment_providers?.map(toPaymentProviderResponse),
    payment_sessions: collection.payment_sessions?.map((session) => toPaymentSessionResponse(session, audience)),
    payments: collection.payments?.map((payment) => toPaymentResponse(payment, audience)),
  }
}

export function toOrderResponse(order: Order): OrderResponse {
  return {
    id: order.id,
    currency_code: order.currency_code,
    region_id: order.region_id,
    sales_channel_id: order.sales_channel_id,
    payment_status: order.payment_status,
    payment_collections: order.payment_collections.map((each) => toPaymentCollectionResponse(each, "admin")),
  }
}

function toPaymentSessionResponse(session: PaymentSession, audience: Audience): PaymentSessionResponse {
  const amount = { minor: session.amount, currency: session.currency_code }
  return {
    id: session.id,
    amount: toMajor(amount),
    raw_amount: toRawAmount(amount),
    currency_code: session.currency_code,
    provider_id: session.provider_id,
    data: session.data,
    status: session.status,
    context: audience === "admin" ? (session.context ?? {}) : storeContext(session.context),
    authorized_at: session.authorized_at,
    payment_collection_id: session.payment_collection_id,
    metadata: session.metadata ?? {},
    created_at: session.created_at,
    updated_at: session.updated_at,
    deleted_at: session.deleted_at,
    payment: session.payment && toPaymentResponse(session.payment, audience),
    payment_collection: session.payment_collection && toPaymentCollectionResponse(session.payment_collection, audience),
  }
}

export function toPaymentResponse(payment: Payment, audience: Audience): PaymentResponse {
  const { currency_code } = payment
  const major = (minor: bigint) => toMajor({ minor, currency: currency_code })
  return {
    id: payment.id,
    amount: major(payment.amount),
    currency_code,
    provider_id: payment.provider_id,
    authorized_amount: major(payment.authorized_amount),
    captured_amount: major(payment.captured_amount),
    refunded_amount: major(payment.refunded_amount),
    data: payment.data,
    metadata: forStaff(payment.metadata, audience),
    created_at: payment.created_at,
    updated_at: payment.updated_at,
    captured_at: payment.captured_at,
    canceled_at: payment.canceled_at,
    capture_before: payment.capture_before,
    payment_collection_id: payment.payment_collection_id,
    payment_session_id: payment.payment_session_id,
    captures: payment.captures?.map((capture) => toCaptureResponse(capture, currency_code, audience)),
    refunds: payment.refunds?.map((refund) => toRefundResponse(refund, currency_code, audience)),
    disputes: payment.disputes?.map((dispute) => toDisputeResponse(dispute, audience)),
    payment_collection: payment.payment_collection && toPaymentCollectionResponse(payment.payment_collection, audience),
    payment_session: payment.payment_session && toPaymentSessionResponse(payment.payment_session, audience),
  }
}

/** @param currency that of the payment, which a capture has no column of its own for */
function toCaptureResponse(capture: Capture, currency: CurrencyCode, audience: Audience): CaptureResponse {
  return {
    id: capture.id,
    amount: toMajor({ minor: capture.amount, currency }),
    status: SHOWN_MOVEMENT_STATUS[capture.status],
    payment_id: capture.payment_id,
    created_by: forStaff(capture.created_by, audience),
    metadata: forStaff(capture.metadata, audience),
    created_at: capture.created_at,
    payment: capture.payment && toPaymentResponse(capture.payment, audience),
  }
}

/** @param currency that of the payment, which a refund has no column of its own for */
function toRefundResponse(refund: Refund, currency: CurrencyCode, audience: Audience): RefundResponse {
  return {
    id: refund.id,
    amount: toMajor({ minor: refund.amount, currency }),
    status: SHOWN_MOVEMENT_STATUS[refund.status],
    payment_id: refund.payment_id,
    refund_reason_id: refund.refund_reason_id,
    note: forStaff(refund.note, audience),
    created_by: forStaff(refund.created_by, audience),
    metadata: forStaff(refund.metadata, audience),
    created_at: refund.created_at,
    refund_reason: refund.refund_reason && {
      ...toRefundReasonResponse(refund.refund_reason),
      metadata: forStaff(refund.refund_reason.metadata, audience),
    },
    payment: refund.payment && toPaymentResponse(refund.payment, audience),
  }
}

function toDisputeResponse(dispute: Dispute, audience: Audience): DisputeResponse {
  const { amount, currency_code } = dispute
  return {
    id: dispute.id,
    payment_id: dispute.payment_id,
    external_id: dispute.external_id,
    amount: toMajor({ minor: amount, currency: currency_code }),
    currency_code,
    status: dispute.status,
    reason: dispute.reason,
    opened_at: dispute.opened_at,
    created_at: dispute.created_at,
    updated_at: dispute.updated_at,
    payment: dispute.payment && toPaymentResponse(dispute.payment, audience),
  }
}

export function toRefundReasonResponse(reason: RefundReason): RefundReasonResponse {
  return {
    id: reason.id,
    label: reason.label,
    code: reason.code,
    description: reason.description,
    metadata: reason.metadata,
    created_at: reason.created_at,
    updated_at: reason.updated_at,
    deleted_at: reason.deleted_at,
  }
}

export function toOperationResponse(operation: PaymentOperation): OperationResponse {
  return {
    id: operation.id,
    kind: operation.kind,
    state: operation.state,
    payment_collection_id: operation.payment_collection_id,
    payment_session_id: operation.payment_session_id,
    payment_id: operation.payment_id,
    capture_id: operation.capture_id,
    refund_id: operation.refund_id,
    provider_id: operation.provider_id,
    amount: toMajor({ minor: operation.amount, currency: operation.currency_code }),
    currency_code: operation.currency_code,
    attempts: operation.attempts,
    next_attempt_at: operation.next_attempt_at,
    is_stuck: operation.is_stuck,
    last_error: operation.last_error,
    created_by: operation.created_by,
    created_at: operation.created_at,
    updated_at: operation.updated_at,
    resolved_at: operation.resolved_at,
  }
}

export function toPaymentProviderResponse({ id, is_enabled }: PaymentProvider): PaymentProviderResponse {
  return { id, is_enabled }
}

/** What staff wrote for staff. In a response of the store its key is present, and null. */
function forStaff<T>(value: T, audience: Audience): T | null {
  return audience === "admin" ? value : null
}

/** A guest sees who the customer is by id, and nothing else: no name, no address, no account at the provider. */
function storeContext(context: Record<string, unknown> | null): Record<string, unknown> {
  const customer = context?.["customer"]
  if (typeof customer !== "object" || customer === null || !("id" in customer)) return {}
  return { customer: { id: customer.id } }
}
