import { ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { Transform, type TransformFnParams } from "class-transformer"
import { IsString } from "class-validator"
import { CommandMessage, IdCommand, Message } from "../api/message.js"
import { IsSmallObject, MayBeLeftOut } from "../api/validation/validation.js"

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
