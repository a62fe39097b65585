// The resources of the service. Amounts are JSON numbers in major units of the currency beside them (`49.9`), times are ISO
// 8601 text in UTC. A relation is optional because `fields` decides whether it is read.
// `test/support/client-contracts.ts` compares these types with the classes that the service renders.

/** Free data, any JSON object. */
export type Metadata = Record<string, unknown>

/** The state of a payment collection. Always derived from its sessions and payments. */
export type PaymentCollectionStatus =
  | "not_paid"
  | "awaiting"
  | "authorized"
  | "partially_authorized"
  | "canceled"
  | "failed"
  | "partially_captured"
  | "completed"

/** The state of a payment session at its provider. */
export type PaymentSessionStatus =
  "pending" | "requires_more" | "pending_authorization" | "authorized" | "captured" | "canceled" | "error"

/** Whether the money of a capture or refund moved. Only what succeeded counts in totals. */
export type MovementStatus = "pending" | "succeeded" | "failed"

/** The kind of a call to a provider. */
export type OperationKind =
  "initiate" | "update" | "authorize" | "cancel_session" | "capture" | "refund" | "cancel_payment"

/** `pending` and `unknown` reserve their money; `succeeded` and `declined` are final. */
export type OperationState = "pending" | "succeeded" | "declined" | "unknown"

/** The state of a webhook event. */
export type WebhookEventState = "pending" | "parked" | "applied" | "ignored" | "dead"

/** All payments of one cart or order. */
export interface PaymentCollection {
  id: string
  /** ISO 4217 code in lower case. */
  currency_code: string
  /** The amount to be paid. */
  amount: number
  status: PaymentCollectionStatus
  authorized_amount: number
  captured_amount: number
  refunded_amount: number
  /** The amount still to be paid. Check that it is 0 before you ship. */
  outstanding_amount?: number
  /** When everything was paid. */
  completed_at: string | null
  created_at: string
  updated_at: string
  metadata: Metadata | null
  cart_id?: string | null
  order_id?: string | null
  region_id?: string | null
  sales_channel_id?: string | null
  /** The providers that the collection's region enables. */
  payment_providers?: PaymentProvider[]
  /** The attempts to pay. A replaced or canceled session is not listed. */
  payment_sessions?: PaymentSession[]
  /** The payments that authorized sessions became. */
  payments?: Payment[]
}

/** One attempt to pay a collection with one provider. */
export interface PaymentSession {
  id: string
  amount: number
  /** The amount as Medusa's raw value: a decimal string, and its precision. */
  raw_amount: RawAmount
  currency_code: string
  provider_id: string
  /** The provider's public data, for the storefront. */
  data: Record<string, unknown>
  status: PaymentSessionStatus
  /** The customer who pays. */
  context: Record<string, unknown>
  authorized_at: string | null
  payment_collection_id: string
  metadata: Metadata
  created_at: string
  updated_at: string
  /** Always null: a deleted session is not returned. */
  deleted_at: string | null
  /** The payment that the session became. */
  payment?: Payment | null
  payment_collection?: PaymentCollection | null
}

export interface RawAmount {
  /** The amount as a decimal number in text. */
  value: string
  precision: number
}

/** Money that a provider has authorized. */
export interface Payment {
  id: string
  /** The authorized amount. */
  amount: number
  currency_code: string
  provider_id: string
  /** The authorized amount; once canceled, the captured amount. */
  authorized_amount: number
  captured_amount: number
  refunded_amount: number
  /** The provider's public data. */
  data: Record<string, unknown>
  metadata: Metadata | null
  created_at: string
  updated_at: string
  /** When it was captured in full. */
  captured_at: string | null
  canceled_at: string | null
  /** When the provider releases what is not captured, if the provider reports it. */
  capture_before: string | null
  payment_collection_id: string
  payment_session_id: string
  /** All captures, including pending and failed ones. */
  captures?: Capture[]
  /** All refunds, including pending and failed ones. */
  refunds?: Refund[]
  disputes?: Dispute[]
  payment_collection?: PaymentCollection | null
  payment_session?: PaymentSession | null
}

export interface Capture {
  id: string
  amount: number
  status: MovementStatus
  payment_id: string
  /** The id of the API key, or `tcp:` and the name of the service, that requested it. */
  created_by: string | null
  metadata: Metadata | null
  created_at: string
  payment?: Payment | null
}

