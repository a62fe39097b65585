import type { Metadata } from "./resources.js"

// The requests of the client's methods. Amounts are in major units of the currency (`49.9`).
// `test/support/client-contracts.ts` compares these types with the classes that validate the messages.

/** Selects the fields of a response, in the grammar of the query parameter `fields`. */
export interface Select {
  /** `id,amount` replaces the defaults, `+metadata` adds, `-amount` removes, `*payments` expands a relation. */
  fields?: string
}

/** Every request that changes something takes these. */
export interface Command extends Select {
  /** A request with the same key takes effect once, however often it is sent. */
  idempotency_key?: string
}

/** One resource, by its id. */
export interface RetrieveRequest extends Select {
  id: string
}

/** Changes one resource, by its id. */
export interface IdCommand extends Command {
  id: string
}

/** Deletes one resource, by its id. */
export interface DeleteRequest {
  id: string
  idempotency_key?: string
}

/** A page of a list. */
export interface PageQuery extends Select {
  /** How many to return; 20 unless given, 1,000 at most. */
  limit?: number
  /** How many to skip. */
  offset?: number
  /** A field to sort by; `-created_at` sorts descending. */
  order?: string
}

/** A value, several, or operators on it. Times are ISO 8601 text. */
export type Condition = string | string[] | Operators

export interface Operators {
  $eq?: string | null
  $ne?: string | null
  $in?: string | string[]
  $nin?: string | string[]
  $gt?: string
  $gte?: string
  $lt?: string
  $lte?: string
  $like?: string
  $ilike?: string
  /** A regular expression of PostgreSQL; the embedded database has none. */
  $re?: string
}

/** Conditions on the named fields; all have to hold. */
export type Conditions<Field extends string> = Partial<Record<Field, Condition>>

/** Conditions on the named fields, and alternatives of them. */
export type Filter<Field extends string> = Conditions<Field> & {
  $and?: Conditions<Field>[]
  $or?: Conditions<Field>[]
}

export interface CreatePaymentCollectionRequest extends Command {
  cart_id: string
}

export interface CreateOrderPaymentCollectionRequest extends Command {
  /** Your order, any text of at most 255 characters. */
  order_id: string
  amount: number
  /** ISO 4217 code; required for the first collection of an order. */
  currency_code?: string
}

export interface UpdatePaymentCollectionRequest extends IdCommand {
  /** The whole amount to be paid, at least what is authorized. */
  amount: number
}

export interface MarkAsPaidRequest extends IdCommand {
  order_id: string
  /** The provider that holds the money; `pp_system_default` unless given. */
  provider_id?: string
}

export interface ListPaymentCollectionsRequest
  extends PageQuery, Filter<"id" | "cart_id" | "order_id" | "status" | "currency_code" | "created_at" | "updated_at"> {}

export interface CreatePaymentSessionRequest extends Command {
  payment_collection_id: string
  provider_id: string
  /** Data for the provider; each provider lists the names that it accepts. Replaces the previous data. */
  data?: Record<string, unknown>
}

/** `id` is the session's. */
export interface AuthorizePaymentSessionRequest extends IdCommand {
  payment_collection_id: string
}

/** The session's collection has to belong to the order. */
export interface AuthorizeOrderSessionRequest extends Command {
  order_id: string
  payment_session_id: string
}

export interface ListPaymentsRequest
  extends
    PageQuery,
    Filter<
      | "id"
      | "payment_session_id"
      | "payment_collection_id"
      | "provider_id"
      | "created_at"
      | "updated_at"
      | "deleted_at"
      | "captured_at"
    > {
  /** Text to find. */
  q?: string
}

export interface CapturePaymentRequest extends IdCommand {
  /** All that is left unless given. */
  amount?: number
}

export interface RefundPaymentRequest extends IdCommand {
  /** All that is captured and not refunded unless given. */
  amount?: number
  refund_reason_id?: string
  note?: string
  metadata?: Metadata | null
}

export interface ListOperationsRequest
  extends
    PageQuery,
    Filter<
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
      | "resolved_at"
    > {}

export interface ListWebhookEventsRequest
  extends
    PageQuery,
    Filter<
      | "id"
      | "provider_id"
      | "external_id"
      | "type"
      | "reference"
      | "payment_session_id"
      | "state"
      | "created_at"
      | "updated_at"
      | "handled_at"
    > {}

export interface ListRefundReasonsRequest extends PageQuery, Filter<"id" | "created_at" | "updated_at" | "deleted_at"> {
  /** Text to find. */
  q?: string
}

export interface CreateRefundReasonRequest extends Command {
  label: string
  code: string
  description?: string | null
}

export interface UpdateRefundReasonRequest extends IdCommand {
  label?: string
  code?: string
  description?: string | null
}

export interface ListAccountHoldersRequest
  extends PageQuery, Filter<"id" | "provider_id" | "customer_id" | "external_id" | "created_at" | "updated_at"> {}

export interface CreateAccountHolderRequest extends Command {
  provider_id: string
  customer_id: string
  email?: string | null
  name?: string | null
  phone?: string | null
}

export interface ListPaymentMethodsRequest {
  account_holder_id: string
}

export interface SavePaymentMethodRequest {
  account_holder_id: string
  /** Data for the provider; each provider lists the names that it accepts. */
  data?: Record<string, unknown>
  idempotency_key?: string
}

export interface DeletePaymentMethodRequest extends DeleteRequest {
  account_holder_id: string
}

export interface ListEventsRequest {
  /** The id of the last event that you have handled; from the first event unless given. */
  after?: string
  /** How many to return; 100 unless given, 1,000 at most. */
  limit?: number
}

/** Replaces the state of a cart: what is left out becomes null. */
export interface UpsertCartRequest {
  id: string
  /** ISO 4217 code, in any case. */
  currency_code: string
  total: number
  region_id?: string | null
  email?: string | null
  customer_id?: string | null
  sales_channel_id?: string | null
  order_id?: string | null
  /** When the cart became an order. */
  completed_at?: string | null
  /** When you changed the cart; now unless given. An older state than the known one changes nothing. */
  updated_at?: string | null
  idempotency_key?: string
}

export interface ListPaymentProvidersRequest extends PageQuery {
  region_id: string
}
