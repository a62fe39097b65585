import type {
  ApiKeySalesChannelsRequest,
  CreateApiKeyRequest,
  UpdateApiKeyRequest,
} from "../../src/api-keys/api-key.dto.js"
import type { ApiKeyResponse } from "../../src/api-keys/api-key.resource.js"
import type { Messages, Page, PaymentProvidersPage } from "../../src/client/index.js"
import type { Deleted } from "../../src/api/response-body.js"
import type {
  CreateOrderCollectionRequest,
  MarkAsPaidRequest,
} from "../../src/payment-collections/payment-collection.dto.js"
import type { ConfigureRegionRequest } from "../../src/payment-providers/payment-provider.dto.js"
import type { RegionResponse } from "../../src/payment-providers/region.resource.js"
import type { CreatePaymentSessionRequest } from "../../src/payment-sessions/payment-session.dto.js"
import type { CapturePaymentRequest, RefundPaymentRequest } from "../../src/payments/payment.dto.js"
import type {
  CreateRefundReasonRequest,
  UpdateRefundReasonRequest,
} from "../../src/refund-reasons/refund-reason.dto.js"
import type { Sdk } from "../support/sdk.js"

// The types that this service documents, beside those of Medusa that the js-sdk has. Only types: types.spec.ts has the
// compiler compare them.

type Answer<M extends keyof Messages> = Messages[M]["response"]

/** What JSON makes of a response: times arrive as text. */
type Wire<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Wire<T[K]> } : T

interface Region {
  region: Wire<RegionResponse>
}

interface Key {
  api_key: Wire<ApiKeyResponse>
}

/** What each function gets, as this service documents it. */
interface Responses {
  "store.payment.listPaymentProviders": PaymentProvidersPage
  "store.payment.initiatePaymentSession": Answer<"payment_sessions.create">
  "admin.payment.list": Answer<"payments.list">
  "admin.payment.listPaymentProviders": PaymentProvidersPage
  "admin.payment.retrieve": Answer<"payments.retrieve">
  "admin.payment.capture": Answer<"payments.capture">
  "admin.payment.refund": Answer<"payments.refund">
  "admin.paymentCollection.create": Answer<"payment_collections.create_for_order">
  "admin.paymentCollection.createPaymentSession": Answer<"payment_sessions.create">
  "admin.paymentCollection.markAsPaid": Answer<"payment_collections.mark_as_paid">
  "admin.paymentCollection.delete": Answer<"payment_collections.delete">
  "admin.order.authorizePaymentSession": Answer<"payment_sessions.authorize_for_order">
  "admin.region.update": Region
  "admin.region.retrieve": Region
  "admin.refundReason.list": Answer<"refund_reasons.list">
  "admin.refundReason.retrieve": Answer<"refund_reasons.retrieve">
  "admin.refundReason.create": Answer<"refund_reasons.create">
  "admin.refundReason.update": Answer<"refund_reasons.update">
  "admin.refundReason.delete": Answer<"refund_reasons.delete">
  "admin.apiKey.list": Page & { api_keys: Wire<ApiKeyResponse>[] }
  "admin.apiKey.create": Key
  "admin.apiKey.retrieve": Key
  "admin.apiKey.update": Key
  "admin.apiKey.revoke": Key
  "admin.apiKey.delete": Deleted<"api_key">
  "admin.apiKey.batchSalesChannels": Key
}

/** The functions of the js-sdk that work against this service. The walk proves that there are no others. */
export type ServedFunction = keyof Responses

/** What each function with a body may send, as this service documents it. */
interface Bodies {
  "store.payment.initiatePaymentSession": CreatePaymentSessionRequest
  "admin.payment.capture": CapturePaymentRequest
  "admin.payment.refund": RefundPaymentRequest
  "admin.paymentCollection.create": CreateOrderCollectionRequest
  "admin.paymentCollection.createPaymentSession": CreatePaymentSessionRequest
  "admin.paymentCollection.markAsPaid": MarkAsPaidRequest
  "admin.region.update": ConfigureRegionRequest
  "admin.refundReason.create": CreateRefundReasonRequest
  "admin.refundReason.update": UpdateRefundReasonRequest
  "admin.apiKey.create": CreateApiKeyRequest
  "admin.apiKey.update": UpdateApiKeyRequest
  "admin.apiKey.batchSalesChannels": ApiKeySalesChannelsRequest
}

/** The place of a function's body among its arguments: the first, or the second after an id or a cart. */
type BodyOf<F extends ServedFunction> = F extends `${string}.create`
  ? Parameters<FunctionAt<Sdk, F>>[0]
  : Parameters<FunctionAt<Sdk, F>>[1]

type FunctionAt<T, Path extends string> = Path extends `${infer Name extends keyof T & string}.${infer Rest}`
  ? FunctionAt<T[Name], Rest>
  : Path extends keyof T
    ? Extract<T[Path], (...args: never) => unknown>
    : never

/** A type that this service documents, and the one that the js-sdk has. */
interface Pair<Ours, Medusas> {
  ours: Ours
  medusas: Medusas
}

export type ResponsePairs = {
  [F in ServedFunction]: Pair<Responses[F], Awaited<ReturnType<FunctionAt<Sdk, F>>>>
}

export type BodyPairs = {
  [F in keyof Bodies]: Pair<Bodies[F], BodyOf<F>>
}
