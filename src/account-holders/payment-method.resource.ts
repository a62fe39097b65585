import { ApiProperty } from "@nestjs/swagger"
import { envelope, fixedBody } from "../api/response-body.js"
import type { SavedMethod } from "../payment-providers/contract/payment-provider.contract.js"

/** A method that is there, as it stands in the API document. */
export const PAYMENT_METHOD_EXAMPLE = {
  id: "pm_1Q0PsIJvEtkwdCNYMSaVuRz6",
  data: { type: "card", card: { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2030 } },
}

/** A method that was begun to be saved, as it stands in the API document. */
export const STARTED_METHOD_EXAMPLE = {
  id: "seti_1Mm8s8LkdIwHu7ix0OXBfTRG",
  data: {
    client_secret: "seti_1Mm8s8LkdIwHu7ix0OXBfTRG_secret_NXDICkPqPeiBTAFqWmkbff09lRmSVXe",
    status: "requires_payment_method",
  },
}

export class PaymentMethodResponse {
  @ApiProperty({ description: "The method's id, in the words of the provider.", example: PAYMENT_METHOD_EXAMPLE.id })
  id!: string

  @ApiProperty({
    type: "object",
    additionalProperties: true,
    description: "What the provider tells of it; of one that is being saved, what the shopper does next.",
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
