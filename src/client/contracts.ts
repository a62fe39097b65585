import type { AccountHolderResponse, CreateAccountHolderRequest } from "../account-holders/account-holder.dto.js"
import type {
  PaymentMethodResponse,
  PaymentMethodsResponse,
  SavePaymentMethodRequest,
} from "../account-holders/payment-method.dto.js"
import type { CartResponse, PutCartRequest } from "../carts/cart.dto.js"
import type { Deleted } from "../common/deleted.js"
import type {
  CreateOrderCollectionRequest,
  CreatePaymentCollectionRequest,
  MarkAsPaidRequest,
  UpdateCollectionRequest,
} from "../payment-collections/payment-collection.dto.js"
import type { EventsResponse } from "../outbox/event.dto.js"
import type { OperationResponse } from "../payment-model/responses/operation.response.js"
import type { OrderResponse } from "../payment-model/responses/order.response.js"
import type { PaymentCollectionResponse } from "../payment-model/responses/payment-collection.response.js"
import type { PaymentProviderResponse } from "../payment-model/responses/payment-provider.response.js"
import type {
  AuthorizeOrderSessionRequest,
  CreatePaymentSessionRequest,
} from "../payment-sessions/payment-session.dto.js"
import type { CapturePaymentRequest, RefundPaymentRequest } from "../payments/payment.dto.js"
import type { CreateRefundReasonRequest, UpdateRefundReasonRequest } from "../refund-reasons/refund-reason.dto.js"
import type { RefundReasonResponse } from "../payment-model/responses/refund-reason.response.js"
import type { WebhookEventResponse } from "../webhooks/webhook-event.dto.js"
import type { PaymentResponse } from "../payment-model/responses/payment.response.js"

/** What JSON makes of an answer: times arrive as ISO 8601 text. */
export type Wire<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Wire<T[K]> } : T

/** Names to answer, in the grammar of the query parameter `fields`. */
export interface Select {
  fields?: string
}

/** What every command may carry: with the same key it is the same command, however often it comes. */
export interface Command {
  idempotency_key?: string
}

export interface PageQuery extends Select {
  limit?: number
  offset?: number
  /** A name to sort by; `-name` sorts descending. */
  order?: string
}

export interface PageAnswer {
  count: number
  offset: number
  limit: number
}

/** A value, several, or operators on it. */
export type Condition = string | string[] | Record<string, string | string[]>

export type CollectionFilter = Partial<
  Record<"id" | "cart_id" | "order_id" | "status" | "currency_code" | "created_at" | "updated_at", Condition>
>

export type PaymentFilter = Partial<
  Record<
    "id" | "payment_session_id" | "payment_collection_id" | "provider_id" | "created_at" | "updated_at" | "captured_at",
    Condition
  >
>

export type WebhookEventFilter = Partial<
  Record<
    | "id"
    | "provider_id"
    | "external_id"
    | "type"
    | "reference"
    | "payment_session_id"
    | "state"
    | "created_at"
    | "updated_at"
    | "handled_at",
    Condition
  >
>

export type OperationFilter = Partial<
  Record<
    | "id"
    | "kind"
    | "state"
    | "is_stuck"
    | "payment_collection_id"
    | "payment_session_id"
    | "payment_id"
    | "provider_id"
    | "created_at"
    | "updated_at"
    | "settled_at",
    Condition
  >
>

export type AccountHolderFilter = Partial<
  Record<"id" | "provider_id" | "customer_id" | "external_id" | "created_at" | "updated_at", Condition>
>

interface OneReason {
  refund_reason: Wire<RefundReasonResponse>
}

interface OneHolder {
  account_holder: Wire<AccountHolderResponse>
}

interface OnePayment {
  payment: Wire<PaymentResponse>
}

interface OneWebhookEvent {
  webhook_event: Wire<WebhookEventResponse>
}

interface OneOperation {
  operation: Wire<OperationResponse>
}

interface OneCollection {
  payment_collection: Wire<PaymentCollectionResponse>
}

