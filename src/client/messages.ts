import type * as requests from "./requests.js"
import type * as responses from "./responses.js"
import type { Deleted } from "./resources.js"

/** Every message of the service, by its pattern: the request and the response. A plain `ClientProxy` can use it too. */
export interface Messages {
  "payment_collections.create": {
    request: requests.CreatePaymentCollectionRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_collections.retrieve": { request: requests.RetrieveRequest; response: responses.PaymentCollectionResponse }
  "payment_collections.list": {
    request: requests.ListPaymentCollectionsRequest
    response: responses.PaymentCollectionsPage
  }
  "payment_collections.create_for_order": {
    request: requests.CreateOrderPaymentCollectionRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_collections.update": {
    request: requests.UpdatePaymentCollectionRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_collections.mark_as_paid": {
    request: requests.MarkAsPaidRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_collections.delete": { request: requests.DeleteRequest; response: Deleted<"payment-collection"> }
  "payment_sessions.create": {
    request: requests.CreatePaymentSessionRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_sessions.authorize": {
    request: requests.AuthorizePaymentSessionRequest
    response: responses.PaymentCollectionResponse
  }
  "payment_sessions.authorize_for_order": {
    request: requests.AuthorizeOrderSessionRequest
    response: responses.AuthorizedOrderResponse
  }
  "payments.list": { request: requests.ListPaymentsRequest; response: responses.PaymentsPage }
  "payments.retrieve": { request: requests.RetrieveRequest; response: responses.PaymentResponse }
  "payments.capture": { request: requests.CapturePaymentRequest; response: responses.PaymentResponse }
  "payments.refund": { request: requests.RefundPaymentRequest; response: responses.PaymentResponse }
  "payments.cancel": { request: requests.IdCommand; response: responses.PaymentResponse }
  "payments.refresh": { request: requests.IdCommand; response: responses.PaymentResponse }
  "operations.list": { request: requests.ListOperationsRequest; response: responses.OperationsPage }
  "operations.retrieve": { request: requests.RetrieveRequest; response: responses.OperationResponse }
  "operations.retry": { request: requests.IdCommand; response: responses.OperationResponse }
  "webhook_events.list": { request: requests.ListWebhookEventsRequest; response: responses.WebhookEventsPage }
  "webhook_events.retrieve": { request: requests.RetrieveRequest; response: responses.WebhookEventResponse }
  "webhook_events.replay": { request: requests.IdCommand; response: responses.WebhookEventResponse }
  "refund_reasons.list": { request: requests.ListRefundReasonsRequest; response: responses.RefundReasonsPage }
  "refund_reasons.retrieve": { request: requests.RetrieveRequest; response: responses.RefundReasonResponse }
  "refund_reasons.create": { request: requests.CreateRefundReasonRequest; response: responses.RefundReasonResponse }
  "refund_reasons.update": { request: requests.UpdateRefundReasonRequest; response: responses.RefundReasonResponse }
  "refund_reasons.delete": { request: requests.DeleteRequest; response: Deleted<"refund_reason"> }
  "account_holders.list": { request: requests.ListAccountHoldersRequest; response: responses.AccountHoldersPage }
  "account_holders.retrieve": { request: requests.RetrieveRequest; response: responses.AccountHolderResponse }
  "account_holders.create": { request: requests.CreateAccountHolderRequest; response: responses.AccountHolderResponse }
  "account_holders.delete": { request: requests.DeleteRequest; response: Deleted<"account_holder"> }
  "payment_methods.list": { request: requests.ListPaymentMethodsRequest; response: responses.PaymentMethodsResponse }
  "payment_methods.save": { request: requests.SavePaymentMethodRequest; response: responses.PaymentMethodResponse }
  "payment_methods.delete": { request: requests.DeletePaymentMethodRequest; response: Deleted<"payment_method"> }
  "events.list": { request: requests.ListEventsRequest; response: responses.EventsResponse }
  "carts.upsert": { request: requests.UpsertCartRequest; response: responses.CartResponse }
  "payment_providers.list": { request: requests.ListPaymentProvidersRequest; response: responses.PaymentProvidersPage }
}
