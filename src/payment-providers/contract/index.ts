export type { CurrencyCode, Money } from "../../common/money.js"
export type { AccountHolderCall, AccountHolders, SavedMethod } from "./account-holders.js"
export type { OperationKind } from "./operation-kind.js"
export type {
  AlreadyAuthorized,
  CallNotFound,
  Declined,
  Gone,
  Pending,
  ProviderData,
  ProviderOutcome,
  ProviderResult,
  RequiresMore,
  ReturnedData,
  Succeeded,
  Unknown,
} from "./outcomes.js"
export type { DisputeState, PaymentState, RefundState } from "./payment-state.js"
export {
  RegisterPaymentProvider,
  type InspectCall,
  type LookUpCall,
  type PaymentProvider,
  type ProviderCall,
  type ProviderCapabilities,
} from "./provider.js"
export type { NotOurs, ProviderEvent, ReceivedWebhook, WebhookRequest, WebhookSource } from "./webhooks.js"
