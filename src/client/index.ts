export type * from "./messages.js"
export type * from "./requests.js"
export type * from "./resources.js"
export type * from "./responses.js"
export type { PaymentCollectionsClientOptions } from "./options.js"
export { PaymentCollectionsClientModule } from "./payment-collections-client.module.js"
export { PaymentCollectionsClient } from "./payment-collections.client.js"
export {
  PaymentCollectionsError,
  type PaymentCollectionsErrorBody,
  type PaymentCollectionsErrorDetail,
} from "./payment-collections.error.js"
