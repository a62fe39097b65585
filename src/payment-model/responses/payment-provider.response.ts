import { Field, ResourceOf } from "../../api/fields/resource.js"
import { PaymentProvider } from "../entities/payment-provider.entity.js"
import { EXAMPLE } from "./examples.js"

@ResourceOf("payment_provider", PaymentProvider)
export class PaymentProviderResponse {
  @Field({ description: "The provider's id: `pp_{identifier}_{id}`.", example: EXAMPLE.providerId })
  id!: string

  @Field({ description: "Whether sessions can be opened with it.", example: true })
  is_enabled!: boolean
}
