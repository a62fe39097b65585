import { IdCommand, Message } from "../api/message.js"
import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { Transform, type TransformFnParams } from "class-transformer"
import { IsNumber, IsOptional, IsPositive, IsString } from "class-validator"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { HasAtMost, IsSmallObject, MayBeLeftOut } from "../api/validation/validation.js"
import { EXAMPLE } from "../payment-model/resources/examples.js"

/** The filters of `GET /admin/payments`: Medusa's, then ours. */
export const PAYMENT_FILTERS = {
  id: "text",
  payment_session_id: "text",
  created_at: "time",
  updated_at: "time",
  deleted_at: "time",
  payment_collection_id: "text",
  provider_id: "text",
  captured_at: "time",
} satisfies FilterSpec

export class ListPaymentsQuery extends FilteredListQuery(PAYMENT_FILTERS, { searchable: true }) {}

export class CapturePaymentRequest {
  @ApiProperty({
    required: false,
    minimum: 0,
    exclusiveMinimum: true,
    description: "The amount to capture, in major units; all that is left unless given.",
    example: 20,
  })
  @MayBeLeftOut()
  @IsPositive()
  @IsNumber()
  amount?: number
}

export class RefundPaymentRequest {
  @ApiProperty({
    required: false,
    minimum: 0,
    exclusiveMinimum: true,
    description: "The amount to refund, in major units; all that is captured and not refunded unless given.",
    example: 10,
  })
  @MayBeLeftOut()
  @IsPositive()
  @IsNumber()
  amount?: number

  @ApiProperty({ required: false, description: "Why, by the id of a refund reason.", example: EXAMPLE.reasonId })
  @MayBeLeftOut()
  @IsString()
  refund_reason_id?: string

  @ApiProperty({ required: false, description: "Why, in words.", example: "Arrived late" })
  @MayBeLeftOut()
  @HasAtMost(2_000)
  @IsString()
  note?: string

  @ApiPropertyOptional({
    type: "object",
    additionalProperties: true,
    nullable: true,
    description: "Free data of yours, which is kept with the refund. Storefronts do not see it.",
    example: { return_id: "ret_1" },
  })
  // As it was sent: the transformation would make instances of what it contains.
  @Transform(({ obj, key }: TransformFnParams) => (obj as Record<string, unknown>)[key])
  @IsOptional()
  @IsSmallObject()
  metadata?: Record<string, unknown> | null
}

export class ListPaymentsMessage extends IntersectionType(ListPaymentsQuery, Message) {}

export class CapturePaymentMessage extends IntersectionType(CapturePaymentRequest, IdCommand) {}

export class RefundPaymentMessage extends IntersectionType(RefundPaymentRequest, IdCommand) {}
