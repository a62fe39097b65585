// The client's types are written out, so that it depends on nothing of the service. This file does not compile if one of them
// differs from the class that the service validates or renders: `npm run typecheck` fails.
import type * as holders from "../../src/account-holders/account-holder.dto.js"
import type * as methods from "../../src/account-holders/payment-method.dto.js"
import type * as carts from "../../src/carts/cart.dto.js"
import type { AccountHolderResponse } from "../../src/account-holders/account-holder.resource.js"
import type { PaymentMethodResponse } from "../../src/account-holders/payment-method.resource.js"
import type { WebhookEventResponse } from "../../src/webhooks/webhook-event.resource.js"
import type { CartResponse } from "../../src/carts/cart.resource.js"
import type { EventResponse } from "../../src/outbox/event.resource.js"
import type { EventsResponse } from "../../src/outbox/event.resource.js"
import type * as client from "../../src/client/index.js"
import type * as deleted from "../../src/api/response-body.js"
import type { ErrorBody } from "../../src/common/errors.js"
import type * as events from "../../src/outbox/event.dto.js"
import type * as collections from "../../src/payment-collections/payment-collection.dto.js"
import type { CaptureResponse } from "../../src/payment-model/resources/capture.resource.js"
import type { DisputeResponse } from "../../src/payment-model/resources/dispute.resource.js"
import type { OperationResponse } from "../../src/payment-operations/operation.resource.js"
import type { OrderResponse } from "../../src/payment-sessions/order.resource.js"
import type { PaymentCollectionResponse } from "../../src/payment-model/resources/payment-collection.resource.js"
import type { PaymentProviderResponse } from "../../src/payment-model/resources/payment-provider.resource.js"
import type { PaymentSessionResponse } from "../../src/payment-model/resources/payment-session.resource.js"
import type { PaymentResponse } from "../../src/payment-model/resources/payment.resource.js"
import type { RefundReasonResponse } from "../../src/payment-model/resources/refund-reason.resource.js"
import type { RefundResponse } from "../../src/payment-model/resources/refund.resource.js"
import type * as operations from "../../src/payment-operations/operation.dto.js"
import type * as sessions from "../../src/payment-sessions/payment-session.dto.js"
import type * as payments from "../../src/payments/payment.dto.js"
import type * as reasons from "../../src/refund-reasons/refund-reason.dto.js"
import type * as webhooks from "../../src/webhooks/webhook-event.dto.js"

/** What JSON makes of a response: times arrive as text. */
type Wire<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Wire<T[K]> } : T

/** Assignable both ways, with the same names: an optional name that one side lacks counts as a difference. */
type Same<A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? true : false
type Assert<T extends true> = T

interface ById {
  id: string
}
interface Keyed {
  idempotency_key?: string
}
interface Selecting {
  fields?: string
}
type Flat<T> = { [K in keyof T]: T[K] }
type CommandOf<T> = Flat<T & Keyed & Selecting>

type FieldsOf<T> = Exclude<keyof T, keyof client.PageQuery | "$and" | "$or" | "q">
type SameFields<T, Filters> = Same<Record<FieldsOf<T>, 1>, Record<keyof Filters, 1>>

export type Resources = [
  Assert<Same<client.PaymentCollection, Wire<PaymentCollectionResponse>>>,
  Assert<Same<client.PaymentSession, Wire<PaymentSessionResponse>>>,
  Assert<Same<client.Payment, Wire<PaymentResponse>>>,
  Assert<Same<client.Order, Wire<OrderResponse>>>,
  Assert<Same<client.Capture, Wire<CaptureResponse>>>,
  Assert<Same<client.Refund, Wire<RefundResponse>>>,
  Assert<Same<client.RefundReason, Wire<RefundReasonResponse>>>,
  Assert<Same<client.Dispute, Wire<DisputeResponse>>>,
  Assert<Same<client.Operation, Wire<OperationResponse>>>,
  Assert<Same<client.AccountHolder, Wire<AccountHolderResponse>>>,
  Assert<Same<client.PaymentMethod, Wire<PaymentMethodResponse>>>,
  Assert<Same<client.WebhookEvent, Wire<WebhookEventResponse>>>,
  Assert<Same<client.PaymentProvider, Wire<PaymentProviderResponse>>>,
  Assert<Same<client.Cart, Wire<CartResponse>>>,
  Assert<Same<client.PaymentEvent, Wire<EventResponse>>>,
  Assert<Same<client.EventsResponse, Wire<EventsResponse>>>,
  Assert<Same<client.Deleted<"payment">, deleted.Deleted<"payment">>>,
  Assert<Same<client.PaymentCollectionsErrorBody, ErrorBody>>,
]

export type Requests = [
  Assert<Same<client.CreatePaymentCollectionRequest, CommandOf<collections.CreatePaymentCollectionRequest>>>,
  Assert<Same<client.CreateOrderPaymentCollectionRequest, CommandOf<collections.CreateOrderCollectionRequest>>>,
  Assert<Same<client.UpdatePaymentCollectionRequest, CommandOf<collections.UpdateCollectionRequest & ById>>>,
  Assert<Same<client.MarkAsPaidRequest, CommandOf<collections.MarkAsPaidRequest & ById>>>,
  Assert<
    Same<
      client.CreatePaymentSessionRequest,
      CommandOf<sessions.CreatePaymentSessionRequest & { payment_collection_id: string }>
    >
  >,
  Assert<
    Same<client.AuthorizeOrderSessionRequest, CommandOf<sessions.AuthorizeOrderSessionRequest & { order_id: string }>>
  >,
  Assert<Same<client.CapturePaymentRequest, CommandOf<payments.CapturePaymentRequest & ById>>>,
  Assert<Same<client.RefundPaymentRequest, CommandOf<payments.RefundPaymentRequest & ById>>>,
  Assert<Same<client.CreateRefundReasonRequest, CommandOf<reasons.CreateRefundReasonRequest>>>,
  Assert<Same<client.UpdateRefundReasonRequest, CommandOf<reasons.UpdateRefundReasonRequest & ById>>>,
  Assert<Same<client.CreateAccountHolderRequest, CommandOf<holders.CreateAccountHolderRequest>>>,
  Assert<
    Same<
      client.SavePaymentMethodRequest,
      Flat<methods.SavePaymentMethodRequest & Keyed & { account_holder_id: string }>
    >
  >,
  Assert<Same<client.UpsertCartRequest, Flat<carts.PutCartRequest & ById & Keyed>>>,
  Assert<Same<keyof client.ListEventsRequest, keyof events.ListEventsQuery>>,
]

export type Filters = [
  Assert<SameFields<client.ListPaymentCollectionsRequest, typeof collections.COLLECTION_FILTERS>>,
  Assert<SameFields<client.ListPaymentsRequest, typeof payments.PAYMENT_FILTERS>>,
  Assert<SameFields<client.ListOperationsRequest, typeof operations.OPERATION_FILTERS>>,
  Assert<SameFields<client.ListWebhookEventsRequest, typeof webhooks.WEBHOOK_EVENT_FILTERS>>,
  Assert<SameFields<client.ListRefundReasonsRequest, typeof reasons.REFUND_REASON_FILTERS>>,
  Assert<SameFields<client.ListAccountHoldersRequest, typeof holders.ACCOUNT_HOLDER_FILTERS>>,
]
