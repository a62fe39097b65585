import { CommandMessage, IdCommand, Message } from "../api/message.js"
import { ApiProperty, IntersectionType } from "@nestjs/swagger"
import { IsNumber, IsOptional, IsString, Length, Min } from "class-validator"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { HasAtMost, MayBeLeftOut } from "../api/validation/validation.js"
import { COLLECTION_STATUSES } from "../payment-model/status.js"

export class CreatePaymentCollectionRequest {
  @ApiProperty({ description: "The cart that is to be paid.", example: "cart_demo_1" })
  @IsString()
  cart_id!: string
}

export class CreateOrderCollectionRequest {
  @ApiProperty({
    description: "The order that is to be paid: an opaque reference of the caller's.",
    example: "order_123",
  })
  @Length(1, 255)
  @HasAtMost(255)
  @IsString()
  order_id!: string

  @ApiProperty({ description: "What is to be paid, in major units.", minimum: 0, example: 49.9 })
  @Min(0)
  @IsNumber()
  amount!: number

  @ApiProperty({
    required: false,
    description:
      "ISO 4217 code. If it is left out, the currency of the order's newest collection, else the service's " +
      "`DEFAULT_CURRENCY`. Required if there is neither.",
    example: "eur",
  })
  @IsOptional()
  @IsString()
  currency_code?: string
}

export class UpdateCollectionRequest {
  @ApiProperty({
    description: "What is to be paid in all, in major units. Not below what is authorized.",
    minimum: 0,
    example: 59.9,
  })
  @Min(0)
  @IsNumber()
  amount!: number
}

export class MarkAsPaidRequest {
  @ApiProperty({
    description:
      "The order that was paid: an opaque reference of the caller's. The collection keeps it; one that belongs to another order is refused.",
    example: "order_123",
  })
  @Length(1, 255)
  @HasAtMost(255)
  @IsString()
  order_id!: string

  @ApiProperty({
    required: false,
    description: "The provider that holds the money; `pp_system_default` unless given.",
    example: "pp_system_default",
  })
  @MayBeLeftOut()
  @IsString()
  provider_id?: string
}

/** The filters of lists of collections. */
export const COLLECTION_FILTERS = {
  id: "text",
  cart_id: "text",
  order_id: "text",
  status: COLLECTION_STATUSES,
  currency_code: "text",
  created_at: "time",
  updated_at: "time",
} satisfies FilterSpec

export class ListPaymentCollectionsQuery extends FilteredListQuery(COLLECTION_FILTERS) {}

export class CreatePaymentCollectionMessage extends IntersectionType(CreatePaymentCollectionRequest, CommandMessage) {}

export class CreateOrderCollectionMessage extends IntersectionType(CreateOrderCollectionRequest, CommandMessage) {}

export class UpdateCollectionMessage extends IntersectionType(UpdateCollectionRequest, IdCommand) {}

export class MarkAsPaidMessage extends IntersectionType(MarkAsPaidRequest, IdCommand) {}

export class ListPaymentCollectionsMessage extends IntersectionType(ListPaymentCollectionsQuery, Message) {}
