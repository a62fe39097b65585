import { ApiProperty, ApiPropertyOptional, IntersectionType } from "@nestjs/swagger"
import { IsOptional, IsString } from "class-validator"
import { FilteredListQuery, type FilterSpec } from "../api/lists/list-query.js"
import { CommandMessage, Message } from "../api/message.js"

const EXAMPLE_PROVIDER_ID = "pp_stripe_stripe"
const EXAMPLE_CUSTOMER_ID = "cus_123"
const EXAMPLE_EMAIL = "buyer@example.com"

export class CreateAccountHolderRequest {
  @ApiProperty({ description: "The provider at which to create the customer.", example: EXAMPLE_PROVIDER_ID })
  @IsString()
  provider_id!: string

  @ApiProperty({
    description: "The shop's id of the customer; at most 255 characters.",
    example: EXAMPLE_CUSTOMER_ID,
  })
  @IsString()
  customer_id!: string

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's address, for the provider.",
    example: EXAMPLE_EMAIL,
  })
  @IsOptional()
  @IsString()
  email?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's name, for the provider; it is kept here until the provider has it.",
    example: "Ada Byron",
  })
  @IsOptional()
  @IsString()
  name?: string | null

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: "The customer's phone number, for the provider; it is kept here until the provider has it.",
    example: "+4930123456",
  })
  @IsOptional()
  @IsString()
  phone?: string | null
}

/** The filters of lists of account holders. */
export const ACCOUNT_HOLDER_FILTERS = {
  id: "text",
  provider_id: "text",
  customer_id: "text",
  external_id: "text",
  created_at: "time",
  updated_at: "time",
} satisfies FilterSpec

export class ListAccountHoldersQuery extends FilteredListQuery(ACCOUNT_HOLDER_FILTERS) {}

export class CreateAccountHolderMessage extends IntersectionType(CreateAccountHolderRequest, CommandMessage) {}
export class ListAccountHoldersMessage extends IntersectionType(ListAccountHoldersQuery, Message) {}
