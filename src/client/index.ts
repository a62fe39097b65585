export type * from "./contracts.js"
export {
  PaymentCollectionsClientModule,
  type PaymentCollectionsClientOptions,
} from "./payment-collections-client.module.js"
export { PaymentCollectionsClient, type ClientIdentity } from "./payment-collections.client.js"
export { PaymentCollectionsError } from "./payment-collections.error.js"
