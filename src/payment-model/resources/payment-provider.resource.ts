import { defineResource, Field } from "../../api/fields/resource.js"
import { PaymentProvider } from "../entities/payment-provider.entity.js"
import { EXAMPLE } from "./examples.js"
import { View } from "../../api/fields/view.js"

export class PaymentProviderResponse {
  @Field({ description: "The provider's id: `pp_{identifier}_{id}`.", example: EXAMPLE.providerId })
  id!: string

  @Field({ description: "Whether sessions can be opened with it.", example: true })
  is_enabled!: boolean
}

export const PAYMENT_PROVIDER = defineResource({
  name: "payment_provider",
  type: PaymentProviderResponse,
  rows: PaymentProvider,
  toResponse: toPaymentProviderResponse,
})

export const ADMIN_PROVIDER = new View({
  key: "payment_provider",
  resource: PAYMENT_PROVIDER,
  audience: "admin",
  defaults: ["id", "is_enabled"],
})

export const ADMIN_PROVIDERS = ADMIN_PROVIDER.list("payment_providers")

export const STORE_PROVIDERS = ADMIN_PROVIDER.with({ audience: "store" }).list("payment_providers")

function toPaymentProviderResponse({ id, is_enabled }: PaymentProvider): PaymentProviderResponse {
  return { id, is_enabled }
}
