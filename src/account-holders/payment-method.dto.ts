import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { Transform, type TransformFnParams } from "class-transformer"
import { IsString } from "class-validator"
import { CommandMessage, IdCommand, Message } from "../api/message.js"
import { IsSmallObject, MayBeLeftOut } from "../api/validation/validation.js"
import type { SavedMethod } from "../payment-providers/contract/payment-provider.contract.js"

export class SavePaymentMethodRequest {
  @ApiPropertyOptional({
    type: "object",
    additionalProperties: true,
    description: "What the provider is to know; it says which names it takes. Nothing unless given.",
    example: { usage: "off_session" },
  })
  // As it was sent: the transformation would drop names such as 'toString'.
  @Transform(({ obj, key }: TransformFnParams) => (obj as Record<string, unknown>)[key])
  @MayBeLeftOut()
  @IsSmallObject()
  data?: Record<string, unknown>
}

class OfAccountHolder {
  @IsString()
  account_holder_id!: string
}

export class ListPaymentMethodsMessage extends IntersectionType(OfAccountHolder, Message) {}
export class SavePaymentMethodMessage extends IntersectionType(
  SavePaymentMethodRequest,
  OfAccountHolder,
  CommandMessage,
) {}
export class DeletePaymentMethodMessage extends IntersectionType(IdCommand, OfAccountHolder) {}

/** A method that is there, as it stands in the API document. */
export const PAYMENT_METHOD_EXAMPLE = {
  id: "pm_1Q0PsIJvEtkwdCNYMSaVuRz6",
  data: { type: "card", card: { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2030 } },
}

/** A method that was begun to be saved, as it stands in the API document. */
export const BEGUN_METHOD_EXAMPLE = {
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
