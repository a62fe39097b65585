import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { Transform, type TransformFnParams } from "class-transformer"
import { IsString } from "class-validator"
import { CommandMessage, IdCommand } from "../api/message.js"
import { IsSmallObject, MayBeLeftOut } from "../api/validation/validation.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"

export class CreatePaymentSessionRequest {
  @ApiProperty({ description: "The provider to pay with.", example: "pp_system_default" })
  @IsString()
  provider_id!: string

  @ApiPropertyOptional({
    type: "object",
    additionalProperties: true,
    description:
      "What the provider is to know; it says which names it takes. Replaces what was sent before, and is nothing unless given.",
    example: { note: "Leave it at the door" },
  })
  // As it was sent: the transformation would drop names such as 'constructor'.
  @Transform(({ obj, key }: TransformFnParams) => (obj as Record<string, unknown>)[key])
  @MayBeLeftOut()
  @IsSmallObject()
  data?: Record<string, unknown>
}

export class AuthorizeOrderSessionRequest {
  @ApiProperty({
    description:
      "The session to authorize. Its collection belongs to the order, and its status is `pending_authorization`.",
    example: EXAMPLE.sessionId,
  })
  @IsString()
  payment_session_id!: string
}

class OfCollection {
  @IsString()
  payment_collection_id!: string
}

export class CreatePaymentSessionMessage extends IntersectionType(
  CreatePaymentSessionRequest,
  OfCollection,
  CommandMessage,
) {}

export class AuthorizePaymentSessionMessage extends IntersectionType(IdCommand, OfCollection) {}

class OfOrder {
  @IsString()
  order_id!: string
}

export class AuthorizeOrderSessionMessage extends IntersectionType(
  AuthorizeOrderSessionRequest,
  OfOrder,
  CommandMessage,
) {}
