import type {
  AccountHolder,
  Cart,
  Operation,
  Order,
  Payment,
  PaymentCollection,
  PaymentEvent,
  PaymentMethod,
  PaymentProvider,
  RefundReason,
  WebhookEvent,
} from "./resources.js"

/** The position of a page in its list. */
export interface Page {
  /** How many the whole list has. */
  count: number
  offset: number
  limit: number
}

export interface PaymentCollectionResponse {
  payment_collection: PaymentCollection
}

export interface PaymentCollectionsPage extends Page {
  payment_collections: PaymentCollection[]
}

export interface AuthorizedOrderResponse {
  order: Order
  /** Whether the session has become a payment; false while the provider has not decided. */
  is_authorized: boolean
}

export interface PaymentResponse {
  payment: Payment
}

export interface PaymentsPage extends Page {
  payments: Payment[]
}

export interface OperationResponse {
  operation: Operation
}

export interface OperationsPage extends Page {
  operations: Operation[]
}

export interface WebhookEventResponse {
  webhook_event: WebhookEvent
}

export interface WebhookEventsPage extends Page {
  webhook_events: WebhookEvent[]
}

export interface RefundReasonResponse {
  refund_reason: RefundReason
}

export interface RefundReasonsPage extends Page {
  refund_reasons: RefundReason[]
}

export interface AccountHolderResponse {
  account_holder: AccountHolder
}

export interface AccountHoldersPage extends Page {
  account_holders: AccountHolder[]
}

export interface PaymentMethodResponse {
  payment_method: PaymentMethod
}

export interface PaymentMethodsResponse {
  payment_methods: PaymentMethod[]
}

export interface CartResponse {
  cart: Cart
}

export interface PaymentProvidersPage extends Page {
  payment_providers: PaymentProvider[]
}

/** A part of the feed. */
export interface EventsResponse {
  events: PaymentEvent[]
  /** Whether there are more after the last one. */
  has_more: boolean
}