/** Every message of this service: what goes in, what comes back. Amounts are major units of the currency. */
export interface Messages {
  "payment_collections.create": { request: CreatePaymentCollectionRequest & Select & Command; answer: OneCollection }
  "payment_collections.retrieve": { request: { id: string } & Select; answer: OneCollection }
  "payment_collections.list": {
    request: CollectionFilter & PageQuery
    answer: { payment_collections: Wire<PaymentCollectionResponse>[] } & PageAnswer
  }
  "payment_collections.create_for_order": {
    request: CreateOrderCollectionRequest & Select & Command
    answer: OneCollection
  }
  "payment_collections.update": {
    request: { id: string } & UpdateCollectionRequest & Select & Command
    answer: OneCollection
  }
  "payment_collections.mark_as_paid": {
    request: { id: string } & MarkAsPaidRequest & Select & Command
    answer: OneCollection
  }
  "payment_collections.delete": { request: { id: string } & Command; answer: Deleted<"payment-collection"> }
  "payments.list": { request: PaymentFilter & PageQuery; answer: { payments: Wire<PaymentResponse>[] } & PageAnswer }
  "payment_sessions.create": {
    request: { payment_collection_id: string } & CreatePaymentSessionRequest & Select & Command
    answer: OneCollection
  }
  "payment_sessions.authorize": {
    request: { payment_collection_id: string; id: string } & Select & Command
    answer: OneCollection
  }
  "payment_sessions.authorize_for_order": {
    request: { order_id: string } & AuthorizeOrderSessionRequest & Select & Command
    answer: { order: Wire<OrderResponse>; is_authorized: boolean }
  }
  "payments.capture": { request: { id: string } & CapturePaymentRequest & Select & Command; answer: OnePayment }
  "payments.refund": { request: { id: string } & RefundPaymentRequest & Select & Command; answer: OnePayment }
  "payments.cancel": { request: { id: string } & Select & Command; answer: OnePayment }
  "payments.refresh": { request: { id: string } & Select & Command; answer: OnePayment }
  "payments.retrieve": { request: { id: string } & Select; answer: OnePayment }
  "operations.list": {
    request: OperationFilter & PageQuery
    answer: { operations: Wire<OperationResponse>[] } & PageAnswer
  }
  "operations.retrieve": { request: { id: string } & Select; answer: OneOperation }
  "operations.retry": { request: { id: string } & Select & Command; answer: OneOperation }
  "webhook_events.list": {
    request: WebhookEventFilter & PageQuery
    answer: { webhook_events: Wire<WebhookEventResponse>[] } & PageAnswer
  }
  "webhook_events.retrieve": { request: { id: string } & Select; answer: OneWebhookEvent }
  "webhook_events.replay": { request: { id: string } & Select & Command; answer: OneWebhookEvent }
  "refund_reasons.list": {
    request: Partial<Record<"id" | "created_at" | "updated_at", Condition>> & { q?: string } & PageQuery
    answer: { refund_reasons: Wire<RefundReasonResponse>[] } & PageAnswer
  }
  "refund_reasons.retrieve": { request: { id: string } & Select; answer: OneReason }
  "refund_reasons.create": { request: CreateRefundReasonRequest & Select & Command; answer: OneReason }
  "refund_reasons.update": { request: { id: string } & UpdateRefundReasonRequest & Select & Command; answer: OneReason }
  "refund_reasons.delete": { request: { id: string } & Command; answer: Deleted<"refund_reason"> }
  "account_holders.list": {
    request: AccountHolderFilter & PageQuery
    answer: { account_holders: Wire<AccountHolderResponse>[] } & PageAnswer
  }
  "account_holders.retrieve": { request: { id: string } & Select; answer: OneHolder }
  "account_holders.create": { request: CreateAccountHolderRequest & Select & Command; answer: OneHolder }
  "account_holders.delete": { request: { id: string } & Command; answer: Deleted<"account_holder"> }
  "payment_methods.list": { request: { account_holder_id: string }; answer: PaymentMethodsResponse }
  "payment_methods.save": {
    request: { account_holder_id: string } & SavePaymentMethodRequest & Command
    answer: { payment_method: PaymentMethodResponse }
  }
  "payment_methods.delete": {
    request: { account_holder_id: string; id: string } & Command
    answer: Deleted<"payment_method">
  }
  "events.list": { request: { after?: string; limit?: number }; answer: Wire<EventsResponse> }
  "carts.upsert": { request: { id: string } & PutCartRequest & Command; answer: { cart: Wire<CartResponse> } }
  "payment_providers.list": {
    request: { region_id: string } & PageQuery
    answer: { payment_providers: PaymentProviderResponse[] } & PageAnswer
  }
}