export interface Refund {
  id: string
  amount: number
  status: MovementStatus
  payment_id: string
  refund_reason_id: string | null
  note: string | null
  /** The id of the API key, or `tcp:` and the name of the service, that requested it. */
  created_by: string | null
  metadata: Metadata | null
  created_at: string
  refund_reason?: RefundReason | null
  payment?: Payment | null
}

export interface RefundReason {
  id: string
  /** The reason, for people. */
  label: string
  /** The reason, for programs; unique among the reasons that are not deleted. */
  code: string
  description: string | null
  metadata: Metadata | null
  created_at: string
  updated_at: string
  deleted_at: string | null
}

/** A shopper's objection to a payment, raised with the bank. */
export interface Dispute {
  id: string
  payment_id: string
  /** The provider's id of the dispute. */
  external_id: string
  amount: number
  currency_code: string
  /** The state of the dispute, as the provider names it. */
  status: string
  /** The shopper's reason, as the provider names it. */
  reason: string
  opened_at: string
  created_at: string
  updated_at: string
  payment?: Payment | null
}

/** One call to a provider, with its outcome. */
export interface Operation {
  /** The provider received it as idempotency key. */
  id: string
  kind: OperationKind
  state: OperationState
  payment_collection_id: string
  payment_session_id: string
  payment_id: string | null
  capture_id: string | null
  refund_id: string | null
  provider_id: string
  amount: number
  currency_code: string
  /** How often the service has asked the provider for the outcome. */
  attempts: number
  /** When the service asks next; null once the outcome is known, or if the operation is stuck. */
  next_attempt_at: string | null
  /** The service has stopped asking; a person has to look. */
  is_stuck: boolean
  last_error: string | null
  /** The id of the API key, or `tcp:` and the name of the service, that requested it. */
  created_by: string | null
  created_at: string
  updated_at: string
  /** When the outcome was recorded. */
  resolved_at: string | null
}

/** A customer of the shop, as one provider knows them. */
export interface AccountHolder {
  id: string
  provider_id: string
  customer_id: string
  /** The provider's id of the customer; null until the provider has responded. */
  external_id: string | null
  email: string | null
  created_at: string
  updated_at: string
}

/** A means of payment that a customer saved with a provider. */
export interface PaymentMethod {
  /** The provider's id of it. */
  id: string
  /** The provider's public data; of one that is being saved, what the shopper does next. */
  data: Readonly<Record<string, unknown>>
}

/** A webhook of a provider, as it was received. */
export interface WebhookEvent {
  id: string
  provider_id: string
  /** The provider's id of the event. */
  external_id: string
  /** The kind of event, as the provider names it. */
  type: string
  /** The provider's id of the payment that the event is about. */
  reference: string
  /** The session that the event is about, once that is known. */
  payment_session_id: string | null
  state: WebhookEventState
  attempts: number
  next_attempt_at: string | null
  last_error: string | null
  created_at: string
  updated_at: string
  /** When it was applied, ignored or marked `dead`. */
  handled_at: string | null
}

/** A payment provider, as regions offer it. */
export interface PaymentProvider {
  /** `pp_{identifier}_{id}` */
  id: string
  is_enabled: boolean
}

/** A cart, as the service that owns carts reported it last. */
export interface Cart {
  id: string
  currency_code: string
  total: number
  region_id: string | null
  email: string | null
  customer_id: string | null
  sales_channel_id: string | null
  order_id: string | null
  completed_at: string | null
  created_at: string
  /** When the sender changed the cart. */
  updated_at: string
}

/** One event of the feed; docs/events.md lists the names. */
export interface PaymentEvent {
  id: string
  /** Such as `payment.captured`. More names may come: skip those that you do not know. */
  name: string
  /** The ids and amounts right after the change; amounts in major units of `currency_code`. */
  data: Record<string, string | number | null>
  created_at: string
}

/** The response to a delete. */
export interface Deleted<Kind extends string> {
  id: string
  /** The kind of the deleted object. */
  object: Kind
  deleted: true
}

/** An order of another system: what follows from its payment collections. The service keeps no orders. */
export interface Order {
  id: string
  currency_code: string
  region_id: string | null
  sales_channel_id: string | null
  payment_status:
    | "not_paid"
    | "awaiting"
    | "authorized"
    | "partially_authorized"
    | "captured"
    | "partially_captured"
    | "refunded"
    | "partially_refunded"
    | "canceled"
  payment_collections?: PaymentCollection[]
}
