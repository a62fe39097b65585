import { ApiProperty, ApiPropertyOptional, IntersectionType, PartialType } from "@nestjs/swagger"
import { IsOptional, IsString } from "class-validator"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { CommandMessage, IdCommand, Message } from "../api/message.js"
import { HasAtMost } from "../api/validation/validation.js"

export class CreateRefundReasonRequest {
  @ApiProperty({ description: "The reason, for people.", example: "Damaged" })
  @HasAtMost(255)
  @IsString()
  label!: string

  @ApiProperty({ description: "The reason, for programs. No two live reasons share a code.", example: "damaged" })
  @HasAtMost(255)
  @IsString()
  code!: string

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "What the reason is for.",
    example: "The goods arrived damaged.",
  })
  @IsOptional()
  @HasAtMost(2_000)
  @IsString()
  description?: string | null
}

export class UpdateRefundReasonRequest extends PartialType(CreateRefundReasonRequest, { skipNullProperties: false }) {}

/** Reasons that a list has unless `limit` is given, as in Medusa. */
export const REFUND_REASONS_LIMIT = 15

/** The filters of lists of reasons. */
export const REFUND_REASON_FILTERS = {
  id: "text",
  created_at: "time",
  updated_at: "time",
  deleted_at: "time",
} satisfies FilterSpec

export class ListRefundReasonsQuery extends FilteredListQuery(REFUND_REASON_FILTERS, {
  searchable: true,
  isShort: true,
  defaultLimit: REFUND_REASONS_LIMIT,
}) {}

export class CreateRefundReasonMessage extends IntersectionType(CreateRefundReasonRequest, CommandMessage) {}
export class UpdateRefundReasonMessage extends IntersectionType(UpdateRefundReasonRequest, IdCommand) {}
export class ListRefundReasonsMessage extends IntersectionType(ListRefundReasonsQuery, Message) {}
