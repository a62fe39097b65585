export type { CurrencyCode, Money } from "../common/money.js"
export {
  RegisterPaymentProvider,
  type Declined,
  type LookUpCall,
  type NotFoundThere,
  type PaymentProvider,
  type Pending,
  type ProviderAnswer,
  type ProviderCall,
  type ProviderCapabilities,
  type ProviderData,
  type ProviderOutcome,
  type RequiresMore,
  type Succeeded,
  type Unknown,
} from "./payment-provider.contract.js"
