import { ApiProperty } from "@nestjs/swagger"
import { envelope, fixedBody } from "../api/response-body.js"
import type { SavedMethod } from "../payment-providers/contract/index.js"

/** A method that is there, as it stands in the API document. */
export const PAYMENT_METHOD_EXAMPLE = {
  id: "pm_1Q0PsIJvEtkwdCNYMSaVuRz6",
  data: { type: "card", card: { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2030 } },
}

/** A method that is being saved, as it stands in the API document. */
export const STARTED_METHOD_EXAMPLE = {
  id: "seti_1Mm8s8LkdIwHu7ix0OXBfTRG",
  data: {
    client_secret: "seti_1Mm8s8LkdIwHu7ix0OXBfTRG_secret_NXDICkPqPeiBTAFqWmkbff09lRmSVXe",
    status: "requires_payment_method",
  },
}

export class PaymentMethodResponse {
  @ApiProperty({ description: "The provider's id of the method.", example: PAYMENT_METHOD_EXAMPLE.id })
  id!: string

  @ApiProperty({
    type: "object",
    additionalProperties: true,
    description: "The provider's data of it; while it is being saved, the data for the shopper's next step.",
    example: PAYMENT_METHOD_EXAMPLE.data,
  })
  data!: Readonly<Record<string, unknown>>
}

export class PaymentMethodsResponse {
  @ApiProperty({ type: [PaymentMethodResponse], description: "The methods, in the order of the provider." })
  payment_methods!: PaymentMethodResponse[]
}

export function toPaymentMethodResponse({ id, data }: SavedMethod): PaymentMethodResponse {
  return { id, data }
}

export const PAYMENT_METHODS = fixedBody(
  PaymentMethodsResponse,
  (methods: readonly SavedMethod[]) => ({ payment_methods: methods.map(toPaymentMethodResponse) }),
  { payment_methods: [PAYMENT_METHOD_EXAMPLE] },
)

export const STARTED_PAYMENT_METHOD = envelope(
  "payment_method",
  PaymentMethodResponse,
  toPaymentMethodResponse,
  STARTED_METHOD_EXAMPLE,
)
